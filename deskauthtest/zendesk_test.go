package deskauthtest_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/oauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(t *testing.T, c *http.Client, address string) (status int, body string) {
	t.Helper()
	resp, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// token gets one by the client's own credentials.
func token(t *testing.T, c *http.Client, base, client, secret string) (status int, body string) {
	t.Helper()
	resp, err := c.PostForm(base+"/oauth/tokens", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}, "scope": {"read"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func TestClientAnswersForZendeskAlone(t *testing.T) {
	z := deskauthtest.New(t)
	c := &http.Client{Transport: z.Transport(nil)}
	for address, want := range map[string]int{
		"https://acme.zendesk.com/api/v2/oauth/clients":     401,
		"https://ACME.zendesk.com:443/api/v2/oauth/clients": 401,
		"http://acme.zendesk.com/api/v2/oauth/clients":      401,
		z.URL("acme") + "/api/v2/oauth/clients":             401,
		"https://nobody.zendesk.com/api/v2/users/me":        404,
		"https://zendesk.com/":                              404,
		"https://www.support.zendesk.com/oauth/tokens":      405,
	} {
		if status, body := get(t, c, address); status != want {
			t.Errorf("%s: %d, want %d: %.200s", address, status, want, body)
		}
	}
	for _, address := range []string{"https://zendesk.com.example/", "https://example.com/", "http://acme.localhost:1/"} {
		if resp, err := c.Get(address); err == nil {
			resp.Body.Close()
			t.Errorf("%s was answered", address)
		}
	}
	// Other hosts are reached by what one gives it.
	seen := ""
	others := &http.Client{Transport: z.Transport(roundTrip(func(r *http.Request) (*http.Response, error) {
		seen = r.URL.Host
		return &http.Response{StatusCode: 204, Body: http.NoBody, Request: r}, nil
	}))}
	if status, _ := get(t, others, "https://example.com/"); status != 204 || seen != "example.com" {
		t.Errorf("another host: %d, seen %q", status, seen)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// By https the issuer believes to be at https, whoever sits in between.
func TestSchemeIsWhatWasAsked(t *testing.T) {
	z := deskauthtest.New(t)
	for _, base := range []string{"https://acme.zendesk.com", "http://acme.zendesk.com", z.URL("acme")} {
		_, body := get(t, z.Client(), base+oauth.MetadataPath)
		if !strings.Contains(body, `"issuer":"`+base+`"`) {
			t.Errorf("%s: %s", base, body)
		}
	}
}

func TestAccountsOfOnesOwn(t *testing.T) {
	globex := deskauthtest.Account{
		Subdomain: "globex", Opaque: true,
		Users:   []deskauthtest.User{{Email: "hank@globex.example", Role: "admin"}},
		Clients: []deskauthtest.Client{{ID: "their_app", Secret: "their-secret"}},
	}
	z := deskauthtest.New(t, deskauthtest.Accounts(globex))
	if status, body := token(t, z.Client(), "https://globex.zendesk.com", "their_app", "their-secret"); status != 200 || strings.Contains(body, "eyJ") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := token(t, z.Client(), "https://acme.zendesk.com", deskauthtest.ClientID, deskauthtest.ClientSecret); status != 404 {
		t.Errorf("the default account is there: %d", status)
	}
	z.AddAccount(deskauthtest.DefaultAccount())
	if status, body := token(t, z.Client(), "https://acme.zendesk.com", deskauthtest.ClientID, deskauthtest.ClientSecret); status != 200 {
		t.Errorf("an account added: %d %s", status, body)
	}
}

func TestSeedFile(t *testing.T) {
	z := deskauthtest.New(t, deskauthtest.Seed(`
accounts:
  - subdomain: initech
    name: Initech
    users: [{email: bill@initech.example, name: Bill, role: admin}]
    clients: [{identifier: tps, name: TPS, secret: "cover-sheet-of-the-report"}]
`))
	if status, body := token(t, z.Client(), "https://initech.zendesk.com", "tps", "cover-sheet-of-the-report"); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}

// The helpdesk is there too, behind the same tokens.
func TestTickets(t *testing.T) {
	z := deskauthtest.New(t)
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, z.Client())
	config := app()
	config.Scopes = []string{"read", "write"}
	got, err := config.Exchange(ctx, z.Allow(deskauthtest.Agent, config.AuthCodeURL("")).Query().Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := config.Client(ctx, got).Post("https://acme.zendesk.com/api/v2/tickets.json", "application/json",
		strings.NewReader(`{"ticket":{"subject":"Fire","comment":{"body":"It burns."}}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusCreated || !strings.Contains(string(body), `"url":"https://acme.zendesk.com/api/v2/tickets/1.json"`) {
		t.Errorf("%d %s, %v", resp.StatusCode, body, err)
	}
}

func TestSuspend(t *testing.T) {
	z := deskauthtest.New(t)
	allowed := func() string {
		return z.Allow(deskauthtest.Admin, app().AuthCodeURL("")).Query().Get("code")
	}
	if allowed() == "" {
		t.Fatal("no code")
	}
	z.Suspend("acme", deskauthtest.Admin, true)
	if status, body := token(t, z.Client(), "https://acme.zendesk.com", deskauthtest.ClientID, deskauthtest.ClientSecret); status != 400 {
		t.Errorf("the client of a suspended admin: %d %s", status, body)
	}
	z.Suspend("acme", deskauthtest.Admin, false)
	if allowed() == "" {
		t.Error("let back in, no code")
	}
}

func TestSnapshotAndReset(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	z := deskauthtest.New(t, deskauthtest.FrozenAt(at))
	z.AddAccount(deskauthtest.Account{Subdomain: "globex", Users: []deskauthtest.User{{Email: "h@globex.example", Role: "admin"}}})
	before := z.Snapshot()
	z.Reset()
	if status, _ := get(t, z.Client(), "https://globex.zendesk.com/api/v2/oauth/clients"); status != 404 {
		t.Errorf("after a reset: %d", status)
	}
	z.Clock.Advance(time.Hour)
	z.Restore(before)
	if status, _ := get(t, z.Client(), "https://globex.zendesk.com/api/v2/oauth/clients"); status != 401 {
		t.Errorf("after a restore: %d", status)
	}
	if now := z.Clock.Now(); !now.Equal(at) {
		t.Errorf("after a restore it is %v, want %v", now, at)
	}
}

// The same seed and the same time make the same tokens, of both formats, in
// another Zendesk and after a reset.
func TestRandomSeed(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	opaque := deskauthtest.DefaultAccount()
	opaque.Subdomain, opaque.Opaque = "opaque", true
	fresh := func(seed string) *deskauthtest.Zendesk {
		return deskauthtest.New(t, deskauthtest.RandomSeed(seed), deskauthtest.FrozenAt(at), deskauthtest.Accounts(deskauthtest.DefaultAccount(), opaque))
	}
	tokens := func(z *deskauthtest.Zendesk) string {
		_, jwt := token(t, z.Client(), "https://acme.zendesk.com", deskauthtest.ClientID, deskauthtest.ClientSecret)
		_, other := token(t, z.Client(), "https://opaque.zendesk.com", deskauthtest.ClientID, deskauthtest.ClientSecret)
		_, keys := get(t, z.Client(), "https://acme.zendesk.com/.well-known/jwks.json")
		code := z.Allow(deskauthtest.Admin, app().AuthCodeURL("")).Query().Get("code")
		return strings.Join([]string{jwt, other, keys, code}, "\n")
	}
	z := fresh("one")
	first := tokens(z)
	if !strings.Contains(first, "eyJ") || strings.Contains(first, "error") {
		t.Fatal(first)
	}
	if second := tokens(z); second == first {
		t.Error("the same tokens twice")
	}
	if again := tokens(fresh("one")); again != first {
		t.Errorf("the same seed made\n%s\nthen\n%s", first, again)
	}
	z.Reset()
	if again := tokens(z); again != first {
		t.Errorf("at first\n%s\nafter a reset\n%s", first, again)
	}
	if other := tokens(fresh("two")); other == first {
		t.Error("another seed made the same")
	}
}
