package web

import (
	"net/http"
	"strings"
	"time"
)

// Names of the fields of the form at the foot of a page.
const (
	FieldLanguage = "lang"
	FieldBack     = "back" // the path of the page
)

// LanguageSwitch is the form at the foot of a page by which a reader chooses another
// language. It is posted, because what is kept of the choice is a cookie, and GET
// changes nothing.
type LanguageSwitch struct {
	Action string // where the form is posted to; empty: the page has no switch
	Back   string // path of the page, to come back to; empty: the page has no switch
}

// languageChoice is a language that the switch offers.
type languageChoice struct {
	Lang    Lang
	Name    string // in the language itself, so that whoever needs it can read it
	Current bool
}

// languageChoices are what the switch of a page offers. A page that an answer to a
// form has shown cannot be shown again and so offers nothing.
func (p Page) languageChoices() []languageChoice {
	if p.Languages.Action == "" || p.Languages.Back == "" {
		return nil
	}
	var all []languageChoice
	for _, tag := range languages().tags {
		lang := Lang(tag.String())
		if !p.Admin || p.Reader != "" || lang == lang.ForAdmin() {
			all = append(all, languageChoice{lang, T(lang, "language"), lang == p.round().Lang})
		}
	}
	return all
}

// wholeNames are the languages that every page is in, by their own names.
func wholeNames() string {
	var all []string
	for _, tag := range languages().tags {
		if lang := Lang(tag.String()); whole[lang] {
			all = append(all, T(lang, "language"))
		}
	}
	return strings.Join(all, ", ")
}

// LanguageCookie is where a browser keeps its reader's choice of a language.
// Issuer and broker give theirs different names, since cookies ignore ports
// (RFC 6265 §8.5).
type LanguageCookie struct {
	Name   string
	Secure bool
	MaxAge time.Duration // 0: until the browser is closed
}

// Lang is the language of the answer to a request: the one that was chosen, or else
// one that the browser prefers. See [Match].
func (c LanguageCookie) Lang(r *http.Request) Lang {
	chosen := ""
	if got, err := r.Cookie(c.Name); err == nil {
		chosen = got.Value
	}
	return Match(r.Header.Get("Accept-Language"), chosen)
}

// Choose keeps what was chosen. It tells whether there is such a language; only
// then is anything kept.
func (c LanguageCookie) Choose(w http.ResponseWriter, chosen string) bool {
	if languages().strings[Lang(chosen)] == nil {
		return false
	}
	http.SetCookie(w, &http.Cookie{
		Name: c.Name, Value: chosen, Path: "/", MaxAge: int(c.MaxAge / time.Second),
		HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteLaxMode,
	})
	return true
}
