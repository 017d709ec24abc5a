package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/deskauth/deskauth/internal/intercept"
)

// Codes of `deskauth run` for a program that did not start, as shells have them.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
)

// programExit is the exit of a program that `deskauth run` stands in for: its code is
// ours. why is nil where it ran, for then it has said itself what was the matter.
type programExit struct {
	code int
	why  error
}

func (e programExit) Error() string { return fmt.Sprintf("the program ended with code %d", e.code) }

func (e programExit) Unwrap() error { return e.why }

// told is what a program and a browser need to know.
type told struct {
	setup   intercept.Setup
	proxy   string
	account string
	control string
}

func (o runOptions) tell(dir, proxy string, a *intercept.Authority, local answering, p process) told {
	files := filepath.Join(dir, "environment")
	return told{intercept.Setup{Dir: files, Proxy: proxy, Authority: a, Given: p.Lookup, Offline: o.Offline}, proxy, local.account, local.control}
}

// variables are the program's, as far as they are ours.
func (t told) variables() (map[string]string, error) {
	vars, err := t.setup.Environment()
	if err != nil {
		return nil, err
	}
	if t.account != "" {
		// The names that Zendesk's own command line reads.
		vars["ZENDESK_SUBDOMAIN"] = t.account
		vars["ZENDESK_URL"] = "https://" + t.account + ".zendesk.com"
	}
	if t.control != "" {
		// `deskauth control`, and a broker that keeps this demo's time.
		vars["DESKAUTH_CONTROL"], vars["DESKAUTH_CLOCK"] = t.control, t.control
	}
	return vars, nil
}

// carryOut runs the program, and the browser beside it; with no program, the browser is it.
func (o runOptions) carryOut(args []string, t told, p process) error {
	if err := os.MkdirAll(t.setup.Dir, 0o700); err != nil {
		return err
	}
	vars, err := t.variables()
	if err != nil {
		return err
	}
	if !o.Browser {
		return o.program(args, vars, p).run()
	}
	browser, err := o.chromium(t, p)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		err := program{browser}.run()
		endRest(browser)
		return err
	}
	if err := browser.Start(); err != nil {
		return fmt.Errorf("--browser: %w", err)
	}
	result := o.program(args, vars, p).run()
	// It may have been closed already. Windows knows no signal but this end.
	if browser.Process.Signal(syscall.SIGTERM) != nil {
		_ = browser.Process.Kill()
	}
	_ = browser.Wait()
	endRest(browser)
	return result
}

// program is a process that ours stands in for.
type program struct{ *exec.Cmd }

func (o runOptions) program(args []string, vars map[string]string, p process) program {
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...) //nolint:gosec // running it is what we were asked for
	cmd.Env = intercept.Merge(os.Environ(), vars)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, p.Out, p.Err
	return program{cmd}
}

// run starts the program, hands it the signals that come, and returns how it ended.
func (c program) run() error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded...)
	defer signal.Stop(signals)
	if err := c.Start(); err != nil {
		return notStarted(c.Args[0], err)
	}
	ctx, ended := context.WithCancel(context.Background())
	go c.forward(ctx, signals)
	err := c.Wait()
	ended()
	return exitOf(c.Cmd, err)
}

func (c program) forward(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			// A terminal sends Ctrl-C to everyone in its foreground: the program has it,
			// and many take a second one for "at once".
			if (s == os.Interrupt || s == syscall.SIGQUIT) && terminal(os.Stdin) {
				continue
			}
			_ = c.Process.Signal(s) // it may have ended just now
		}
	}
}

// terminal tells whether a person types there.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && !sameAsNull(info)
}

// sameAsNull tells /dev/null, a character device like a terminal.
func sameAsNull(info os.FileInfo) bool {
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null)
}

func notStarted(name string, err error) error {
	code := exitFailure
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		code = exitNotFound
	case errors.Is(err, fs.ErrPermission):
		code = exitNotExecutable
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err // the name is said once
	} else if lookup := (*exec.Error)(nil); errors.As(err, &lookup) {
		err = lookup.Err
	}
	return programExit{code, fmt.Errorf("%s: %w", name, err)}
}

func exitOf(c *exec.Cmd, err error) error {
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("%s: %w", c.Args[0], err)
	}
	if code := c.ProcessState.ExitCode(); code > 0 {
		return programExit{code: code}
	} else if code < 0 {
		return programExit{code: 128 + signalOf(c.ProcessState)}
	}
	return nil
}

// signalOf is the number of the signal that ended a process (0 where the system has none).
func signalOf(s *os.ProcessState) int {
	if status, ok := s.Sys().(interface{ Signal() syscall.Signal }); ok {
		return int(status.Signal())
	}
	return 0
}
