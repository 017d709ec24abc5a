package store_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// SQLite itself takes $2 for a name, and numbers names in the order in which it
// first meets them; the driver goes by the digits, as PostgreSQL does. Should a
// driver ever do as SQLite, this test tells, and the statements, which name $1,
// $2, $3 … in order of first appearance, stay right.
func TestParametersGoByTheirDigits(t *testing.T) {
	for _, tt := range []struct {
		engine store.Engine
		query  string
		want   string
	}{
		{store.SQLite, `SELECT $1 || $2 || $1`, "aba"},
		{store.Postgres, `SELECT $1::text || $2::text || $1::text`, "aba"},
		{store.Postgres, `SELECT $2::text || $1::text`, "ba"},
		{store.SQLite, `SELECT $2 || $1`, "ba"},
	} {
		db := storetest.Open(t, storetest.DSN(t, tt.engine))
		err := db.Step(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			var got string
			err := tx.QueryRowContext(ctx, tt.query, "a", "b").Scan(&got)
			if got != tt.want {
				t.Errorf("%s: %s of a and b is %q, want %q", tt.engine, tt.query, got, tt.want)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %s: %v", tt.engine, tt.query, err)
		}
	}
}

// statement is a text of SQL in the source of this package.
type statement struct {
	at   string
	text string
	args int  // how many arguments are handed in with it; -1: unknown
	part bool // the rest of it is made when it runs, so that its parameters are not all here
}

// catalogues are the files whose statements are not for both engines: they ask
// each for its own catalogue.
var catalogues = []string{"control_rows.go", "move.go"}

var (
	sqlStart  = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE)\b`)
	parameter = regexp.MustCompile(`\$\d+|\?`)
	function  = regexp.MustCompile(`\b([A-Za-z_]+)\(`)
)

// faults says what is wrong with a statement for one engine or the other.
func (s statement) faults() (all []string) {
	seen := 0
	for _, p := range parameter.FindAllString(s.text, -1) {
		n, err := strconv.Atoi(strings.TrimPrefix(p, "$"))
		switch {
		case err != nil:
			all = append(all, "a parameter without a number")
		case s.part:
		case n == seen+1:
			seen = n
		case n > seen:
			all = append(all, p+" comes before "+fmt.Sprintf("$%d", seen+1))
		}
	}
	if s.args >= 0 && s.args != seen && !s.part {
		all = append(all, fmt.Sprintf("%d parameters, but %d arguments", seen, s.args))
	}
	for _, f := range function.FindAllStringSubmatch(s.text, -1) {
		if !slices.Contains([]string{"count", "max", "min", "sum"}, strings.ToLower(f[1])) {
			all = append(all, "the function "+f[1])
		}
	}
	return all
}

// constants are the texts that have names.
type constants map[string]ast.Expr

func (c constants) gather(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, spec := range d.Specs {
				for at, value := range spec.(*ast.ValueSpec).Values {
					c[spec.(*ast.ValueSpec).Names[at].Name] = value
				}
			}
		}
		return true
	})
}

// textOf joins the literals of an expression with the constants that it names. It
// is a part where it is a format, or names what is known only when it runs. It
// returns "" for what is no text.
func (c constants) textOf(e ast.Expr) (text string, part bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text, strings.Contains(text, "%s") || strings.Contains(text, "%d") || strings.Contains(text, "{")
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			left, partLeft := c.textOf(e.X)
			right, partRight := c.textOf(e.Y)
			return left + right, partLeft || partRight
		}
	case *ast.Ident:
		if value, known := c[e.Name]; known {
			return c.textOf(value)
		}
	}
	return "", true
}

// statementsOf finds the statements of a file.
func statementsOf(files *token.FileSet, file *ast.File, known constants) (all []statement) {
	add := func(e ast.Expr, args int) bool {
		text, part := known.textOf(e)
		if !sqlStart.MatchString(text) {
			return false
		}
		all = append(all, statement{files.Position(e.Pos()).String(), text, args, part})
		return true
	}
	var visit func(ast.Node) bool
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			for at, arg := range n.Args {
				args := len(n.Args) - at - 1
				if n.Ellipsis.IsValid() {
					args = -1
				}
				if !add(arg, args) {
					ast.Inspect(arg, visit)
				}
			}
			ast.Inspect(n.Fun, visit)
			return false
		case ast.Expr:
			return !add(n, -1)
		}
		return true
	}
	ast.Inspect(file, visit)
	return all
}

func TestStatementsServeBothEngines(t *testing.T) {
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	files, known := token.NewFileSet(), constants{}
	var parsed []*ast.File
	for _, name := range names {
		if !strings.HasSuffix(name.Name(), ".go") || strings.HasSuffix(name.Name(), "_test.go") || slices.Contains(catalogues, name.Name()) {
			continue
		}
		file, err := parser.ParseFile(files, name.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		known.gather(file)
		parsed = append(parsed, file)
	}
	count, counted := 0, 0
	for _, file := range parsed {
		for _, s := range statementsOf(files, file, known) {
			count++
			if s.args >= 0 && !s.part {
				counted++
			}
			for _, fault := range s.faults() {
				t.Errorf("%s: %s", s.at, fault)
			}
		}
	}
	if count < 50 || counted < 40 {
		t.Errorf("only %d statements were found, %d of them with their arguments", count, counted)
	}
}

// The test above must be able to fail.
func TestStatementFaultsAreSeen(t *testing.T) {
	for source, want := range map[string]string{
		"f(`SELECT a FROM t WHERE b = $1 AND c = $2 AND d = $1`, 1, 2)":                  "",
		"f(`SELECT a FROM t WHERE b = $2 AND c = $1`, 1, 2)":                             "$2 comes before $1",
		"const two = `b = $2`; f(`SELECT ` + two + ` FROM t`, 1)":                        "$2 comes before $1",
		"const one = `b = $1`; f(`SELECT ` + one + ` FROM t WHERE c = $2`, 1)":           "2 parameters, but 1 arguments",
		"const one = `b = $1`; f(`SELECT ` + one + ` FROM t WHERE c = $2`, 1, 2)":        "",
		"f(`SELECT ` + made + ` FROM t WHERE b = $2`, 1)":                                "",
		"f(`SELECT ` + made + ` FROM t WHERE b = now()`)":                                "the function now",
		"f(fmt.Sprintf(`SELECT a FROM t WHERE a = ? LIMIT $%d`, n))":                     "without a number",
		"f(`SELECT a FROM t WHERE b = ?`, 1)":                                            "without a number",
		"f(`SELECT a FROM t WHERE b = $1`, 1, 2)":                                        "1 parameters, but 2 arguments",
		"f(g(`DELETE FROM t WHERE b = $2`, 1))":                                          "$2 comes before $1",
		"f(`INSERT INTO t (a) VALUES (now())`)":                                          "the function now",
		"f(`SELECT count(*) FROM t`)":                                                    "",
		"f(all, `UPDATE t SET a = $1`, args...)":                                         "",
		"f(`no SQL at all: $7`)":                                                         "",
		"func() { for _, q := range []string{`DELETE FROM t WHERE a = $3`} { f(q) } }()": "$3 comes before $1",
	} {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, "x.go", "package x\nfunc x() { "+source+" }", 0)
		if err != nil {
			t.Fatal(source, err)
		}
		var faults []string
		known := constants{}
		known.gather(file)
		for _, s := range statementsOf(files, file, known) {
			faults = append(faults, s.faults()...)
		}
		if got := strings.Join(faults, "; "); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: faults %q, want %q", source, got, want)
		}
	}
}
