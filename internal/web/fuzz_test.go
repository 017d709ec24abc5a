package web

import (
	"slices"
	"testing"

	"golang.org/x/text/language"
)

// FuzzMatch: whatever a browser asks for, there is a language for it.
func FuzzMatch(f *testing.F) {
	f.Add("de-CH;q=0.9, en;q=0.1", "")
	f.Add("*", "pt-BR")
	f.Add("x-klingon, i-default;q=7", "../../etc")
	f.Add("", "\x00")
	f.Fuzz(func(t *testing.T, accept, chosen string) {
		lang := Match(accept, chosen)
		if !slices.ContainsFunc(languages().tags, func(tag language.Tag) bool { return tag.String() == string(lang) }) {
			t.Fatalf("%q and %q mean %q", accept, chosen, lang)
		}
	})
}
