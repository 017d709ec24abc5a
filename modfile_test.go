package deskauth_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"
)

// decisions is where each direct dependency has its row.
const decisions = "docs/adr/0002-dependencies.md"

// modFile is what these tests want of `go mod edit -json`.
type modFile struct {
	Require []requirement
	Replace []json.RawMessage
	Exclude []json.RawMessage
}

type requirement struct {
	Path, Version string
	Indirect      bool
}

// `go install …@version` refuses a module with replace directives, and does not see
// the requirements that an exclude has changed.
func TestModuleCanBeInstalled(t *testing.T) {
	m := readModFile(t, "go.mod")
	if len(m.Replace) > 0 {
		t.Errorf("go.mod replaces modules: %s", m.Replace)
	}
	if len(m.Exclude) > 0 {
		t.Errorf("go.mod excludes modules: %s", m.Exclude)
	}
}

func TestDependenciesAreDecided(t *testing.T) {
	text, err := os.ReadFile(decisions)
	if err != nil {
		t.Fatal(err)
	}
	decided := rowsOf(text)
	if len(decided) == 0 {
		t.Fatalf("%s: found no table of modules", decisions)
	}
	var direct []string
	for _, r := range readModFile(t, "go.mod").Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	for _, path := range direct {
		if !slices.Contains(decided, path) {
			t.Errorf("%s is a direct dependency without a row in %s", path, decisions)
		}
	}
	for _, path := range decided {
		if !slices.Contains(direct, path) {
			t.Errorf("%s has a row in %s but is no direct dependency in go.mod (is it in use, and go.mod tidy?)", path, decisions)
		}
	}
}

func TestRowsOfDecisions(t *testing.T) {
	got := rowsOf([]byte("| module | why |\n|---|---|\n| `a.example/x/v2` | `b.example` |\nsee | `c.example`\n| `d.example/y` | z |\n"))
	if want := []string{"a.example/x/v2", "d.example/y"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// modernc.org/sqlite is C translated against one version of modernc.org/libc; with
// another it builds, and then corrupts memory or panics.
func TestLibcIsTheOneSQLiteWasMadeWith(t *testing.T) {
	var sqlite, libc struct{ Version, GoMod string }
	runJSON(t, &sqlite, "go", "list", "-m", "-json", "modernc.org/sqlite")
	runJSON(t, &libc, "go", "list", "-m", "-json", "modernc.org/libc")
	for _, r := range readModFile(t, sqlite.GoMod).Require {
		if r.Path == "modernc.org/libc" {
			if r.Version != libc.Version {
				t.Errorf("sqlite %s was made with libc %s; go.mod selects %s", sqlite.Version, r.Version, libc.Version)
			}
			return
		}
	}
	t.Errorf("sqlite %s requires no libc: has it changed its ways?", sqlite.Version)
}

var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// rowsOf are the modules that open a row of a table.
func rowsOf(markdown []byte) (paths []string) {
	for _, m := range row.FindAllSubmatch(markdown, -1) {
		paths = append(paths, string(m[1]))
	}
	return paths
}

func readModFile(t *testing.T, path string) (m modFile) {
	t.Helper()
	runJSON(t, &m, "go", "mod", "edit", "-json", path)
	return m
}

func runJSON(t *testing.T, into any, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v", name, args, err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatal(err)
	}
}
