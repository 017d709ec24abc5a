package deskauth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's path, and that of the package at its root.
const root = "github.com/deskauth/deskauth"

// house is this module as it stands: the packages by their path below the root ("." is
// the root itself).
type house map[string]pkg

// pkg is one package without its test files, for all platforms at once.
type pkg struct {
	files   []*ast.File
	imports []string // full paths, sorted, each once
}

// room is a row of the plan: what the packages at a pattern may import of the module.
type room struct {
	at  string
	may []string
	why string
}

// rule is a further direction, and a module that goes against it.
type rule struct {
	name   string
	check  check
	breaks module
}

// check returns one line for each place that goes against a rule.
type check func(house) []string

// module is source text by package path.
type module map[string]string

var (
	nothing    []string
	everything = only("...")
)

func only(patterns ...string) []string { return patterns }

// directions holds every package against its row.
func directions(h house, rooms []room) (found []string) {
	for at, p := range h.all {
		row := slices.IndexFunc(rooms, func(r room) bool { return matches(r.at, at) })
		if row < 0 {
			found = append(found, fmt.Sprintf("%s has no row in the plan of arch_test.go", at))
			continue
		}
		for _, imported := range p.own() {
			if !matchesAny(rooms[row].may, imported) {
				found = append(found, fmt.Sprintf("%s imports %s, but %s", at, imported, rooms[row].why))
			}
		}
	}
	return found
}

// neverReaches refuses a way from one package to another, over others too.
func neverReaches(from, to string) check {
	return func(h house) []string {
		seen := map[string]bool{}
		var way func(at string) []string
		way = func(at string) []string {
			if at == to {
				return []string{at}
			}
			if seen[at] {
				return nil
			}
			seen[at] = true
			for _, next := range h[at].own() {
				if rest := way(next); rest != nil {
					return append([]string{at}, rest...)
				}
			}
			return nil
		}
		if found := way(from); found != nil {
			return []string{strings.Join(found, " → ")}
		}
		return nil
	}
}

// importedBy lets only the packages at the patterns import a package of ours.
func importedBy(imported string, by ...string) check {
	return func(h house) (found []string) {
		for at, p := range h.all {
			if slices.Contains(p.own(), imported) && !matchesAny(by, at) {
				found = append(found, fmt.Sprintf("%s imports %s", at, imported))
			}
		}
		return found
	}
}

// supportOfTestsStaysThere lets support of tests be imported by itself alone.
func supportOfTestsStaysThere(h house) (found []string) {
	for at, p := range h.all {
		for _, imported := range p.own() {
			if matchesAny(testSupport, imported) && !matchesAny(testSupport, at) {
				found = append(found, fmt.Sprintf("%s imports %s", at, imported))
			}
		}
	}
	return found
}

// neverImport keeps packages of others out.
func neverImport(at []string, banned ...string) check {
	return func(h house) (found []string) {
		for _, at := range at {
			for _, imported := range h[at].imports {
				if slices.Contains(banned, imported) {
					found = append(found, fmt.Sprintf("%s imports %s", at, imported))
				}
			}
		}
		return found
	}
}

// neverUses keeps names of an imported package out.
func neverUses(at []string, imported string, banned ...string) check {
	return func(h house) (found []string) {
		for _, at := range at {
			for _, name := range h[at].uses(imported) {
				if slices.Contains(banned, name) {
					found = append(found, fmt.Sprintf("%s uses %s.%s", at, path.Base(imported), name))
				}
			}
		}
		return found
	}
}

// usesOnly lets a package use, of another of ours, the given names alone.
func usesOnly(at, imported string, allowed ...string) check {
	return func(h house) (found []string) {
		for _, name := range h[at].uses(full(imported)) {
			if !slices.Contains(allowed, name) {
				found = append(found, fmt.Sprintf("%s uses %s.%s", at, path.Base(imported), name))
			}
		}
		return found
	}
}

// usedBy lets only the packages at the patterns use names of an imported package.
func usedBy(imported string, names []string, by ...string) check {
	return func(h house) (found []string) {
		for at := range h.all {
			if !matchesAny(by, at) {
				found = append(found, neverUses([]string{at}, imported, names...)(h)...)
			}
		}
		return found
	}
}

// storesTakeNoFunction looks at each interface named Store: a function passed into it
// would run inside a transaction, where nobody sees what it does.
func storesTakeNoFunction(h house) (found []string) {
	for at, p := range h.all {
		types := p.types()
		store, ok := types["Store"].(*ast.InterfaceType)
		if !ok {
			continue
		}
		for _, method := range store.Methods.List {
			signature, ok := method.Type.(*ast.FuncType)
			if !ok {
				continue // an embedded interface
			}
			for _, parameter := range signature.Params.List {
				if holdsFunction(parameter.Type, types) {
					found = append(found, fmt.Sprintf("%s: Store.%s takes a function", at, method.Names[0]))
				}
			}
		}
	}
	return found
}

// holdsFunction tells whether a type is a function, or one of the package's names for
// one, or a pointer to, a slice of, or variadic of such.
func holdsFunction(e ast.Expr, types map[string]ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncType:
		return true
	case *ast.Ident:
		_, isFunc := types[e.Name].(*ast.FuncType)
		return isFunc
	case *ast.StarExpr:
		return holdsFunction(e.X, types)
	case *ast.ArrayType:
		return holdsFunction(e.Elt, types)
	case *ast.Ellipsis:
		return holdsFunction(e.Elt, types)
	}
	return false
}

// all yields the packages in the order of their paths.
func (h house) all(yield func(string, pkg) bool) {
	for _, at := range slices.Sorted(maps.Keys(h)) {
		if !yield(at, h[at]) {
			return
		}
	}
}

// own are the imports that are of this module, as paths below its root.
func (p pkg) own() (paths []string) {
	for _, i := range p.imports {
		if i == root {
			paths = append(paths, ".")
		} else if below, ok := strings.CutPrefix(i, root+"/"); ok {
			paths = append(paths, below)
		}
	}
	return paths
}

// uses are the names that the package takes from an imported one, sorted, each once.
func (p pkg) uses(imported string) []string {
	names := map[string]bool{}
	for _, f := range p.files {
		local := localName(f, imported)
		switch local {
		case "", "_":
			continue
		case ".":
			// What the file does not declare comes from the dot import, or from another
			// file of the package: too much is found rather than too little.
			for _, id := range f.Unresolved {
				names[id.Name] = true
			}
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				// An identifier with an object is a variable of that name.
				if id, ok := sel.X.(*ast.Ident); ok && id.Name == local && id.Obj == nil {
					names[sel.Sel.Name] = true
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(names))
}

// localName is how a file calls an imported package; "" if it does not import it.
func localName(f *ast.File, imported string) string {
	for _, i := range f.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == imported {
			if i.Name != nil {
				return i.Name.Name
			}
			return path.Base(imported)
		}
	}
	return ""
}

// types are the package's type declarations by name.
func (p pkg) types() map[string]ast.Expr {
	types := map[string]ast.Expr{}
	for _, f := range p.files {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.TYPE {
				for _, s := range d.Specs {
					types[s.(*ast.TypeSpec).Name.Name] = s.(*ast.TypeSpec).Type
				}
			}
		}
	}
	return types
}

func full(at string) string {
	if at == "." {
		return root
	}
	return root + "/" + at
}

func trimSubtree(pattern string) string { return strings.TrimSuffix(pattern, "/...") }

// matches is go list's matching of "x", "x/..." and "...".
func matches(pattern, at string) bool {
	if pattern == "..." {
		return true
	}
	subtree, ok := strings.CutSuffix(pattern, "/...")
	return at == pattern || ok && (at == subtree || strings.HasPrefix(at, subtree+"/"))
}

func matchesAny(patterns []string, at string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, at) })
}

// loadHouse reads the module as go list sees it. A file that is not for this platform
// counts too, so that a rule holds everywhere.
func loadHouse(t *testing.T) house {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,GoFiles,CgoFiles,IgnoredGoFiles", "./...")
	out, err := cmd.Output()
	if err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	h := house{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var listed struct {
			ImportPath, Dir                   string
			GoFiles, CgoFiles, IgnoredGoFiles []string
		}
		if err := decoder.Decode(&listed); errors.Is(err, io.EOF) {
			return h
		} else if err != nil {
			t.Fatal(err)
		}
		at := strings.TrimPrefix(strings.TrimPrefix(listed.ImportPath, root), "/")
		if at == "" {
			at = "."
		}
		var p pkg
		for _, name := range slices.Concat(listed.GoFiles, listed.CgoFiles, listed.IgnoredGoFiles) {
			if !strings.HasSuffix(name, "_test.go") {
				p.add(t, filepath.Join(listed.Dir, name), nil)
			}
		}
		h[at] = p
	}
}

// parse turns made-up source into a house.
func (m module) parse(t *testing.T) house {
	t.Helper()
	h := house{}
	for at, text := range m {
		var p pkg
		p.add(t, at+"/made_up.go", text)
		h[at] = p
	}
	return h
}

// add parses one file: text if given, else what stands at name.
func (p *pkg) add(t *testing.T, name string, text any) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.files = append(p.files, f)
	for _, i := range f.Imports {
		imported, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		p.imports = append(p.imports, imported)
	}
	slices.Sort(p.imports)
	p.imports = slices.Compact(p.imports)
}
