package web

import (
	"regexp"
	"strings"
	"sync"
)

// formula is how one begins: at the begin of a cell, or behind what some spreadsheets
// separate cells by. Quotes before it may be taken for those of the file.
var formula = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|[;\t\r\n])("*)([=+\-@])`) })

// Cells are cells of a file for spreadsheets, with a quote before what one would take
// for a formula: names and identifiers come from people who may not mean well
// (CWE-1236). The quote shows that the cell is text.
func Cells(cells ...string) []string {
	for n, cell := range cells {
		cell = formula().ReplaceAllString(cell, "$1$2'$3")
		if cell != "" && strings.ContainsRune("\t\r\n", rune(cell[0])) {
			cell = "'" + cell
		}
		cells[n] = cell
	}
	return cells
}
