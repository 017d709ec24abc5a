package issuerhttp_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

// fragment is what a redirect tells the client's page, and only that.
func (r *reply) fragment() url.Values {
	r.t.Helper()
	v, err := url.ParseQuery(r.want(http.StatusFound).location().EscapedFragment())
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// A page without a server gets a token at once; it never sees the token endpoint.
func TestImplicitGrant(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		q := request("response_type", "token", "client_id", "spa", "redirect_uri", spaCallback, "scope", "users:read", "state", "a b")
		b := w.as(carl)
		r := b.decide(b.authorize(q).wantPage(200, "Allow"), web.DecisionAllow)
		got := r.fragment()
		if to := r.location(); to.RawQuery != "" || to.Scheme+"://"+to.Host+to.Path != spaCallback {
			t.Errorf("sent to %s", to.Redacted())
		}
		if len(got) != 4 || got.Get("token_type") != "bearer" || got.Get("scope") != "users:read" || got.Get("state") != "a b" {
			t.Errorf("the fragment holds %v", got)
		}
		w.alive(got.Get("access_token"))
		if again := b.authorize(q).fragment(); again.Get("access_token") == got.Get("access_token") {
			t.Error("the same token twice")
		}
		for name, c := range map[string]struct {
			pairs []string
			want  string
		}{
			"scope":         {[]string{"client_id", "narrow", "redirect_uri", "https://narrow.example/cb", "scope", "write"}, "invalid_scope"},
			"malformed":     {[]string{"scope", string(make([]byte, 3000))}, "invalid_request"},
			"PKCE is idle":  {[]string{"code_challenge", "short", "code_challenge_method", "plain"}, ""},
			"no such thing": {[]string{"response_type", "id_token token"}, "unsupported_response_type"},
		} {
			r := b.authorize(with(q, c.pairs...))
			if c.want == "unsupported_response_type" {
				// Which answer the client listens for is not known: the query.
				if got := r.answer().Get("error"); got != c.want {
					t.Errorf("%s: %q", name, got)
				}
				continue
			}
			if got := r.fragment(); got.Get("error") != c.want || c.want != "" && (got.Get("state") != "a b" || got.Get("access_token") != "") {
				t.Errorf("%s: %v", name, got)
			}
		}
		other := w.as(ada)
		if got := other.decide(other.authorize(q), web.DecisionDeny).fragment(); got.Get("error") != "access_denied" || got.Get("state") != "a b" {
			t.Errorf("denied: %v", got)
		}
	})
}

// Pages of any origin call the API with a bearer; with anything else, and at the
// token endpoint, their browser keeps them from the answer.
func TestOtherOrigins(t *testing.T) {
	w := onSQLite(t, options{})
	token := w.token(grant(w.code())).pair().Access
	allowed := func(r *reply) string { return r.Header.Get("Access-Control-Allow-Origin") }
	const spa = "https://spa.example"
	for _, c := range []struct {
		name   string
		call   call
		status int
		allow  string
	}{
		{"a bearer", call{Target: zendesk.UsersMePath, Header: header("Origin", spa, "Authorization", "Bearer "+token)}, 200, "*"},
		{"a bearer that is over", call{Target: zendesk.UsersMePath, Header: header("Origin", spa, "Authorization", "Bearer 0")}, 401, "*"},
		{"Basic", call{Target: zendesk.UsersMePath, Header: header("Origin", spa, "Authorization", basic(ada, adaPassword))}, 200, ""},
		{"nobody", call{Target: zendesk.UsersMePath, Header: header("Origin", spa)}, 200, ""},
		{"no page", call{Target: zendesk.UsersMePath, Header: header("Authorization", "Bearer "+token)}, 200, ""},
		{"preflight", call{Method: http.MethodOptions, Target: zendesk.UsersMePath, Header: header("Origin", spa,
			"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization")}, 204, "*"},
		{"the token endpoint", call{Method: http.MethodPost, Target: zendesk.TokenPath, Header: header("Origin", spa), Body: "x=y"}, 400, ""},
		{"its preflight", call{Method: http.MethodOptions, Target: zendesk.TokenPath, Header: header("Origin", spa,
			"Access-Control-Request-Method", "POST")}, 405, ""},
	} {
		w.run(c.name, func(t *testing.T) {
			r := w.call(c.call).want(c.status)
			if allowed(r) != c.allow || r.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%v", r.Header)
			}
		})
	}
}

// A page of another site must not use up the failures of the person who reads it.
func TestTokenRequestsOfOtherSitesCountNothing(t *testing.T) {
	w := onSQLite(t, options{})
	code := w.code()
	for _, site := range []string{"cross-site", "same-site"} {
		for range 12 {
			w.call(call{
				Method: http.MethodPost, Target: zendesk.TokenPath, Header: header("Sec-Fetch-Site", site),
				Body: grant(code, "client_secret", "wrong-secret-00").Encode(),
			}).wantBody(400, invalidRequest)
		}
	}
	w.token(grant(code)).pair()
}

func TestOnBehalfOf(t *testing.T) {
	w := onSQLite(t, options{})
	admin := w.token(grant(w.code("scope", "read impersonate"))).pair().Access
	plain := w.token(grant(w.code("scope", "read"))).pair().Access
	agent := w.token(grant(w.as(grace).allow(request("scope", "read impersonate")).code())).pair().Access
	me := func(authorization string, named ...string) *reply {
		h := header("Authorization", authorization)
		for _, id := range named {
			h.Add("X-On-Behalf-Of", id)
		}
		return w.call(call{Target: zendesk.UsersMePath, Header: h})
	}
	id := func(email string) string { return id64(int64(w.user(email).ID)) }
	var shown struct {
		User struct {
			Email string `json:"email"`
		} `json:"user"`
	}
	if me("Bearer "+admin, id(carl)).into(200, &shown); shown.User.Email != carl {
		t.Errorf("acts as %q", shown.User.Email)
	}
	me("Bearer "+plain, id(carl)).wantBody(403, `{"error":"Forbidden","description":"You are missing the following required scopes: impersonate"}`)
	for name, r := range map[string]*reply{
		"for an agent": me("Bearer "+admin, id(grace)), "for oneself": me("Bearer "+admin, id(ada)), "for nobody": me("Bearer "+admin, "999999"),
		"for no number": me("Bearer "+admin, carl), "for two": me("Bearer "+admin, id(carl), id(carl)),
		"for an empty name": me("Bearer "+admin, ""),
		"by an agent":       me("Bearer "+agent, id(carl)), "by a password": me(basic(ada, adaPassword), id(carl)),
	} {
		if r.Status != 403 {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
}
