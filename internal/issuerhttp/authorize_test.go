package issuerhttp_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

const (
	signInPage  = "Sign in to Acme Inc. ·"
	consentPage = "Allow The app to use your account? ·"
	invalidPage = "Invalid Authorization Request · Local Zendesk | "
)

// What cannot be trusted gets a page of status 400 in Zendesk's words, and never a
// redirect (facts section 1.4; RFC 6749 section 4.1.2.1). It makes no difference
// who is signed in, nor what else is wrong.
// hiddenField is a field of a form that a page does not show.
var hiddenField = regexp.MustCompile(`<input type="hidden"[^>]*>`)

func TestUnverifiedRequests(t *testing.T) {
	w := onSQLite(t, options{})
	for _, c := range []struct {
		name  string
		query url.Values
		words string
	}{
		{"an unknown client", request("client_id", "nobody"), "No such client"},
		{"no client", request("client_id", absent), "No such client"},
		{"an empty client", request("client_id", ""), "No such client"},
		{"client_id misspelt", request("client_id", absent, "clientid", "app"), "No such client"},
		{"the number of a client", request("client_id", "1"), "No such client"},
		{"a client with a NUL", request("client_id", "app\x00"), "No such client"},
		{"a client that is not UTF-8", request("client_id", "app\xff"), "No such client"},
		{"a client in another case", request("client_id", "App"), "No such client"},
		{"a client twice", url.Values{"client_id": {"app", "app"}, "response_type": {"code"}, "redirect_uri": {appCallback}}, "No such client"},
		{"a client too long", request("client_id", strings.Repeat("a", 3000)), "No such client"},
		{"another address", request("redirect_uri", "https://evil.example/callback"), `"redirect_uri" mismatch`},
		{"a trailing slash more", request("redirect_uri", appCallback+"/"), `"redirect_uri" mismatch`},
		{"http for https", request("redirect_uri", "http://app.example/callback"), `"redirect_uri" mismatch`},
		{"upper case", request("redirect_uri", "https://App.example/callback"), `"redirect_uri" mismatch`},
		{"a query more", request("redirect_uri", appCallback+"?x=1"), `"redirect_uri" mismatch`},
		{"a fragment more", request("redirect_uri", appCallback+"#x"), `"redirect_uri" mismatch`},
		{"another port", request("redirect_uri", "http://localhost:8081/handle_user_decision"), `"redirect_uri" mismatch`},
		{"a host in front", request("redirect_uri", "https://app.example@evil.example/callback"), `"redirect_uri" mismatch`},
		{"a path that leads up", request("redirect_uri", "https://app.example/callback/../callback"), `"redirect_uri" mismatch`},
		{"a line break", request("redirect_uri", appCallback+"\r\nSet-Cookie: a=b"), `"redirect_uri" mismatch`},
		{"an address with a NUL", request("redirect_uri", appCallback+"\x00"), `"redirect_uri" mismatch`},
		{"an address that is not UTF-8", request("redirect_uri", "\xff"), `"redirect_uri" mismatch`},
		{"an address twice", url.Values{"client_id": {"app"}, "response_type": {"code"}, "redirect_uri": {appCallback, "https://evil.example/"}}, `"redirect_uri" mismatch`},
		{"a script", request("redirect_uri", "javascript:alert(1)"), `"redirect_uri" mismatch`},
		{"an address of another client", request("redirect_uri", spaCallback), `"redirect_uri" mismatch`},
		{"two are registered and none is named", request("redirect_uri", absent), `"redirect_uri" missing`},
		{"an empty one is none", request("redirect_uri", ""), `"redirect_uri" missing`},
		{"none is registered", request("client_id", "bare", "redirect_uri", absent), `"redirect_uri" missing`},
		{"none is registered and one is named", request("client_id", "bare"), `"redirect_uri" mismatch`},
		{"all is wrong", form("response_type", "magic", "client_id", "nobody", "redirect_uri", "https://evil.example", "scope", "\x00"), "No such client"},
		{"nothing", url.Values{}, "No such client"},
	} {
		w.run(c.name, func(t *testing.T) {
			browsers := []*browser{w.browser("acme.localhost"), w.as(ada)}
			before := w.rows()
			for _, b := range browsers {
				r := b.authorize(with(c.query, "state", "state-that-nobody-may-see"))
				if r.Status != http.StatusBadRequest || r.page() != invalidPage+c.words || r.Header.Get("Location") != "" {
					t.Errorf("got %d %q %q", r.Status, r.page(), r.Header.Get("Location"))
				}
				// The form that switches the language comes back here, and says where that is.
				if shown := hiddenField.ReplaceAllString(r.Body, ""); strings.Contains(shown, "state-that-nobody-may-see") {
					t.Error("the page shows the state")
				}
			}
			w.unchanged(before)
		})
	}
}

func TestUnverifiedPageShowsNoMarkup(t *testing.T) {
	w := onSQLite(t, options{})
	r := w.browser("acme.localhost").authorize(request("client_id", `"><script>alert(1)</script>`, "redirect_uri", "javascript:alert(1)"))
	r.want(http.StatusBadRequest)
	if strings.Contains(r.Body, "<script") || strings.Contains(r.Body, `href="javascript`) {
		t.Errorf("the page holds what was sent as markup:\n%s", r.Body)
	}
	if !strings.Contains(r.Body, "&lt;script&gt;") {
		t.Error("the page does not show what was sent")
	}
}

// Each state comes back as it was sent: to the last byte, on success, on denial and
// on error. So do the addresses that have a query of their own.
func TestStateIsEchoed(t *testing.T) {
	w := onSQLite(t, options{})
	for _, state := range []string{
		"plain", "with space", "a+b", "a%20b", "%", "100%", "ä€😀", "a&b=c", "a;b", "#frag", "?x=1", `{"k":"v","n":[1]}`, `<script>"'`,
		"line\r\nSet-Cookie: evil=1", "tab\there", "//evil.example", `back\slash`, strings.Repeat("s", 2048), "a=b==",
		"\u2028", "..", " leading", "trailing ",
	} {
		w.run(state[:min(len(state), 20)], func(t *testing.T) {
			denied := w.as(grace).authorize(request("state", state, "scope", "write"))
			for what, r := range map[string]*reply{
				"allowed": w.as(ada).allow(request("state", state)),
				"denied":  w.as(grace).decide(denied, web.DecisionDeny),
				"refused": w.as(ada).authorize(request("state", state, "response_type", "magic")),
			} {
				if got := r.answer(); got.Get("state") != state || len(got["state"]) != 1 {
					t.Errorf("%s: state came back as %q", what, got["state"])
				}
				if !strings.HasPrefix(r.Header.Get("Location"), appCallback+"?") || r.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s: leads to %q", what, r.Header.Get("Location"))
				}
			}
		})
	}
	if got := w.as(ada).allow(request()).answer(); got.Has("state") {
		t.Error("a state that was not sent came back")
	}
}

// Browsers leave a semicolon in a query as it is, and some clients build their
// addresses by hand.
func TestStateInRawQueries(t *testing.T) {
	w := onSQLite(t, options{})
	w.token(grant(w.code())).pair() // so that consent is skipped below
	for raw, want := range map[string]string{
		"a;b": "a;b", "a=b": "a=b", "a/b?c:d@e": "a/b?c:d@e", "!$'()*,": "!$'()*,", "%C3%A4": "ä", "a+b": "a b", "%2B": "+", "[]{}|": "[]{}|",
	} {
		r := w.as(ada).get(zendesk.AuthorizePath + "?" + request().Encode() + "&state=" + raw)
		if got := r.answer().Get("state"); got != want || r.answer().Get("code") == "" {
			t.Errorf("state=%s came back as %q: %s", raw, got, r.Header.Get("Location"))
		}
	}
}

// What cannot be read is refused where a client can be told, and is never taken for
// absent.
func TestMalformedRequests(t *testing.T) {
	w := onSQLite(t, options{})
	w.token(grant(w.code())).pair() // what is taken for absent would be answered with a code
	known := request().Encode()
	for name, query := range map[string]string{
		"a state that is no percent-encoding": known + "&state=%zz",
		"a state that is not UTF-8":           known + "&state=%ff",
		"a state with a NUL":                  known + "&state=%00",
		"a state twice":                       known + "&state=a&state=b",
		"a state too long":                    known + "&state=" + strings.Repeat("s", 2049),
		"a scope twice":                       known + "&scope=read",
		"a scope that cannot be read":         request("scope", absent).Encode() + "&scope=read%",
		"an unknown parameter not UTF-8":      known + "&x=%ff",
		"a name not UTF-8":                    known + "&%ff=x",
		"a response_type twice":               known + "&response_type=code",
		"a challenge twice":                   known + "&code_challenge=" + oauth.S256("a") + "&code_challenge=" + oauth.S256("a"),
		"16 KiB of parameters":                known + strings.Repeat("&x="+strings.Repeat("y", 1000), 17),
	} {
		w.run(name, func(t *testing.T) {
			before := w.rows()
			r := w.as(ada).get(zendesk.AuthorizePath + "?" + query)
			got := r.answer()
			if got.Get("error") != "invalid_request" || !strings.HasPrefix(r.Header.Get("Location"), appCallback+"?") {
				t.Errorf("got %s", r.Header.Get("Location"))
			}
			if s := got.Get("state"); s != "" {
				t.Errorf("a state was made up: %q", s)
			}
			w.unchanged(before)
		})
	}
}

func TestUnknownParametersAreIgnored(t *testing.T) {
	w := onSQLite(t, options{})
	code := w.as(ada).allow(request("expires_in", "1", "nonce", "n", "prompt", "none", "scopes", "[read]")).code()
	w.token(grant(code)).pair()
}

func TestRegisteredQueryIsKept(t *testing.T) {
	w := onSQLite(t, options{})
	of := []string{"client_id", "single", "redirect_uri", singleCallback, "state", "s"}
	r := w.as(ada).allow(request(of...))
	if got := r.Header.Get("Location"); !strings.HasPrefix(got, singleCallback+"&code=") || !strings.HasSuffix(got, "&state=s") {
		t.Errorf("leads to %s", got)
	}
	r = w.as(ada).authorize(request(append(of, "response_type", "magic")...))
	if got := r.Header.Get("Location"); !strings.HasPrefix(got, singleCallback+"&error=unsupported_response_type&") {
		t.Errorf("leads to %s", got)
	}
}

func TestConsentPage(t *testing.T) {
	w := onSQLite(t, options{})
	r := w.as(ada).authorize(request("scope", "read tickets:write nonsense")).wantPage(200, consentPage)
	for _, want := range []string{"Makers &amp; Co.", "It does &lt;things&gt;.", "app.example", "Ada Admin", "<code>read</code>", "<code>tickets:write</code>"} {
		if !strings.Contains(r.Body, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if strings.Contains(r.Body, "<code>nonsense</code>") {
		t.Error("the page offers a scope that is not granted")
	}
	// Chromium holds the form to every redirect that it leads to.
	if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://app.example;") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("policy %s", csp)
	}
	ask := w.browser("acme.localhost").authorize(request())
	if csp := ask.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://app.example;") {
		t.Errorf("sign-in policy %s", csp)
	}
}

// Facts section 1.2: consent is skipped for the same scopes while a token lives.
func TestConsentIsSkipped(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		asked := func(email string, pairs ...string) bool {
			t.Helper()
			r := w.as(email).authorize(request(pairs...))
			if r.Status == http.StatusFound {
				r.code()
				return false
			}
			r.wantPage(200, "Allow The ")
			return true
		}
		expect := func(why string, want, got bool) {
			t.Helper()
			if got != want {
				t.Errorf("%s: asked %v, want %v", why, got, want)
			}
		}
		expect("the first time", true, asked(ada))
		code := w.code()
		expect("a code is no token", true, asked(ada))
		first := w.token(grant(code, "scope", "read")).pair()
		expect("a token lives, though it was narrowed", false, asked(ada))
		expect("the other address", false, asked(ada, "redirect_uri", appSecondary))
		expect("the same in another order", false, asked(ada, "scope", "write read"))
		expect("fewer scopes", true, asked(ada, "scope", "read"))
		expect("more scopes", true, asked(ada, "scope", "read write impersonate"))
		expect("another client", true, asked(ada, "client_id", "single", "redirect_uri", singleCallback))
		expect("another person", true, asked(grace))

		second := w.token(renewal(first.Refresh)).pair()
		expect("refreshed", false, asked(ada))
		other := w.token(grant(w.code())).pair() // skipped: one more token
		w.clock.pass(30*24*time.Hour - time.Second)
		delete(w.people, ada) // the session ended meanwhile
		expect("the access tokens expired, the refresh tokens live", false, asked(ada))
		w.clock.pass(time.Second)
		expect("all tokens are dead", true, asked(ada))
		for _, p := range []pair{first, second, other} {
			w.dead(p.Access)
		}
	})
}

// The client that asks for nothing is asked for all the same, and gets a token that
// opens nothing.
func TestConsentToNothing(t *testing.T) {
	w := onSQLite(t, options{})
	w.as(ada).authorize(request("scope", absent)).wantPage(200, consentPage)
}

func TestCodesAreZendesksForm(t *testing.T) {
	w := onSQLite(t, options{})
	code := w.code()
	if len(code) != 20 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		t.Errorf("code %q", code)
	}
}

// Two accounts never see each other's clients, people or consents.
func TestAccountsAreSeparate(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		ofAcme := w.token(grant(w.code())).pair()
		b := w.browser("globex.localhost")
		b.authorize(request()).wantPage(200, "Sign in to Globex ·")
		b.authorize(request("client_id", "single", "redirect_uri", singleCallback)).wantPage(400, invalidPage+"No such client")
		b.post(signInPath, form(web.FieldPerson, ada)).want(http.StatusUnauthorized)
		// A session of one account says nothing at the other.
		session := w.cookie(w.as(ada))
		r := w.call(call{Host: "globex.localhost", Target: zendesk.AuthorizePath + "?" + request().Encode(), Header: header("Cookie", session)})
		r.wantPage(200, "Sign in to Globex ·")
		w.call(call{Host: "globex.localhost", Target: zendesk.UsersMePath, Header: header("Authorization", "Bearer "+ofAcme.Access)}).want(http.StatusUnauthorized)
		w.tokenAt("globex.localhost", renewal(ofAcme.Refresh)).wantBody(401, invalidClient)
		w.tokenAt("globex.localhost", renewal(ofAcme.Refresh, "client_secret", globexSecret)).wantBody(400, invalidGrant)
		w.alive(ofAcme.Access)
	})
}

// Zendesk gives every address below the pages an answer of its own kind.
func TestPagesRefuse(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	b.get("/no/such/page").wantPage(404, "There is no such page ·")
	for _, c := range []struct{ method, path, allow string }{
		{http.MethodPost, zendesk.AuthorizePath, "GET"},
		{http.MethodDelete, zendesk.AuthorizePath, "GET"},
		{http.MethodOptions, zendesk.AuthorizePath, "GET"},
		{http.MethodGet, consentPath, "POST"},
		{http.MethodPut, signInPath, "GET, POST"},
		{http.MethodGet, signOutPath, "POST"},
		{http.MethodPost, "/", "GET"},
	} {
		r := b.send(c.method, c.path, nil, header("Sec-Fetch-Site", "same-origin"))
		r.wantPage(405, "That does not work here ·")
		if got := r.Header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow is %q, want %q", c.method, c.path, got, c.allow)
		}
	}
	w.as(ada).get("/").wantPage(200, "Acme Inc.: a Zendesk on this machine ·")
}

// HEAD and GET change nothing: no session, no sign-out, no decision.
func TestGetChangesNothing(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	page := b.authorize(request())
	before := w.rows()
	for _, target := range []string{
		signOutPath, consentPath + "?" + form(web.FieldTicket, page.hidden(web.FieldTicket), web.FieldDecision, web.DecisionAllow).Encode(),
		signInPath + "?" + form(web.FieldPerson, grace).Encode(), "/", zendesk.AuthorizePath + "?" + request().Encode(),
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			b.send(method, target, nil, nil)
		}
	}
	w.unchanged(before)
	b.get("/").want(200)
	if !strings.Contains(b.get("/").Body, "Ada Admin") {
		t.Error("Ada is signed out")
	}
}
