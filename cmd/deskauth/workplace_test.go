//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/testlog"
)

// workplace is somebody's machine with more on it than a login: a local Zendesk and a broker,
// each behind a gate that holds a request back, so that a test knows where a command is.
//
//	deskauth ──► gate ──► local Zendesk ◄── gate ◄── broker ◄── gate ◄── deskauth --via
type workplace struct {
	*terminalWorld
	dir     string
	zendesk *gate
	broker  *gate
	daemon  *journey.Daemon // the broker's
	beside  []string        // the flags of a command that works on its database
}

const workplaceSeed = `accounts:
  - subdomain: acme
    name: Acme Inc.
    users: [{email: admin@acme.example, name: Ada Admin, role: admin, password: ada-password}]
    tickets: [{subject: Printer, requester: admin@acme.example, comment: It smokes.}]
    clients:
      - {identifier: deskauth_cli, name: Command line, company: Acme, kind: public, redirect_uri: ["http://127.0.0.1:BACK/callback"]}
      - {identifier: robot, name: Robot, company: Acme, kind: confidential, secret: robot-secret, redirect_uri: ["http://localhost:BROKER/zendesk/oauth/callback"]}
      - {identifier: old, name: Old, company: Acme, kind: confidential, secret: old-secret, redirect_uri: ["https://old.example/callback"]}
`

func newWorkplace(t *testing.T) *workplace {
	t.Helper()
	zendesk, broker := journey.FreePort(t), journey.FreePort(t)
	w := &workplace{dir: t.TempDir(), zendesk: newGate(t, zendesk), broker: newGate(t, broker)}
	back := journey.FreePort(t)
	seed := filepath.Join(w.dir, "seed.yaml")
	if err := os.WriteFile(seed, []byte(strings.NewReplacer("BACK", back, "BROKER", w.broker.port).Replace(workplaceSeed)), 0o600); err != nil {
		t.Fatal(err)
	}
	place := func(name string, env ...string) journey.Place {
		return journey.Place{Name: name, Dir: w.dir, Env: append(env, "HOME="+w.dir, "XDG_STATE_HOME="+w.dir, "DESKAUTH_OPS=127.0.0.1:0")}
	}
	journey.StartIn(t, place("zendesk"), "issuer", "--demo", "--control", "", "--seed", seed, "--db", "sqlite:issuer.db", "--listen", "127.0.0.1:"+zendesk)
	w.beside = []string{"--db", "sqlite:" + filepath.Join(w.dir, "broker.db"), "--sealing-keys", filepath.Join(w.dir, "keys.json")}
	w.daemon = journey.StartIn(t, place("broker", "DESKAUTH_CLIENT_SECRET=robot-secret"), append([]string{
		"broker", "--client-id", "robot",
		"--zendesk-url", "http://{subdomain}.localhost:" + w.zendesk.port, "--public-url", "http://localhost:" + w.broker.port, "--listen", "127.0.0.1:" + broker,
	}, w.beside...)...)
	tmp := filepath.Join(w.dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	w.terminalWorld = &terminalWorld{t: t, port: back, root: "http://acme.localhost:" + w.zendesk.port, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "XDG_STATE_HOME=" + filepath.Join(w.dir, "state"), "XDG_CONFIG_HOME=" + w.dir, "TMPDIR=" + tmp, "TERM=xterm",
		"DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent", "DESKAUTH_ZENDESK_URL=http://{subdomain}.localhost:" + w.zendesk.port, "DESKAUTH_PORT=" + back,
	}}
	return w
}

// signedIn is a workplace whose person is signed in as the client robot.
func signedIn(t *testing.T) *workplace {
	t.Helper()
	w := newWorkplace(t)
	w.done(robotSecret, signInAsRobot...)
	return w
}

var (
	robotSecret   = []string{"DESKAUTH_CLIENT_SECRET=robot-secret"}
	signInAsRobot = []string{"auth", "login", "--account", "acme", "--client-id", "robot", "--client-credentials", "--scope", "read write", "--insecure-storage"}
)

// key has a broker's connection made, and a key that can do everything there. It returns
// the variables by which a command finds them.
func (w *workplace) key() []string {
	w.t.Helper()
	w.done(robotSecret, append([]string{"broker", "connection", "client", "acme", "--scope", "read write"}, w.beside...)...)
	key := strings.TrimSpace(w.done(nil, "key", "create", "all", "--can", "admin", "--db", w.beside[1]))
	testlog.Issued(w.t, key)
	return []string{"DESKAUTH_VIA=http://localhost:" + w.broker.port, "DESKAUTH_KEY=" + key}
}

// write makes a file of the workplace, and returns its path.
func (w *workplace) write(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// command is one at which nobody sits.
func (w *workplace) command(env []string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	w.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, journey.Binary(), args...)
	cmd.Dir, cmd.Env = w.dir, append(append([]string{}, w.env...), env...)
	return cmd
}

// does runs a command with nobody at it: its exit code, what it prints, what it says.
func (w *workplace) does(env []string, args ...string) (code int, out, said string) {
	w.t.Helper()
	cmd := w.command(env, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// done runs a command that has to work, and returns what it prints.
func (w *workplace) done(env []string, args ...string) string {
	w.t.Helper()
	code, out, said := w.does(env, args...)
	if code != exitOK {
		w.t.Fatalf("%v: code %d:\n%s%s", args, code, out, said)
	}
	return out
}

// gate lets requests through to a server of this machine, and can hold one back. What a
// test does at it is what a network does: nothing of a request is changed.
type gate struct {
	port  string
	to    string
	proxy *httputil.ReverseProxy

	mu      sync.Mutex
	held    *held
	instead http.HandlerFunc // answers in the server's place; nil: nobody
}

// held is a request to be held back.
type held struct {
	method, path string
	skip         int  // so many that match go through first
	answered     bool // its answer is held back, and not the request
	arrived      chan struct{}
	open         chan struct{}
	once         sync.Once
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	target := &url.URL{Scheme: "http", Host: "127.0.0.1:" + to}
	g := &gate{to: target.Host, proxy: &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}}
	server := httptest.NewServer(g)
	g.port = server.URL[strings.LastIndex(server.URL, ":")+1:]
	t.Cleanup(func() { g.release(); server.Close() })
	return g
}

// holds holds back the next request to what begins with path. What it returns is closed
// when the request is there.
func (g *gate) holds(method, path string, change ...func(*held)) (arrived <-chan struct{}) {
	h := &held{method: method, path: path, arrived: make(chan struct{}), open: make(chan struct{})}
	for _, c := range change {
		c(h)
	}
	g.release()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = h
	return h.arrived
}

// theAnswer holds an answer back: the server has done what it was asked for.
func theAnswer(h *held) { h.answered = true }

// release lets through what is held back.
func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held != nil {
		g.held.once.Do(func() { close(g.held.open) })
		g.held = nil
	}
}

func (g *gate) take(r *http.Request) (*held, http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.held
	switch {
	case h == nil || r.Method != h.method || !strings.HasPrefix(r.URL.RequestURI(), h.path):
		return nil, g.instead
	case h.skip > 0:
		h.skip--
		return nil, nil
	}
	h.method = "" // only this one
	return h, nil
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, instead := g.take(r)
	switch {
	case instead != nil:
		instead(w, r)
	case h == nil:
		g.proxy.ServeHTTP(w, r)
	case h.answered:
		answer := httptest.NewRecorder()
		g.proxy.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
		h.wait(r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	default:
		h.wait(r)
		g.proxy.ServeHTTP(w, r)
	}
}

// wait is until the gate opens. Whoever has gone meanwhile gets nothing through it.
func (h *held) wait(r *http.Request) {
	close(h.arrived)
	select {
	case <-h.open:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}
