package issuerhttp_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

// The buttons of the consent page.

func TestUseAnotherAccount(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost").signInAs(ada)
	old := w.cookie(b)
	q := request("state", "a;b &c")
	page := b.follow(b.decide(b.authorize(q), web.DecisionSwitch)).wantPage(200, signInPage)
	if w.signedIn(old) {
		t.Error("Ada is still signed in")
	}
	// The request waits behind the form, and Grace is the one who decides.
	r := b.post(signInPath, form(web.FieldPerson, grace, web.FieldNext, page.hidden(web.FieldNext)))
	consent := b.follow(r).wantPage(200, consentPage)
	if !strings.Contains(consent.Body, "Grace Agent") || strings.Contains(consent.Body, "Ada Admin") {
		t.Error("the page asks somebody else")
	}
	answer := b.decide(consent, web.DecisionAllow)
	if answer.answer().Get("state") != "a;b &c" {
		t.Errorf("the state is lost: %s", answer.location())
	}
	got := w.token(grant(answer.code())).pair()
	if !strings.Contains(w.me(got.Access).Body, `"name":"Grace Agent"`) {
		t.Error("the token is not Grace's")
	}
}

func TestSignOutOfConsent(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost").signInAs(ada)
	old := w.cookie(b)
	r := b.decide(b.authorize(request()), web.DecisionSignOut).want(http.StatusSeeOther)
	if r.Header.Get("Location") != signedOutPath || w.signedIn(old) {
		t.Errorf("leads to %s", r.Header.Get("Location"))
	}
	b.follow(r).wantPage(200, "You are signed out")
	b.signInAs(grace).get(signedOutPath).want(http.StatusSeeOther)
}

// Whoever is asked is the one who answers: not the one who signed in meanwhile, in
// another tab.
func TestSomebodyElseSignedInMeanwhile(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for _, decision := range []string{web.DecisionAllow, web.DecisionDeny} {
			b := w.browser("acme.localhost").signInAs(ada)
			page := b.authorize(request()).wantPage(200, consentPage)
			b.signInAs(grace)
			before := w.rows()
			r := b.decide(page, decision).want(http.StatusSeeOther)
			w.unchanged(before)
			if again := b.follow(r).wantPage(200, consentPage); !strings.Contains(again.Body, "Grace Agent") {
				t.Errorf("%s: nobody asks Grace", decision)
			}
		}
	})
}

func TestSignedOutMeanwhile(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost").signInAs(ada)
	page := b.authorize(request())
	b.post(signOutPath, url.Values{})
	b.follow(b.decide(page, web.DecisionAllow)).wantPage(200, signInPage)
}

// A page of another site can neither sign somebody in, nor out, nor decide.
func TestOtherSitesCannotSubmit(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	page := b.authorize(request())
	allow := form(web.FieldTicket, page.hidden(web.FieldTicket), web.FieldDecision, web.DecisionAllow)
	for name, h := range map[string]http.Header{
		"another site":                header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"),
		"another account":             header("Sec-Fetch-Site", "same-site", "Origin", "http://globex.localhost"),
		"another origin, old browser": header("Origin", "https://evil.example"),
		"another port, old browser":   header("Origin", "http://acme.localhost:9999"),
		"a sandboxed frame":           header("Origin", "null"),
	} {
		w.run(name, func(t *testing.T) {
			before := w.rows()
			for target, v := range map[string]url.Values{
				consentPath: allow, signInPath: form(web.FieldPerson, grace), signOutPath: form("x", "y"),
			} {
				r := b.send(http.MethodPost, target, v, h)
				if r.Status != http.StatusForbidden || len(r.Header["Set-Cookie"]) > 0 {
					t.Errorf("%s: %d", target, r.Status)
				}
			}
			w.unchanged(before)
		})
	}
	b.post(consentPath, allow).want(http.StatusFound).code() // the page itself can
}

// The ticket is the request, to be decided anew. Whatever is done to it, it gives
// nothing that the request itself would not.
func TestForgedTickets(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	w.as(grace)
	before := w.rows()
	ticket := func(user int, q url.Values) string {
		return form("user", strconv.Itoa(user), "request", q.Encode()).Encode()
	}
	post := func(ticket, decision string) *reply {
		return b.post(consentPath, form(web.FieldTicket, ticket, web.FieldDecision, decision))
	}
	post(ticket(1, request("client_id", "nobody")), web.DecisionAllow).wantPage(400, invalidPage+"No such client")
	post(ticket(1, request("redirect_uri", "https://evil.example/")), web.DecisionAllow).wantPage(400, invalidPage+`"redirect_uri" mismatch`)
	post(ticket(1, request("redirect_uri", "https://evil.example/")), web.DecisionDeny).wantPage(400, invalidPage+`"redirect_uri" mismatch`)
	refused := post(ticket(1, request("client_id", "narrow", "redirect_uri", "https://narrow.example/cb", "scope", "write")), web.DecisionAllow)
	if refused.answer().Get("error") != "invalid_scope" {
		t.Errorf("got %s", refused.location())
	}
	post(ticket(2, request()), web.DecisionAllow).want(http.StatusSeeOther)   // Grace was asked, Ada answers
	post(ticket(999, request()), web.DecisionAllow).want(http.StatusSeeOther) // nobody was
	for _, broken := range []string{
		"", "%", "user=1", "user=x&request=", "user=&request=client_id%3Dapp", "user=1&request=%25zz", "request=", "\x00", "\xff",
		"user=99999999999999999999&request=", strings.Repeat("&", 1000), "user=1;request=",
	} {
		if r := post(broken, web.DecisionAllow); r.Status != http.StatusBadRequest {
			t.Errorf("%.40q: %d %s", broken, r.Status, r.Header.Get("Location"))
		}
	}
	for _, decision := range []string{"", "yes", "ALLOW", "allow "} {
		if r := post(ticket(1, request()), decision); r.Status != http.StatusBadRequest {
			t.Errorf("decision %q: %d", decision, r.Status)
		}
	}
	w.unchanged(before)
}

// The longest request that is accepted comes through both forms.
func TestLongRequestsComeThrough(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost")
	state := strings.Repeat("ä", 1024) // 2 KiB, and six times that as a query
	q := request("state", state, "x", strings.Repeat("%", 2000))
	page := b.authorize(q).wantPage(200, signInPage)
	r := b.post(signInPath, form(web.FieldPerson, ada, web.FieldNext, page.hidden(web.FieldNext)))
	answer := b.decide(b.follow(r).wantPage(200, consentPage), web.DecisionAllow)
	if answer.code() == "" || answer.answer().Get("state") != state {
		t.Error("the state is lost")
	}
}

// A browser that comes by a page of ours leaves by a page, so that no form-action
// stands in the way of where the client sends it on; nobody else does.
func TestLeavingByAPage(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost").signInAs(ada)
	for _, c := range []struct {
		name, mode, site, scope string
		page                    bool
	}{
		{"the form of a page", "navigate", "same-origin", "read", true},
		{"a link of the app", "navigate", "cross-site", "write", false},
		{"an address typed in", "navigate", "none", "read write", false},
		{"a script of a page", "cors", "same-origin", "users:read", false},
		{"an older browser", "", "", "tickets:read", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			query := request("scope", c.scope, "state", `"><script>`)
			h := header("Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", c.mode, "Origin", "http://acme.localhost")
			consent := b.authorize(query).want(200)
			decide := func(decision string) *reply {
				return b.send(http.MethodPost, consentPath, form(web.FieldTicket, consent.hidden(web.FieldTicket), web.FieldDecision, decision), h)
			}
			if got := answerOf(t, decide(web.DecisionDeny), c.mode == "navigate").Get("error"); got != "access_denied" {
				t.Errorf("error %q", got)
			}
			allowed := decide(web.DecisionAllow)
			_ = w.token(grant(answerOf(t, allowed, c.mode == "navigate").Get("code"))).pair()

			h.Set("Sec-Fetch-Site", c.site)
			skipped := b.send(http.MethodGet, zendesk.AuthorizePath+"?"+query.Encode(), nil, h)
			answerOf(t, skipped, c.page)
		})
	}
}

var refresh = regexp.MustCompile(`<meta http-equiv="refresh" content="0; url=([^"]*)">`)

// answerOf is what a client is told, by a page or by a redirect.
func answerOf(t *testing.T, r *reply, page bool) url.Values {
	t.Helper()
	to := r.Header.Get("Location")
	if page {
		r.wantPage(200, "Taking you to app.example")
		found := refresh.FindStringSubmatch(r.Body)
		if found == nil || to != "" || !strings.Contains(r.Body, `href="`+found[1]+`"`) {
			t.Fatalf("the page does not lead on:\n%s", r.Body)
		}
		to = html.UnescapeString(found[1])
	} else {
		r.want(http.StatusFound)
	}
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, appCallback+"?") || u.Query().Get("state") != `"><script>` {
		t.Fatalf("leads to %s", to)
	}
	return u.Query()
}
