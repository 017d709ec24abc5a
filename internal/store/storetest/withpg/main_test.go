//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asWithpg makes the test binary be withpg itself, so that the tests run the real
// program as a process of its own.
const asWithpg = "WITHPG_TEST_BE_WITHPG"

func TestMain(m *testing.M) {
	if os.Getenv(asWithpg) == "1" {
		main()
	}
	os.Exit(m.Run())
}

// withpg returns the program with args and a temporary directory of its own.
func withpg(t *testing.T, args ...string) (cmd *exec.Cmd, tmp string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: for root it has to be one that the user postgres may enter.
	tmp, err = os.MkdirTemp("", "withpg-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	if err := os.Chmod(tmp, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), asWithpg+"=1", "TMPDIR="+tmp)
	cmd.Stderr = os.Stderr
	return cmd, tmp
}

func TestCommandRunsBesideAServer(t *testing.T) {
	// The command connects by TCP, tells where, and ends with a code of its own.
	cmd, tmp := withpg(t, "--", "bash", "-c", `
		hostport=${DESKAUTH_TEST_POSTGRES#*@}; hostport=${hostport%%/*}
		exec 3<>/dev/tcp/${hostport%%:*}/${hostport##*:} || exit 1
		echo "$DESKAUTH_TEST_POSTGRES"
		exit 7`)
	out, err := cmd.Output()
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Fatalf("exit: %v, want the command's own 7", err)
	}
	gone(t, strings.TrimSpace(string(out)))
	empty(t, tmp)
}

func TestSignalReachesTheCommand(t *testing.T) {
	cmd, tmp := withpg(t, "--", "bash", "-c",
		`trap 'exit 9' TERM; echo "$DESKAUTH_TEST_POSTGRES"; while :; do read -rt 1 <> <(:); done`)
	dsn := startAndReadLine(t, cmd)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	exit := (*exec.ExitError)(nil)
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 9 {
		t.Fatalf("exit: %v, want 9, which the command's trap gives", err)
	}
	gone(t, dsn)
	empty(t, tmp)
}

func TestServerDiesWithWithpg(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ties the server's life to withpg's")
	}
	cmd, _ := withpg(t, "--", "bash", "-c",
		`echo "$DESKAUTH_TEST_POSTGRES"; while :; do read -rt 1 <> <(:); done`)
	dsn := startAndReadLine(t, cmd)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed: the error says so
	gone(t, dsn)
}

func TestCommandThatDoesNotExist(t *testing.T) {
	cmd, tmp := withpg(t, "--", "/nonexistent/command")
	cmd.Stderr = nil
	_, err := cmd.Output()
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || exit.ExitCode() != 127 {
		t.Fatalf("exit: %v, want 127", err)
	}
	empty(t, tmp)
}

func startAndReadLine(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// gone waits until nobody listens at the DSN's address any more.
func gone(t *testing.T, dsn string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		t.Fatalf("the command printed %q, not a DSN", dsn)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			return
		}
		// A live server answers no bytes before it is asked: this read ends when
		// the server does, or after a moment.
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = c.Read(make([]byte, 1))
		c.Close()
		if time.Now().After(deadline) {
			t.Fatalf("the server at %s still listens", u.Host)
		}
	}
}

func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		t.Errorf("left behind: %s", e.Name())
	}
}
