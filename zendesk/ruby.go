package zendesk

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// maxArrayDepth is more than any parameter needs, and less than a stack.
const maxArrayDepth = 8

// inspectArray writes the rest of an array, whose "[" has been read, as Ruby's
// Array#to_s does.
func inspectArray(d *json.Decoder, b *strings.Builder, depth int) error {
	if depth > maxArrayDepth {
		return errors.New("is nested too deep")
	}
	b.WriteByte('[')
	for sep := ""; d.More(); sep = ", " {
		t, err := d.Token()
		if err != nil {
			return errors.New("is not JSON")
		}
		b.WriteString(sep)
		switch t := t.(type) {
		case nil:
			b.WriteString("nil")
		case string:
			inspectString(b, t)
		case json.Delim:
			if t != '[' {
				return errors.New("holds an object")
			}
			if err := inspectArray(d, b, depth+1); err != nil {
				return err
			}
		default:
			fmt.Fprint(b, t)
		}
	}
	if _, err := d.Token(); err != nil {
		return errors.New("is not JSON")
	}
	b.WriteByte(']')
	return nil
}

// rubyEscapes are the control characters for which String#inspect has a letter.
var rubyEscapes = map[rune]string{
	'\a': `\a`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\v': `\v`, '\f': `\f`, '\r': `\r`, 0x1b: `\e`,
	'"': `\"`, '\\': `\\`,
}

// inspectString writes a text as Ruby's String#inspect does.
func inspectString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i, r := range s {
		rest := s[i+1:] // of an ASCII r, the only one that looks ahead
		switch {
		case rubyEscapes[r] != "":
			b.WriteString(rubyEscapes[r])
		case r == '#' && rest != "" && strings.IndexByte("{$@", rest[0]) >= 0:
			b.WriteString(`\#`)
		case r < 0x80 && unicode.IsControl(r):
			fmt.Fprintf(b, `\x%02X`, r)
		case !unicode.IsPrint(r) && r > 0xffff:
			fmt.Fprintf(b, `\u{%X}`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
