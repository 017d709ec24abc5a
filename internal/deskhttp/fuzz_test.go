package deskhttp

import (
	"mime"
	"strings"
	"testing"
)

// FuzzPlainText: whatever was written as HTML, no tag of it is left.
func FuzzPlainText(f *testing.F) {
	for _, markup := range []string{"", "<p>a<br>b &amp; c</p>", "<script>x</script>", "&lt;b&gt;", "<<p>", "a < b", "<p", "\x00\xff<"} {
		f.Add(markup)
	}
	f.Fuzz(func(t *testing.T, markup string) {
		text := plainText(markup)
		if text != strings.TrimSpace(text) || strings.Contains(text, "\n\n\n") {
			t.Fatalf("%q became %q", markup, text)
		}
		// What looks like a tag now was written as its text.
		tags := expressions().tags
		if !strings.Contains(markup, "&") && tags.MatchString(text) && !tags.MatchString(tags.ReplaceAllString(markup, "")) {
			t.Fatalf("%q became %q", markup, text)
		}
	})
}

// FuzzMediaType: what is kept as a file's type can be sent in a header.
func FuzzMediaType(f *testing.F) {
	f.Add("text/plain; charset=utf-8", "x.txt")
	f.Add("application/octet-stream", "x.LOG")
	f.Add("a/b/c;;=", "")
	f.Add("TEXT/html\r\nX: y", ".json")
	f.Fuzz(func(t *testing.T, said, name string) {
		got := mediaType(said, name)
		if _, _, err := mime.ParseMediaType(got); err != nil || strings.ContainsAny(got, "\r\n") {
			t.Fatalf("%q of %q became %q: %v", said, name, got, err)
		}
	})
}
