package browsertest

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestSignIn walks the founding journey in a browser: one command, then "Sign in to
// Zendesk", Ada's password, Allow, and her name.
func TestSignIn(t *testing.T) {
	broker, zendesk := startDev(t)
	person := func(email, password, greeting string) map[string]any {
		return map[string]any{"email": email, "password": password, "greeting": greeting}
	}
	input := person("admin@acme.example", "ada-demo-password", "Hi, Ada Admin! Your Zendesk Support user role is admin.")
	input["broker"], input["zendesk"], input["subdomain"] = broker, zendesk, "acme"
	input["others"] = []any{
		person("agent@acme.example", "grace-demo-password", "Hi, Grace Agent! Your Zendesk Support user role is agent."),
		person("customer@acme.example", "carl-demo-password", "Hi, Carl Customer! Your Zendesk Support user role is end-user."),
	}
	var said struct{ Done bool }
	Run(t, "signin", input, &said)
	if !said.Done && !t.Failed() {
		t.Error("the journey did not come to its end")
	}
}

// startDev builds the command that ships and runs `deskauth dev` on data of its own
// until the test ends. It returns the addresses of the broker and of account acme.
func startDev(t *testing.T) (broker, zendesk string) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "deskauth")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "github.com/deskauth/deskauth/cmd/deskauth")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, bin, "dev", "--data", t.TempDir(),
		"--issuer-listen", "127.0.0.1:0", "--broker-listen", freeAddress(t), "--control", "", "--ops", "")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // ended by us
	})
	// What it prints when ready tells the addresses, its last line the data's place.
	find := map[string]*regexp.Regexp{
		"broker": regexp.MustCompile(`Open (http://localhost:\d+)`), "acme": regexp.MustCompile(`(http://acme\.localhost:\d+)`),
	}
	found, text := map[string]string{}, strings.Builder{}
	for lines := bufio.NewScanner(stdout); len(found) < len(find) && lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		for name, r := range find {
			if m := r.FindStringSubmatch(lines.Text()); m != nil {
				found[name] = m[1]
			}
		}
	}
	if len(found) < len(find) {
		t.Fatalf("deskauth dev did not become ready; it said:\n%s", text.String())
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }() // what it says later
	return found["broker"], found["acme"]
}

// freeAddress is one that nobody listens at just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
