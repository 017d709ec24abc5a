package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// fields are what --field and --raw-field say, in their order.
type fields struct{ all []field }

type field struct {
	key, value string
	typed      bool
	empty      bool // "a[]" alone: a list of nothing
}

// flag is one of the two, for pflag.
func (f *fields) flag(typed bool) *fieldFlag { return &fieldFlag{f, typed} }

type fieldFlag struct {
	*fields
	typed bool
}

func (f *fieldFlag) String() string { return "" }
func (f *fieldFlag) Type() string   { return "key=value" }

func (f *fieldFlag) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	empty := !ok && strings.HasSuffix(key, "[]")
	if !ok && !empty {
		return fmt.Errorf("%q is no key=value", text)
	}
	if _, err := segments(key); err != nil {
		return err
	}
	f.all = append(f.all, field{key, value, f.typed, empty})
	return nil
}

func (f *fields) readsStdin() bool {
	for _, one := range f.all {
		if one.typed && one.value == "@-" {
			return true
		}
	}
	return false
}

// sentField is a field whose value is known: in a query its text, in JSON the value.
type sentField struct {
	key, text string
	value     any
}

// fieldMost bounds the file of one, in bytes.
const fieldMost = 16 << 20

func (f *fields) read(ctx context.Context, p process) (all []sentField, err error) {
	stdin := false
	for _, one := range f.all {
		s := sentField{one.key, one.value, one.value}
		switch name, isFile := strings.CutPrefix(one.value, "@"); {
		case one.empty:
			s.value = emptyList{}
		case one.typed && isFile:
			if name == "-" && stdin {
				return nil, usagef("standard input is read once: one field can be @-")
			}
			stdin = stdin || name == "-"
			if s.text, err = fieldFile(ctx, p, name); err != nil {
				return nil, err
			}
			s.value = s.text
		case one.typed:
			s.value = typedValue(one.value)
		}
		all = append(all, s)
	}
	return all, nil
}

func fieldFile(ctx context.Context, p process, name string) (string, error) {
	in := p.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", unread("--field", name, err)
		}
		defer f.Close()
		in = f
	}
	text, err := readSome(ctx, in, fieldMost+1)
	if ctx.Err() != nil {
		return "", err
	} else if err != nil {
		return "", unread("--field", name, err)
	}
	if len(text) > fieldMost {
		return "", usagef("--field: %s is longer than %d MiB: send it by --input", printable(name), fieldMost>>20)
	}
	return string(text), nil
}

// jsonNumber is one that JSON takes; a text with zeros in front, as of a telephone, is none.
var jsonNumber = compiledLater(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

func typedValue(text string) any {
	switch {
	case text == "true", text == "false":
		return text == "true"
	case text == "null":
		return nil
	case jsonNumber().MatchString(text):
		return json.Number(text) // as many digits as there are
	}
	return text
}

// emptyList is the value of "a[]" alone.
type emptyList struct{}

// asObject is the JSON object that fields make.
func asObject(all []sentField) (string, error) {
	var root any = map[string]any{}
	for _, f := range all {
		path, err := segments(f.key)
		if err != nil {
			return "", usagef("--field: %w", err)
		}
		if root, err = put(root, path, f.value); err != nil {
			return "", usagef("--field %s: %w", printable(f.key), err)
		}
	}
	text, err := json.Marshal(root)
	return string(text), err
}

// segments are those of a key: a[b][] is a, b and "", which adds to a list.
func segments(key string) ([]string, error) {
	wrong := fmt.Errorf("%q is no key: it is like a, a[b] or a[]", printable(key))
	name, rest, nested := strings.Cut(key, "[")
	if name == "" || strings.Contains(name, "]") {
		return nil, wrong
	}
	all := []string{name}
	for nested {
		segment, after, closed := strings.Cut(rest, "]")
		if !closed || strings.Contains(segment, "[") || after != "" && after[0] != '[' {
			return nil, wrong
		}
		all = append(all, segment)
		if nested = after != ""; nested {
			rest = after[1:]
		}
	}
	return all, nil
}

// absent is what is not there yet.
type absent struct{}

// put is a value with another at a place within it. Nothing is changed where that place
// is taken.
func put(in any, path []string, v any) (any, error) {
	_, none := in.(absent)
	switch {
	case len(path) == 0 && none:
		return v, nil
	case len(path) == 0:
		return nil, errors.New("it is given twice")
	case path[0] == "":
		return add(in, path[1:], v)
	case none:
		in = map[string]any{}
	}
	object, is := in.(map[string]any)
	if !is {
		return nil, errors.New("it is an object here, and something else before")
	}
	var was any = absent{}
	if old, there := object[path[0]]; there {
		was = old
	}
	made, err := put(was, path[1:], v)
	if err == nil {
		object[path[0]] = made
	}
	return object, err
}

// add adds to a list. Of objects, the last one is filled until a key of it comes again:
// a[][x]=1 a[][y]=2 a[][x]=3 are two.
func add(in any, path []string, v any) (any, error) {
	if _, none := in.(absent); none {
		in = []any{}
	}
	list, is := in.([]any)
	if !is {
		return nil, errors.New("it is a list here, and something else before")
	}
	if _, nothing := v.(emptyList); nothing && len(path) == 0 {
		return list, nil
	}
	if len(list) > 0 && len(path) > 0 {
		if last, object := list[len(list)-1].(map[string]any); object && path[0] != "" {
			if filled, err := put(last, path, v); err == nil {
				list[len(list)-1] = filled
				return list, nil
			}
		}
	}
	made, err := put(absent{}, path, v)
	if err != nil {
		return nil, err
	}
	return append(list, made), nil
}
