//go:build linux

package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/journey"
)

// spoken runs a command with nobody at it: its exit code and what it says.
func spoken(t *testing.T, env []string, tune func(*exec.Cmd), args ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, journey.Binary(), args...)
	dir := t.TempDir()
	cmd.Dir = dir
	cmd.Env = append([]string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "XDG_STATE_HOME=" + dir, "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent", "DESKAUTH_PASSPHRASE=correct-horse"}, env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if tune != nil {
		tune(cmd)
	}
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), said.String()
}

func answers(status int, kind, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		for n := 0; n < len(header); n += 2 {
			w.Header().Set(header[n], header[n+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// What stands between this machine and Zendesk, and answers in its place.
func TestNetworkThatIsInTheWay(t *testing.T) {
	const page = "<html><h1>Welcome to the hotel</h1></html>"
	hourAgo := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	for _, c := range []struct {
		name  string
		serve http.HandlerFunc
		code  int
		words string
	}{
		{"a captive page", answers(200, "text/html; charset=utf-8", page), exitUnavailable, "a web page answers for acme.localhost"},
		{"one that redirects to itself", answers(302, "text/html", "", "Location", "http://hotel.example/"), exitUnavailable, "a web page answers for acme.localhost"},
		{"what is no Zendesk", answers(200, "application/json", `[1]`), exitUnavailable, "does not answer as Zendesk does"},
		{"one that is down", answers(503, "text/html", page), exitUnavailable, "cannot answer now"},
		{"one that says later", answers(429, "application/json", `{}`, "Retry-After", "60"), exitUnavailable, "cannot answer now"},
		{"one that hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, exitUnavailable, "cannot be reached now: it hung up"},
		{"a clock an hour off", answers(401, "application/json", `{"error":"Couldn't authenticate you"}`, "Date", hourAgo), exitRefused, "the clock of this machine is 1h0m0s ahead of that of acme.localhost"},
	} {
		server := httptest.NewUnstartedServer(c.serve)
		server.Config.ErrorLog = nil
		server.Start()
		_, port, err := net.SplitHostPort(server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		env := []string{"DESKAUTH_ZENDESK_URL=http://{subdomain}.localhost:" + port, "DESKAUTH_API_TOKEN=made-up", "DESKAUTH_EMAIL=admin@acme.example", "DESKAUTH_PORT=" + journey.FreePort(t)}
		code, said := spoken(t, env, nil, "auth", "login", "--account", "acme", "--api-token")
		if code != c.code || !strings.Contains(said, c.words) || strings.Contains(said, "made-up") {
			t.Errorf("%s: code %d, want %d and %q:\n%s", c.name, code, c.code, c.words, said)
		}
		server.Close()
	}
}

// A proxy that is not there, and one that wants a sign-in. No request leaves this
// machine: the proxy would have to let it through.
func TestProxyThatIsInTheWay(t *testing.T) {
	wants := httptest.NewServer(answers(http.StatusProxyAuthRequired, "text/html", ""))
	defer wants.Close()
	for _, c := range []struct{ name, proxy, words string }{
		{"nobody there", "http://127.0.0.1:" + journey.FreePort(t), "the proxy that HTTPS_PROXY names does not answer"},
		{"one that wants a sign-in", wants.URL, "the proxy that HTTPS_PROXY names wants a sign-in"},
	} {
		code, said := spoken(t, []string{"HTTPS_PROXY=" + c.proxy}, nil, "auth", "login", "--account", "acme", "--client-id", "x", "--no-browser", "--port", journey.FreePort(t))
		if code != exitUnavailable || !strings.Contains(said, "acme.zendesk.com cannot be reached now: "+c.words) {
			t.Errorf("%s: code %d:\n%s", c.name, code, said)
		}
	}
}

// The same, as the doctor sees it: what it is, and what mends it.
func TestDoctorOfTheNetwork(t *testing.T) {
	const page = "<html><h1>Welcome to the hotel</h1></html>"
	hourAgo := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	const nobody = `{"user":{"id":null,"name":"Anonymous user"}}`
	for _, c := range []struct {
		name  string
		serve http.HandlerFunc
		code  int
		words string
	}{
		{"a captive page", answers(200, "text/html; charset=utf-8", page), exitPartly, "fault\tnetwork\ta web page answers for acme.localhost"},
		{"one that redirects", answers(302, "text/html", "", "Location", "http://hotel.example/"), exitPartly, "fault\tnetwork\ta web page answers for acme.localhost"},
		{"one that is down", answers(503, "text/html", page), exitPartly, "fault\tnetwork\tacme.localhost"},
		{"one that hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, exitPartly, "cannot be reached now: it hung up"},
		{"a clock an hour off", answers(200, "application/json", nobody, "Date", hourAgo), exitPartly, "fault\tclock\tthe clock of this machine is 1h0m0s ahead of that of acme.localhost"},
		{"nothing", answers(200, "application/json", nobody), exitOK, "ok\tnetwork\tacme.localhost"},
	} {
		server := httptest.NewUnstartedServer(c.serve)
		server.Config.ErrorLog = nil
		server.Start()
		_, port, err := net.SplitHostPort(server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		code, said := spoken(t, []string{"DESKAUTH_ZENDESK_URL=http://{subdomain}.localhost:" + port}, nil, "doctor", "--account", "acme")
		if code != c.code || !strings.Contains(said, c.words) {
			t.Errorf("%s: code %d, want %d and %q:\n%s", c.name, code, c.code, c.words, said)
		}
		server.Close()
	}
	code, said := spoken(t, []string{"HTTPS_PROXY=http://ada:proxy-password@127.0.0.1:" + journey.FreePort(t)}, nil, "doctor", "--account", "acme")
	if code != exitPartly || !strings.Contains(said, "the proxy that HTTPS_PROXY names does not answer") || strings.Contains(said, "proxy-password") {
		t.Errorf("a proxy that is not there: code %d:\n%s", code, said)
	}
}

// A home where nothing can be written.
func TestReadOnlyHome(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "deskauth") // where a stranger can run it
	text, err := os.ReadFile(journey.Binary())
	if err == nil {
		err = os.WriteFile(binary, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	for path := filepath.Dir(binary); path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
		_ = os.Chmod(path, 0o755)
	}
	stranger := func(cmd *exec.Cmd) {
		cmd.Path, cmd.Dir = binary, "/"
		if os.Geteuid() == 0 { // whom no mode keeps out
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
	}
	env := []string{"HOME=" + locked, "XDG_STATE_HOME="}
	code, said := spoken(t, env, stranger, "auth", "login", "--account", "acme", "--client-id", "x", "--no-browser", "--port", journey.FreePort(t))
	if code != exitFailure || !strings.Contains(said, "the logins cannot be kept there: name a directory of your own in XDG_STATE_HOME") || !strings.Contains(said, "permission denied") {
		t.Errorf("code %d:\n%s", code, said)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := spoken(t, []string{"XDG_STATE_HOME=" + file}, nil, "auth", "login", "--account", "acme", "--client-id", "x", "--no-browser", "--port", journey.FreePort(t)); code != exitFailure || !strings.Contains(said, "XDG_STATE_HOME") {
		t.Errorf("a file in its place: code %d:\n%s", code, said)
	}
}

// A full disk, as the kernel and as SQLite say it.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	_, kernel := full.WriteString("x")
	if err := localError(fmt.Errorf("write: %w", kernel)); kernel == nil || !strings.Contains(err.Error(), "there is no space left for the logins") {
		t.Errorf("%v: %v", kernel, err)
	}
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "full.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, statement := range []string{"PRAGMA max_page_count = 3", "CREATE TABLE t (x TEXT)", "INSERT INTO t VALUES (hex(zeroblob(100000)))"} {
		_, err = db.ExecContext(t.Context(), statement)
	}
	if said := localError(err); err == nil || !strings.Contains(said.Error(), "there is no space left for the logins") {
		t.Errorf("%v: %v", err, said)
	}
	for _, other := range []error{nil, errors.New("x"), usagef("x"), fs.ErrNotExist} {
		if got := localError(other); !errors.Is(got, other) || got != nil && got.Error() != other.Error() {
			t.Errorf("%v becomes %v", other, got)
		}
	}
}

func TestClockWarning(t *testing.T) {
	for off, words := range map[time.Duration]string{
		0: "", 4 * time.Minute: "", -4 * time.Minute: "", time.Hour: "1h0m0s ahead of that of acme", -time.Hour: "1h0m0s behind that of acme",
	} {
		if got := clockWarning(off, "acme"); (got == "") != (words == "") || !strings.Contains(got, words) {
			t.Errorf("%v: %q", off, got)
		}
	}
}
