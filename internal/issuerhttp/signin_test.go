package issuerhttp_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

// credentials is the sign-in form filled in.
func credentials(email, password string, pairs ...string) url.Values {
	return with(form(web.FieldEmail, email, web.FieldPassword, password), pairs...)
}

// cookie is a browser's Cookie header.
func (w *world) cookie(b *browser) string {
	w.t.Helper()
	var all []string
	for _, c := range b.http.Jar.Cookies(&url.URL{Scheme: w.scheme(), Host: b.host, Path: "/"}) {
		all = append(all, c.Name+"="+c.Value)
	}
	return strings.Join(all, "; ")
}

// signedIn tells whose name the home page shows to whoever sends this cookie.
func (w *world) signedIn(cookie string) bool {
	w.t.Helper()
	r := w.call(call{Target: signInPath, Header: header("Cookie", cookie)})
	return r.Status == http.StatusSeeOther
}

func TestSignIn(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name            string
			email, password string
			status          int
			problem         string
		}{
			{"a wrong password", ada, "wrong-password-00", 401, "The email or the password is not right. Please try again."},
			{"an unknown email", "nobody@acme.example", adaPassword, 401, "The email or the password is not right. Please try again."},
			{"somebody of another account", hank, adaPassword, 401, "The email or the password is not right. Please try again."},
			{"somebody suspended", sam, adaPassword, 401, "The email or the password is not right. Please try again."},
			{"somebody without a password", grace, adaPassword, 401, "The email or the password is not right. Please try again."},
			{"the password in another case", ada, strings.ToUpper(adaPassword), 401, "The email or the password is not right. Please try again."},
			{"an email with a NUL", ada + "\x00", adaPassword, 401, "The email or the password is not right. Please try again."},
			{"an email that is not UTF-8", "\xff@acme.example", adaPassword, 401, "The email or the password is not right. Please try again."},
			{"an email too long", randomText(20000) + "@acme.example", adaPassword, 401, "The email or the password is not right. Please try again."},
			{"a password with a NUL", ada, adaPassword + "\x00", 401, "The email or the password is not right. Please try again."},
			{"no email", "", adaPassword, 422, "Please enter both your email and your password."},
			{"no password", ada, "", 422, "Please enter both your email and your password."},
			{"nothing", "", "", 422, "Please enter both your email and your password."},
		} {
			w.run(c.name, func(t *testing.T) {
				before := w.rows()
				r := w.browser("acme.localhost").post(signInPath, credentials(c.email, c.password, web.FieldNext, "/somewhere"))
				if want := "Sign in to Acme Inc. · Local Zendesk | " + c.problem; r.Status != c.status || r.page() != want {
					t.Errorf("got %d %q", r.Status, r.page())
				}
				if r.hidden(web.FieldNext) != "/somewhere" || len(r.Header["Set-Cookie"]) > 0 {
					t.Error("the page forgot where to go, or remembers who came")
				}
				w.unchanged(before)
			})
		}
		for _, email := range []string{ada, " " + strings.ToUpper(ada) + " "} {
			b := w.browser("acme.localhost")
			r := b.post(signInPath, credentials(email, adaPassword, web.FieldNext, "/somewhere")).want(http.StatusSeeOther)
			if r.Header.Get("Location") != "/somewhere" || !w.signedIn(w.cookie(b)) {
				t.Errorf("leads to %s", r.Header.Get("Location"))
			}
		}
	})
}

func TestTooManySignIns(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost")
	for range 10 {
		b.post(signInPath, credentials(ada, "wrong-password-00")).want(http.StatusUnauthorized)
	}
	r := b.post(signInPath, credentials(ada, adaPassword))
	r.wantPage(429, "Sign in to Acme Inc. · Local Zendesk | There were too many failed tries. Please wait 60 seconds and try again.")
	if got := r.Header.Get("Retry-After"); got != "60" {
		t.Errorf("Retry-After %q", got)
	}
	b.post(signInPath, credentials(carl, "wrong-password-00")).want(http.StatusUnauthorized) // nobody else is slowed down
	w.clock.pass(time.Minute)
	b.post(signInPath, credentials(ada, adaPassword)).want(http.StatusSeeOther)
	for range 11 { // successes do not count
		b.post(signInPath, credentials(ada, adaPassword)).want(http.StatusSeeOther)
	}
}

// Checking a password is slow on purpose. When too many wait for it, the page says
// when to come back, and nothing counts as a failure. No Passwords is always busy.
func TestBusySignIn(t *testing.T) {
	w := onSQLite(t, options{})
	passwords := w.issuer.Passwords
	w.issuer.Passwords = &issuer.Passwords{}
	b := w.browser("acme.localhost")
	for range 11 {
		r := b.post(signInPath, credentials(ada, adaPassword)).wantPage(429, signInPage)
		if got := r.Header.Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After %q", got)
		}
	}
	w.issuer.Passwords = passwords
	b.post(signInPath, credentials(ada, adaPassword)).want(http.StatusSeeOther)
}

// The id of a session changes with each sign-in, so that one that was planted in a
// browser before is worth nothing, and the one before ends.
func TestSessionsRotate(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		planted := "deskauth_issuer_session=" + strings.Repeat("f", 64)
		if w.signedIn(planted) {
			t.Fatal("a session that nobody started")
		}
		r := w.call(call{Method: http.MethodPost, Target: signInPath, Header: header("Cookie", planted), Body: form(web.FieldPerson, ada).Encode()})
		r.want(http.StatusSeeOther)
		if w.signedIn(planted) || strings.Contains(r.Header.Get("Set-Cookie"), planted) {
			t.Error("the planted session is signed in")
		}

		b := w.browser("acme.localhost").signInAs(ada)
		first := w.cookie(b)
		b.post(signInPath, credentials(ada, "wrong-password-00")).want(http.StatusUnauthorized)
		if !w.signedIn(first) {
			t.Error("a failed sign-in ended the session")
		}
		b.signInAs(grace)
		second := w.cookie(b)
		if second == first || w.signedIn(first) || !w.signedIn(second) {
			t.Error("the session did not change")
		}
		b.post(signOutPath, url.Values{}).want(http.StatusSeeOther)
		if w.signedIn(second) || w.cookie(b) != "" {
			t.Error("still signed in")
		}
		b.post(signOutPath, url.Values{}).want(http.StatusSeeOther) // twice is no error
	})
}

func TestSessionsEnd(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost").signInAs(ada)
	w.clock.pass(8*time.Hour - time.Microsecond)
	b.authorize(request()).wantPage(200, consentPage)
	w.clock.pass(time.Microsecond)
	b.authorize(request()).wantPage(200, signInPage)
}

func TestCookieFlags(t *testing.T) {
	for _, c := range []struct {
		name    string
		options options
		header  http.Header
		want    string // with the value left out
	}{
		{"plain", options{}, nil, "deskauth_issuer_session=…; Path=/; HttpOnly; SameSite=Lax"},
		{"TLS", options{TLS: true}, nil, "__Host-deskauth_issuer_session=…; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{
			"TLS at a proxy that is trusted",
			options{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
			header("X-Forwarded-Proto", "https"), "__Host-deskauth_issuer_session=…; Path=/; HttpOnly; Secure; SameSite=Lax",
		},
		{"a client that says so itself", options{}, header("X-Forwarded-Proto", "https"), "deskauth_issuer_session=…; Path=/; HttpOnly; SameSite=Lax"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := onSQLite(t, c.options)
			r := w.call(call{Method: http.MethodPost, Target: signInPath, Header: c.header, Body: form(web.FieldPerson, ada).Encode()})
			r.want(http.StatusSeeOther)
			name, rest, _ := strings.Cut(r.Header.Get("Set-Cookie"), "=")
			value, flags, _ := strings.Cut(rest, ";")
			if got := name + "=…;" + flags; got != c.want || len(value) != 64 {
				t.Errorf("got %s, want %s", got, c.want)
			}
			// What ends it has the same name and flags, or browsers would keep it.
			h := header("Cookie", name+"="+value)
			for key, values := range c.header {
				h[key] = values
			}
			out := w.call(call{Method: http.MethodPost, Target: signOutPath, Header: h, Body: "x=y"}).want(http.StatusSeeOther)
			if got, want := out.Header.Get("Set-Cookie"), strings.Replace(strings.Replace(c.want, "…", "", 1), "; HttpOnly", "; Max-Age=0; HttpOnly", 1); got != want {
				t.Errorf("ended by %s, want %s", got, want)
			}
		})
	}
}

// Over TLS the name without a prefix is not looked at: a page of a sibling host
// could have planted it.
func TestPlainCookieIsIgnoredOverTLS(t *testing.T) {
	w := onSQLite(t, options{TLS: true})
	b := w.browser("acme.localhost").signInAs(ada)
	good := w.cookie(b)
	if !w.signedIn(good) || w.signedIn(strings.TrimPrefix(good, "__Host-")) {
		t.Error("the prefix makes no difference")
	}
}

func TestTheWholeWayOverTLS(t *testing.T) {
	w := onSQLite(t, options{TLS: true})
	got := w.token(grant(w.code())).pair()
	if r := w.me(got.Access); !strings.Contains(r.Body, `"url":"https://acme.localhost/api/v2/users/1.json"`) {
		t.Error(r.Body)
	}
}

// Where to go after signing in is a path of this very server, whatever is asked.
func TestNoOpenRedirect(t *testing.T) {
	w := onSQLite(t, options{})
	for next, want := range map[string]string{
		"":                           "/",
		"/":                          "/",
		"/oauth/authorizations/new?": "/oauth/authorizations/new?",
		"/a?b=//evil.example":        "/a?b=//evil.example",
		"https://evil.example/":      "/",
		"//evil.example":             "/",
		"///evil.example":            "/",
		`/\evil.example`:             "/",
		`\/evil.example`:             "/",
		`\\evil.example`:             "/",
		"/\t/evil.example":           "/",
		"/\n/evil.example":           "/",
		"\t//evil.example":           "/",
		" //evil.example":            "/",
		"/\x00/evil.example":         "/",
		"javascript:alert(1)":        "/",
		"evil.example":               "/",
		"/..//evil.example":          "/evil.example",
		"/.//evil.example":           "/evil.example",
		"/%2F/evil.example":          "/%2F/evil.example",
		"/a\r\nSet-Cookie: a=b":      "/",
	} {
		b := w.browser("acme.localhost")
		in := b.post(signInPath, form(web.FieldPerson, ada, web.FieldNext, next))
		already := b.get(signInPath + "?" + form("return_to", next).Encode())
		out := b.post(signOutPath, form(web.FieldNext, next))
		for what, r := range map[string]*reply{"signed in": in, "signed in before": already, "signed out": out} {
			got := r.want(http.StatusSeeOther).Header.Get("Location")
			if what == "signed out" && next == "" && got == signedOutPath {
				continue // nobody said where to
			}
			if got != want {
				t.Errorf("%s with %q leads to %q, want %q", what, next, got, want)
			}
			if len(r.Header["Set-Cookie"]) > 1 {
				t.Errorf("%s with %q sets %q", what, next, r.Header["Set-Cookie"])
			}
		}
		page := w.browser("acme.localhost").get(signInPath + "?" + form("return_to", next).Encode()).want(200)
		if got := page.hidden(web.FieldNext); strings.HasPrefix(got, "//") || strings.Contains(got, "\\") || !strings.HasPrefix(got, "/") {
			t.Errorf("the page goes on to %q", got)
		}
	}
}

// A demo lets people be picked. Nothing else does.
func TestNobodyIsPickedWithoutDemo(t *testing.T) {
	w := onSQLite(t, options{NoDemo: true})
	b := w.browser("acme.localhost")
	for _, target := range []string{"/", signInPath, zendesk.AuthorizePath + "?" + request().Encode()} {
		page := b.get(target).want(200)
		for _, hidden := range []string{"Ada Admin", grace, "name=\"person\"", "Apps to try: "} {
			if strings.Contains(page.Body, hidden) {
				t.Errorf("%s shows %q", target, hidden)
			}
		}
	}
	for _, v := range []url.Values{
		form(web.FieldPerson, ada),
		form(web.FieldPerson, ada, web.FieldEmail, ada),
		form(web.FieldPerson, ada, web.FieldEmail, ada, web.FieldPassword, "wrong-password-00"),
	} {
		r := b.post(signInPath, v)
		if r.Status/100 != 4 || w.signedIn(w.cookie(b)) {
			t.Errorf("%v: %d, signed in", v, r.Status)
		}
	}
	b.post(signInPath, credentials(ada, adaPassword)).want(http.StatusSeeOther)
	b.authorize(request()).wantPage(200, consentPage)
}

func TestDemoPicksNobodySuspended(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost")
	if page := b.get(signInPath); strings.Contains(page.Body, sam) || !strings.Contains(page.Body, grace) {
		t.Error("the wrong people are offered")
	}
	for _, who := range []string{sam, "nobody@acme.example", "\x00", "\xff", randomText(20000)} {
		b.post(signInPath, form(web.FieldPerson, who)).want(http.StatusUnauthorized)
	}
}

// A link is looked at by HEAD before it is followed. Where consent was given
// before, GET makes a code; HEAD must not.
func TestHeadChangesNothing(t *testing.T) {
	w := onSQLite(t, options{})
	w.token(grant(w.code())).pair()
	b, before := w.as(ada), w.rows()
	for _, target := range []string{"/", signInPath, zendesk.AuthorizePath + "?" + request().Encode()} {
		if r := b.send(http.MethodHead, target, nil, nil); r.Header.Get("Location") != "" {
			t.Errorf("HEAD %s leads to %s", target, r.Header.Get("Location"))
		}
	}
	w.unchanged(before)
	b.authorize(request()).want(http.StatusFound)
}
