package browsertest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/internal/web/webtest"
)

// TestEveryPageFitsInEveryLanguage holds each page in each language but English to the
// width of a phone: other languages have longer words, or none that end. Each page is
// looked at in German, which has the longest, and every third in one of the others, in
// turn; all of them in all where DESKAUTH_PROVE is 1, and where pictures are wanted.
func TestEveryPageFitsInEveryLanguage(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", web.Static())
	server := httptest.NewServer(mux)
	defer server.Close()

	var pages []map[string]string
	seen := map[string]bool{}
	others := slices.DeleteFunc(slices.Clone(languages), func(l web.Lang) bool { return l == web.English || l == "de" })
	for _, lang := range languages {
		for turn, s := range webtest.Samples() {
			if !atLength() && lang != "de" && (turn%3 != 0 || lang != others[turn/3%len(others)]) {
				continue
			}
			s = webtest.In(lang, s)
			if strings.HasPrefix(s.Name, "leaving") || strings.HasSuffix(s.Name, "_en") || seen[s.Name] {
				continue
			}
			seen[s.Name] = true
			mux.HandleFunc("GET /"+s.Name, func(w http.ResponseWriter, _ *http.Request) {
				web.Render(w, s.Status, s.Page)
			})
			pages = append(pages, map[string]string{"name": "page-" + s.Name, "url": server.URL + "/" + s.Name})
		}
	}
	var said struct{ Looked int }
	Run(t, "pages", map[string]any{"pages": pages, "narrow": true, "pictures": []string{"_de", "_ja"}}, &said)
	if said.Looked != len(pages) || said.Looked == 0 {
		t.Errorf("looked at %d of %d pages", said.Looked, len(pages))
	}
}

// atLength tells whether every page is to be looked at in every way.
func atLength() bool {
	return os.Getenv("DESKAUTH_PROVE") == "1" || os.Getenv("DESKAUTH_SCREENSHOTS") != ""
}

// TestEveryPage looks at each page of issuer and broker in each state worth seeing:
// long names, errors, many scopes. In the dark and on a phone it looks at each page once
// and at every fifth state, at length at all of them: the states of a page share their
// colours, and German, which is held to a phone's width above, has the longer words.
func TestEveryPage(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", web.Static())
	server := httptest.NewServer(mux)
	defer server.Close()

	var pages []map[string]any
	met := map[reflect.Type]bool{}
	for turn, s := range webtest.Samples() {
		mux.HandleFunc("GET /"+s.Name, func(w http.ResponseWriter, _ *http.Request) {
			web.Render(w, s.Status, s.Page)
		})
		if strings.HasPrefix(s.Name, "leaving") {
			continue // it leads on to another server before it could be looked at
		}
		kind := reflect.TypeOf(s.Page)
		pages = append(pages, map[string]any{
			"name": "page-" + s.Name, "url": server.URL + "/" + s.Name, "once": met[kind] && turn%5 != 0 && !atLength(),
		})
		met[kind] = true
	}
	var said struct{ Looked int }
	Run(t, "pages", map[string]any{"pages": pages}, &said)
	if said.Looked != len(pages) || said.Looked == 0 {
		t.Errorf("looked at %d of %d pages", said.Looked, len(pages))
	}
}
