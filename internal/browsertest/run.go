package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long one journey may take. Chromium alone takes seconds to start on
// a loaded machine.
const patience = 10 * time.Minute

// outcome is what a journey prints when it ends.
type outcome struct {
	Problems []string        `json:"problems"`
	Said     json.RawMessage `json:"said"` // what the journey's function returned
}

// Run drives the journey journeys/NAME.mjs and fails t for each problem it met. The
// journey gets input as JSON; what it returns is decoded into said, unless that is nil.
// Without Chromium, Node or its packages the test fails and says how to get them.
func Run(t *testing.T, name string, input, said any) {
	t.Helper()
	got := drive(t, name, input)
	for _, p := range got.Problems {
		t.Errorf("%s: %s", name, p)
	}
	if said == nil || t.Failed() {
		return
	}
	if err := json.Unmarshal(got.Said, said); err != nil {
		t.Fatalf("%s said %s: %v", name, got.Said, err)
	}
}

// drive runs a journey to its end. It fails t only if the journey could not be run.
func drive(t *testing.T, name string, input any) (got outcome) {
	t.Helper()
	dir := home(t)
	given, err := json.Marshal(map[string]any{
		"input": input, "chromium": chromium(t), "shared": sharedBrowser(t, dir), "screenshots": screenshots(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", filepath.Join(dir, "journeys", name+".mjs"))
	// On standard input, not in an argument: a journey may be given passwords.
	cmd.Stdin = bytes.NewReader(given)
	cmd.Stderr = os.Stderr
	// Node gets the chance to close the browser before it is killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("journey %s: %v\n%s", name, errors.Join(err, ctx.Err()), out)
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("journey %s printed no outcome: %v\n%s", name, err, out)
	}
	return got
}

// home is this package's directory, which test files of other packages find too.
func home(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("found no go.mod above the test")
		}
		dir = parent
	}
	dir = filepath.Join(dir, "internal", "browsertest")
	if !exists(filepath.Join(dir, "node_modules", "playwright-core")) {
		t.Fatal("the Node packages of the browser tests are missing; get them: make browser")
	}
	return dir
}

// chromium is the browser to drive: DESKAUTH_CHROMIUM, or the one on PATH, sooner the one
// that never had a window, since it costs half.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("DESKAUTH_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("found no Chromium; install it: sudo apt-get install chromium (or run make deps)")
	return ""
}

// screenshots is the absolute directory for pictures, or "" for none.
func screenshots(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("DESKAUTH_SCREENSHOTS")
	if dir == "" {
		return ""
	}
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
