package deskauth_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shown are the packages that other people's programs import.
var shown = []string{".", "embedded", "oauth", "zendesk", "zendesk/chat", "deskauthtest"}

// TestShown holds the public packages to this: whoever reads about an exported name finds
// what it promises, and a program that uses it and that go test runs.
//
//   - Functions, methods and types have a comment.
//   - A function is used by an example of its package whose output is checked.
//   - So is a method; by one of its own type's, where another type has a method of that
//     name. What fmt, slog, errors, encoding/json and net/http call is left to them.
//   - A type is named by such an example, or is in the signature of a function or method
//     that one uses, or in a field of such a type: from there its documentation is linked.
//     What is but the JSON round others (Page, Envelope) is shown by one of its kind.
func TestShown(t *testing.T) {
	for _, at := range shown {
		t.Run(at, func(t *testing.T) {
			report(t, facadeOf(t, at).lacks())
		})
	}
}

// TestShownCanFail breaks each part of the rule.
func TestShownCanFail(t *testing.T) {
	const sound = `// Package p is sound.
package p

// F gives a T.
func F() T { return T{} }

// T has a U.
type T struct{ U *[]U }

// M does nothing.
func (T) M() {}

// String is called by fmt.
func (T) String() string { return "" }

// U is in T.
type U struct{}

// Side is not seen from outside.
type side struct{}

func (side) M() {}
`
	const example = "package p_test\n\nimport \"p\"\n\nfunc Example() {\n\tp.F().M()\n\t// Output:\n}\n"
	for name, c := range map[string]struct {
		source, example string
		want            string
	}{
		"sound":                     {sound, example, ""},
		"no comment of a function":  {strings.Replace(sound, "// F gives a T.\n", "", 1), example, "F has no comment"},
		"no comment of a method":    {strings.Replace(sound, "// M does nothing.\n", "", 1), example, "T.M has no comment"},
		"no comment of a type":      {strings.Replace(sound, "// U is in T.\n", "", 1), example, "U has no comment"},
		"a function without":        {sound + "\n// G is new.\nfunc G() {}\n", example, "G is used by no example"},
		"a method without":          {sound + "\n// N is new.\nfunc (T) N() {}\n", example, "T.N is used by no example"},
		"a type without":            {sound + "\n// V is new.\ntype V struct{}\n", example, "V is shown by no example"},
		"an example that runs not":  {sound, strings.Replace(example, "\t// Output:\n", "", 1), "F is used by no example"},
		"a name of another package": {sound, strings.Replace(example, "p.F()", "q.F()", 1), "F is used by no example"},
		"a method of two types":     {sound + "\n// M is another.\nfunc (*U) M() {}\n", example, "U.M is used by no example of U"},
	} {
		f := facade{name: "p"}
		f.read(t, "p.go", c.source)
		f.read(t, "p_test.go", c.example)
		if got := strings.Join(f.lacks(), "\n"); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// facade is a package as others see it.
type facade struct {
	name     string
	funcs    []*ast.FuncDecl // methods too, of exported types
	types    map[string]*ast.TypeSpec
	comments map[string]bool // of types
	examples []*doc.Example
}

// facadeOf reads a package and its examples.
func facadeOf(t *testing.T, at string) facade {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(at, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatal(at, names, err)
	}
	f := facade{name: filepath.Base(at)}
	if at == "." {
		f.name = filepath.Base(root)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f.read(t, name, string(text))
	}
	return f
}

func (f *facade) read(t *testing.T, name, text string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, "_test.go") {
		for _, e := range doc.Examples(file) {
			if e.Output != "" || e.EmptyOutput { // others are compiled alone
				f.examples = append(f.examples, e)
			}
		}
		return
	}
	if f.types == nil {
		f.types, f.comments = map[string]*ast.TypeSpec{}, map[string]bool{}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
				f.funcs = append(f.funcs, d)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() {
					f.types[s.Name.Name] = s
					f.comments[s.Name.Name] = s.Doc != nil || d.Doc != nil
				}
			}
		}
	}
}

// lacks has a line for each name that the rule does not hold for.
func (f facade) lacks() (found []string) {
	seen := map[string]bool{}
	for _, e := range f.examples {
		for name := range f.named(e) {
			seen[name] = true
		}
	}
	for _, d := range f.funcs {
		name, of := d.Name.Name, receiver(d)
		if f.name+"."+name == "deskauthtest.New" {
			continue // it takes a testing.TB, which no example has; Start is shown
		}
		if of != "" {
			name = of + "." + name
		}
		if d.Doc == nil {
			found = append(found, name+" has no comment")
		}
		switch {
		case of == "" && !seen[name]:
			found = append(found, name+" is used by no example")
			continue
		case of != "" && slices.Contains(calledByOthers, d.Name.Name):
			continue
		case of != "" && !f.uses(d):
			found = append(found, fmt.Sprintf("%s is used by no example of %s", name, of))
			continue
		}
		f.reach(d.Type, seen)
		f.reach(ast.NewIdent(of), seen)
	}
	for _, name := range slices.Sorted(maps.Keys(f.types)) {
		if seen[name] {
			f.reach(f.types[name].Type, seen)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.types)) {
		if !f.comments[name] {
			found = append(found, name+" has no comment")
		}
		if !seen[name] && !f.framed(name, seen) {
			found = append(found, name+" is shown by no example")
		}
	}
	return found
}

// framed tells whether a type is the JSON round others, of a kind that is shown.
func (f facade) framed(name string, seen map[string]bool) bool {
	for _, kind := range []string{"Page", "Envelope"} {
		if strings.HasSuffix(name, kind) {
			return slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(other string) bool { return strings.HasSuffix(other, kind) })
		}
	}
	return false
}

// calledByOthers are the methods that other packages call.
var calledByOthers = []string{
	"String", "GoString", "Format", "LogValue", // fmt, log/slog
	"Error", "Unwrap", "Is", // errors
	"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", // encoding/json
	"RoundTrip", "ServeHTTP", // net/http
}

// named are the package's names in an example.
func (f facade) named(e *doc.Example) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(e.Code, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if of, ok := s.X.(*ast.Ident); ok && of.Name == f.name && of.Obj == nil {
				names[s.Sel.Name] = true
			}
		}
		return true
	})
	return names
}

// uses tells whether an example uses a method. Which one of several that are called so is
// told by the example's own name, or by the type's in it.
func (f facade) uses(d *ast.FuncDecl) bool {
	alone := 0
	for _, other := range f.funcs {
		if other.Recv != nil && other.Name.Name == d.Name.Name {
			alone++
		}
	}
	return slices.ContainsFunc(f.examples, func(e *doc.Example) bool {
		of, _, _ := strings.Cut(e.Name, "_")
		return selects(e.Code, d.Name.Name) && (alone == 1 || of == receiver(d) || of == "New"+receiver(d) || f.named(e)[receiver(d)])
	})
}

func selects(code ast.Node, method string) (found bool) {
	ast.Inspect(code, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == method {
			found = true
		}
		return !found
	})
	return found
}

// reach notes the exported types that a type or signature leads to.
func (f facade) reach(from ast.Node, seen map[string]bool) {
	ast.Inspect(from, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr: // another package's
			return false
		case *ast.Field:
			if len(n.Names) > 0 && !slices.ContainsFunc(n.Names, (*ast.Ident).IsExported) && isStructField(from, n) {
				return false
			}
		case *ast.Ident:
			if s, ok := f.types[n.Name]; ok && !seen[n.Name] {
				seen[n.Name] = true
				f.reach(s.Type, seen)
			}
		}
		return true
	})
}

func isStructField(in ast.Node, field *ast.Field) bool {
	s, ok := in.(*ast.StructType)
	return ok && slices.Contains(s.Fields.List, field)
}

// receiver is the name of a method's type; "" for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
