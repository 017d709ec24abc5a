package browsertest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/internal/web/webtest"
)

// TestEveryPageFitsInEveryLanguage holds each page in each language but English to the
// width of a phone: other languages have longer words, or none that end. Each page is
// looked at in German, which has the longest, and in one of the others, in turn; in all
// of them where DESKAUTH_PROVE is 1, and where pictures are wanted.
func TestEveryPageFitsInEveryLanguage(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", web.Static())
	server := httptest.NewServer(mux)
	defer server.Close()

	var pages []map[string]string
	seen := map[string]bool{}
	all := os.Getenv("DESKAUTH_PROVE") == "1" || os.Getenv("DESKAUTH_SCREENSHOTS") != ""
	others := slices.DeleteFunc(slices.Clone(languages), func(l web.Lang) bool { return l == web.English || l == "de" })
	for _, lang := range languages {
		for turn, s := range webtest.Samples() {
			if !all && lang != "de" && lang != others[turn%len(others)] {
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

// TestEveryPage looks at each page of issuer and broker in each state worth seeing:
// long names, errors, many scopes.
func TestEveryPage(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", web.Static())
	server := httptest.NewServer(mux)
	defer server.Close()

	var pages []map[string]string
	for _, s := range webtest.Samples() {
		mux.HandleFunc("GET /"+s.Name, func(w http.ResponseWriter, _ *http.Request) {
			web.Render(w, s.Status, s.Page)
		})
		if strings.HasPrefix(s.Name, "leaving") {
			continue // it leads on to another server before it could be looked at
		}
		pages = append(pages, map[string]string{"name": "page-" + s.Name, "url": server.URL + "/" + s.Name})
	}
	var said struct{ Looked int }
	Run(t, "pages", map[string]any{"pages": pages}, &said)
	if said.Looked != len(pages) || said.Looked == 0 {
		t.Errorf("looked at %d of %d pages", said.Looked, len(pages))
	}
}
