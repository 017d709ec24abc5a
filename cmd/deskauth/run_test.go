//go:build unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// at runs a command line with an environment of its own, and returns what it said.
func at(t *testing.T, env map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	var said, complained bytes.Buffer
	code = run(t.Context(), args, process{
		Lookup: func(name string) (string, bool) { v, found := env[name]; return v, found }, Out: &said, Err: &complained,
	})
	return code, said.String(), complained.String()
}

// alone keeps the temporary files of a test apart, and holds that none is left.
func alone(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	})
}

func TestRunExitsAsTheProgram(t *testing.T) {
	alone(t)
	notExecutable := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(notExecutable, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args      []string
		code      int
		out, errs string
	}{
		"done":                 {[]string{"--", "sh", "-c", "echo $ZENDESK_SUBDOMAIN $ZENDESK_URL"}, 0, "acme https://acme.zendesk.com\n", ""},
		"another account":      {[]string{"--account", "globex", "--", "sh", "-c", "echo $ZENDESK_SUBDOMAIN"}, 0, "globex\n", ""},
		"its own flags":        {[]string{"sh", "-c", "echo $0 $1", "--offline", "--help"}, 0, "--offline --help\n", ""},
		"its code":             {[]string{"--", "sh", "-c", "exit 7"}, 7, "", ""},
		"ended by a signal":    {[]string{"--", "sh", "-c", "kill -9 $$"}, 137, "", ""},
		"no such program":      {[]string{"--", "no-such-program"}, 127, "", "no-such-program: executable file not found"},
		"no such file":         {[]string{"--", "./no/such/program"}, 127, "", "./no/such/program: no such file"},
		"not executable":       {[]string{"--", notExecutable}, 126, "", "permission denied"},
		"no program":           {nil, 2, "", "name a program"},
		"no such account":      {[]string{"--account", "nobody", "--", "true"}, 2, "", `no account "nobody": there is acme, globex`},
		"seed and issuer":      {[]string{"--issuer", "http://localhost:1", "--seed", "x", "--", "true"}, 2, "", "--seed"},
		"no issuer's address":  {[]string{"--issuer", "localhost", "--", "true"}, 2, "", "--issuer"},
		"seed without account": {[]string{"--seed", os.DevNull, "--", "true"}, 1, "", os.DevNull},
		"proxy for others":     {[]string{"--proxy-listen", "0.0.0.0:0", "--", "true"}, 2, "", "--proxy-listen"},
		"no kept authority":    {[]string{"--kept-ca", "--", "true"}, 1, "", "deskauth ca init"},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"XDG_STATE_HOME": t.TempDir()}
			code, out, errs := at(t, env, append([]string{"run"}, c.args...)...)
			if code != c.code || out != c.out || !strings.Contains(errs, c.errs) || c.errs == "" && errs != "" {
				t.Errorf("code %d, want %d; out %q, want %q; said %q, want %q in it", code, c.code, out, c.out, errs, c.errs)
			}
		})
	}
}

func TestRunForwardsSignals(t *testing.T) {
	alone(t)
	said, writer := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(t.Context(), []string{
			"run", "--", "sh", "-c",
			// The helper holds none of the pipes, and is killed outright: a signal that
			// comes between its fork and its exec would be lost.
			`trap 'echo user' USR1; trap 'echo terminated; kill -9 $!; exit 5' TERM; tail -f /dev/null >/dev/null 2>&1 & echo ready; while true; do wait $!; done`,
		}, process{Lookup: func(string) (string, bool) { return "", false }, Out: writer, Err: t.Output()})
		_ = writer.Close()
	}()
	lines := bufio.NewScanner(said)
	for _, step := range []struct {
		want string
		then syscall.Signal
	}{{"ready", syscall.SIGUSR1}, {"user", syscall.SIGTERM}, {"terminated", 0}} {
		if !lines.Scan() || lines.Text() != step.want {
			t.Fatalf("the program said %q, want %q", lines.Text(), step.want)
		}
		if step.then != 0 {
			if err := syscall.Kill(os.Getpid(), step.then); err != nil {
				t.Fatal(err)
			}
		}
	}
	if code := <-ended; code != 5 {
		t.Errorf("exit code %d, want the program's 5", code)
	}
}

// TestRunHandsFilesOver looks at the files while the program is there; alone holds that
// they are gone afterwards.
func TestRunHandsFilesOver(t *testing.T) {
	alone(t)
	code, out, errs := at(t, nil, "run", "--", "sh", "-c",
		`grep -c BEGIN "$SSL_CERT_FILE" "$REQUESTS_CA_BUNDLE" "$CURL_CA_BUNDLE" "$NODE_EXTRA_CA_CERTS" | sed 's/.*://' | sort -n | head -1
		 grep -rl 'PRIVATE KEY' "$(dirname "$SSL_CERT_FILE")" | wc -l`)
	if code != 0 || out != "1\n0\n" {
		t.Errorf("code %d, said %q (authorities in the file with the fewest, files with keys); %s", code, out, errs)
	}
}
