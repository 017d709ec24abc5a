// Package daemontest builds the command that ships and runs it as a process of its
// own, for the tests that look at deskauth from outside.
//
//	bin := Build(t) ─► d := Start(t, bin, "issuer", …) ─► d.Await(`http://\S+`) ─► … ─► Ctrl-C when the test ends
package daemontest

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a daemon may take to say what it is awaited to say, and to end.
const patience = time.Minute

// Build compiles the command as it ships, without cgo, into a directory of the test,
// and returns its path.
func Build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "deskauth.exe") // Windows wants the ending, nobody else minds it
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "github.com/deskauth/deskauth/cmd/deskauth")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// Daemon is a running deskauth.
type Daemon struct {
	cmd   *exec.Cmd
	stop  func() error  // once
	ended chan struct{} // closed when it has closed its standard output

	mu   sync.Mutex
	said strings.Builder // standard output so far
	more chan struct{}   // closed and made anew with each line
}

// Start runs bin with args until the test ends, then stops it as Ctrl-C does. What it
// logs goes to the test's log.
func Start(t *testing.T, bin string, args ...string) *Daemon {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d := &Daemon{
		cmd:   exec.CommandContext(ctx, bin, args...),
		ended: make(chan struct{}), more: make(chan struct{}),
	}
	d.cmd.Cancel = func() error { return d.cmd.Process.Signal(os.Interrupt) }
	d.cmd.WaitDelay = patience
	d.cmd.Stderr = t.Output()
	stdout, err := d.cmd.StdoutPipe()
	if err == nil {
		err = d.cmd.Start()
	}
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	go d.listen(bufio.NewScanner(stdout))
	d.stop = sync.OnceValue(func() error {
		cancel()
		<-d.ended
		// That it was told to end is no failure; a code other than 0 is.
		if exit := (*exec.ExitError)(nil); errors.As(d.cmd.Wait(), &exit) {
			return exit
		}
		return nil
	})
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Errorf("deskauth %s: %v", strings.Join(args, " "), err)
		}
	})
	return d
}

// Await returns the first match of pattern in what the daemon has printed, with its
// groups, as soon as there is one. The test fails if the daemon ends before.
func (d *Daemon) Await(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.After(patience)
	for last := false; ; {
		d.mu.Lock()
		said, more := d.said.String(), d.more
		d.mu.Unlock()
		if m := re.FindStringSubmatch(said); m != nil {
			return m
		}
		if last {
			t.Fatalf("deskauth ended before it said %q; it said:\n%s", pattern, said)
		}
		select {
		case <-more:
		case <-d.ended:
			last = true // one more look: the last line came just before the end
		case <-late:
			t.Fatalf("deskauth did not say %q; it said:\n%s", pattern, said)
		}
	}
}

// Stop ends the daemon as Ctrl-C does, waits until it is gone, and tells how it ended.
func (d *Daemon) Stop() error { return d.stop() }

func (d *Daemon) listen(lines *bufio.Scanner) {
	defer close(d.ended)
	for lines.Scan() {
		d.mu.Lock()
		d.said.WriteString(lines.Text() + "\n")
		close(d.more)
		d.more = make(chan struct{})
		d.mu.Unlock()
	}
}

// FreeAddress is a loopback address that nobody listens at just now, for a daemon that
// has to be told its port.
func FreeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
