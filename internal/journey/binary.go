package journey

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// binary is the path of the program under test, once Main has built it.
var binary string

// Binary returns the path of the program under test.
func Binary() string { return binary }

// built names a binary that is there already: whoever runs many packages builds it once.
const built = "DESKAUTH_TEST_BINARY"

// Main builds the binary, runs the tests and returns the exit code. It is what
// TestMain of a package with journeys calls:
//
//	func TestMain(m *testing.M) { os.Exit(journey.Main(m)) }
func Main(m *testing.M) int {
	if path := os.Getenv(built); path != "" {
		binary = path
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "deskauth-journey-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "deskauth")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	// As it ships: without cgo, which the race detector of the tests needs.
	build := exec.Command("go", "build", "-o", binary, "github.com/deskauth/deskauth/cmd/deskauth")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
