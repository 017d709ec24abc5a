package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"unicode/utf8"

	"github.com/itchyny/gojq"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// printing is how a command prints records: a table where somebody looks at it, lines of
// fields between tabs where a program reads it, or what was asked for.
//
//	records ──► JSON's values ──► --json=FIELDS ──► itself, --jq or --template
//	   └──────► --quiet: ids      a terminal: table      else: TSV
type printing struct {
	JSON     string // fields, separated by commas; allFields; "": not as JSON
	JQ       string
	Template string
	Quiet    bool
}

const allFields = "*"

func (o *printing) flags(f *pflag.FlagSet) {
	f.StringVar(&o.JSON, "json", "", "print JSON, of these `fields` (separated by commas; default all)")
	f.Lookup("json").NoOptDefVal = allFields
	f.StringVar(&o.JQ, "jq", "", "print what a jq `expression` makes of the JSON")
	f.StringVar(&o.Template, "template", "", "print the JSON by a Go `template`")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "print ids alone")
}

// check completes the flags, and refuses those that contradict each other.
func (o *printing) check() error {
	switch o.JSON { // as a variable has it
	case "true":
		o.JSON = allFields
	case "false":
		o.JSON = ""
	}
	if o.JQ != "" && o.Template != "" {
		return usagef("both --jq and --template are given: keep one")
	}
	if o.asJSON() && o.Quiet {
		return usagef("--quiet prints ids alone: leave it out, or --json, --jq and --template")
	}
	if _, err := gojq.Parse(o.JQ); o.JQ != "" && err != nil {
		return usagef("--jq: %w", err)
	}
	if _, err := o.parsed(); err != nil {
		return usagef("--template: %w", err)
	}
	return nil
}

func (o printing) asJSON() bool { return o.JSON != "" || o.JQ != "" || o.Template != "" }

// listing are records of one kind, and how each is printed. As JSON they are an object
// of one member, {"logins": […]}: what is said beside them later breaks no program.
type listing[T any] struct {
	Name    string
	Items   []T
	ID      func(T) string
	Columns []column[T]

	// Told prints them for people, where that is no table.
	Told func(io.Writer, []T)
}

type column[T any] struct {
	Title string
	Value func(T) string
}

// printList prints what a command lists.
func printList[T any](ctx context.Context, o printing, p process, l listing[T]) error {
	switch {
	case o.asJSON():
		fields, err := fieldsOf[T](o.JSON)
		if err != nil {
			return err
		}
		items := []any{}
		for _, one := range l.Items {
			v, err := valueOf(one, fields)
			if err != nil {
				return err
			}
			items = append(items, v)
		}
		return o.print(ctx, p.Out, map[string]any{l.Name: items})
	case o.Quiet:
		for _, one := range l.Items {
			fmt.Fprintln(p.Out, l.ID(one))
		}
	case l.Told != nil:
		l.Told(p.Out, l.Items)
	case isTerminal(p.Out):
		l.table(p)
	default:
		l.lines(p.Out)
	}
	return nil
}

// printRecord prints one, which is an object as JSON.
func printRecord[T any](ctx context.Context, o printing, p process, one T, id string, told func(io.Writer)) error {
	switch {
	case o.asJSON():
		fields, err := fieldsOf[T](o.JSON)
		if err != nil {
			return err
		}
		v, err := valueOf(one, fields)
		if err != nil {
			return err
		}
		return o.print(ctx, p.Out, v)
	case o.Quiet:
		fmt.Fprintln(p.Out, id)
	default:
		told(p.Out)
	}
	return nil
}

// fieldsOf are the fields that were asked for; nil: all.
func fieldsOf[T any](asked string) ([]string, error) {
	if asked == allFields || asked == "" {
		return nil, nil
	}
	known := jsonNames(reflect.TypeFor[T]())
	var fields []string
	for name := range strings.SplitSeq(asked, ",") {
		if name = strings.TrimSpace(name); !slices.Contains(known, name) {
			return nil, usagef("--json: there is no field %q; there are %s", name, strings.Join(known, ", "))
		}
		fields = append(fields, name)
	}
	return fields, nil
}

// jsonNames are the members of a struct's JSON.
func jsonNames(t reflect.Type) (names []string) {
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && !f.Anonymous && name != "-" && name != "" {
			names = append(names, name)
		}
	}
	return names
}

// valueOf is a record as jq and templates see it: of maps, lists, texts and numbers.
func valueOf(record any, fields []string) (any, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // or an id would be printed as 1e+06
	var v any
	if err := d.Decode(&v); err != nil || fields == nil {
		return v, err
	}
	some := map[string]any{}
	if all, is := v.(map[string]any); is {
		for _, f := range fields {
			some[f] = all[f] // null where it was left out
		}
	}
	return some, nil
}

// print prints JSON's values as was asked for. At a terminal no text among them steers it:
// they are other people's.
func (o printing) print(ctx context.Context, w io.Writer, v any) error {
	if !isTerminal(w) {
		return o.write(ctx, w, v)
	}
	var out bytes.Buffer
	err := o.write(ctx, &out, v)
	_, failed := io.WriteString(w, printableLines(out.String()))
	return errors.Join(err, failed)
}

func (o printing) write(ctx context.Context, w io.Writer, v any) error {
	switch {
	case o.JQ != "":
		return o.filter(ctx, w, v)
	case o.Template != "":
		t, err := o.parsed()
		if err != nil {
			return err
		}
		var out bytes.Buffer // nothing is printed of what fails
		if err := t.Execute(&out, v); err != nil {
			return fmt.Errorf("--template: %w", err)
		}
		_, err = out.WriteTo(w)
		return err
	}
	return encode(w, v)
}

// filter prints each result of the jq expression on a line of its own, texts as they
// are.
func (o printing) filter(ctx context.Context, w io.Writer, v any) error {
	query, err := gojq.Parse(o.JQ)
	if err != nil {
		return usagef("--jq: %w", err)
	}
	for results := query.RunWithContext(ctx, v); ; {
		result, more := results.Next()
		if !more {
			return nil
		}
		switch result := result.(type) {
		case error:
			return fmt.Errorf("--jq: %w", result)
		case string:
			fmt.Fprintln(w, result)
		default:
			if err := encode(w, result); err != nil {
				return err
			}
		}
	}
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (o printing) parsed() (*template.Template, error) {
	return template.New("--template").Option("missingkey=error").Funcs(template.FuncMap{
		"json": func(v any) (string, error) { text, err := json.Marshal(v); return string(text), err },
		"join": func(by string, all []any) string {
			var words []string
			for _, one := range all {
				words = append(words, fmt.Sprint(one))
			}
			return strings.Join(words, by)
		},
	}).Parse(o.Template)
}

// lines are for programs: no titles, no colours, nothing cut short.
func (l listing[T]) lines(w io.Writer) {
	for _, one := range l.Items {
		var cells []string
		for _, c := range l.Columns {
			cells = append(cells, printable(strings.ReplaceAll(c.Value(one), "\t", " ")))
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
}

// columnGap is between the columns of a table, and columnLeast what is left of one that
// is cut short.
const (
	columnGap   = 2
	columnLeast = 8
)

// table is for people: titles, columns below each other, the widest cut short where the
// terminal is narrow.
func (l listing[T]) table(p process) {
	rows := [][]string{{}}
	for _, c := range l.Columns {
		rows[0] = append(rows[0], strings.ToUpper(c.Title))
	}
	for _, one := range l.Items {
		var row []string
		for _, c := range l.Columns {
			row = append(row, printable(c.Value(one)))
		}
		rows = append(rows, row)
	}
	widths := fit(rows, terminalWidth(p.Out))
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = cut(cell, widths[i])
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+columnGap))
			}
		}
		text := strings.TrimRight(line.String(), " ")
		if n == 0 {
			text = bold(p, p.Out, text)
		}
		fmt.Fprintln(p.Out, text)
	}
}

// fit are the widths of columns that stand side by side in a line; the widest gives way
// first.
func fit(rows [][]string, line int) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for {
		all := columnGap * (len(widths) - 1)
		widest := 0
		for i, w := range widths {
			all += w
			if w > widths[widest] {
				widest = i
			}
		}
		if line <= 0 || all <= line || len(widths) == 0 || widths[widest] <= columnLeast {
			return widths
		}
		widths[widest]--
	}
}

func cut(cell string, width int) string {
	runes := []rune(cell)
	if len(runes) <= width {
		return cell
	}
	return string(runes[:width-1]) + "…"
}

func isTerminal(w io.Writer) bool {
	f, isFile := w.(*os.File)
	return isFile && term.IsTerminal(int(f.Fd()))
}

// terminalWidth is in characters; 0: it is not known.
func terminalWidth(w io.Writer) int {
	f, isFile := w.(*os.File)
	if !isFile {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// coloured tells whether to write to w in colours (no-color.org, and CLICOLOR beside
// it).
func coloured(p process, w io.Writer) bool {
	if lookup(p, "NO_COLOR") != "" {
		return false
	}
	if force := lookup(p, "CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return lookup(p, "CLICOLOR") != "0" && lookup(p, "TERM") != "dumb" && isTerminal(w)
}

func painted(p process, w io.Writer, code, text string) string {
	if text == "" || !coloured(p, w) {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func bold(p process, w io.Writer, text string) string  { return painted(p, w, "1", text) }
func green(p process, w io.Writer, text string) string { return painted(p, w, "32", text) }
func red(p process, w io.Writer, text string) string   { return painted(p, w, "31", text) }
