package seed

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// sizeMost bounds a seed file: it is written by hand.
const sizeMost = 1 << 20

// Parse reads a seed file; name is what its errors call it. The error is an
// *Error and never repeats a line, a password or a secret of the file.
func Parse(name string, data []byte) (File, error) {
	r := &reader{}
	var f File
	if body := r.document(data); body != nil {
		f = r.file(body)
	}
	if err := r.in(name); err != nil {
		return File{}, err
	}
	return f, nil
}

// document returns the body of the only document, or nil and a problem.
func (r *reader) document(data []byte) ast.Node {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > sizeMost:
		r.add(1, "the file is larger than 1 MiB")
		return nil
	case !utf8.Valid(data):
		r.add(1+bytes.Count(data[:invalidAt(data)], []byte("\n")), "the file is not UTF-8 text")
		return nil
	}
	tokens := lexer.Tokenize(string(data))
	if line := tooDeep(tokens); line > 0 {
		r.add(line, "nested more than %d deep, which no seed file is", depthMost)
		return nil
	}
	// Duplicate keys are the reader's to report: it knows more of them than the first.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	if len(file.Docs) > 1 {
		r.add(startOf(file.Docs[1]), "a second document begins; a seed file is one")
		return nil
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		r.add(1, "the file is empty; expected accounts")
		return nil
	}
	return file.Docs[0].Body
}

// depthMost is more than a seed file nests.
const depthMost = 32

// tooDeep is the line where brackets, or list entries on one line, nest deeper
// than depthMost; 0 when they do not. The parser calls itself for each, and a
// stack that overflows ends the process.
func tooDeep(tokens token.Tokens) int {
	brackets, entries, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			entries, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets = max(0, brackets-1)
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			entries++
		}
		if brackets > depthMost || entries > depthMost {
			return line
		}
	}
	return 0
}

// invalidAt is where the first byte stands that is not UTF-8.
func invalidAt(data []byte) int {
	at := 0
	for at < len(data) {
		c, size := utf8.DecodeRune(data[at:])
		if c == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// syntax takes over what the parser says and where, without the lines that it
// would show. What it puts in quotes is the file's, and may be part of a secret.
func (r *reader) syntax(err error) {
	line, why := 1, "the file cannot be read"
	var at yaml.Error
	if errors.As(err, &at) {
		why = at.GetMessage()
		if t := at.GetToken(); t != nil && t.Position != nil {
			line = t.Position.Line
		}
	}
	if strings.ContainsAny(why, "\"\n`") {
		why = "the file cannot be read from here on"
	}
	r.add(line, "not valid YAML: %s", why)
}

func startOf(d *ast.DocumentNode) int {
	if d.Start != nil {
		return d.Start.Position.Line
	}
	return lineOf(d.Body, 1)
}
