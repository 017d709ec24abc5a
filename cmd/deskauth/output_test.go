package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type printedPart struct {
	ID   int64      `json:"id"`
	Name string     `json:"name"`
	At   *time.Time `json:"at"`
	Note string     `json:"note,omitempty"`
	own  string
}

var (
	printedAt   = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	printedMany = listing[printedPart]{
		Name:  "parts",
		Items: []printedPart{{ID: 9007199254740991, Name: "a <b>\tc\x1b[31m", At: &printedAt, own: "x"}, {ID: 2, Name: "ünder", Note: "n"}},
		ID:    func(p printedPart) string { return p.Name },
		Columns: []column[printedPart]{
			{"name", func(p printedPart) string { return p.Name }}, {"note", func(p printedPart) string { return p.Note }},
		},
	}
)

func TestPrinting(t *testing.T) {
	for _, c := range []struct {
		name string
		o    printing
		want string
	}{
		{"lines", printing{}, "a <b> c[31m\t\nünder\tn\n"},
		{"ids", printing{Quiet: true}, "a <b>\tc\x1b[31m\nünder\n"},
		{"JSON", printing{JSON: allFields}, `{"parts":[{"at":"2026-11-22T10:00:00Z","id":9007199254740991,"name":"a <b>\tc\u001b[31m"},{"at":null,"id":2,"name":"ünder","note":"n"}]}` + "\n"},
		{"fields", printing{JSON: "id, note"}, `{"parts":[{"id":9007199254740991,"note":null},{"id":2,"note":"n"}]}` + "\n"},
		{"by a variable", printing{JSON: "false", Quiet: true}, "a <b>\tc\x1b[31m\nünder\n"},
		{"jq, texts", printing{JQ: ".parts[].name"}, "a <b>\tc\x1b[31m\nünder\n"},
		{"jq, values", printing{JQ: ".parts[] | .id, .at, {id}"}, "9007199254740991\n2026-11-22T10:00:00Z\n" + `{"id":9007199254740991}` + "\n2\nnull\n{\"id\":2}\n"},
		{"jq and no environment", printing{JQ: "env | length"}, "0\n"},
		{"template", printing{Template: `{{range .parts}}{{.id}} {{json .name}};{{end}}`}, `9007199254740991 "a \u003cb\u003e\tc\u001b[31m";2 "ünder";`},
	} {
		var out bytes.Buffer
		p := in(nil)
		p.Out = &out
		err := c.o.check() // completes it
		if err == nil {
			err = printList(t.Context(), c.o, p, printedMany)
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestPrintingNone(t *testing.T) {
	var out bytes.Buffer
	p := in(nil)
	p.Out = &out
	none := printedMany
	none.Items = nil
	if err := printList(t.Context(), printing{JSON: allFields}, p, none); err != nil || out.String() != "{\"parts\":[]}\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// One record is an object as JSON.
func TestPrintingOne(t *testing.T) {
	for _, c := range []struct {
		o    printing
		want string
	}{
		{printing{}, "told\n"}, {printing{Quiet: true}, "17\n"}, {printing{JSON: "name"}, `{"name":"n"}` + "\n"}, {printing{JQ: ".id"}, "17\n"},
	} {
		var out bytes.Buffer
		p := in(nil)
		p.Out = &out
		err := printRecord(t.Context(), c.o, p, printedPart{ID: 17, Name: "n"}, "17", func(w io.Writer) { fmt.Fprintln(w, "told") })
		if err != nil || out.String() != c.want {
			t.Errorf("%+v: %q, %v; want %q", c.o, out.String(), err, c.want)
		}
	}
}

// What cannot be printed so is refused before anything is, and with a reason.
func TestPrintingRefused(t *testing.T) {
	for _, c := range []struct {
		o     printing
		words string
		usage bool
	}{
		{printing{JQ: ".a", Template: "b"}, "keep one", true},
		{printing{JSON: allFields, Quiet: true}, "--quiet", true},
		{printing{JQ: ".["}, "--jq: ", true},
		{printing{Template: "{{"}, "--template: ", true},
		{printing{JSON: "id,colour"}, `no field "colour"; there are id, name, at, note`, true},
		{printing{JQ: ".parts.x"}, "--jq: ", false},
		{printing{Template: "before {{.nothing}}"}, "--template: ", false},
	} {
		var out bytes.Buffer
		p := in(nil)
		p.Out = &out
		err := c.o.check()
		if err == nil {
			err = printList(t.Context(), c.o, p, printedMany)
		}
		if err == nil || !strings.Contains(err.Error(), c.words) || errors.As(err, new(usage)) != c.usage || out.Len() > 0 {
			t.Errorf("%+v: %v; printed %q", c.o, err, out.String())
		}
	}
}

func TestFitColumns(t *testing.T) {
	rows := [][]string{{"ID", "NAME", "STATE"}, {"17", strings.Repeat("n", 40), strings.Repeat("s", 20)}}
	for _, c := range []struct {
		line int
		want []int
	}{
		{0, []int{2, 40, 20}},
		{66, []int{2, 40, 20}},
		{65, []int{2, 39, 20}},
		{40, []int{2, 17, 17}},
		{1, []int{2, 8, 8}}, // what is left says something still
	} {
		if got := fit(rows, c.line); !cmp.Equal(got, c.want) {
			t.Errorf("a line of %d: %v, want %v", c.line, got, c.want)
		}
	}
	if got := cut("grüße", 4); got != "grü…" {
		t.Errorf("cut: %q", got)
	}
}

// Each code has its line in the help, and no two are the same.
func TestExitCodes(t *testing.T) {
	seen := map[int]bool{}
	for _, e := range exitCodes {
		if seen[e.code] || e.meaning == "" {
			t.Errorf("code %d: twice, or without a meaning", e.code)
		}
		seen[e.code] = true
	}
	for err, want := range map[error]int{
		errors.New("x"): exitFailure, usagef("x"): exitUsage, mustSignIn{errors.New("x")}: exitSignIn,
		asNotFound(errors.New("x")): exitNotFoundAt, asRefused(errors.New("x")): exitRefused, asUnavailable(errors.New("x")): exitUnavailable,
	} {
		if got := codeOf(err); got != want || !seen[want] {
			t.Errorf("%T: code %d, want %d, which has a line: %v", err, got, want, seen[want])
		}
	}
}
