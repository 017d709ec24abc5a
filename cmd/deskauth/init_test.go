package main

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
)

// initMost bounds what our packages together may allocate before main begins, in bytes:
// tables of routes and words. A regular expression is some thousands more, and a page of
// memory that is touched for the first time costs as much as a thousand lines of code.
const initMost = 40 << 10

var (
	initLine = regexp.MustCompile(`(?m)^init (\S+) @.* (\d+) bytes, \d+ allocs$`)
	ourInit  = regexp.MustCompile(`^(?:main|github\.com/deskauth/deskauth(?:/.*)?)$`)
)

// What is made when a package is initialized is made by every command, `deskauth version`
// too. sync.OnceValue makes it for whoever needs it.
func TestPackagesMakeLittleBeforeMain(t *testing.T) {
	cmd := exec.Command(journey.Binary(), "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	ours, sum := 0, 0
	for _, line := range initLine.FindAllStringSubmatch(string(said), -1) {
		if ourInit.MatchString(line[1]) {
			bytes, _ := strconv.Atoi(line[2])
			ours, sum = ours+1, sum+bytes
		}
	}
	if ours == 0 || sum == 0 {
		t.Fatalf("the runtime said nothing of our packages:\n%s", said)
	}
	if sum > initMost {
		t.Errorf("our packages allocate %d bytes before main begins; at most %d may be:\n%s", sum, initMost, said)
	}
}

// A module that the binary links is initialized by every command. These serve what is
// done beforehand: the manual pages are made by a test, and the binary has them as files.
func TestBinaryLeavesOutWhatMakesManualPages(t *testing.T) {
	info, err := buildinfo.ReadFile(journey.Binary())
	if err != nil {
		t.Fatal(err)
	}
	var linked []string
	for _, m := range info.Deps {
		linked = append(linked, m.Path)
	}
	if !slices.Contains(linked, "github.com/spf13/cobra") {
		t.Fatalf("the binary says nothing of its modules: %q", linked)
	}
	for _, m := range []string{"github.com/cpuguy83/go-md2man/v2", "github.com/russross/blackfriday/v2", "go.yaml.in/yaml/v3"} {
		if slices.Contains(linked, m) {
			t.Errorf("the binary links %s: import cobra's doc in tests alone", m)
		}
	}
}
