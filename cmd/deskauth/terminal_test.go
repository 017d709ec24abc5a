//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/testlog"
)

// terminalWorld is somebody's machine: a local Zendesk, and a place for logins.
type terminalWorld struct {
	t    *testing.T
	env  []string
	port string // that the browser comes back to
	root string // of the account acme
}

const terminalSeed = `
accounts:
  - subdomain: acme
    name: Acme Inc.
    users: [{email: admin@acme.example, name: Ada Admin, role: admin, password: ada-password}]
    api_tokens: [{description: old, token: api-token-of-acme}]
    clients:
      - identifier: deskauth_cli
        name: Command line
        company: Acme Inc.
        kind: public
        redirect_uri: ["http://127.0.0.1:BACK/callback"]
`

func newTerminalWorld(t *testing.T) *terminalWorld {
	t.Helper()
	dir := t.TempDir()
	w := &terminalWorld{t: t, port: journey.FreePort(t)}
	seed := filepath.Join(dir, "seed.yaml")
	if err := os.WriteFile(seed, []byte(strings.ReplaceAll(terminalSeed, "BACK", w.port)), 0o600); err != nil {
		t.Fatal(err)
	}
	d := journey.StartIn(t, journey.Place{Name: "zendesk", Dir: dir, Env: []string{"DESKAUTH_OPS=127.0.0.1:0"}},
		"issuer", "--demo", "--control", "127.0.0.1:0", "--seed", seed, "--db", "sqlite:"+filepath.Join(dir, "issuer.db"), "--listen", "127.0.0.1:0")
	port := d.Find(`http://[a-z0-9.-]+:(\d+)`)
	w.root = "http://acme.localhost:" + port
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_STATE_HOME=" + filepath.Join(dir, "state"), "TERM=xterm",
		"DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent", "DESKAUTH_ZENDESK_URL=http://{subdomain}.localhost:" + port, "DESKAUTH_PORT=" + w.port,
	}
	return w
}

// session is a command at a terminal.
type session struct {
	t    *testing.T
	cmd  *exec.Cmd
	file *os.File

	mu   sync.Mutex
	said strings.Builder
	more chan struct{}
	over chan struct{}
}

func (w *terminalWorld) run(env []string, args ...string) *session {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	w.t.Cleanup(cancel)
	s := &session{t: w.t, cmd: exec.CommandContext(ctx, journey.Binary(), args...), more: make(chan struct{}, 1), over: make(chan struct{})}
	s.cmd.Env = append(append([]string{}, w.env...), env...)
	var err error
	if s.file, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 40, Cols: 400}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.file.Close() })
	go s.listen()
	return s
}

func (s *session) listen() {
	defer close(s.over)
	buf := make([]byte, 4096)
	for {
		n, err := s.file.Read(buf)
		s.mu.Lock()
		s.said.Write(buf[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil { // on Linux EIO, when nobody writes any more
			return
		}
	}
}

func (s *session) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// expect waits until the terminal shows it, and returns what the group matched.
func (s *session) expect(pattern string) string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	for {
		if m := re.FindStringSubmatch(s.heard()); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-s.more:
		case <-s.over:
			if m := re.FindStringSubmatch(s.heard()); m != nil {
				return m[len(m)-1]
			}
			s.t.Fatalf("%v ended without %q:\n%s", s.cmd.Args[1:], pattern, s.heard())
		}
	}
}

func (s *session) types(text string) {
	s.t.Helper()
	if _, err := s.file.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the command, and returns its exit code.
func (s *session) end() int {
	s.t.Helper()
	<-s.over
	err := s.cmd.Wait()
	exit := (*exec.ExitError)(nil)
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return s.cmd.ProcessState.ExitCode()
}

const ctrlC = "\x03"

// goes through the browser to where Zendesk sends it back to, and no further: that
// address is what a person on another machine copies.
func (w *terminalWorld) goes(address string) string {
	w.t.Helper()
	b := journey.NewBrowser()
	b.Halt = "http://127.0.0.1:" + w.port + "/callback"
	p, err := b.Get(w.t.Context(), address)
	if err == nil {
		p, err = b.SignIn(w.t.Context(), p, journey.Person{Email: "admin@acme.example", Password: "ada-password"}, "allow")
	}
	if err != nil {
		w.t.Fatal(err)
	}
	testlog.Issued(w.t, b.Cookies(w.root)...)
	return p.Location
}

// Somebody without a browser on this machine: a passphrase that nobody sees, the client
// that is asked for, the address that is pasted.
func TestTerminalSignIn(t *testing.T) {
	w := newTerminalWorld(t)
	s := w.run(nil, "auth", "login", "--account", "acme", "--no-browser")
	s.expect(`A passphrase for the logins: `)
	s.types("correct-horse\n")
	s.expect(`Unique identifier of the client: `)
	s.types("deskauth_cli\n")
	address := s.expect(`(http://acme\.localhost\S+)\r\n\r\n`)
	s.expect(`paste the address that it ends at here`)
	s.types("what is this?\n")
	s.expect(`That is not the address`)
	s.types(w.goes(address) + "\n")
	s.expect(`Signed in at acme\.localhost:\d+ as Ada Admin \(admin\)\.`)
	if code := s.end(); code != exitOK {
		t.Errorf("code %d", code)
	}
	if strings.Contains(s.heard(), "correct-horse") {
		t.Error("the passphrase is shown")
	}

	for _, c := range []struct {
		name   string
		env    []string
		colour bool
	}{{"a terminal", nil, true}, {"NO_COLOR", []string{"NO_COLOR=1"}, false}, {"CLICOLOR=0", []string{"CLICOLOR=0"}, false}, {"a dumb one", []string{"TERM=dumb"}, false}} {
		s := w.run(c.env, "auth", "status", "--offline")
		s.expect(`The passphrase of the logins: `)
		s.types("correct-horse\n")
		s.expect(`Ada Admin`)
		if code := s.end(); code != exitOK || strings.Contains(s.heard(), "\x1b[") != c.colour {
			t.Errorf("%s: code %d:\n%q", c.name, code, s.heard())
		}
	}
}

// An API token is asked for, and not shown.
func TestTerminalAPIToken(t *testing.T) {
	w := newTerminalWorld(t)
	s := w.run([]string{"DESKAUTH_PASSPHRASE=correct-horse"}, "auth", "login", "--account", "acme", "--api-token", "--no-browser")
	s.expect(`Email of an admin: `)
	s.types("admin@acme.example\n")
	s.expect(`API token \(nothing: a password\): `)
	s.types("\n")
	s.expect(`Password: `)
	s.types("ada-password\n")
	s.expect(`The client is deskauth_cli, public`)
	s.expect(`paste the address`)
	s.types(ctrlC)
	if code := s.end(); code != exitInterrupted || strings.Contains(s.heard(), "ada-password") {
		t.Errorf("code %d: %s", code, s.heard())
	}
}

// The doctor writes each cause out, and what mends it below.
func TestTerminalDoctor(t *testing.T) {
	w := newTerminalWorld(t)
	s := w.run(nil, "doctor", "--account", "acme", "--client-id", "deskauth_cli")
	s.expect(`ok +\S* *network +acme\.localhost:\d+ answers`)
	s.expect(`warning +\S* *login +nobody is signed in at acme\.localhost:\d+\r\n +deskauth auth login --account acme`)
	s.expect(`fault +\S* *redirect addresses +the client deskauth_cli lacks http://127\.0\.0\.1:18484/callback\r\n +deskauth client update deskauth_cli --add-redirect http://127\.0\.0\.1:18484/callback`)
	if code := s.end(); code != exitPartly {
		t.Errorf("code %d: %s", code, s.heard())
	}
}

// Ctrl-C ends each question and each wait at once, with code 130, and leaves nothing
// half done: nobody is signed in, and a second try goes through.
func TestTerminalCtrlC(t *testing.T) {
	w := newTerminalWorld(t)
	known := []string{"DESKAUTH_PASSPHRASE=correct-horse"}
	for _, c := range []struct {
		name  string
		env   []string
		until string
		args  []string
	}{
		{"at the passphrase", nil, `A passphrase for the logins: `, []string{"auth", "login", "--account", "acme", "--client-id", "deskauth_cli"}},
		{"at the client", known, `Unique identifier of the client: `, []string{"auth", "login", "--account", "acme"}},
		{"at the API token", known, `API token \(nothing`, []string{"auth", "login", "--account", "acme", "--api-token", "--email", "admin@acme.example"}},
		{"while the browser is waited for", known, `paste the address`, []string{"auth", "login", "--account", "acme", "--client-id", "deskauth_cli", "--no-browser"}},
		{"at the account of a setup", known, `Subdomain of the account`, []string{"auth", "setup"}},
		{"in a setup", known, `Enter looks again`, []string{"auth", "setup", "--account", "acme", "--client-id", "nobodys"}},
	} {
		s := w.run(c.env, c.args...)
		s.expect(c.until)
		s.types(ctrlC)
		if code := s.end(); code != exitInterrupted || !strings.HasSuffix(s.heard(), "deskauth: interrupted\r\n") {
			t.Errorf("%s: code %d:\n%s", c.name, code, s.heard())
		}
		s = w.run(known, "auth", "status")
		if code := s.end(); code != exitSignIn {
			t.Errorf("%s: somebody is signed in: code %d:\n%s", c.name, code, s.heard())
		}
	}
	s := w.run(known, "auth", "login", "--account", "acme", "--client-id", "deskauth_cli", "--no-browser")
	s.types(w.goes(s.expect(`(http://acme\.localhost\S+)\r\n\r\n`)) + "\n")
	if code := s.end(); code != exitOK {
		t.Errorf("afterwards: code %d:\n%s", code, s.heard())
	}
}

// A setup waits until what is in its way is mended.
func TestTerminalSetup(t *testing.T) {
	w := newTerminalWorld(t)
	s := w.run([]string{"DESKAUTH_PASSPHRASE=correct-horse"}, "auth", "setup", "--no-browser")
	s.expect(`Subdomain of the account`)
	s.types("acme\n")
	s.expect(`Unique identifier of the client: `)
	s.types("nobodys\n")
	s.expect(`not yet:.* does not know the client.*\r\n.*Enter looks again`)
	s.types("\n")
	s.expect(`(?s)Enter looks again.*Unique identifier of the client: `)
	s.types("deskauth_cli\n")
	s.types(w.goes(s.expect(`(http://acme\.localhost\S+oauth\S+)\r\n\r\n`)) + "\n")
	s.expect(`signed in as Ada Admin \(admin\)`)
	s.expect(`the client is deskauth_cli, public`)
	if code := s.end(); code != exitOK {
		t.Errorf("code %d:\n%s", code, s.heard())
	}
}
