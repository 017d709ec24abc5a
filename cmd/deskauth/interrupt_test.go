//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// running is a command at which nobody sits, under way.
type running struct {
	*exec.Cmd
	t        *testing.T
	out, err said
	over     chan struct{}
}

// said is what a command writes, read while it does.
type said struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (w *workplace) starts(env []string, tune func(*exec.Cmd), args ...string) *running {
	w.t.Helper()
	r := &running{Cmd: w.command(env, args...), t: w.t, over: make(chan struct{})}
	r.out.more, r.err.more = make(chan struct{}, 1), make(chan struct{}, 1)
	r.Stdout, r.Stderr = &r.out, &r.err
	if tune != nil {
		tune(r.Cmd)
	}
	if err := r.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() { defer close(r.over); _ = r.Wait() }()
	return r
}

// says waits until it has said something, and returns what the last group matched.
func (r *running) says(pattern string) string {
	r.t.Helper()
	re := regexp.MustCompile(pattern)
	for {
		if m := re.FindStringSubmatch(r.err.String()); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-r.err.more:
		case <-r.over:
			r.t.Fatalf("%v ended without %q:\n%s%s", r.Args[1:], pattern, &r.out, &r.err)
		}
	}
}

// interrupted presses Ctrl-C when it is at a certain place. It has to end with code 130,
// and say so last, and before that what is wanted.
func (r *running) interrupted(at <-chan struct{}, wanted ...string) {
	r.t.Helper()
	select {
	case <-at:
	case <-r.over:
		r.t.Fatalf("%v ended before: code %d\n%s%s", r.Args[1:], r.ProcessState.ExitCode(), &r.out, &r.err)
	}
	if err := r.Process.Signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
	<-r.over
	if code := r.ProcessState.ExitCode(); code != exitInterrupted || !strings.HasSuffix(r.err.String(), "deskauth: interrupted\n") || r.out.String() != "" {
		r.t.Errorf("%v: code %d:\n%s%s", r.Args[1:], code, &r.out, &r.err)
	}
	for _, want := range wanted {
		if !strings.Contains(r.err.String(), want) {
			r.t.Errorf("%v does not say %q, but\n%s", r.Args[1:], want, &r.err)
		}
	}
}

// Ctrl-C while Zendesk, or the broker, has been asked and has not answered: it ends, says
// what nobody can know, and does what it should when it is run again.
func TestInterruptedWhileItWaits(t *testing.T) {
	w := signedIn(t)
	via := w.key()
	w.write("app.log", "it smokes\n")
	sets := w.write("sets.yaml", "app:\n  paths: ['"+filepath.Join(w.dir, "app.log")+"']\n")
	for _, c := range []struct {
		name         string
		env          []string
		at           *gate
		method, path string
		answered     bool
		args         []string
		says         string
		again        int
		saysAgain    string
	}{
		{"doctor", nil, w.zendesk, "GET", "/api/v2/users/me", false, []string{"doctor"}, "", exitOK, "network\tacme.localhost"},
		{"a list", nil, w.zendesk, "GET", "/api/v2/oauth/clients", true, []string{"client", "list"}, "", exitOK, "\trobot\t"},
		{"a status", nil, w.zendesk, "GET", "/api/v2/", true, []string{"auth", "status"}, "", exitOK, "Ada Admin"},
		{"a check", nil, w.zendesk, "GET", "/api/v2/", true, []string{"migrate", "api-tokens", "check"}, "", exitPartly, "nothing was scanned yet"},
		{"a setup", nil, w.zendesk, "GET", "/api/v2/users/me", true, []string{"auth", "setup", "--account", "acme", "--client-id", "deskauth_cli", "--timeout", "1ms"}, "1/5", exitFailure, "nobody came back from Zendesk"},
		{"a sign-in", robotSecret, w.zendesk, "POST", "/oauth/tokens", false, signInAsRobot, "", exitOK, "Signed in at acme.localhost"},
		{"a token", nil, w.zendesk, "POST", "/api/v2/oauth/tokens", true, []string{"token", "create", "--client", "old", "--scope", "read"}, "Whether the token was made could not be seen: `deskauth token list --client old`", exitOK, " of old at acme.localhost"},
		{"a secret", nil, w.zendesk, "PUT", "/api/v2/oauth/clients", true, []string{"client", "roll-secret", "old", "--yes"}, "Whether the old secret has ended could not be seen: run it again", exitOK, "has a new secret"},
		{"a client", nil, w.zendesk, "POST", "/api/v2/oauth/clients", true, []string{"client", "create", "--name", "New"}, "Whether it was made could not be seen: `deskauth client get new` shows it", exitRefused, "already been taken"},
		{"logs", nil, w.zendesk, "POST", "/api/v2/uploads", true, []string{"ticket", "logs", "1", "app", "--yes", "--sets", sets}, "nothing to blank", exitOK, "is on ticket 1"},
		{"logs in a comment", nil, w.zendesk, "PUT", "/api/v2/tickets", true, []string{"ticket", "logs", "1", "app", "--yes", "--sets", sets}, "Whether the comment stands could not be seen. Look at ticket 1 before you run it again", exitOK, "is on ticket 1"},
		{"a file in a comment", nil, w.zendesk, "PUT", "/api/v2/tickets", true, []string{"ticket", "attach", "1", "app.log"}, "Run the same again: it looks first.", exitOK, "app.log is on ticket 1"},
		{"a renewal", via, w.zendesk, "POST", "/oauth/tokens", true, []string{"connection", "renew", "acme"}, "goes on with what it was asked: `deskauth connection get 1` shows", exitOK, "is renewed"},
		{"a code", append(via[:1:1], "DESKAUTH_PASSPHRASE=correct-horse"), w.broker, "POST", "/v1/token", false, []string{"auth", "login", "--account", "acme", "--no-browser", "--timeout", "1s"}, "/device", exitUnavailable, "/device"},
		{"an end", via, w.broker, "DELETE", "/v1/connections", true, []string{"connection", "revoke", "acme", "--yes"}, "goes on with what it was asked", exitNotFoundAt, "has no connection \"acme\""},
	} {
		arrived := c.at.holds(c.method, c.path, func(h *held) { h.answered = c.answered })
		first := slicesWithout(c.args, "--timeout")
		w.starts(c.env, nil, first...).interrupted(arrived, c.says)
		c.at.release()
		code, out, said := w.does(c.env, c.args...)
		if code != c.again || !strings.Contains(out+said, c.saysAgain) {
			t.Errorf("%s, again: code %d, want %d and %q:\n%s%s", c.name, code, c.again, c.saysAgain, out, said)
		}
	}
	if left, err := os.ReadDir(filepath.Join(w.dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// slicesWithout is a command line without a flag and its value.
func slicesWithout(args []string, flag string) (rest []string) {
	for i := 0; i < len(args); i++ {
		if args[i] == flag {
			i++
			continue
		}
		rest = append(rest, args[i])
	}
	return rest
}

// Of tokens that are due some are revoked when it ends; the next sweep goes on.
func TestInterruptedSweep(t *testing.T) {
	w := signedIn(t)
	past := time.Now().Add(-time.Hour)
	at := loginPlace{Root: filepath.Join(w.dir, "state", "deskauth", "logins")}
	base, err := brokerOptions{ZendeskURL: "http://{subdomain}.localhost:" + w.zendesk.port}.base()
	if err != nil {
		t.Fatal(err)
	}
	at.Base = base
	for range 3 {
		w.done(nil, "token", "create", "--client", "old", "--scope", "read")
		list := strings.Fields(w.done(nil, "token", "list", "--client", "old", "--quiet"))
		id, err := strconv.ParseInt(list[len(list)-1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if err := at.ledger().add(ledgerEntry{Token: id, Account: "acme", Client: "old", MadeAt: &past, DueAt: &past}); err != nil {
			t.Fatal(err)
		}
	}
	arrived := w.zendesk.holds("DELETE", "/api/v2/oauth/tokens/", theAnswer, func(h *held) { h.skip = 1 })
	w.starts(nil, nil, "token", "sweep").interrupted(arrived, "Token 2 at acme.localhost", ": revoked.\n", "Stopped: of 3 tokens due, 2 left. The next run goes on with them.\n")
	w.zendesk.release()
	code, _, said := w.does(nil, "token", "sweep")
	if code != exitOK || strings.Contains(said, "Token 2 ") || !strings.Contains(said, "Token 3 at") || !strings.Contains(said, ": was gone already.") || !strings.Contains(said, "Token 4 at") {
		t.Errorf("again: code %d:\n%s", code, said)
	}
	if out := w.done(nil, "token", "list", "--client", "old"); out != "" {
		t.Errorf("left: %s", out)
	}
}

// Whoever comes back from a browser just then is signed in: the code is spent, and nobody
// would have its token.
func TestInterruptedAsTheBrowserComesBack(t *testing.T) {
	w := newWorkplace(t)
	arrived := w.zendesk.holds("POST", "/oauth/tokens", theAnswer)
	r := w.starts(nil, nil, "auth", "login", "--account", "acme", "--client-id", "deskauth_cli", "--no-browser", "--insecure-storage")
	address := r.says(`\n\n  (http\S+)\n\n`)
	seen := make(chan int)
	go func() { seen <- browse("admin@acme.example ada-password allow", address) }()
	<-arrived
	if err := r.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	r.says(`it ends when Zendesk has answered what it was asked`)
	w.zendesk.release()
	<-r.over
	if code := r.ProcessState.ExitCode(); code != exitOK || !strings.Contains(r.err.String(), "Signed in at acme.localhost") {
		t.Errorf("code %d:\n%s", code, &r.err)
	}
	if code := <-seen; code != 0 {
		t.Errorf("the browser: %d", code)
	}
	if out := w.done(nil, "auth", "status"); !strings.Contains(out, "Ada Admin") {
		t.Error(out)
	}
}

// A second Ctrl-C waits for nothing: not for Zendesk, and as a server not for requests.
func TestSecondInterrupt(t *testing.T) {
	w := newWorkplace(t)
	arrived := w.zendesk.holds("POST", "/oauth/tokens", theAnswer)
	r := w.starts(nil, nil, "auth", "login", "--account", "acme", "--client-id", "deskauth_cli", "--no-browser", "--insecure-storage")
	address := r.says(`\n\n  (http\S+)\n\n`)
	seen := make(chan int)
	go func() { seen <- browse("admin@acme.example ada-password allow", address) }()
	<-arrived
	if err := r.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	r.says(`another Ctrl-C ends it at once, and may lose a login`)
	if err := r.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-r.over
	if status, is := r.ProcessState.Sys().(syscall.WaitStatus); !is || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended as %v", r.ProcessState)
	}
	<-seen // whatever the browser says of that

	// The broker has a request that Zendesk does not answer, and takes no other any more.
	via := w.key()
	arrived = w.zendesk.holds("POST", "/oauth/tokens", theAnswer)
	asking := w.starts(via, nil, "connection", "renew", "acme")
	<-arrived
	if err := w.daemon.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	w.broker.closed(t)
	if code := w.daemon.Stop(os.Interrupt); code != -1 {
		t.Errorf("the broker ended with code %d", code)
	}
	<-asking.over
}

// closed waits until nobody listens behind it.
func (g *gate) closed(t *testing.T) {
	t.Helper()
	for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", g.to)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
		if err == nil {
			_ = c.Close()
		}
		if t.Context().Err() != nil {
			t.Fatal("it goes on listening")
		}
	}
}

// What is read of a pipe that somebody keeps open does not keep the command.
func TestInterruptedWhileItReads(t *testing.T) {
	w := signedIn(t)
	for _, args := range [][]string{
		{"auth", "login", "--account", "acme", "--with-token", "--insecure-storage"},
		{"auth", "login", "--account", "acme", "--api-token", "--email", "admin@acme.example", "--insecure-storage"},
		{"ticket", "attach", "1", "seed.yaml", "--comment-file", "-"},
		append([]string{"broker", "client", "import", "-"}, w.beside...),
		append([]string{"broker", "client", "add", "more"}, w.beside...),
	} {
		from, to, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r := w.starts(nil, func(cmd *exec.Cmd) { cmd.Stdin = from }, args...)
		_ = from.Close()
		if _, err := to.WriteString("made-up"); err != nil {
			t.Fatal(err)
		}
		r.interrupted(drained(t, to))
		_ = to.Close()
	}
	// All of a file, or nothing.
	rows := "account,product,identifier,secret\n"
	for n := range 500 {
		rows += fmt.Sprintf("acme%d,,client_%d,secret-%d\n", n, n, n)
	}
	if out := w.done(nil, append([]string{"broker", "client", "import", w.write("clients.csv", rows)}, w.beside...)...); !strings.Contains(out, "Clients added: 500, rolled: 0") {
		t.Error(out)
	}
}

// drained is closed once what was written to a pipe is read.
func drained(t *testing.T, to *os.File) <-chan struct{} {
	read := make(chan struct{})
	go func() {
		for tick := time.NewTicker(2 * time.Millisecond); t.Context().Err() == nil; <-tick.C {
			var left int32
			if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, to.Fd(), syscall.TIOCINQ, uintptr(unsafe.Pointer(&left))); failed == 0 && left == 0 { //nolint:gosec // the kernel writes one number there
				close(read)
				return
			}
		}
	}()
	return read
}

// A scan, and a set of logs, of more than is read in a moment.
func TestInterruptedWhileItGathers(t *testing.T) {
	w := signedIn(t)
	many := filepath.Join(w.dir, "many")
	if err := os.Mkdir(many, 0o700); err != nil {
		t.Fatal(err)
	}
	const size, files = 1 << 20, 2000 // of one file, by many names
	one := w.write("many/all.log", strings.Repeat("curl https://acme.zendesk.com/api/v2/tickets # 4711\n", size/52))
	for n := range files {
		if err := os.Link(one, filepath.Join(many, strconv.Itoa(n)+".log")); err != nil {
			t.Fatal(err)
		}
	}
	w.done(nil, "migrate", "api-tokens", "scan", w.write("few.sh", "curl -u ada@acme.example/token:made-up https://acme.zendesk.com/api/v2/tickets\n"))
	progress := filepath.Join(w.dir, "state", "deskauth", "api-tokens.json")
	before, err := os.ReadFile(progress)
	if err != nil {
		t.Fatal(err)
	}
	r := w.starts(nil, nil, "migrate", "api-tokens", "scan", many)
	r.interrupted(r.hasRead(20 * size))
	if after, err := os.ReadFile(progress); err != nil || string(after) != string(before) {
		t.Errorf("what was known is changed: %v", err)
	}
	sets := w.write("sets.yaml", "app:\n  paths: ['"+many+"/*']\n")
	r = w.starts(nil, nil, "ticket", "logs", "1", "app", "--yes", "--sets", sets)
	r.interrupted(r.hasRead(5 * size))
	if left, err := os.ReadDir(filepath.Join(w.dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// hasRead is closed once the process has read so many bytes.
func (r *running) hasRead(bytes int64) <-chan struct{} {
	there := make(chan struct{})
	go func() {
		for tick := time.NewTicker(2 * time.Millisecond); ; <-tick.C {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", r.Process.Pid))
			if err != nil {
				return // it has ended
			}
			var n int64
			if _, err := fmt.Sscanf(string(text), "rchar: %d", &n); err == nil && n >= bytes {
				close(there)
				return
			}
		}
	}()
	return there
}

// A rotation that waits for a broker goes on where it stood.
func TestInterruptedRotation(t *testing.T) {
	w := newWorkplace(t)
	w.key()
	w.daemon.Kill() // it is waited for, until it is known to be gone
	args := append([]string{"sealing", "rotate"}, w.beside...)
	r := w.starts(nil, nil, args...)
	r.says(`brokers that have the new key: 0 of 1`)
	at := make(chan struct{})
	close(at)
	r.interrupted(at, "Stopped. Nothing is lost: what is sealed with either key opens. Run it again, and it goes on where it stood.\n")
	w.daemon.Restart()
	if out := w.done(nil, args...); !strings.Contains(out, "Everything is sealed with key ") {
		t.Error(out)
	}
	w.done(robotSecret, append([]string{"broker", "connection", "client", "acme"}, w.beside...)...)
}
