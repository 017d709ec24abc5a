package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/journey"
)

// What a block of the guide ends with where it goes on until somebody ends it, and
// what it marks as said by a line.
const (
	untilCtrlC = "# until Ctrl-C"
	says       = "# → "
)

// TestControlsGuide carries out docs/controls.md, block by block, as a reader would.
func TestControlsGuide(t *testing.T) {
	guideOf(t, "controls.md").walk(10)
}

// TestBrokerGuide carries out docs/broker.md.
func TestBrokerGuide(t *testing.T) { guideOf(t, "broker.md").walk(6) }

// TestOperationsGuide carries out docs/operations.md.
func TestOperationsGuide(t *testing.T) { guideOf(t, "operations.md").walk(5) }

// TestAuthGuide carries out docs/auth.md.
func TestAuthGuide(t *testing.T) { guideOf(t, "auth.md").walk(5) }

// TestCallsGuide carries out docs/calls.md.
func TestCallsGuide(t *testing.T) { guideOf(t, "calls.md").walk(8) }

// TestTicketsGuide carries out docs/tickets.md.
func TestTicketsGuide(t *testing.T) { guideOf(t, "tickets.md").walk(5) }

// TestClientsAndTokensGuide carries out docs/clients-and-tokens.md.
func TestClientsAndTokensGuide(t *testing.T) { guideOf(t, "clients-and-tokens.md").walk(8) }

// TestPassesGuide carries out docs/passes.md.
func TestPassesGuide(t *testing.T) { guideOf(t, "passes.md").walk(5) }

// TestWebhooksGuide carries out docs/webhooks.md.
func TestWebhooksGuide(t *testing.T) { guideOf(t, "webhooks.md").walk(4) }

// TestMovingGuide carries out docs/moving-off-api-tokens.md.
func TestMovingGuide(t *testing.T) { guideOf(t, "moving-off-api-tokens.md").walk(12) }

// TestFirstSignInGuide carries out docs/first-sign-in.md.
func TestFirstSignInGuide(t *testing.T) { guideOf(t, "first-sign-in.md").walk(7) }

// TestManyAccountsGuide carries out docs/many-accounts.md.
func TestManyAccountsGuide(t *testing.T) { guideOf(t, "many-accounts.md").walk(12) }

// TestExpiryGuide carries out docs/testing-expiry.md.
func TestExpiryGuide(t *testing.T) { guideOf(t, "testing-expiry.md").walk(5) }

// TestChatGuide carries out docs/chat.md.
func TestChatGuide(t *testing.T) { guideOf(t, "chat.md").walk(4) }

// What docs/testing-expiry.md shows in Go stands in the example's test.
func TestExpiryGuideShowsGoThatRuns(t *testing.T) {
	tested, err := os.ReadFile("../../examples/expiry/app_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(readDocument(t, "testing-expiry.md"), -1)
	if len(blocks) != 2 {
		t.Fatalf("the guide shows %d blocks of Go", len(blocks))
	}
	for _, block := range blocks {
		for line := range strings.Lines(block[1]) {
			if line = strings.TrimSpace(line); !bytes.Contains(tested, []byte(line)) {
				t.Errorf("no test of the example has the line %s", line)
			}
		}
	}
}

// inBrowser is what a guide asks a person to do: to open an address, or a link that a
// file has, and to sign in as somebody.
var inBrowser = regexp.MustCompile("^> In a browser, open (?:<(\\S+)>|the link in `([^`]+)`), .*sign in as `(\\S+@(\\w+)\\.example)`.* click Allow\\.$")

// sitsDown does what a person is asked to, with the password of the demo's people.
func (g *guide) sitsDown(asked string) {
	g.t.Helper()
	m := inBrowser.FindStringSubmatch(asked)
	if m == nil {
		g.t.Fatalf("what is a person to do: %s", asked)
	}
	address := m[1]
	if m[2] != "" {
		text, err := os.ReadFile(filepath.Join(g.dir, m[2]))
		if err != nil {
			g.t.Fatal(err)
		}
		address = strings.TrimSpace(string(text))
	}
	who := journey.Person{Email: m[3], Password: map[string]string{
		"admin@acme.example": "ada-demo-password", "admin@globex.example": "hank-demo-password",
	}[m[3]]}
	page, err := visits(g.t.Context(), address, m[4], who)
	if err != nil || page.Status >= 400 || !strings.Contains(page.Text(), "Hi, ") {
		g.t.Fatalf("%s: %v\n%v", asked, err, page)
	}
}

// walk carries out all blocks, of which there are at least so many, and what a person is
// asked to do between them.
func (g *guide) walk(least int) {
	g.t.Helper()
	run := 0
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$|^(> In a browser[^\n]*)$").FindAllStringSubmatch(g.text, -1) {
		run++
		if block[2] != "" {
			g.sitsDown(block[2])
			continue
		}
		if command, goesOn := strings.CutSuffix(strings.TrimSpace(block[1]), untilCtrlC); goesOn {
			g.start(command)
		} else {
			g.carryOut(block[1])
		}
	}
	if run < least {
		g.t.Errorf("the guide has %d blocks: is it still fenced as sh?", run)
	}
}

// TestRunGuide carries out what docs/run.md shows of clock and faults. The address that
// the reader's environment names is nobody's: the run's own must win.
func TestRunGuide(t *testing.T) {
	text, err := os.ReadFile("../../docs/run.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 1 {
		t.Fatalf("docs/run.md has %d blocks fenced as sh, want that of clock and faults", len(blocks))
	}
	guideOf(t, "controls.md").carryOut(blocks[0][1])
}

// The tables of the guide are those of the code.
func TestControlsGuideIsComplete(t *testing.T) {
	text := readGuide(t)
	var want []string
	for _, k := range faultKinds {
		want = append(want, "| `"+string(k.kind)+"` | ")
	}
	if len(faultKinds) != len(control.Kinds()) {
		t.Errorf("%d kinds of faults have words, of %d", len(faultKinds), len(control.Kinds()))
	}
	for _, e := range control.Events() {
		want = append(want, fmt.Sprintf("| `%s` | %s |\n", e.Event, e.Meaning))
	}
	for _, row := range want {
		if !strings.Contains(text, row) {
			t.Errorf("docs/controls.md lacks the row %s", row)
		}
	}
	if rows := strings.Count(text, "\n| `"); rows != len(want) {
		t.Errorf("docs/controls.md has %d rows, want %d", rows, len(want))
	}
}

// What it shows in Go stands in the examples and tests of the package.
func TestControlsGuideShowsGoThatRuns(t *testing.T) {
	files, err := filepath.Glob("../../deskauthtest/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tested bytes.Buffer
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tested.Write(source)
	}
	block := regexp.MustCompile("(?s)```go\n(.*?)```").FindStringSubmatch(readGuide(t))
	if block == nil {
		t.Fatal("the guide shows no Go")
	}
	for line := range strings.Lines(block[1]) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "//") && !strings.Contains(tested.String(), line) {
			t.Errorf("no test of deskauthtest has the line %s", line)
		}
	}
}

func readGuide(t *testing.T) string {
	t.Helper()
	return readDocument(t, "controls.md")
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// guide is the reader's machine: a directory, and ports that nobody else has.
type guide struct {
	t      *testing.T
	text   string
	dir    string
	env    []string
	server *exec.Cmd // the demo that runs
}

func guideOf(t *testing.T, name string) *guide {
	t.Helper()
	zendesk, broker, controls := journey.FreePort(t), journey.FreePort(t), "127.0.0.1:"+journey.FreePort(t)
	g := &guide{t: t, dir: t.TempDir()}
	g.text = strings.NewReplacer("127.0.0.1:4001", controls, ":4000", ":"+zendesk, ":4002", ":"+broker).Replace(readDocument(t, name))
	g.env = append(os.Environ(),
		"PATH="+filepath.Dir(journey.Binary())+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"HOME="+g.dir, "XDG_STATE_HOME="+g.dir+"/state",
		"DESKAUTH_CONTROL="+controls, "DESKAUTH_OPS=127.0.0.1:0",
		"DESKAUTH_ISSUER_LISTEN=127.0.0.1:"+zendesk, "DESKAUTH_BROKER_LISTEN=127.0.0.1:"+broker,
		"DESKAUTH_LISTEN=127.0.0.1:"+zendesk)
	t.Cleanup(g.endServer)
	return g
}

func (g *guide) command(ctx context.Context, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = g.dir, g.env
	return cmd
}

// carryOut runs a block to its end. What its lines say in comments, it prints, in
// that order.
func (g *guide) carryOut(block string) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), time.Minute)
	defer cancel()
	out, err := g.command(ctx, block).CombinedOutput()
	if err != nil {
		g.t.Fatalf("%v\n%s\nprints\n%s", err, block, out)
	}
	rest := string(out)
	for line := range strings.Lines(block) {
		_, words, there := strings.Cut(strings.TrimSpace(line), says)
		if !there {
			continue
		}
		_, after, found := strings.Cut(rest, words)
		if !found {
			g.t.Errorf("%s\ndoes not print %q, but\n%s", block, words, out)
		}
		rest = after
	}
}

// start runs what goes on until Ctrl-C. A demo stays for the blocks that follow, in
// the place of the one before; anything else has shown that it works by its first
// line.
func (g *guide) start(command string) {
	g.t.Helper()
	demo := strings.HasPrefix(command, "deskauth dev") || strings.HasPrefix(command, "deskauth issuer")
	cmd := g.command(context.WithoutCancel(g.t.Context()), "exec env "+command)
	if demo {
		g.endServer()
	} else {
		cmd.Env = append(cmd.Env, "DESKAUTH_LISTEN=127.0.0.1:0")
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		g.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		g.t.Fatalf("%s: ended without a word: %s", command, &said)
	}
	if demo {
		g.server = cmd
		return
	}
	g.end(cmd)
}

func (g *guide) endServer() {
	if g.server != nil {
		g.end(g.server)
		g.server = nil
	}
}

// end presses Ctrl-C.
func (g *guide) end(cmd *exec.Cmd) {
	g.t.Helper()
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		g.t.Errorf("%v: it has ended before: %v", cmd.Args, err)
	}
	if err := cmd.Wait(); err != nil {
		g.t.Errorf("%v: %v: %s", cmd.Args, err, cmd.Stderr)
	}
}
