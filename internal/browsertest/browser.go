package browsertest

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
)

// shared is the browser of this process's journeys. Each visitor has a profile of its
// own in it, and a start of Chromium costs seconds of a processor.
var shared struct {
	wanted bool
	sync.Mutex
	address string
	stdin   io.Closer
	node    *exec.Cmd
}

// Main runs a package's tests with one browser for all their journeys, which starts with
// the first of them; without it each journey has a browser of its own.
//
//	func TestMain(m *testing.M) { os.Exit(browsertest.Main(m)) }
func Main(m *testing.M) int {
	shared.wanted = true
	code := journey.Main(m)
	if shared.node != nil {
		if err := errors.Join(shared.stdin.Close(), shared.node.Wait()); err != nil && code == 0 {
			code = 1
		}
	}
	return code
}

// sharedBrowser is where the shared browser is to be found, "" if none is wanted.
func sharedBrowser(t *testing.T, dir string) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.wanted || shared.address != "" {
		return shared.address
	}
	node := exec.Command("node", filepath.Join(dir, "browser.mjs"), chromium(t))
	node.Stderr = os.Stderr
	stdin, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the browser did not start: %v", errors.Join(err, stdin.Close(), node.Wait()))
	}
	shared.address, shared.stdin, shared.node = strings.TrimSpace(line), stdin, node
	return shared.address
}
