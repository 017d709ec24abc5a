package foreign

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/deskauth/deskauth/internal/browsertest"
	"github.com/deskauth/deskauth/internal/journey"
)

// TestAppsUnmodified signs in to apps, each written for the real Zendesk, in the browser
// that `deskauth run --browser` opens beside them.
func TestAppsUnmodified(t *testing.T) {
	packages, err := filepath.Abs(filepath.Join("..", "browsertest", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	for name, app := range map[string][]string{
		"Express with axios":       {"node", "express_app.cjs"},
		"Bottle with requests":     {debianPython, "bottle_app.py"},
		"Flask, requests-oauthlib": {debianPython, "flask_app.py"},
	} {
		t.Run(name, func(t *testing.T) {
			port := journey.FreePort(t)
			a := startApp(t, []string{"PORT=" + port, "CLIENT_SECRET=" + appSecret, "NODE_PATH=" + packages}, append([]string{
				"run", "--offline", "--seed", seedFor(t, port), "--browser", "--browser-arg=--headless=new", "--browser-arg=--no-sandbox",
				"--browser-arg=--disable-gpu", "--browser-arg=--remote-debugging-port=0", "--",
			}, app...)...)
			devtools := a.await(t, `DevTools listening on (ws://\S+)`, `^(ready)$`)[0]
			var said struct{ Consent string }
			browsertest.Run(t, "apps", map[string]any{
				"app": "http://localhost:" + port, "devtools": devtools,
				"email": ada.Email, "password": ada.Password, "greeting": "Hi, Ada Admin! Your Zendesk Support user role is admin.",
			}, &said)
			if want := "https://acme.zendesk.com"; said.Consent != want && !t.Failed() {
				t.Errorf("consent was asked for at %s, not at %s", said.Consent, want)
			}
			a.end(t)
		})
	}
}

const appSecret = "a-secret-for-the-app-of-these-tests"

// seedFor is the file of an account whose client comes back to a port.
func seedFor(t *testing.T, port string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seed.yaml")
	seed := fmt.Sprintf(`accounts:
  - subdomain: acme
    name: Acme Inc.
    users:
      - {email: %s, name: Ada Admin, role: admin, password: %s}
    clients:
      - identifier: oauth_tutorial_app
        name: OAuth Tutorial App
        kind: confidential
        secret: %s
        redirect_uri: ["http://localhost:%s/handle_user_decision"]
`, ada.Email, ada.Password, appSecret, port)
	if err := os.WriteFile(path, []byte(seed), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// running is `deskauth run` with an app and a browser.
type running struct {
	cmd   *exec.Cmd
	lines chan string   // what any of them prints
	ended chan struct{} // closed when it is gone
}

func startApp(t *testing.T, env []string, args ...string) *running {
	t.Helper()
	from, to := io.Pipe()
	a := &running{cmd: exec.Command(journey.Binary(), args...), lines: make(chan string), ended: make(chan struct{})}
	a.cmd.Dir = filepath.Join("testdata", "apps")
	a.cmd.Env = append(append(os.Environ(), "TMPDIR="+temporary(t)), env...)
	a.cmd.Stdout, a.cmd.Stderr = to, to
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = a.cmd.Wait() // how it ended is in ProcessState
		close(a.ended)
		_ = to.Close()
	}()
	go func() {
		defer close(a.lines)
		for all := bufio.NewScanner(from); all.Scan(); {
			a.lines <- all.Text()
		}
	}()
	t.Cleanup(func() {
		if a.ended == nil {
			return
		}
		_ = a.cmd.Process.Signal(syscall.SIGTERM) // the test failed on the way
		a.drain()
		<-a.ended
	})
	return a
}

// temporary is a directory for temporary files, in which no run may leave any. Its name
// is short, because the browser puts a socket there.
func temporary(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "app")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, err := filepath.Glob(filepath.Join(dir, "deskauth-run-*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %q %v", left, err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// await reads what is printed until each pattern was met, and returns their groups.
func (a *running) await(t *testing.T, patterns ...string) []string {
	t.Helper()
	groups, missing := make([]string, len(patterns)), len(patterns)
	var said []string
	for line := range a.lines {
		said = append(said, line)
		for i, pattern := range patterns {
			if m := regexp.MustCompile(pattern).FindStringSubmatch(line); m != nil && groups[i] == "" {
				groups[i] = m[1]
				missing--
			}
		}
		if missing == 0 {
			go a.drain()
			return groups
		}
	}
	t.Fatalf("ended before all of %q was said:\n%s", patterns, strings.Join(said, "\n"))
	return nil
}

// drain reads on, so that nobody is kept waiting to print.
func (a *running) drain() {
	for range a.lines {
	}
}

// end stops the app as a supervisor does. It exits as the app, which SIGTERM ended; the
// browser goes with it.
func (a *running) end(t *testing.T) {
	t.Helper()
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-a.ended
	a.ended = nil
	if got, want := a.cmd.ProcessState.ExitCode(), 128+int(syscall.SIGTERM); got != want {
		t.Errorf("exit code %d, want %d", got, want)
	}
}
