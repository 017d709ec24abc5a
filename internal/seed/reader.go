package seed

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"github.com/deskauth/deskauth/internal/secret"
)

// reader turns nodes into values and gathers what is wrong with them. Values are
// read from the tree, not by reflection, because a problem needs its line and
// words that a person understands.
type reader struct{ problems }

// lineOf is the line of a node, or that of what holds it.
func lineOf(n ast.Node, holder int) int {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return lineOf(m.Values[0].Key, holder) // the token of a block mapping is a colon
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return holder
	}
	return n.GetToken().Position.Line
}

// kindOf names what a node is, for a person.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	default:
		return "an anchor, alias or tag"
	}
}

// absent tells a key without a value.
func absent(n ast.Node) bool {
	_, null := n.(*ast.NullNode)
	return n == nil || null
}

// object is a mapping with known keys.
type object struct {
	r      *reader
	line   int
	values map[string]ast.Node
	lines  map[string]int // of the keys
}

// object reads a mapping, and reports keys that are unknown or there twice. It is
// false when n is no mapping.
func (r *reader) object(n ast.Node, what string, line int, keys ...string) (object, bool) {
	line = lineOf(n, line)
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		r.add(line, "%s must be a mapping with %s, not %s", what, either(keys, "and"), kindOf(n))
		return object{}, false
	}
	o := object{r: r, line: line, values: map[string]ast.Node{}, lines: map[string]int{}}
	for _, pair := range pairs {
		at := lineOf(pair.Key, line)
		key, ok := pair.Key.(*ast.StringNode)
		if !ok || !slices.Contains(keys, key.Value) {
			r.add(at, "unknown key%s in %s; expected %s", shownKey(pair.Key), what, either(keys, "or"))
			continue
		}
		if first, twice := o.lines[key.Value]; twice {
			r.add(at, "%s is there twice in %s, first on line %d", key.Value, what, first)
			continue
		}
		o.values[key.Value], o.lines[key.Value] = pair.Value, at
	}
	return o, true
}

// It is made when a key is not known, and not with each start of the program.
var keyShape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_-]{1,40}$`) })

// shownKey repeats a key that looks like one: anything else may be a secret that
// lost its place.
func shownKey(key ast.Node) string {
	if s, ok := key.(*ast.StringNode); ok && keyShape().MatchString(s.Value) {
		return fmt.Sprintf(" %q", s.Value)
	}
	return ""
}

// at is the line of a key's value, or of the object when the key is missing.
func (o object) at(key string) int {
	if line, ok := o.lines[key]; ok {
		return lineOf(o.values[key], line)
	}
	return o.line
}

// How long texts may be, in characters.
const (
	lineMost = 255
	textMost = 64 << 10
)

// optional reads a text of one line; "" when the key is missing.
func (o object) optional(key string) string {
	return o.r.text(o.values[key], key, o.at(key), lineMost, "")
}

// required reads a text of one line that must be there.
func (o object) required(key string) string {
	if !o.present(key) {
		return ""
	}
	return o.filled(key, o.optional(key))
}

// prose reads a text of many lines that must be there.
func (o object) prose(key string) string {
	if !o.present(key) {
		return ""
	}
	return o.filled(key, o.r.text(o.values[key], key, o.at(key), textMost, "\n\t"))
}

// secret reads what nobody may see; zero when the key is missing.
func (o object) secret(key string) secret.Plain { return secret.Of(o.optional(key)) }

func (o object) present(key string) bool {
	if absent(o.values[key]) {
		o.r.add(o.at(key), "%s is missing", key)
		return false
	}
	return true
}

func (o object) filled(key, s string) string {
	if s == "" && kindOf(o.values[key]) == "text" && !o.r.faulty(o.at(key)) {
		o.r.add(o.at(key), "%s is empty", key)
	}
	return s
}

// faulty tells whether a line has a problem already, so that one mistake is not
// reported as two.
func (r *reader) faulty(line int) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Line == line })
}

// text reads a text without control characters but the allowed ones; it reports
// anything else and returns "".
func (r *reader) text(n ast.Node, what string, line, most int, allowed string) string {
	var s string
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return ""
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode, *ast.BoolNode:
		r.add(line, "%s must be text, not %s: put it in quotes", what, kindOf(n))
		return ""
	default:
		r.add(line, "%s must be text, not %s", what, kindOf(n))
		return ""
	}
	switch {
	case utf8.RuneCountInString(s) > most:
		r.add(line, "%s must have at most %d characters", what, most)
	case !utf8.ValidString(s):
		r.add(line, "%s is not UTF-8 text", what)
	case strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && !strings.ContainsRune(allowed, c) }):
		r.add(line, "%s holds a control character", what)
	default:
		return s
	}
	return ""
}

// choice reads one of a few words; otherwise when the key is missing.
func choice[T ~string](o object, key string, otherwise T, words ...T) T {
	if absent(o.values[key]) {
		return otherwise
	}
	s := o.optional(key)
	if slices.Contains(words, T(s)) {
		return T(s)
	}
	if kindOf(o.values[key]) == "text" {
		o.r.add(o.at(key), "%s must be %s, not %s", key, either(words, "or"), shortened(s))
	}
	return ""
}

// shortened quotes a word.
func shortened(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return fmt.Sprintf("%q…", string(r[:most]))
	}
	return fmt.Sprintf("%q", s)
}

// item is an entry of a list.
type item struct {
	node ast.Node
	line int
}

// list reads a list; none when the key is missing.
func (o object) list(key string) []item {
	n := o.values[key]
	if absent(n) {
		return nil
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		o.r.add(o.at(key), "%s must be a list, not %s", key, kindOf(n))
		return nil
	}
	items := make([]item, 0, len(seq.Values))
	for _, v := range seq.Values {
		items = append(items, item{v, lineOf(v, o.at(key))})
	}
	return items
}

// texts reads a list of different texts, each of which check accepts.
func (o object) texts(key string, check func(string) error) []string {
	var all []string
	seen := unique{}
	for _, it := range o.list(key) {
		if absent(it.node) {
			o.r.add(it.line, "an entry of %s is empty", key)
			continue
		}
		before := len(o.r.problems)
		s := o.r.text(it.node, "an entry of "+key, it.line, textMost, "")
		if len(o.r.problems) > before {
			continue
		}
		if err := check(s); err != nil {
			o.r.add(it.line, "%s: %s", key, err)
			continue
		}
		seen.check(o.r, it.line, s, "this entry of "+key)
		all = append(all, s)
	}
	return all
}

// unique remembers where a value came first.
type unique map[string]int

func (u unique) check(r *reader, line int, value, what string) {
	if value == "" {
		return // reported already
	}
	if first, twice := u[value]; twice {
		r.add(line, "%s is there twice, first on line %d", what, first)
		return
	}
	u[value] = line
}

// either joins words as a sentence does: a, b or c.
func either[T ~string](words []T, and string) string {
	var b strings.Builder
	for n, w := range words {
		switch {
		case n == 0:
		case n == len(words)-1:
			b.WriteString(" " + and + " ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}
