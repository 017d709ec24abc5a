package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/bench/load"
)

// figure is one line of the table: one kind of request at one server.
type figure struct {
	Line    string  `json:"line"`
	Server  string  `json:"server"`
	PerCPU  float64 `json:"per_cpu_second"` // answers per CPU-second of the server
	PerWall float64 `json:"per_second"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	P999    float64 `json:"p999_ms"`
	Foreign float64 `json:"foreign_cpu"` // CPU-seconds that others used, of each second of wall time
	Runs    []run   `json:"runs"`
}

// run is one of the runs of which a figure is the median.
type run struct {
	Answers int     `json:"answers"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
	PerCPU  float64 `json:"per_cpu_second"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	P999    float64 `json:"p999_ms"`
	Foreign float64 `json:"foreign_cpu"`
}

// measure loads a server, a few times, and returns the run in the middle by
// answers per CPU-second. answered is how many answers it gave in all, those of
// the warm-up included.
func (b *bench) measure(ctx context.Context, line string, s *server, script func(connection int) load.Script) (f figure, answered int, err error) {
	return b.measureAt(ctx, line, s, 0, script)
}

// measureAt is measure at a rate, of requests a second.
func (b *bench) measureAt(ctx context.Context, line string, s *server, rate int, script func(connection int) load.Script) (f figure, answered int, err error) {
	all := scripts(script) // a script goes on in the next run where it stood
	warm, err := load.RunAt(ctx, s.addr, b.warm, rate, all)
	if err != nil {
		return f, 0, fmt.Errorf("%s at %s: %w", line, s.name, err)
	}
	answered = warm.Answers
	f = figure{Line: line, Server: s.name}
	for range b.runs {
		r, err := b.once(ctx, s, rate, all)
		if err != nil {
			return f, answered, fmt.Errorf("%s at %s: %w", line, s.name, err)
		}
		answered += r.Answers
		f.Runs = append(f.Runs, r)
	}
	b.settleOn(&f)
	return f, answered, nil
}

// settleOn takes the run in the middle for the figure.
func (b *bench) settleOn(f *figure) {
	middle := median(f.Runs, func(a, b run) int { return cmp.Compare(a.PerCPU, b.PerCPU) })
	f.PerCPU, f.PerWall = middle.PerCPU, float64(middle.Answers)/middle.Seconds
	f.P50, f.P99, f.P999, f.Foreign = middle.P50, middle.P99, middle.P999, middle.Foreign
	b.say("%-28s %-24s %8.0f /CPU-s %8.0f /s   p50 %7.2f ms   p99 %7.2f ms", f.Line, f.Server, f.PerCPU, f.PerWall, f.P50, f.P99)
}

// median is the one in the middle of some.
func median[T any](all []T, order func(a, b T) int) T {
	return slices.SortedFunc(slices.Values(all), order)[len(all)/2]
}

func (b *bench) once(ctx context.Context, s *server, rate int, all []load.Script) (run, error) {
	machine0, err0 := busy()
	self0, err1 := usage(os.Getpid())
	cpu0, err2 := s.cpu()
	if err := errors.Join(err0, err1, err2); err != nil {
		return run{}, err
	}
	result, err := load.RunAt(ctx, s.addr, b.each, rate, all)
	if err != nil {
		return run{}, err
	}
	machine1, err0 := busy()
	self1, err1 := usage(os.Getpid())
	cpu1, err2 := s.cpu()
	if err := errors.Join(err0, err1, err2); err != nil {
		return run{}, err
	}
	used := max(cpu1-cpu0, tick)
	foreign := (machine1 - machine0) - (self1 - self0) - (cpu1 - cpu0)
	return run{
		Answers: result.Answers, Seconds: result.Took.Seconds(), CPU: used.Seconds(),
		PerCPU: float64(result.Answers) / used.Seconds(),
		P50:    ms(result.Quantile(.5)), P99: ms(result.Quantile(.99)), P999: ms(result.Quantile(.999)),
		Foreign: max(0, foreign.Seconds()) / result.Took.Seconds(),
	}, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// busy is the CPU time that the whole machine has used.
func busy() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	var all time.Duration
	// proc(5): cpu user nice system idle iowait irq softirq steal …
	for n, field := range strings.Fields(line)[1:] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		if n != 3 && n != 4 && n < 7 {
			all += time.Duration(ticks) * tick
		}
	}
	return all, nil
}
