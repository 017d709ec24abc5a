package main

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// A long name is cut where somebody looks at it, and nowhere else.
func TestColumnsAreCutAtATerminal(t *testing.T) {
	long := strings.Repeat("山田-Wolfeschlegelstein ", 5)
	write := func(width int) string {
		var out strings.Builder
		c := newColumns(&out)
		fmt.Fprintln(c, "ID\tNAME\tROLE\tSTATE")
		fmt.Fprintf(c, "1\t%s\tagent\tactive\n", long)
		fmt.Fprintln(c, "2\tAda\tadmin")
		if err := c.print(width); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if whole := write(0); !strings.Contains(whole, long) {
		t.Errorf("cut for a program: %s", whole)
	}
	lines := strings.Split(strings.TrimSuffix(write(60), "\n"), "\n")
	for _, line := range lines {
		if utf8.RuneCountInString(line) > 60 {
			t.Errorf("%d wide: %q", utf8.RuneCountInString(line), line)
		}
	}
	if len(lines) != 3 || !strings.Contains(lines[1], "…  agent  active") || !strings.Contains(lines[2], "Ada") {
		t.Errorf("%q", lines)
	}
	if small := write(5); !strings.Contains(small, "agent") { // nothing is cut to nothing
		t.Error(small)
	}
}
