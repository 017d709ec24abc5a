package web_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/internal/web/webtest"
)

// A page is in one language from top to bottom, and says in which: no string of it
// falls back on English. The Admin Center's are English for readers of a language
// that has it not.
func TestPagesAreInOneLanguage(t *testing.T) {
	const mark = "[fallback]"
	web.MarkEnglish(t, mark)
	tag := regexp.MustCompile(`<html lang="([^"]+)"`)
	for _, lang := range web.Languages() {
		fell := 0
		for _, s := range webtest.Samples() {
			s = webtest.In(lang, s)
			html := body(t, s)
			said := tag.FindStringSubmatch(html)[1]
			if !strings.HasSuffix(s.Name, "_"+said) {
				t.Errorf("%s says that it is %s", s.Name, said)
			}
			// What the switch calls English is in English everywhere.
			html = strings.ReplaceAll(html, mark+"English", "")
			if i := strings.Index(html, mark); said != "en" && i >= 0 {
				t.Errorf("%s: %.80s", s.Name, html[i+len(mark):])
			}
			fell += strings.Count(html, mark)
		}
		if lang == web.English && fell == 0 {
			t.Error("no mark is seen where there must be some")
		}
	}
}

func TestTheAdminCenterFallsBackWhole(t *testing.T) {
	for lang, want := range map[web.Lang]web.Lang{web.English: web.English, "de": "de", "ja": web.English, "": web.English} {
		if got := lang.ForAdmin(); got != want {
			t.Errorf("%s: %s, want %s", lang, got, want)
		}
	}
}

// The switch offers each language by its own name, the page's own not as a button.
func TestLanguageSwitch(t *testing.T) {
	offered := regexp.MustCompile(`name="lang" value="([^"]+)" lang="([^"]+)">([^<]+)<`)
	current := regexp.MustCompile(`<span lang="([^"]+)" aria-current="true">([^<]+)<`)
	to := web.LanguageSwitch{Action: "/language", Back: `/a?b="c"&d`}
	for _, c := range []struct {
		name string
		page web.Page
		want []string
	}{
		{"English", web.Page{Languages: to}, []string{"Deutsch", "Español", "Français", "日本語", "Português", "English is shown"}},
		{"Japanese", web.Page{Lang: "ja", Languages: to}, []string{"English", "Deutsch", "Español", "Français", "Português", "日本語 is shown"}},
		{"the Admin Center", web.Page{Lang: "de", Admin: true, Languages: to}, []string{"English", "Deutsch is shown"}},
		{"an answer to a form", web.Page{Languages: web.LanguageSwitch{Action: "/language"}}, nil},
		{"no switch", web.Page{}, nil},
	} {
		html := body(t, webtest.Sample{Name: c.name, Status: http.StatusOK, Page: web.NotFound{Page: c.page}})
		var got []string
		for _, m := range offered.FindAllStringSubmatch(html, -1) {
			if m[1] != m[2] {
				t.Errorf("%s: %s is marked as %s", c.name, m[1], m[2])
			}
			got = append(got, m[3])
		}
		for _, m := range current.FindAllStringSubmatch(html, -1) {
			got = append(got, m[2]+" is shown")
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if back := `name="back" value="/a?b=&#34;c&#34;&amp;d"`; strings.Contains(html, back) != (c.want != nil) {
			t.Errorf("%s leads back elsewhere", c.name)
		}
	}
}

func TestLanguageCookie(t *testing.T) {
	c := web.LanguageCookie{Name: "language", Secure: true, MaxAge: time.Hour}
	for chosen, want := range map[string]string{
		"ja":    "language=ja; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax",
		"pt-BR": "language=pt-BR; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax",
		"":      "", "tlh": "", "JA": "", "de; Domain=example": "", "../strings/de": "",
	} {
		w := httptest.NewRecorder()
		kept := c.Choose(w, chosen)
		if got := w.Header().Get("Set-Cookie"); got != want || kept != (want != "") {
			t.Errorf("%q: %q, want %q", chosen, got, want)
		}
	}
	for cookie, want := range map[string]web.Lang{"": "de", "language=ja": "ja", "language=nonsense": "de", "other=ja": "de"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", "de-CH, en;q=0.5")
		r.Header.Set("Cookie", cookie)
		if got := c.Lang(r); got != want {
			t.Errorf("%q: %s, want %s", cookie, got, want)
		}
	}
}
