package journey

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/testlog"
)

// patience is how long a daemon may take to come up or to go down. It is long
// because a loaded machine is slow, and costs nothing when all is well.
const patience = 60 * time.Second

// Daemon is a running process of the binary.
type Daemon struct {
	t     testing.TB
	place Place
	args  []string

	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is gone
	log   string        // the file of its standard error

	mu  sync.Mutex
	out strings.Builder
	ops string
}

// Place is where a daemon runs, and what it is called in logs.
type Place struct {
	Name string
	Dir  string   // "" for that of the test
	Env  []string // beside that of the test
}

// Start runs the binary with args until the test ends, and returns when it is
// ready. --ops is added: by it, readiness is asked. A daemon that ends instead
// fails the test with what it said.
func Start(t testing.TB, name string, env []string, args ...string) *Daemon {
	t.Helper()
	return StartIn(t, Place{Name: name, Env: env}, args...)
}

// StartIn is Start in another directory.
func StartIn(t testing.TB, place Place, args ...string) *Daemon {
	t.Helper()
	d := &Daemon{t: t, place: place, args: append(args, "--ops", "127.0.0.1:0")}
	t.Cleanup(d.Kill)
	d.Restart()
	return d
}

// Restart starts a daemon that has ended once more, with the same arguments.
func (d *Daemon) Restart() {
	d.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := d.start()
		if err == nil {
			return
		}
		// A port that was ours before may have been borrowed by an outgoing
		// connection for a moment.
		if !strings.Contains(d.Log(), "already in use") || time.Now().After(deadline) {
			d.t.Fatalf("%s: %v\n%s%s", d.place.Name, err, d.Out(), d.Log())
		}
	}
}

func (d *Daemon) start() error {
	d.log = testlog.Path(d.t, d.place.Name)
	log, err := os.OpenFile(d.log, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own descriptor
	// Not the test's context: a test that failed still stops its daemons in order.
	d.cmd = exec.CommandContext(context.Background(), binary, d.args...)
	d.cmd.Env = append(os.Environ(), d.place.Env...)
	d.cmd.Dir = d.place.Dir
	d.cmd.Stderr = log
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.out.Reset()
	d.ops = ""
	d.mu.Unlock()
	if err := d.cmd.Start(); err != nil {
		return err
	}
	d.ended = make(chan struct{})
	announced := make(chan struct{})
	go d.follow(d.cmd, stdout, testlog.Path(d.t, d.place.Name+"-stdout"), announced, d.ended)
	select {
	case <-announced:
	case <-d.ended:
		return fmt.Errorf("ended instead of serving: %v", d.cmd.ProcessState)
	case <-time.After(patience):
		d.Kill()
		return errors.New("did not get ready")
	}
	return d.awaitReady()
}

// opsLine is the last line that a daemon prints when it is ready.
var opsLine = regexp.MustCompile(`(?m)^Health and metrics: (http://\S+)$`)

// follow reads what the daemon prints until it ends.
func (d *Daemon) follow(cmd *exec.Cmd, stdout io.Reader, copyTo string, announced, ended chan struct{}) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		d.mu.Lock()
		d.out.WriteString(lines.Text() + "\n")
		m := opsLine.FindStringSubmatch(lines.Text())
		if m != nil && d.ops == "" {
			d.ops = m[1]
			close(announced)
		}
		d.mu.Unlock()
	}
	_ = os.WriteFile(copyTo, []byte(d.Out()), 0o600) // for the leak check
	_ = cmd.Wait()                                   // how it ended is in ProcessState
	close(ended)
}

// awaitReady asks /readyz until it says so.
func (d *Daemon) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		status, _, err := d.Ops(ctx, "/readyz")
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-d.ended:
			return fmt.Errorf("ended while getting ready: %v", d.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("/readyz says %d: %w", status, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Ops asks the daemon's listener for health and metrics.
func (d *Daemon) Ops(ctx context.Context, path string) (status int, body string, err error) {
	d.mu.Lock()
	address := d.ops
	d.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+path, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// Out is what the daemon printed.
func (d *Daemon) Out() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.String()
}

// Log is what the daemon logged since it was started last.
func (d *Daemon) Log() string {
	text, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Find returns the first group of a pattern in what the daemon printed.
func (d *Daemon) Find(pattern string) string {
	d.t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(d.Out())
	if m == nil {
		d.t.Fatalf("%s did not print %s:\n%s", d.place.Name, pattern, d.Out())
	}
	return m[1]
}

// Kill ends the daemon as a power cut would: it learns nothing of it.
func (d *Daemon) Kill() {
	if d.cmd == nil || d.cmd.Process == nil || d.ended == nil {
		return
	}
	_ = d.cmd.Process.Kill() // it may have ended by itself
	<-d.ended
}

// PID is the number of the daemon's process.
func (d *Daemon) PID() int { return d.cmd.Process.Pid }

// Signal sends the daemon a signal.
func (d *Daemon) Signal(s os.Signal) error { return d.cmd.Process.Signal(s) }

// Stop ends the daemon in order and returns its exit code. One that does not end
// fails the test.
func (d *Daemon) Stop(by os.Signal) int {
	d.t.Helper()
	if err := d.cmd.Process.Signal(by); err != nil {
		d.t.Fatalf("%s: %v: it has ended before:\n%s", d.place.Name, err, d.Log())
	}
	select {
	case <-d.ended:
	case <-time.After(patience):
		d.Kill()
		d.t.Fatalf("%s did not stop on %v:\n%s", d.place.Name, by, d.Log())
	}
	return d.cmd.ProcessState.ExitCode()
}

// Terminate stops the daemon by SIGTERM, and fails the test unless it says that
// all went well.
func (d *Daemon) Terminate() {
	d.t.Helper()
	if code := d.Stop(syscall.SIGTERM); code != 0 {
		d.t.Errorf("%s: exit code %d after SIGTERM:\n%s", d.place.Name, code, d.Log())
	}
}

// Ports are handed out from below those that systems lend to outgoing connections
// (32768 on Linux, 49152 elsewhere), so that a daemon finds its own again.
const firstPort, lastPort = 20000, 32000

// FreePort returns a port of 127.0.0.1 that nobody has just now.
func FreePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		l.Close()
		_, port, _ := net.SplitHostPort(address)
		return port
	}
	t.Fatal("no free port")
	return ""
}
