package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// report is what a run came to. It is written as JSON, and as the tables of
// docs/performance.md.
type report struct {
	When    string   `json:"when"`
	Go      string   `json:"go"`
	Machine string   `json:"machine"`
	Pinned  bool     `json:"pinned"`
	Each    float64  `json:"seconds_of_a_run"`
	Figures []figure `json:"figures"`
	Cold    []cold   `json:"cold_starts"`

	Commands []command `json:"commands"`
	Scale    []scale   `json:"scale"`
}

func (r *report) begin(b *bench) {
	r.When = time.Now().UTC().Format(time.DateOnly)
	r.Go, r.Pinned, r.Each = runtime.Version(), b.pin, b.each.Seconds()
	model, cores := processor()
	r.Machine = fmt.Sprintf("%s, %d cores, %s/%s", model, cores, runtime.GOOS, runtime.GOARCH)
}

// processor tells what the machine has: runtime.NumCPU counts where this process
// may run.
func processor() (model string, cores int) {
	model = "unknown processor"
	info, _ := os.ReadFile("/proc/cpuinfo") // not there: unknown
	for line := range strings.Lines(string(info)) {
		switch name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) {
		case "processor":
			cores++
		case "model name":
			model = strings.TrimSpace(value)
		}
	}
	return model, cores
}

// goal is what a line must reach of the bare server beside it.
type goal struct {
	line       string
	least, aim float64
}

var goals = []goal{
	{"issue", .60, .80},
	{"refresh", .70, .85},
	{"bearer", .50, .70},
	{"introspect", .60, 0},
	{"lend", .50, .60},
	{"proxy", 1 / 1.3, .90},
}

// of finds a figure.
func (r *report) of(line, server string) (figure, bool) {
	for _, f := range r.Figures {
		if f.Line == line && f.Server == server {
			return f, true
		}
	}
	return figure{}, false
}

// markdown is the tables.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s; runs of %g s, median of the runs by answers per CPU-second of the server.\n", r.When, r.Machine, r.Go, r.Each)
	if !r.Pinned {
		b.WriteString("Servers were not pinned: these figures say nothing.\n")
	}
	if len(r.Figures) > 0 {
		r.rates(&b)
	}
	if len(r.Cold) > 0 {
		b.WriteString("\n| server | ms to the first token | MiB resident, idle |\n|---|---|---|\n")
		for _, c := range r.Cold {
			fmt.Fprintf(&b, "| %s | %.1f | %.1f |\n", c.Server, c.MS, mib(c.Memory))
		}
	}
	if len(r.Commands) > 0 {
		commandTable(&b, r.Commands)
	}
	for _, s := range r.Scale {
		s.table(&b)
	}
	return b.String()
}

func (r *report) rates(b *strings.Builder) {
	b.WriteString("\n| what | server | per CPU-second | per second | p50 ms | p99 ms | others' CPU |\n|---|---|---|---|---|---|---|\n")
	for _, f := range r.Figures {
		fmt.Fprintf(b, "| %s | %s | %.0f | %.0f | %.2f | %.2f | %.2f |\n", f.Line, f.Server, f.PerCPU, f.PerWall, f.P50, f.P99, f.Foreign)
	}
	b.WriteString("\n| what | share of the bare server | not less than | aim |\n|---|---|---|---|\n")
	for _, g := range goals {
		ours, ok := r.of(g.line, "deskauth")
		bare, okBare := r.of(g.line, "bare")
		if !ok || !okBare {
			continue
		}
		aim := "above go-oauth2"
		if g.aim > 0 {
			aim = fmt.Sprintf("%.0f %%", 100*g.aim)
		}
		fmt.Fprintf(b, "| %s | %.0f %% | %.0f %% | %s |\n", g.line, 100*ours.PerCPU/bare.PerCPU, 100*g.least, aim)
	}
}

func (s scale) table(b *strings.Builder) {
	fmt.Fprintf(b, "\n| %s | %d tokens | %d tokens | share |\n|---|---|---|---|\n", s.Engine, s.Small.Tokens, s.Full.Tokens)
	fmt.Fprintf(b, "| look-ups per CPU-second | %.0f | %.0f | %.0f %% |\n", s.Small.LookUp.PerCPU, s.Full.LookUp.PerCPU, 100*s.LookUp)
	fmt.Fprintf(b, "| look-up p50, p99 in ms | %.2f, %.2f | %.2f, %.2f | |\n", s.Small.LookUp.P50, s.Small.LookUp.P99, s.Full.LookUp.P50, s.Full.LookUp.P99)
	fmt.Fprintf(b, "| look-ups per CPU-second, %d begun a second | %.0f | %.0f | %.0f %% |\n", steady, s.Small.Steady.PerCPU, s.Full.Steady.PerCPU, 100*s.Steady)
	fmt.Fprintf(b, "| issued per CPU-second | %.0f | %.0f | %.0f %% |\n", s.Small.Issue.PerCPU, s.Full.Issue.PerCPU, 100*s.Issue)
	fmt.Fprintf(b, "| issued p50, p99 in ms | %.2f, %.2f | %.2f, %.2f | |\n", s.Small.Issue.P50, s.Small.Issue.P99, s.Full.Issue.P50, s.Full.Issue.P99)
	fmt.Fprintf(b, "| MiB resident, at most | %.0f | %.0f | |\n", mib(s.Small.Memory), mib(s.Full.Memory))
	fmt.Fprintf(b, "| p99.9 in ms: calm, while %d are pruned | | %.1f, %.1f | |\n", s.Full.Pruned, s.Full.Calm.P999, s.Full.Pruning.P999)
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// write leaves the results where the runs leave theirs, and prints the tables.
func (r *report) write(b *bench) error {
	tables := r.markdown()
	b.say("\n%s", tables)
	all, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.out, "results.json"), append(all, '\n'), 0o644); err != nil { //nolint:gosec // figures are for everybody
		return err
	}
	if err := os.WriteFile(filepath.Join(b.out, "results.md"), []byte(tables), 0o644); err != nil { //nolint:gosec // figures are for everybody
		return err
	}
	if b.doc == "" {
		return nil
	}
	return intoDocument(b.doc, tables)
}

// The lines between which a document keeps the tables of the last run.
const (
	figuresBegin = "<!-- figures: make bench writes what follows -->\n"
	figuresEnd   = "<!-- end of figures -->\n"
)

// intoDocument puts the tables where the document has its place for them.
func intoDocument(path, tables string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), figuresBegin)
	_, after, okEnd := strings.Cut(rest, figuresEnd)
	if !ok || !okEnd {
		return fmt.Errorf("%s has no place for figures", path)
	}
	return os.WriteFile(path, []byte(before+figuresBegin+"\n"+tables+"\n"+figuresEnd+after), 0o644) //nolint:gosec // a document
}
