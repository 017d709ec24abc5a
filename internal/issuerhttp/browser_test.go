package issuerhttp_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// browser is one with a jar of cookies, at one account.
type browser struct {
	w    *world
	http *http.Client
	host string
}

func (w *world) browser(host string) *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{w, w.client(jar), host}
}

func (b *browser) get(target string) *reply {
	b.w.t.Helper()
	return b.send(http.MethodGet, target, nil, nil)
}

// post submits a form as a browser does from a page of the same origin.
func (b *browser) post(target string, form url.Values) *reply {
	b.w.t.Helper()
	return b.send(http.MethodPost, target, form, header("Sec-Fetch-Site", "same-origin", "Origin", b.w.scheme()+"://"+b.host))
}

func (b *browser) send(method, target string, form url.Values, h http.Header) *reply {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), method, b.w.scheme()+"://"+b.host+target, strings.NewReader(form.Encode()))
	if err != nil {
		b.w.t.Fatal(err)
	}
	if form == nil {
		r.Body, r.ContentLength = nil, 0
	}
	if h != nil {
		r.Header = h.Clone()
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.w.send(b.http, r)
}

// follow goes where a redirect within the server leads.
func (b *browser) follow(r *reply) *reply {
	b.w.t.Helper()
	to := r.location()
	if to.Host != "" && to.Host != b.host {
		b.w.t.Fatalf("%s leads away", to)
	}
	return b.get(to.RequestURI())
}

const (
	signInPath    = "/access/unauthenticated"
	signOutPath   = "/access/logout"
	signedOutPath = "/access/signed_out"
	consentPath   = "/oauth/authorizations"
)

// signInAs picks a person of the demo.
func (b *browser) signInAs(email string) *browser {
	b.w.t.Helper()
	b.post(signInPath, form(web.FieldPerson, email)).want(http.StatusSeeOther)
	return b
}

func (b *browser) authorize(q url.Values) *reply {
	b.w.t.Helper()
	return b.get(zendesk.AuthorizePath + "?" + q.Encode())
}

// decide presses a button of a consent page.
func (b *browser) decide(page *reply, decision string) *reply {
	b.w.t.Helper()
	return b.post(consentPath, form(web.FieldTicket, page.hidden(web.FieldTicket), web.FieldDecision, decision))
}

// allow asks for an authorization and allows it, if it needs to be, and returns
// the redirect to the client.
func (b *browser) allow(q url.Values) *reply {
	b.w.t.Helper()
	r := b.authorize(q)
	if r.Status == http.StatusOK {
		r = b.decide(r, web.DecisionAllow)
	}
	return r.want(http.StatusFound)
}

// as is the browser of a person who signed in before.
func (w *world) as(email string) *browser {
	w.t.Helper()
	if w.people[email] == nil {
		host := strings.TrimSuffix(email[strings.Index(email, "@")+1:], ".example") + ".localhost"
		w.people[email] = w.browser(host).signInAs(email)
	}
	return w.people[email]
}

// request is an authorization request of the client app.
func request(pairs ...string) url.Values {
	return with(form("response_type", "code", "client_id", "app", "redirect_uri", appCallback, "scope", "read write"), pairs...)
}

// publicRequest is one of the public client, with the verifier to redeem it.
func publicRequest(pairs ...string) (q url.Values, verifier string) {
	verifier = oauth.NewVerifier(nil)
	return with(request("client_id", "spa", "redirect_uri", spaCallback,
		"code_challenge", oauth.S256(verifier), "code_challenge_method", "S256"), pairs...), verifier
}

// grant is the exchange of a code by the client app.
func grant(code string, pairs ...string) url.Values {
	return with(form("grant_type", "authorization_code", "code", code, "client_id", "app", "client_secret", appSecret,
		"redirect_uri", appCallback), pairs...)
}

// renewal is a refresh by the client app.
func renewal(refresh string, pairs ...string) url.Values {
	return with(form("grant_type", "refresh_token", "refresh_token", refresh, "client_id", "app", "client_secret", appSecret), pairs...)
}

// code has Ada allow the client app something.
func (w *world) code(pairs ...string) string {
	w.t.Helper()
	return w.as(ada).allow(request(pairs...)).code()
}

// token sends a token request as a form.
func (w *world) token(v url.Values) *reply {
	w.t.Helper()
	return w.call(call{Method: http.MethodPost, Target: zendesk.TokenPath, Body: v.Encode()})
}

// tokenAt sends it to another account.
func (w *world) tokenAt(host string, v url.Values) *reply {
	w.t.Helper()
	return w.call(call{Method: http.MethodPost, Host: host, Target: zendesk.TokenPath, Body: v.Encode()})
}

// tokenJSON sends a token request as Zendesk documents it.
func (w *world) tokenJSON(body string) *reply {
	w.t.Helper()
	return w.call(call{Method: http.MethodPost, Target: zendesk.TokenPath, Header: header("Content-Type", "application/json"), Body: body})
}

// me asks whose token it is.
func (w *world) me(access string) *reply {
	w.t.Helper()
	return w.call(call{Target: zendesk.UsersMePath, Header: header("Authorization", "Bearer "+access)})
}

// alive fails the test unless the token opens the API.
func (w *world) alive(access string) {
	w.t.Helper()
	w.me(access).want(http.StatusOK)
}

func (w *world) dead(access string) {
	w.t.Helper()
	w.me(access).wantBody(http.StatusUnauthorized, `{"error":"invalid_token","error_description":"The access token provided is expired, revoked, malformed or invalid for other reasons."}`)
}
