package deskauth_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/seed"
)

// These tests hold the documents to the code, where a machine can.

func TestDocsLinksResolve(t *testing.T) {
	docs := readDocs(t)
	for name, text := range docs {
		for _, target := range linksOf(text) {
			if err := resolve(docs, name, target); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Paths, make targets and tests stand in code spans. Those of this repository must
// exist.
func TestDocsNameWhatExists(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsOfModule(t)
	for name, text := range readDocs(t) {
		for _, span := range codeSpans(text) {
			if err := exists(span, string(makefile), tests); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Each row of docs/divergences.md names the test that shows it, or says that there
// is none yet.
func TestDivergencesAreShown(t *testing.T) {
	const file = "docs/divergences.md"
	rows := rowsOfTables(readDocs(t)[file])
	if len(rows) < 20 {
		t.Fatalf("%s: found %d rows: is it still a set of tables?", file, len(rows))
	}
	for _, row := range rows {
		if last := row[len(row)-1]; !testName.MatchString(last) && last != "none yet" {
			t.Errorf("%s: %q names no test: say which, or `none yet`", file, row[0])
		}
	}
}

func TestFlagsAreTheCommands(t *testing.T) {
	reference := readDocs(t)["docs/reference.md"]
	binary := buildCommand(t)
	for _, command := range []string{"dev", "issuer", "broker"} {
		help, err := exec.CommandContext(t.Context(), binary, command, "--help").Output()
		if err != nil {
			t.Fatalf("%s --help: %v", command, err)
		}
		want, got := flagsOfHelp(string(help)), flagsOfTable(section(reference, "`deskauth "+command+"`"))
		if len(want) == 0 {
			t.Fatalf("%s --help: found no flags", command)
		}
		for _, flag := range sortedKeys(want, got) {
			value, there := want[flag]
			shown, named := got[flag]
			switch {
			case !there:
				t.Errorf("docs/reference.md: %s has no flag --%s", command, flag)
			case !named:
				t.Errorf("docs/reference.md: the table of %s lacks --%s", command, flag)
			case value != "" && !strings.Contains(shown, "`"+value+"`"):
				t.Errorf("docs/reference.md: --%s of %s has the default %q, not %q", flag, command, value, shown)
			}
		}
	}
}

func TestSeedOfTheDocsIsAccepted(t *testing.T) {
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(readDocs(t)["docs/reference.md"])
	if block == nil {
		t.Fatal("docs/reference.md has no seed file")
	}
	if _, err := seed.Parse("docs/reference.md", []byte(block[1])); err != nil {
		t.Error(err)
	}
}

// The helpers above must be able to find fault.
func TestDocsTestsCanFail(t *testing.T) {
	docs := map[string]string{"a.md": "# One two\n[x](b.md) [y](#one-two) [z](https://example.com)\n```\n[no](nowhere)\n```\n"}
	if got, want := linksOf(docs["a.md"]), []string{"b.md", "#one-two", "https://example.com"}; !slices.Equal(got, want) {
		t.Errorf("links: got %q, want %q", got, want)
	}
	for target, fine := range map[string]bool{"b.md": false, "#one-two": true, "#three": false, "go.mod": true, "https://example.com": true} {
		if err := resolve(docs, "a.md", target); (err == nil) != fine {
			t.Errorf("resolve %s: %v", target, err)
		}
	}
	tests := map[string]bool{"TestDocsTestsCanFail": true}
	for span, fine := range map[string]bool{
		"internal/nowhere": false, "internal/store": true, "internal/store/*.go": true, "make test": true, "make coffee": false,
		"TestDocsTestsCanFail": true, "TestDocsTestsCanFail/sub": true, "TestNothing": false, "anything else": true,
	} {
		if err := exists(span, "test: deps\n", tests); (err == nil) != fine {
			t.Errorf("code span %s: %v", span, err)
		}
	}
	table := "| flag | default | what |\n|---|---|---|\n| `--db DSN` | `x` | y |\n"
	if got := flagsOfTable(table); got["db"] != "`x`" || len(got) != 1 {
		t.Errorf("flags of a table: %q", got)
	}
	help := "Flags:\n      --db string   a (default \"x\"); b (default \"y\")\n  -h, --help   help for it\n      --on   c\n"
	if got := flagsOfHelp(help); !maps.Equal(got, map[string]string{"db": "y", "on": ""}) {
		t.Errorf("flags of a help: %q", got)
	}
}

// readDocs reads every Markdown file of the repository, by its slashed path.
func readDocs(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "node_modules", "build", "testdata"}, d.Name()):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		docs[filepath.ToSlash(path)] = string(text)
		return err
	})
	if err != nil || docs["README.md"] == "" {
		t.Fatalf("found %d documents: %v", len(docs), err)
	}
	return docs
}

var (
	fenced   = regexp.MustCompile("(?ms)^```.*?^```$")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notSlug  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	testName = regexp.MustCompile("`Test[A-Z]\\w*")
)

func linksOf(text string) (targets []string) {
	for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		targets = append(targets, m[1])
	}
	return targets
}

func codeSpans(text string) (spans []string) {
	for _, m := range codeSpan.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		spans = append(spans, m[1])
	}
	return spans
}

// resolve follows a link from a document, to a file or to a heading.
func resolve(docs map[string]string, from, target string) error {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return nil // others' pages come and go; tests ask no network
	}
	path, anchor, _ := strings.Cut(target, "#")
	to := from
	if path != "" {
		to = filepath.ToSlash(filepath.Join(filepath.Dir(from), path))
		if _, err := os.Stat(to); err != nil {
			return fmt.Errorf("the link %s leads nowhere", target)
		}
	}
	if anchor == "" {
		return nil
	}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(docs[to], ""), -1) {
		if slug(m[1]) == anchor {
			return nil
		}
	}
	return fmt.Errorf("the link %s leads to no heading", target)
}

// slug is a heading's anchor, as GitHub makes it.
func slug(heading string) string {
	return strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

var (
	ownPath    = regexp.MustCompile(`^(internal|cmd|docs|examples|scripts|zendesk|oauth|embedded)/[\w./*-]+$`)
	makeTarget = regexp.MustCompile(`^make ([a-z]+)$`)
)

// exists tells what a code span names that is not there.
func exists(span, makefile string, tests map[string]bool) error {
	if m := makeTarget.FindStringSubmatch(span); m != nil && !regexp.MustCompile(`(?m)^`+m[1]+`:`).MatchString(makefile) {
		return fmt.Errorf("there is no `make %s`", m[1])
	}
	if name, _, _ := strings.Cut(span, "/"); testName.MatchString("`"+name) && !tests[name] {
		return fmt.Errorf("there is no test %s", name)
	}
	if ownPath.MatchString(span) {
		if found, err := filepath.Glob(filepath.FromSlash(span)); err != nil || len(found) == 0 {
			return fmt.Errorf("there is no %s", span)
		}
	}
	return nil
}

// testsOfModule are the names of all test functions.
func testsOfModule(t *testing.T) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	names := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(text, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// rowsOfTables are the rows of all tables, without their heads and rules.
func rowsOfTables(text string) (rows [][]string) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|-") || i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|-") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.ReplaceAll(line, `\|`, "¦"), "|"), "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		rows = append(rows, cells)
	}
	return rows
}

// section is the text under a heading, up to the next one.
func section(text, title string) string {
	_, rest, _ := strings.Cut(text, "# "+title+"\n")
	if next := heading.FindStringIndex(rest); next != nil {
		return rest[:next[0]]
	}
	return rest
}

var (
	helpFlag    = regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+)(.*)$`)
	helpDefault = regexp.MustCompile(`\(default (?:"([^"]*)"|\[([^\]]*)\])\)$`)
	tableFlag   = regexp.MustCompile("^`--([a-z-]+)")
)

// flagsOfHelp are a command's flags with the defaults that are values.
func flagsOfHelp(help string) map[string]string {
	_, help, _ = strings.Cut(help, "Flags:\n")
	flags := map[string]string{}
	for _, m := range helpFlag.FindAllStringSubmatch(help, -1) {
		if m[1] == "help" {
			continue
		}
		flags[m[1]] = ""
		if d := helpDefault.FindStringSubmatch(m[2]); d != nil {
			flags[m[1]] = d[1] + d[2]
		}
	}
	return flags
}

// flagsOfTable are the flags that open a row, with the cell after them.
func flagsOfTable(text string) map[string]string {
	flags := map[string]string{}
	for _, row := range rowsOfTables(text) {
		if m := tableFlag.FindStringSubmatch(row[0]); m != nil && len(row) > 1 {
			flags[m[1]] = row[1]
		}
	}
	return flags
}

func sortedKeys(a, b map[string]string) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// buildCommand is the binary of DESKAUTH_TEST_BINARY, or one built now.
func buildCommand(t *testing.T) string {
	t.Helper()
	if built := os.Getenv("DESKAUTH_TEST_BINARY"); built != "" {
		return built
	}
	binary := filepath.Join(t.TempDir(), "deskauth")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/deskauth")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}
