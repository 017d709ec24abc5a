package issuer

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzHintOf: of whatever was sent as a token, a journal shows a few characters of
// one part, and never all of what is longer than that.
func FuzzHintOf(f *testing.F) {
	f.Add("", "0123456789abcdef")
	f.Add("header.claims.signature", "")
	f.Add("..", "x")
	f.Add("a.b.", "c.d.e.f")
	f.Add("\xff\xfe.ü.\x00", "é")
	f.Fuzz(func(t *testing.T, first, second string) {
		got := hintOf(first, second)
		shown := first
		if first == "" {
			shown = second
		}
		if utf8.RuneCountInString(got) > TokenHint || !strings.Contains(shown, got) {
			t.Fatalf("%q, %q: %q", first, second, got)
		}
		if got == shown && shown != "" {
			t.Fatalf("%q is shown in full", got)
		}
		if strings.Count(shown, ".") == 2 && strings.Contains(got, ".") {
			t.Fatalf("of %q, more than the signature: %q", shown, got)
		}
	})
}
