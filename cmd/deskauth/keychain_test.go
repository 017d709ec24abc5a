//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/journey"
)

// desktop is a session of the desktop with a keychain of its own, in which a script runs.
func (w *terminalWorld) desktop(home, script string) (string, error) {
	w.t.Helper()
	if err := os.MkdirAll(home, 0o700); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "dbus-run-session", "--", "bash", "-euo", "pipefail", "-c",
		`printf 'keychain-password\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null`+"\n"+script)
	for _, v := range w.env {
		if !strings.HasPrefix(v, "DBUS_SESSION_BUS_ADDRESS=") && !strings.HasPrefix(v, "HOME=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+home, "XDG_RUNTIME_DIR="+home, "XDG_DATA_HOME="+home, "DESKAUTH="+journey.Binary(), "DESKAUTH_API_TOKEN=api-token-of-acme")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// A real keychain has the key of the logins, and nothing that opens them is in a file.
// Without it, and with another's, nobody is signed in, and what to do is said and works.
func TestKeychainOfTheSystem(t *testing.T) {
	w := newTerminalWorld(t)
	const signIn = `$DESKAUTH auth login --account acme --api-token --client-credentials --email admin@acme.example` + "\n"
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
	out, err := w.desktop(first, signIn+"$DESKAUTH auth status\n$DESKAUTH auth token >/dev/null\n")
	if err != nil || !strings.Contains(out, "its key is in the system's keychain") || !strings.Contains(out, "Ada Admin") {
		t.Fatalf("%v:\n%s", err, out)
	}
	for _, v := range w.env {
		if state, is := strings.CutPrefix(v, "XDG_STATE_HOME="); is {
			if files, _ := filepath.Glob(state + "/deskauth/logins/keys*"); len(files) > 0 {
				t.Errorf("keys in files: %v", files)
			}
		}
	}
	// Another session of the same person.
	if out, err := w.desktop(first, "$DESKAUTH auth status"); err != nil {
		t.Errorf("later: %v:\n%s", err, out)
	}
	// Nobody keeps secrets.
	s := w.run(nil, "auth", "token")
	if code := s.end(); code != exitFailure || !strings.Contains(s.heard(), "sealed with a key of the system's keychain") {
		t.Errorf("no keychain: code %d:\n%s", code, s.heard())
	}
	// A keychain that does not have it; then one that has another.
	out, err = w.desktop(second, "$DESKAUTH auth token && exit 9; [ $? = 4 ]\n"+signIn+"$DESKAUTH auth status\n")
	if err != nil || !strings.Contains(out, "does not have the key that the logins are sealed with: sign in again") {
		t.Errorf("another keychain: %v:\n%s", err, out)
	}
	out, err = w.desktop(first, "$DESKAUTH auth token && exit 9; [ $? = 4 ]\n")
	if err != nil || !strings.Contains(out, "sign in again") {
		t.Errorf("the keychain of before: %v:\n%s", err, out)
	}
}
