package issuer_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/issuer"
)

// actionsIn finds, in the source of a package, the constants of type Action, and
// the texts that are written as an action instead of one.
func actionsIn(t *testing.T, name string, source any) (constants []issuer.Action, texts []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := func(e ast.Expr) string {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, _ := strconv.Unquote(lit.Value)
			return s
		}
		return ""
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Action" {
				constants = append(constants, issuer.Action(text(n.Values[0])))
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "event" && text(n.Args[2]) != "" {
				texts = append(texts, text(n.Args[2]))
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Action" && text(n.Value) != "" {
				texts = append(texts, text(n.Value))
			}
		}
		return true
	})
	return constants, texts
}

// The list of actions is closed: what a line of the audit trail can say is one of
// the constants, and the list has them all.
func TestActionsAreAClosedList(t *testing.T) {
	listed, named := map[issuer.Action]bool{}, map[issuer.Action]bool{}
	for _, a := range issuer.Actions {
		if listed[a] {
			t.Errorf("%s is listed twice", a)
		}
		listed[a] = true
	}
	for _, pattern := range []string{"*.go", "../store/issuer*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			constants, texts := actionsIn(t, file, nil)
			for _, a := range constants {
				named[a] = true
			}
			for _, s := range texts {
				t.Errorf("%s: %q is written as an action, and is none of the constants", file, s)
			}
		}
	}
	if len(named) != len(listed) {
		t.Errorf("%d constants, but %d are listed", len(named), len(listed))
	}
	for a := range named {
		if !listed[a] {
			t.Errorf("%s is not listed", a)
		}
	}
	constants, texts := actionsIn(t, "x.go", `package x
		const a Action = "a.made"
		var e = by.event(1, now, "b.made", "b", 0, "")
		var f = Event{Action: "c.made"}`)
	if len(constants) != 1 || len(texts) != 2 {
		t.Errorf("the look at the source sees %v and %v", constants, texts)
	}
}

func TestThingOfAnEvent(t *testing.T) {
	for object, want := range map[string]struct {
		kind string
		id   int64
	}{
		"client 17":                  {"client", 17},
		"chat client 3":              {"chat client", 3},
		"token":                      {"token", 0},
		"":                           {"", 0},
		"user x":                     {"user x", 0},
		"user 99999999999999999999":  {"user 99999999999999999999", 0},
		"client 9223372036854775807": {"client", 9223372036854775807},
	} {
		if kind, id := (issuer.Event{Object: object}).Thing(); kind != want.kind || id != want.id {
			t.Errorf("%q is %q, %d", object, kind, id)
		}
	}
}
