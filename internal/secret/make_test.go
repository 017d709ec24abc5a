package secret

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"regexp"
	"testing"
	"testing/iotest"
)

var makers = []struct {
	name string
	make func(io.Reader) Plain
	form *regexp.Regexp
}{
	{"New", New, regexp.MustCompile(`^[0-9a-f]{64}$`)},
	{"Code", Code, regexp.MustCompile(`^[0-9a-z]{20}$`)},
	{"State", State, regexp.MustCompile(`^[0-9A-Za-z_-]{43}$`)},
}

func TestFormAndNoTwoAlike(t *testing.T) {
	for _, m := range makers {
		seen := map[string]bool{}
		for range 500 {
			s := m.make(rand.Reader).Reveal()
			if !m.form.MatchString(s) {
				t.Fatalf("%s made %q, not of the form %s", m.name, s, m.form)
			}
			if seen[s] {
				t.Fatalf("%s made %q twice", m.name, s)
			}
			seen[s] = true
		}
	}
}

// A source at either end of its range must not change the length of a secret.
func TestFormAtTheEnds(t *testing.T) {
	for _, m := range makers {
		for _, b := range []byte{0x00, 0xff} {
			s := m.make(bytes.NewReader(bytes.Repeat([]byte{b}, 64))).Reveal()
			if !m.form.MatchString(s) {
				t.Errorf("%s made %q of %#x bytes, not of the form %s", m.name, s, b, m.form)
			}
		}
	}
}

// All letters must occur in all places, or a code has less entropy than it seems.
func TestCodeUsesItsAlphabet(t *testing.T) {
	var seen [codeLength]map[byte]bool
	for range 2000 { // a letter is missed with a probability below 2e-22
		s := Code(rand.Reader).Reveal()
		for i := range seen {
			if seen[i] == nil {
				seen[i] = map[byte]bool{}
			}
			seen[i][s[i]] = true
		}
	}
	for i, letters := range seen {
		if len(letters) != codeBase {
			t.Errorf("place %d shows %d letters, want %d", i, len(letters), codeBase)
		}
	}
}

func TestNoRandomnessNoSecret(t *testing.T) {
	for _, m := range makers {
		for name, source := range map[string]io.Reader{
			"broken": iotest.ErrReader(errors.New("no entropy")),
			"short":  bytes.NewReader(make([]byte, entropy-1)),
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s made a secret from a %s source", m.name, name)
					}
				}()
				m.make(source)
			}()
		}
	}
}
