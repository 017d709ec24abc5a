package issuerhttp

import (
	"errors"
	"log/slog"
	"net/http"
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
}

// page serves a visit; what it returns becomes a page too.
type page func(v visit) error

// formMost bounds a form: none of ours is longer than an authorization request.
const formMost = 64 << 10

// of finds the account of a request and serves it a page.
func (s *Server) of(d dialect, p page) http.Handler {
	return httpd.MaxBody(formMost)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visit{w: w, r: r, dialect: d}
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
	return web.Page{Lang: web.Match(v.r.Header.Get("Accept-Language"), ""), RequestID: httpd.RequestIDFrom(v.r.Context())}
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

// leave sends the browser to a client, with a code or an error in the address.
func (v visit) leave(url string) error {
	v.w.Header().Set("Cache-Control", "no-store")
	// Not http.Redirect: it would repeat the address in a body.
	v.w.Header().Set("Location", url)
	v.w.WriteHeader(http.StatusFound)
	return nil
}

// Cookies ignore ports, so the broker's have other names. Over TLS the prefix
// binds the cookie to this very host.
const (
	sessionCookie       = "deskauth_issuer_session"
	secureSessionCookie = "__Host-" + sessionCookie
)

func cookieName(r *http.Request) (name string, secure bool) {
	if httpd.Scheme(r) == "https" {
		return secureSessionCookie, true
	}
	return sessionCookie, false
}

func sessionOf(r *http.Request) secret.Plain {
	name, _ := cookieName(r)
	cookie, err := r.Cookie(name)
	if err != nil || cookie.Value == "" {
		return secret.Plain{}
	}
	return secret.Of(cookie.Value)
}

// remember gives the browser its session. The cookie has no Max-Age: the
// session ends by protocol time, which the browser does not know.
func (v visit) remember(session secret.Plain) {
	name, secure := cookieName(v.r)
	http.SetCookie(v.w, &http.Cookie{
		Name: name, Value: session.Reveal(), Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	})
}

func (v visit) forget() {
	name, secure := cookieName(v.r)
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
