package seed

import (
	"fmt"
	"slices"
	"strings"
)

// Error says what is wrong with a seed file: a line for each problem, in the
// order of the file.
//
//	seed.yaml:12: role must be admin, agent or end-user, not "boss"
type Error struct {
	Name     string // of the file
	Problems []Problem
}

// Problem is one mistake.
type Problem struct {
	Line int // 1 is the first
	Why  string
}

// problemsShown bounds what a person is told at once.
const problemsShown = 20

func (e *Error) Error() string {
	shown := make([]string, 0, problemsShown+1)
	for _, p := range e.Problems[:min(len(e.Problems), problemsShown)] {
		shown = append(shown, fmt.Sprintf("%s:%d: %s", e.Name, p.Line, p.Why))
	}
	if more := len(e.Problems) - problemsShown; more > 0 {
		shown = append(shown, fmt.Sprintf("%s: and %d more", e.Name, more))
	}
	return strings.Join(shown, "\n")
}

// problems gathers what is wrong while a file is read.
type problems []Problem

func (p *problems) add(line int, format string, args ...any) {
	*p = append(*p, Problem{Line: line, Why: fmt.Sprintf(format, args...)})
}

// in is the error of the file of that name; nil when nothing is wrong.
func (p problems) in(name string) error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b Problem) int { return a.Line - b.Line })
	return &Error{Name: name, Problems: p}
}
