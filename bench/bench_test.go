package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A small run of everything that needs nothing from a registry, so that the
// benchmark works when somebody wants it. Its figures say nothing.
func TestBench(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the benchmark reads /proc")
	}
	dir := t.TempDir()
	deskauth, programs := os.Getenv("DESKAUTH_TEST_BINARY"), []string{"./bare", "./line"}
	if deskauth == "" {
		deskauth, programs = filepath.Join(dir, "deskauth"), append(programs, "../cmd/deskauth")
	}
	for _, program := range programs {
		// As `make test` builds the binary, so that Go's cache has most of it.
		build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", dir+"/", program)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", program, err, out)
		}
	}
	doc := filepath.Join(dir, "doc.md")
	if err := os.WriteFile(doc, []byte("before\n"+figuresBegin+"old\n"+figuresEnd+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := bench{
		deskauth: deskauth, bare: filepath.Join(dir, "bare"), line: filepath.Join(dir, "line"), postgres: os.Getenv(postgresVariable),
		dir: dir, out: dir, doc: doc, runs: 1, starts: 1, warm: 20 * time.Millisecond, each: 100 * time.Millisecond, tokens: 2000,
		only: regexp.MustCompile(""), say: t.Logf,
	}
	if b.postgres == "" {
		t.Fatalf("%s is not set: run the tests by `make test`", postgresVariable)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := b.run(ctx); err != nil {
		t.Fatal(err)
	}
	for _, g := range goals {
		for _, server := range []string{"bare", "deskauth"} {
			if f, ok := b.report.of(g.line, server); !ok || f.Runs[0].Answers == 0 {
				t.Errorf("%s at %s was not measured", g.line, server)
			}
		}
	}
	if len(b.report.Cold) != 2 || len(b.report.Scale) != 2 {
		t.Errorf("%d cold starts and %d engines at scale, want 2 and 2", len(b.report.Cold), len(b.report.Scale))
	}
	for _, c := range b.report.Commands {
		if len(c.All) != turnsOf || c.MS <= 0 {
			t.Errorf("%s was measured %d times, %g ms; want %d", c.Name, len(c.All), c.MS, turnsOf)
		}
	}
	text, err := os.ReadFile(doc)
	if err != nil || !strings.HasPrefix(string(text), "before\n") || !strings.HasSuffix(string(text), "after\n") ||
		strings.Contains(string(text), "old") || !strings.Contains(string(text), "| refresh | deskauth |") || !strings.Contains(string(text), "| `deskauth auth token` |") {
		t.Errorf("the document became %q, %v", text, err)
	}
}
