package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// Each command has its manual page, and the page says what the command says of itself;
// `go test ./cmd/deskauth -run TestManualPages -update` makes them anew.
func TestManualPages(t *testing.T) {
	t.Setenv("HOME", "/home/somebody") // lest a page tell of the machine that it was made on
	root, _ := tree(nil, process{Lookup: func(string) (string, bool) { return "", false }})
	stale, err := filepath.Glob("man/*.1")
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, path := range stale {
		left[path] = true
	}
	for _, cmd := range allCommands(root) {
		path := "man/" + manName(cmd) + ".1"
		delete(left, path)
		want := generatedManual(t, cmd)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not what `%s` says of itself (-command +page); run with -update:\n%s", path, cmd.CommandPath(), diff)
		}
	}
	for path := range left {
		if *update {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s is of no command; run with -update", path)
	}
}

// generatedManual is a page without version and date, so that it changes only when the
// command does.
func generatedManual(t *testing.T, cmd *cobra.Command) []byte {
	t.Helper()
	cmd.InitDefaultHelpFlag()
	cmd.DisableAutoGenTag = true
	header := doc.GenManHeader{
		Title: strings.ToUpper(manName(cmd)), Section: "1", Source: "deskauth " + manVersion, Manual: "deskauth",
		Date: new(time.Unix(0, 0).UTC()),
	}
	var page bytes.Buffer
	if err := doc.GenMan(cmd, &header, &page); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(page.Bytes(), []byte(manVersion)); n != 1 {
		t.Fatalf("the page of `%s` has %d places for the version", cmd.CommandPath(), n)
	}
	return page.Bytes()
}

// What is printed is of this version, and no page is left with a place for it.
func TestManPageSaysItsVersion(t *testing.T) {
	root, _ := tree(nil, process{Lookup: func(string) (string, bool) { return "", false }})
	page, err := manPage(root)
	if err != nil {
		t.Fatal(err)
	}
	title, _, _ := strings.Cut(strings.TrimPrefix(string(page), ".nh\n"), "\n")
	if want := `.TH "DESKAUTH" "1" "Jan 1970" "deskauth ` + version() + `" "deskauth"`; title != want {
		t.Errorf("it begins\n%s\nwant\n%s", title, want)
	}
	if strings.Contains(string(page), manVersion) {
		t.Error("the place for the version is there still")
	}
}
