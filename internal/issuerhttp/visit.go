package issuerhttp

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/web"
)

// visit is a browser's request to a page of one account.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	account issuer.Account
	dialect dialect      // of the product whose page it is
	session secret.Plain // what the cookie says; nothing is proven by it yet
	tickets bool         // whether there are pages of tickets
	admin   bool         // whether it is a page of the Admin Center
	back    string       // where the page is found again that a form is answered with; "" where it is not
}

// page serves a visit; what it returns becomes a page too.
type page func(v visit) error

// formMost bounds a form: none of ours is longer than an authorization request.
const formMost = 64 << 10

// of finds the account of a request and serves it a page.
func (s *Server) of(d dialect, p page) http.Handler { return s.ofUpTo(formMost, d, p) }

// ofUpTo is of for a page that may be sent more, or less, than a usual form.
func (s *Server) ofUpTo(most int64, d dialect, p page) http.Handler {
	return httpd.MaxBody(most)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visit{w: w, r: r, dialect: d, tickets: len(s.AgentPages) > 0}
		account, err := s.Hosts.Account(r.Context(), r.Host)
		if errors.Is(err, issuer.ErrNotFound) {
			web.Render(w, http.StatusNotFound, web.NotFound{Page: v.page(), UnknownHost: r.Host})
			return
		} else if err != nil {
			s.fail(v, err)
			return
		}
		httpd.Note(r.Context(), slog.String("account", account.Subdomain))
		v.account = account
		if r.Method != http.MethodHead {
			// HEAD changes nothing: as nobody's, it can make no code.
			v.session = sessionOf(r)
		}
		if err := p(v); err != nil {
			s.fail(v, err)
		}
	}))
}

func refuseMethod(methods map[string]page) page {
	var allow []string
	for method := range methods {
		allow = append(allow, method)
	}
	slices.Sort(allow)
	return func(v visit) error {
		web.Render(v.w, http.StatusMethodNotAllowed, web.MethodNotAllowed{
			Page: v.page(), Account: v.account.Name, Subdomain: v.account.Subdomain, Method: v.r.Method, Allow: allow,
		})
		return nil
	}
}

func (v visit) page() web.Page {
	p := web.Page{Lang: v.languages().Lang(v.r), RequestID: httpd.RequestIDFrom(v.r.Context()), Admin: v.admin}
	if v.admin {
		p.Lang = p.Lang.ForAdmin()
	}
	if v.account.ID != 0 { // nobody's host remembers nothing
		p.Languages = web.LanguageSwitch{Action: languagePath, Back: v.here()}
	}
	return p
}

// here is the path at which the page is found again, empty where it is not: what a
// form is answered with may be there this once.
func (v visit) here() string {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return v.r.URL.RequestURI()
	}
	return v.back
}

// foundAt is a visit whose answer is the form of a path again, with what is wrong with
// it: the way back to it, in another language, costs what was typed and nothing else.
func (v visit) foundAt(path string) visit {
	v.back = path
	return v
}

// languages is the cookie of the reader's choice. Like the session's it has no
// Max-Age: a browser does not know the time of the issuer.
func (v visit) languages() web.LanguageCookie {
	name, secure := cookieName(v.r, languageCookie)
	return web.LanguageCookie{Name: name, Secure: secure}
}

// chooseLanguage is the switch at the foot of every page. It leads back to the
// page, so that an authorization request goes on in the new language.
func (s *Server) chooseLanguage(v visit) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	if !v.languages().Choose(v.w, v.r.PostForm.Get(web.FieldLanguage)) {
		return errForm
	}
	return v.see(localPath(v.r.PostForm.Get(web.FieldBack)))
}

func (v visit) origin() issuer.Origin {
	return originOf(v.r)
}

// see sends the browser on with a GET.
func (v visit) see(path string) error {
	v.w.Header().Set("Cache-Control", "no-store")
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// leave sends the browser to a client, with a code or an error in the address: by
// a page where a page of ours led here, otherwise by a redirect (ADR 10).
func (v visit) leave(address string) error {
	if to, err := url.Parse(address); err == nil && v.fromOurPage() && (to.Scheme == "https" || to.Scheme == "http") {
		page := v.page()
		page.Languages = web.LanguageSwitch{} // what answers the client is there this once
		web.Render(v.w, http.StatusOK, web.Leaving{
			Page: page, Account: v.account.Name, Subdomain: v.account.Subdomain, Host: to.Host, URL: address,
		})
		return nil
	}
	v.w.Header().Set("Cache-Control", "no-store")
	// Not http.Redirect: it would repeat the address in a body.
	v.w.Header().Set("Location", address)
	v.w.WriteHeader(http.StatusFound)
	return nil
}

// fromOurPage tells whether a browser came by a form or link of our own, over
// redirects or not (Fetch Metadata). Only then can a form-action of ours stand in the
// way of where it goes. Programs do not say so, and neither do browsers at plain HTTP
// elsewhere than on loopback.
func (v visit) fromOurPage() bool {
	h := v.r.Header
	return h.Get("Sec-Fetch-Mode") == "navigate" && h.Get("Sec-Fetch-Site") == "same-origin"
}

// Cookies ignore ports, so the broker's have other names. Over TLS the prefix
// binds the cookie to this very host.
const (
	sessionCookie  = "deskauth_issuer_session"
	languageCookie = "deskauth_issuer_language"
)

func cookieName(r *http.Request, plain string) (name string, secure bool) {
	if httpd.Scheme(r) == "https" {
		return "__Host-" + plain, true
	}
	return plain, false
}

func sessionOf(r *http.Request) secret.Plain {
	name, _ := cookieName(r, sessionCookie)
	cookie, err := r.Cookie(name)
	if err != nil || cookie.Value == "" {
		return secret.Plain{}
	}
	return secret.Of(cookie.Value)
}

// remember gives the browser its session. The cookie has no Max-Age: the
// session ends by protocol time, which the browser does not know.
func (v visit) remember(session secret.Plain) {
	name, secure := cookieName(v.r, sessionCookie)
	http.SetCookie(v.w, &http.Cookie{
		Name: name, Value: session.Reveal(), Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	})
}

func (v visit) forget() {
	name, secure := cookieName(v.r, sessionCookie)
	http.SetCookie(v.w, &http.Cookie{
		Name: name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	})
}

// localPath accepts a path of this server to go to next, and turns anything
// else into the home page: "//evil.example" and "/\evil.example" are addresses
// of another host to a browser.
func localPath(next string) string {
	control := func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' }
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsFunc(next, control) {
		return "/"
	}
	return next
}
