package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/journey"
)

// BenchmarkStart is how long a command takes from the start of its process to its end,
// beside a Go program that prints one line: in turns, so that a neighbour slows both.
//
//	go test ./cmd/deskauth -run '^$' -bench Start -benchtime 100x
//
// Init is the part that packages take before main: GODEBUG=inittrace=1 tells whose.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"one line\") }\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	line := filepath.Join(dir, "line")
	build := exec.Command("go", "build", "-o", line, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	commands := map[string][]string{
		"line": {line}, "version": {journey.Binary(), "version"}, "exit-codes": {journey.Binary(), "help", "exit-codes"},
	}
	took := map[string][]float64{}
	for b.Loop() {
		for name, c := range commands {
			began := time.Now()
			if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
				b.Fatalf("%q: %v: %s", c, err, out)
			}
			took[name] = append(took[name], float64(time.Since(began).Microseconds())/1000)
		}
	}
	for name, all := range took {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], name+"-p50-ms")
		b.ReportMetric(all[len(all)*9/10], name+"-p90-ms")
	}
}
