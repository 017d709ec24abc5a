package testlog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/url"
)

// window is how much of a text is looked up at once: the first bytes of a secret.
const window = 8

// Secrets is a set of values to look for in texts, however many they are. The zero
// Secrets is empty.
type Secrets struct {
	count   int
	tests   map[string]string   // form of a value: the test that noted it
	byStart map[uint64][]string // forms that a text may hold, by their first bytes
}

// Len is how many secrets are in the set.
func (s *Secrets) Len() int { return s.count }

// Has tells whether a value is in the set.
func (s *Secrets) Has(value string) bool { _, found := s.tests[value]; return found }

// Add puts a value into the set, as it is and as a URL holds it. test says where it
// came from.
func (s *Secrets) Add(value, test string) {
	if s.Has(value) || len(value) < window {
		return
	}
	if s.tests == nil {
		s.tests, s.byStart = map[string]string{}, map[uint64][]string{}
	}
	s.count++
	s.index(value, test)
	if escaped := url.QueryEscape(value); escaped != value {
		s.index(escaped, test)
	}
}

func (s *Secrets) index(form, test string) {
	s.tests[form] = test
	start := binary.LittleEndian.Uint64([]byte(form))
	s.byStart[start] = append(s.byStart[start], form)
}

// Leak is a secret in a text. It does not repeat the secret.
type Leak struct {
	Name string // of the text
	Line int    // 1 is the first
	Test string // that noted the secret
}

func (l Leak) String() string {
	return fmt.Sprintf("%s:%d: holds a secret that was issued in %s", l.Name, l.Line, l.Test)
}

// Find returns the secrets in a text, at most one for each line.
func (s *Secrets) Find(name string, text []byte) []Leak {
	var leaks []Leak
	line, begin := 0, 0
	for begin < len(text) {
		line++
		end := len(text)
		if n := bytes.IndexByte(text[begin:], '\n'); n >= 0 {
			end = begin + n + 1
		}
		if test, found := s.in(text[begin:end]); found {
			leaks = append(leaks, Leak{name, line, test})
		}
		begin = end
	}
	return leaks
}

func (s *Secrets) in(line []byte) (test string, found bool) {
	for i := 0; i+window <= len(line); i++ {
		for _, form := range s.byStart[binary.LittleEndian.Uint64(line[i:])] {
			if bytes.HasPrefix(line[i:], []byte(form)) {
				return s.tests[form], true
			}
		}
	}
	return "", false
}
