package brokerhttp

import (
	"net/http"
	"net/url"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/web"
)

// cookie binds sign-ins to the browser that began them.
type cookie struct {
	name   string
	secure bool
}

// cookieFor names the cookie. __Host- makes sure that no other host of the domain
// has set it (RFC 6265bis §4.1.3.2), but wants TLS; on loopback HTTP the name is
// plain, and not the issuer's, because cookies ignore ports (RFC 6265 §8.5).
func cookieFor(public *url.URL) cookie {
	if public.Scheme == "https" {
		return cookie{name: "__Host-deskauth-connect", secure: true}
	}
	return cookie{name: "deskauth_connect"}
}

// languageCookieFor keeps a reader's choice for a year: this site's time is the
// browser's.
func languageCookieFor(public *url.URL) web.LanguageCookie {
	c := web.LanguageCookie{Name: "deskauth_language", MaxAge: 365 * 24 * time.Hour}
	if public.Scheme == "https" {
		c.Name, c.Secure = "__Host-deskauth-language", true
	}
	return c
}

// cookieLife is a sign-in's.
const cookieLife = 10 * time.Minute

func (c cookie) set(w http.ResponseWriter, browser secret.Plain) {
	http.SetCookie(w, &http.Cookie{
		Name:     c.name,
		Value:    browser.Reveal(),
		Path:     "/",
		MaxAge:   int(cookieLife / time.Second),
		Secure:   c.secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // Strict would not come along on the way back
	})
}

func (c cookie) read(r *http.Request) secret.Plain {
	got, err := r.Cookie(c.name)
	if err != nil {
		return secret.Plain{}
	}
	return secret.Of(got.Value)
}

// passCookieFor keeps the secret of a pass while its page is open. No other site's link
// brings it along: the page itself was opened by one that has it in its fragment.
func passCookieFor(public *url.URL) cookie {
	if public.Scheme == "https" {
		return cookie{name: "__Host-deskauth-pass", secure: true}
	}
	return cookie{name: "deskauth_pass"}
}

// passCookieLife is how long a holder may leave the page alone.
const passCookieLife = time.Hour

func (c cookie) setFor(w http.ResponseWriter, plain secret.Plain, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name, Value: plain.Reveal(), Path: "/", MaxAge: max(int(life/time.Second), 60), Secure: c.secure,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
