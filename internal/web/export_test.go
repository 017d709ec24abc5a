package web

import "testing"

// Languages are all there are.
func Languages() []Lang {
	var all []Lang
	for _, tag := range languages().tags {
		all = append(all, Lang(tag.String()))
	}
	return all
}

// MarkEnglish puts a mark before each English string until the test ends, so that
// it is seen where another language falls back on it.
func MarkEnglish(t *testing.T, mark string) {
	t.Helper()
	english := languages().strings[English]
	t.Cleanup(func() { languages().strings[English] = english })
	marked := map[string]string{}
	for key, text := range english {
		marked[key] = mark + text
	}
	languages().strings[English] = marked
}
