//go:build linux

package main

import (
	"context"
	"io"
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
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// logins is the directory of the workplace's logins.
func (w *workplace) logins() string { return filepath.Join(w.dir, "state", "deskauth", "logins") }

// expires has the token of the login be over, so that the next command renews it.
func (w *workplace) expires() {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join(w.logins(), "*", "logins.db"))
	if err != nil || len(found) != 1 {
		w.t.Fatal(found, err)
	}
	storetest.Exec(w.t, storetest.Raw(w.t, "sqlite:"+found[0]), `UPDATE broker_connections SET access_expires_at = 1`)
}

// stands lets somebody answer in the server's place; nil: nobody.
func (g *gate) stands(h http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.instead = h
}

// dated answers as the server does, an hour off.
func (g *gate) dated(rw http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	g.proxy.ServeHTTP(answer, r)
	for name, values := range answer.Header() {
		rw.Header()[name] = values
	}
	rw.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
	rw.WriteHeader(answer.Code)
	_, _ = rw.Write(answer.Body.Bytes())
}

// What stands in the way of somebody who is signed in: each command says what it is and
// what to do, none takes it for the end of the login, and all is well when it has gone.
func TestFailuresOfWhoIsSignedIn(t *testing.T) {
	w := signedIn(t)
	const page = "<html><h1>Welcome to the hotel</h1></html>"
	type outcome struct {
		code  int
		words string
	}
	for _, c := range []struct {
		name                         string
		stands                       http.HandlerFunc
		login, token, status, doctor outcome
	}{
		{
			"a captive page", answers(200, "text/html; charset=utf-8", page),
			outcome{exitUnavailable, "a web page answers for acme.localhost"},
			outcome{exitUnavailable, "try again later; `deskauth doctor` says what is in the way"},
			outcome{exitOK, "cannot be renewed now"},
			outcome{exitPartly, "fault\tnetwork\ta web page answers for acme.localhost"},
		},
		{
			"one that redirects to itself", answers(302, "text/html", "", "Location", "http://hotel.example/"),
			outcome{exitUnavailable, "a web page answers for acme.localhost"},
			outcome{exitUnavailable, "try again later; `deskauth doctor` says what is in the way"},
			outcome{exitOK, "cannot be renewed now"},
			outcome{exitPartly, "fault\tnetwork\ta web page answers for acme.localhost"},
		},
		{
			"one that is down", answers(503, "text/html", page),
			outcome{exitUnavailable, "a web page answers for acme.localhost"},
			outcome{exitUnavailable, "the login is kept: try again later"},
			outcome{exitOK, "cannot"},
			outcome{exitPartly, "fault\tnetwork\tacme.localhost"},
		},
		{
			"one that hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			outcome{exitUnavailable, "cannot be reached now: it hung up"},
			outcome{exitUnavailable, "the login is kept: try again later"},
			outcome{exitOK, "cannot"},
			outcome{exitPartly, "cannot be reached now: it hung up"},
		},
		{
			"a clock an hour off", w.zendesk.dated,
			outcome{exitOK, "the clock of this machine is 1h0m0s behind that of acme.localhost"},
			outcome{exitOK, "the clock of this machine is 1h0m0s behind that of acme.localhost"},
			outcome{exitOK, "the clock of this machine is 1h0m0s behind that of acme.localhost"},
			outcome{exitPartly, "fault\tclock\tthe clock of this machine is 1h0m0s behind that of acme.localhost"},
		},
	} {
		for _, of := range []struct {
			args []string
			outcome
		}{{signInAsRobot, c.login}, {[]string{"auth", "token"}, c.token}, {[]string{"auth", "status"}, c.status}, {[]string{"doctor"}, c.doctor}} {
			w.expires()
			w.zendesk.stands(c.stands)
			code, out, said := w.does(robotSecret, of.args...)
			w.zendesk.stands(nil)
			if code != of.code || !strings.Contains(out+said, of.words) {
				t.Errorf("%s, %v: code %d, want %d and %q:\n%s%s", c.name, of.args[:2:2][len(of.args[:1])-1:], code, of.code, of.words, out, said)
			}
		}
		if code, out, said := w.does(robotSecret, "auth", "token"); code != exitOK { // which may rest a while
			if code, out, said = w.does(robotSecret, signInAsRobot...); code != exitOK {
				t.Errorf("%s, afterwards: code %d:\n%s%s", c.name, code, out, said)
			}
		} else if out == "" {
			t.Errorf("%s, afterwards: %s", c.name, said)
		}
	}
}

// A disk without space: nothing that Zendesk would end is asked of it.
func TestFullDiskOfTheLogins(t *testing.T) {
	w := newWorkplace(t)
	state := filepath.Join(w.dir, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", state, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("a small disk is for who may mount one: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(state, syscall.MNT_DETACH) })
	fill := func() string {
		path := filepath.Join(state, "full")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		_, err = io.Copy(f, strings.NewReader(strings.Repeat("x", 4<<20)))
		if err == nil {
			t.Fatal("it is not full")
		}
		return path
	}
	full := fill()
	if code, out, said := w.does(robotSecret, signInAsRobot...); code != exitFailure || !strings.Contains(said, "there is no space left for the logins: make some, and run it again") {
		t.Errorf("a sign-in: code %d:\n%s%s", code, out, said)
	}
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	w.done(robotSecret, signInAsRobot...)
	w.expires()
	full = fill()
	for _, c := range []struct {
		args  []string
		code  int
		words string
	}{
		{[]string{"auth", "token"}, exitFailure, "there is no space left for the logins: make some, and run it again"},
		{signInAsRobot, exitFailure, "there is no space left for the logins: make some, and run it again"},
		{[]string{"auth", "status"}, exitOK, "no space left for the logins"},
		{[]string{"doctor"}, exitPartly, "fault\tstate directory\tthere is no space left for "},
	} {
		if code, out, said := w.does(robotSecret, c.args...); code != c.code || !strings.Contains(out+said, c.words) {
			t.Errorf("%v: code %d, want %d and %q:\n%s%s", c.args, code, c.code, c.words, out, said)
		}
	}
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	w.done(nil, "auth", "token")
}

// A home that was made read-only since the sign-in.
func TestReadOnlyLogins(t *testing.T) {
	w := signedIn(t)
	w.expires()
	binary := filepath.Join(w.dir, "deskauth") // where a stranger can run it
	text, err := os.ReadFile(journey.Binary())
	if err == nil {
		err = os.WriteFile(binary, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	const stranger = 65534
	state := filepath.Join(w.dir, "state")
	if err := filepath.Walk(state, func(path string, info os.FileInfo, err error) error {
		if err == nil && os.Geteuid() == 0 { // whom no mode keeps out
			err = os.Chown(path, stranger, stranger)
		}
		mode := os.FileMode(0o400)
		if info.IsDir() {
			mode = 0o500
			t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
		}
		if err == nil {
			err = os.Chmod(path, mode)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for path := w.dir; path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args  []string
		code  int
		words string
	}{
		{[]string{"auth", "token"}, exitFailure, "the logins cannot be kept there: name a directory of your own in XDG_STATE_HOME"},
		{[]string{"auth", "status"}, exitOK, "the logins cannot be kept there: name a directory of your own in XDG_STATE_HOME"},
		{signInAsRobot, exitFailure, "the logins cannot be kept there: name a directory of your own in XDG_STATE_HOME"},
		{[]string{"doctor"}, exitPartly, "fault\tstate directory\t" + w.logins() + " cannot be written to"},
	} {
		r := w.starts(robotSecret, func(cmd *exec.Cmd) {
			cmd.Path, cmd.Dir = binary, "/"
			if os.Geteuid() == 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
			}
		}, c.args...)
		<-r.over
		if code := r.ProcessState.ExitCode(); code != c.code || !strings.Contains(r.out.String()+r.err.String(), c.words) {
			t.Errorf("%v: code %d, want %d and %q:\n%s%s", c.args, code, c.code, c.words, &r.out, &r.err)
		}
	}
}

// A session bus that starts a keychain which never answers, as one does that waits for
// somebody to unlock it where nobody sits.
const hangingBus = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <servicedir>SERVICES</servicedir>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
`

func TestKeychainThatNeverAnswers(t *testing.T) {
	w := newWorkplace(t)
	w.write("org.freedesktop.secrets.service", "[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/sh -c \"exec sleep 20 >/dev/null 2>&1\"\n")
	bus := w.write("bus.conf", strings.ReplaceAll(hangingBus, "SERVICES", w.dir))
	beside := func(env []string, args ...string) (int, string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "dbus-run-session", append([]string{"--config-file=" + bus, "--", journey.Binary()}, args...)...)
		for _, v := range append(append([]string{}, w.env...), env...) {
			if !strings.HasPrefix(v, "DBUS_SESSION_BUS_ADDRESS=") {
				cmd.Env = append(cmd.Env, v)
			}
		}
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}
	unsealed := signInAsRobot[:len(signInAsRobot)-1]
	if code, said := beside(robotSecret, unsealed...); code != exitFailure || !strings.Contains(said, "it did not answer within 3s; set DESKAUTH_PASSPHRASE") || !strings.Contains(said, "--insecure-storage") {
		t.Errorf("a sign-in: code %d:\n%s", code, said)
	}
	if code, said := beside(nil, "doctor", "--account", "acme"); code != exitOK || !strings.Contains(said, "warning\tkeychain\tthe system's keychain cannot be used: it did not answer within 3s\tset DESKAUTH_PASSPHRASE, or sign in with --insecure-storage") {
		t.Errorf("the doctor: code %d:\n%s", code, said)
	}
	// With a passphrase it goes on, and nothing waits for the keychain any more.
	pass := append(robotSecret[:1:1], "DESKAUTH_PASSPHRASE=correct-horse")
	if code, said := beside(pass, unsealed...); code != exitOK || !strings.Contains(said, "its key is in a file that a passphrase opens") {
		t.Errorf("with a passphrase: code %d:\n%s", code, said)
	}
	for _, args := range [][]string{{"auth", "token"}, {"auth", "status"}, {"doctor"}} {
		if code, said := beside(pass, args...); code != exitOK || strings.Contains(said, "did not answer") {
			t.Errorf("%v: code %d:\n%s", args, code, said)
		}
	}
	// Logins whose key is in it.
	if err := os.Remove(lockedKeys(w.logins())); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args  []string
		code  int
		words string
	}{
		{[]string{"auth", "token"}, exitFailure, "the logins are sealed with a key of the system's keychain: the system's keychain cannot be used: it did not answer within 3s"},
		{[]string{"auth", "status"}, exitFailure, "it did not answer within 3s"},
		{[]string{"doctor"}, exitPartly, "fault\tkeychain\tthe logins are sealed with a key of the system's keychain cannot be used: it did not answer within 3s\tunlock it, or run `deskauth auth login"},
	} {
		if code, said := beside(nil, c.args...); code != c.code || !strings.Contains(said, c.words) {
			t.Errorf("%v: code %d, want %d and %q:\n%s", c.args, code, c.code, c.words, said)
		}
	}
}
