package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// columns is a table of lines of cells between tabs, the first of them the titles. At a
// terminal the widest column is cut short where a line would be too long, so that those
// after it stay; elsewhere nothing is.
type columns struct {
	out  io.Writer
	text bytes.Buffer
}

func newColumns(out io.Writer) *columns { return &columns{out: out} }

func (c *columns) Write(p []byte) (int, error) { return c.text.Write(p) }

// Flush prints the table.
func (c *columns) Flush() error { return c.print(terminalWidth(c.out)) }

// print prints it for lines of a width; 0: of any.
func (c *columns) print(width int) error {
	if width > 0 {
		c.fit(width)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, columnGap, ' ', 0)
	if _, err := w.Write(c.text.Bytes()); err != nil {
		return err
	}
	return w.Flush()
}

func (c *columns) fit(width int) {
	var rows [][]string
	most := 0
	for line := range strings.Lines(c.text.String()) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		most = max(most, len(rows[len(rows)-1]))
	}
	if most == 0 {
		return
	}
	for i := range rows {
		rows[i] = append(rows[i], make([]string, most-len(rows[i]))...)
	}
	widths := fit(rows, width)
	c.text.Reset()
	for _, row := range rows {
		for i, cell := range row {
			row[i] = cut(cell, widths[i])
		}
		fmt.Fprintln(&c.text, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
}
