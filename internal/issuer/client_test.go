package issuer

import (
	"errors"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func held(name string, expires time.Time) ClientSecret {
	return ClientSecret{Digest: secret.Of(name).Digest(), Expires: expires}
}

func TestAuthenticate(t *testing.T) {
	verifier := oauth.NewVerifier(nil)
	rolling := []ClientSecret{held("old", noon.Add(time.Hour)), held("new", time.Time{})}
	for _, tt := range []struct {
		name    string
		kind    Kind
		secrets []ClientSecret
		at      time.Time
		req     oauth.TokenRequest
		ok      bool
	}{
		{"right secret", Confidential, rolling, noon, oauth.TokenRequest{ClientSecret: "new"}, true},
		{"right secret of a refresh", Confidential, rolling, noon, oauth.TokenRequest{GrantType: oauth.GrantRefreshToken, ClientSecret: "new"}, true},
		{"predecessor", Confidential, rolling, noon.Add(time.Hour - 1), oauth.TokenRequest{ClientSecret: "old"}, true},
		{"predecessor, at its end", Confidential, rolling, noon.Add(time.Hour), oauth.TokenRequest{ClientSecret: "old"}, false},
		{"wrong secret", Confidential, rolling, noon, oauth.TokenRequest{ClientSecret: "New"}, false},
		{"wrong secret with a verifier", Confidential, rolling, noon, oauth.TokenRequest{GrantType: oauth.GrantAuthorizationCode, ClientSecret: "x", CodeVerifier: verifier}, false},
		{"a digest is no secret", Confidential, rolling, noon, oauth.TokenRequest{ClientSecret: string(secret.Of("new").Digest().Bytes())}, false},
		{"no secret", Confidential, rolling, noon, oauth.TokenRequest{GrantType: oauth.GrantAuthorizationCode}, false},
		{"PKCE in place of a secret", Confidential, rolling, noon, oauth.TokenRequest{GrantType: oauth.GrantAuthorizationCode, CodeVerifier: verifier}, true},
		{"PKCE does not refresh", Confidential, rolling, noon, oauth.TokenRequest{GrantType: oauth.GrantRefreshToken, CodeVerifier: verifier}, false},
		{"PKCE opens no other grant", Confidential, rolling, noon, oauth.TokenRequest{GrantType: oauth.GrantClientCredentials, CodeVerifier: verifier}, false},
		{"client without any secret", Confidential, nil, noon, oauth.TokenRequest{ClientSecret: "x"}, false},
		{"public", Public, nil, noon, oauth.TokenRequest{GrantType: oauth.GrantRefreshToken}, true},
		{"public with its secret", Public, rolling, noon, oauth.TokenRequest{ClientSecret: "new"}, true},
		{"public with a wrong secret", Public, rolling, noon, oauth.TokenRequest{ClientSecret: "x"}, false},
		{"public without a secret, presenting one", Public, nil, noon, oauth.TokenRequest{ClientSecret: "x"}, false},
		{"unknown kind", "", rolling, noon, oauth.TokenRequest{}, false},
	} {
		err := Client{Kind: tt.kind, Secrets: tt.secrets}.Authenticate(tt.at, tt.req, SupportPolicy())
		if (err == nil) != tt.ok || err != nil && oauth.ErrorCode(err) != oauth.InvalidClient {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestMatch(t *testing.T) {
	const one, two = "http://127.0.0.1:8080/cb", "https://app.example/cb"
	for _, tt := range []struct {
		name       string
		registered []string
		anyPort    bool
		sent       string // "-": not sent
		want       string
		words      string
	}{
		{"exact", []string{one, two}, false, two, two, ""},
		{"left out, one registered", []string{one}, false, "-", one, ""},
		{"left out, two registered", []string{one, two}, false, "-", "", `"redirect_uri" missing`},
		{"left out, none registered", nil, false, "-", "", `"redirect_uri" missing`},
		{"sent empty", []string{one}, false, "", "", `"redirect_uri" mismatch`},
		{"trailing slash", []string{two}, false, two + "/", "", `"redirect_uri" mismatch`},
		{"query", []string{two}, false, two + "?a=b", "", `"redirect_uri" mismatch`},
		{"upper case", []string{two}, false, "https://APP.example/cb", "", `"redirect_uri" mismatch`},
		{"prefix", []string{two}, false, "https://app.example/c", "", `"redirect_uri" mismatch`},
		{"https for http", []string{"http://localhost/cb"}, false, "https://localhost/cb", "", `"redirect_uri" mismatch`},
		{"another port", []string{one}, false, "http://127.0.0.1:9090/cb", "", `"redirect_uri" mismatch`},
		{"another port, where any will do", []string{one}, true, "http://127.0.0.1:9090/cb", "http://127.0.0.1:9090/cb", ""},
		{"another host, where any port will do", []string{one}, true, "http://app.example:8080/cb", "", `"redirect_uri" mismatch`},
	} {
		req := oauth.AuthorizeRequest{RedirectURI: tt.sent, HasRedirectURI: true}
		if tt.sent == "-" {
			req = oauth.AuthorizeRequest{}
		}
		got, err := Client{RedirectURIs: tt.registered, AnyLoopbackPort: tt.anyPort}.match(req)
		var unverified *Unverified
		if got != tt.want || errors.As(err, &unverified) != (tt.words != "") || tt.words != "" && unverified.Words != tt.words {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}

func seconds64(n int64) *int64 { return &n }

func TestLifetimes(t *testing.T) {
	const never = time.Duration(0)
	for _, tt := range []struct {
		name            string
		account, client Era
		expires         *int64
		refreshExpires  *int64
		access, refresh time.Duration // access never: no expiry
		refused         bool
	}{
		{"legacy, nothing asked", Legacy, "", nil, nil, never, 30 * 24 * time.Hour, false},
		{"enforced, nothing asked", Enforced, "", nil, nil, 30 * time.Minute, 30 * 24 * time.Hour, false},
		{"the client's own era is enforced", Legacy, Enforced, nil, nil, 30 * time.Minute, 30 * 24 * time.Hour, false},
		{"the client's own era is legacy", Enforced, Legacy, nil, nil, never, 30 * 24 * time.Hour, false},
		{"legacy, asked", Legacy, "", seconds64(86_400), seconds64(604_800), 24 * time.Hour, 7 * 24 * time.Hour, false},
		{"enforced, asked", Enforced, "", seconds64(86_400), seconds64(604_800), 24 * time.Hour, 7 * 24 * time.Hour, false},
		{"the least", Enforced, "", seconds64(300), seconds64(604_800), 5 * time.Minute, 7 * 24 * time.Hour, false},
		{"the most", Enforced, "", seconds64(172_800), seconds64(7_776_000), 48 * time.Hour, 90 * 24 * time.Hour, false},
		{"access too short", Legacy, "", seconds64(299), nil, 0, 0, true},
		{"access too long", Legacy, "", seconds64(172_801), nil, 0, 0, true},
		{"access zero", Legacy, "", seconds64(0), nil, 0, 0, true},
		{"access negative", Legacy, "", seconds64(-1800), nil, 0, 0, true},
		{"access beyond what a duration holds", Legacy, "", seconds64(1 << 62), nil, 0, 0, true},
		{"refresh too short", Legacy, "", nil, seconds64(604_799), 0, 0, true},
		{"refresh too long", Legacy, "", nil, seconds64(7_776_001), 0, 0, true},
	} {
		l, err := Client{Era: tt.client}.lifetimes(Account{Era: tt.account}, SupportPolicy(), Lifetimes{tt.expires, tt.refreshExpires})
		if tt.refused {
			if oauth.ErrorCode(err) != oauth.InvalidRequest {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err != nil || l.refresh == nil || *l.refresh != tt.refresh || (l.access == nil) != (tt.access == never) || l.access != nil && *l.access != tt.access {
			t.Errorf("%s: %v, %v, %v", tt.name, l.access, l.refresh, err)
		}
	}
}
