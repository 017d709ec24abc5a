package blank

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
)

// Kind is what was blanked.
type Kind string

// The kinds.
const (
	Token   Kind = "token"
	Key     Kind = "key"
	Secret  Kind = "secret" // of a setting that is called so
	Email   Kind = "email"
	Address Kind = "address" // of a machine
	Own     Kind = "own"     // of a pattern that was given
)

// Kinds are all, in the order in which people are told of them.
var Kinds = []Kind{Token, Key, Secret, Email, Address, Own}

// Counts are how many places of each kind were blanked.
type Counts map[Kind]int

// Blanker blanks texts that belong together. It is not safe for concurrent use.
type Blanker struct {
	patterns []pattern
	numbers  map[Kind]map[[sha256.Size]byte]int
}

// New makes one that also blanks what the given regular expressions find (RE2 syntax).
func New(own ...string) (*Blanker, error) {
	b := &Blanker{numbers: map[Kind]map[[sha256.Size]byte]int{}}
	for _, text := range own {
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a pattern: %w", text, err)
		}
		if re.MatchString("") {
			return nil, fmt.Errorf("the pattern %q finds nothing in particular: it would blank everything", text)
		}
		b.patterns = append(b.patterns, pattern{kind: Own, re: re})
	}
	b.patterns = append(b.patterns, known()...)
	return b, nil
}

// lineMost is how long a line is looked at as a whole. A longer one is looked at in parts
// that end at a space, if it has any.
const lineMost = 256 << 10

// Copy copies a text and blanks it. Errors are those of src and dst.
func (b *Blanker) Copy(dst io.Writer, src io.Reader) (Counts, error) {
	counts, in, out := Counts{}, bufio.NewReaderSize(src, lineMost), bufio.NewWriter(dst)
	inKey := false
	var rest []byte // of a line that is too long: what stood behind its last space
	for {
		line, err := in.ReadSlice('\n')
		part := append(rest, line...)
		rest = nil
		if errors.Is(err, bufio.ErrBufferFull) {
			if space := bytes.LastIndexByte(part, ' '); space > 0 && len(part)-space < lineMost {
				rest = bytes.Clone(part[space+1:])
				part = part[:space+1]
			}
			err = nil
		}
		if text := string(part); text != "" {
			if _, errOut := out.WriteString(b.line(text, &inKey, counts)); errOut != nil {
				return counts, errOut
			}
		}
		if errors.Is(err, io.EOF) {
			if len(rest) > 0 {
				continue
			}
			return counts, out.Flush()
		} else if err != nil {
			return counts, err
		}
	}
}

// A private key of PEM stands on several lines (RFC 7468). In JSON it is one, which the
// patterns find.
var (
	keyBegins = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----`) })
	keyEnds   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`-----END [A-Z0-9 ]*PRIVATE KEY-----`) })
)

func (b *Blanker) line(text string, inKey *bool, counts Counts) string {
	switch {
	case *inKey:
		end := keyEnds().FindStringIndex(text)
		if end == nil {
			return ""
		}
		*inKey = false
		return b.line(text[end[1]:], inKey, counts)
	case keyBegins().MatchString(text) && !keyEnds().MatchString(text):
		begin := keyBegins().FindStringIndex(text)
		*inKey = true
		counts[Key]++
		outside := false
		return b.line(text[:begin[0]], &outside, counts) + "[key]\n"
	}
	small := strings.ToLower(text)
	for _, p := range b.patterns {
		if p.mayFind(small) {
			text = b.blank(text, p, counts)
		}
	}
	return text
}

// blank puts a number in the place of each value that a pattern finds.
func (b *Blanker) blank(text string, p pattern, counts Counts) string {
	found := p.re.FindAllStringSubmatchIndex(text, -1)
	if found == nil {
		return text
	}
	var out strings.Builder
	at := 0
	for _, m := range found {
		from, to := m[2*p.group], m[2*p.group+1]
		if from < at || from == to || p.unless != nil && p.unless(text[from:to]) {
			continue
		}
		out.WriteString(text[at:from])
		fmt.Fprintf(&out, "[%s %d]", p.kind, b.number(p.kind, text[from:to]))
		counts[p.kind]++
		at = to
	}
	out.WriteString(text[at:])
	return out.String()
}

// numbersMost bounds what is remembered; what comes later is number 0.
const numbersMost = 100_000

func (b *Blanker) number(k Kind, value string) int {
	known := b.numbers[k]
	if known == nil {
		known = map[[sha256.Size]byte]int{}
		b.numbers[k] = known
	}
	digest := sha256.Sum256([]byte(value))
	n := known[digest]
	if n == 0 && len(known) < numbersMost {
		n = len(known) + 1
		known[digest] = n
	}
	return n
}
