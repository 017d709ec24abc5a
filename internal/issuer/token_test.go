package issuer

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

var pair = Pair{Access: secret.Of("access-token-of-the-test"), Refresh: secret.Of("refresh-token-of-the-test"), Family: 99}

// proof and liveCode belong together.
const proof = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func liveCode() Code {
	return Code{
		Account: 1, Product: Support, Digest: secret.Of("c").Digest(), Client: 7, User: 3,
		RedirectURI: "https://app.example/cb", RedirectSent: true, Scope: oauth.Scope{"read", "write"},
		Challenge: oauth.S256(proof), Created: noon, Expires: noon.Add(2 * time.Minute),
	}
}

func redemption() TokenRequest {
	return TokenRequest{
		Account: Account{ID: 1, Era: Enforced}, Product: Support,
		TokenRequest: oauth.TokenRequest{
			GrantType: oauth.GrantAuthorizationCode, RedirectURI: "https://app.example/cb", CodeVerifier: proof,
		},
	}
}

func TestRedeem(t *testing.T) {
	for _, tt := range []struct {
		name   string
		alter  func(c *Code, by *Client, r *TokenRequest)
		at     time.Duration
		want   oauth.Code
		reason string
	}{
		{"as authorized", func(*Code, *Client, *TokenRequest) {}, 0, "", ""},
		{"in its last moment", func(*Code, *Client, *TokenRequest) {}, 2*time.Minute - 1, "", ""},
		{"at its end", func(*Code, *Client, *TokenRequest) {}, 2 * time.Minute, oauth.InvalidGrant, "expired"},
		{"used", func(c *Code, _ *Client, _ *TokenRequest) { c.Redeemed = true }, 0, oauth.InvalidGrant, "used before"},
		{"another client", func(_ *Code, by *Client, _ *TokenRequest) { by.ID = 8 }, 0, oauth.InvalidGrant, "another client"},
		{"another redirect", func(_ *Code, _ *Client, r *TokenRequest) { r.RedirectURI += "/" }, 0, oauth.InvalidGrant, "redirect_uri"},
		{"redirect left out, sent before", func(_ *Code, _ *Client, r *TokenRequest) { r.RedirectURI = "" }, 0, oauth.InvalidGrant, "redirect_uri"},
		{"redirect left out twice", func(c *Code, _ *Client, r *TokenRequest) { c.RedirectSent, r.RedirectURI = false, "" }, 0, "", ""},
		{"redirect sent, left out before", func(c *Code, _ *Client, _ *TokenRequest) { c.RedirectSent = false }, 0, "", ""},
		{"another redirect, left out before", func(c *Code, _ *Client, r *TokenRequest) { c.RedirectSent, r.RedirectURI = false, "https://x" }, 0, oauth.InvalidGrant, "redirect_uri"},
		{"wrong verifier", func(_ *Code, _ *Client, r *TokenRequest) { r.CodeVerifier = strings.ToUpper(proof) }, 0, oauth.InvalidGrant, "code_verifier"},
		{"no verifier", func(_ *Code, _ *Client, r *TokenRequest) { r.CodeVerifier = "" }, 0, oauth.InvalidGrant, "code_verifier"},
		{"the challenge as verifier", func(c *Code, _ *Client, r *TokenRequest) { r.CodeVerifier = c.Challenge }, 0, oauth.InvalidGrant, "code_verifier"},
		{"verifier without challenge", func(c *Code, _ *Client, _ *TokenRequest) { c.Challenge = "" }, 0, oauth.InvalidGrant, "code_verifier"},
		{"neither", func(c *Code, _ *Client, r *TokenRequest) { c.Challenge, r.CodeVerifier = "", "" }, 0, "", ""},
		{"wider scope", func(_ *Code, _ *Client, r *TokenRequest) { r.Scope, r.HasScope = "read impersonate", true }, 0, oauth.InvalidScope, "impersonate"},
		{"lowered ceiling", func(_ *Code, by *Client, _ *TokenRequest) { by.AllowedScopes = oauth.Scope{"read"} }, 0, oauth.InvalidScope, "write"},
		{"lifetime", func(_ *Code, _ *Client, r *TokenRequest) { r.Lifetimes.ExpiresIn = seconds64(1) }, 0, oauth.InvalidRequest, "expires_in"},
		{"refused for the code before the scope", func(c *Code, _ *Client, r *TokenRequest) {
			c.Redeemed, r.Scope, r.HasScope = true, "impersonate", true
		}, 0, oauth.InvalidGrant, "used before"},
	} {
		c, by, req := liveCode(), Client{ID: 7}, redemption()
		tt.alter(&c, &by, &req)
		token, err := c.Redeem(noon.Add(tt.at), by, req, SupportPolicy(), pair)
		if oauth.ErrorCode(err) != tt.want || err != nil && !strings.Contains(err.Error(), tt.reason) || (err == nil) != (tt.want == "") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && token.Client != 0 {
			t.Errorf("%s: a token besides the error: %+v", tt.name, token)
		}
	}
}

func TestRedeemMakes(t *testing.T) {
	req := redemption()
	req.Scope, req.HasScope = "read", true
	at := noon.Add(time.Second)
	got, err := liveCode().Redeem(at, Client{ID: 7}, req, SupportPolicy(), pair)
	if err != nil {
		t.Fatal(err)
	}
	want := Token{
		Account: 1, Product: Support, Client: 7, User: 3, Family: 99, Generation: 1, Origin: "authorization_code",
		Scope: oauth.Scope{"read"}, Consented: oauth.Scope{"read", "write"},
		Access: pair.Access.Digest(), AccessHint: "access-tok", AccessExpires: at.Add(30 * time.Minute),
		Refresh: pair.Refresh.Digest(), RefreshHint: "refresh-to", RefreshExpires: at.Add(30 * 24 * time.Hour),
		HasRefresh: true, Created: at,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("token (-want +got):\n" + diff)
	}
}

func liveToken() Token {
	return Token{
		ID: 12, Account: 1, Product: Support, Client: 7, User: 3, Family: 42, Generation: 3, Origin: "authorization_code",
		Scope: oauth.Scope{"read", "tickets:write"}, Consented: oauth.Scope{"read", "write"},
		AccessExpires: noon.Add(-time.Hour), RefreshExpires: noon.Add(time.Hour), HasRefresh: true, Created: noon.Add(-time.Hour),
	}
}

func TestRotate(t *testing.T) {
	for _, tt := range []struct {
		name   string
		alter  func(v *Token, by *Client, r *TokenRequest)
		at     time.Duration
		want   oauth.Code
		reason string
	}{
		{"with an access token that expired", func(*Token, *Client, *TokenRequest) {}, 0, "", ""},
		{"in its last moment", func(*Token, *Client, *TokenRequest) {}, time.Hour - 1, "", ""},
		{"at its end", func(*Token, *Client, *TokenRequest) {}, time.Hour, oauth.InvalidGrant, "expired"},
		{"no refresh token", func(v *Token, _ *Client, _ *TokenRequest) { v.HasRefresh = false }, 0, oauth.InvalidGrant, "expired"},
		{"another client", func(_ *Token, by *Client, _ *TokenRequest) { by.ID = 8 }, 0, oauth.InvalidGrant, "another client"},
		{"replay", func(v *Token, _ *Client, _ *TokenRequest) { v.Ended, v.EndReason = noon, Replaced }, 0, oauth.InvalidGrant, "used before"},
		{"replay after its time", func(v *Token, _ *Client, _ *TokenRequest) { v.Ended, v.EndReason = noon, Replaced }, 24 * time.Hour, oauth.InvalidGrant, "used before"},
		{"revoked", func(v *Token, _ *Client, _ *TokenRequest) { v.Ended, v.EndReason = noon, Revoked }, 0, oauth.InvalidGrant, "revoked"},
		{"narrower", func(_ *Token, _ *Client, r *TokenRequest) { r.Scope, r.HasScope = "tickets:write", true }, 0, "", ""},
		{"wider than the token, though consented to", func(_ *Token, _ *Client, r *TokenRequest) { r.Scope, r.HasScope = "write", true }, 0, oauth.InvalidScope, "write"},
		{"lowered ceiling", func(_ *Token, by *Client, _ *TokenRequest) { by.AllowedScopes = oauth.Scope{"read"} }, 0, oauth.InvalidScope, "tickets:write"},
		{"lifetime", func(_ *Token, _ *Client, r *TokenRequest) { r.Lifetimes.RefreshTokenExpiresIn = seconds64(1) }, 0, oauth.InvalidRequest, "refresh_token_expires_in"},
	} {
		v, by, req := liveToken(), Client{ID: 7}, TokenRequest{Account: Account{ID: 1, Era: Legacy}}
		tt.alter(&v, &by, &req)
		next, err := v.Rotate(noon.Add(tt.at), by, req, SupportPolicy(), pair)
		if oauth.ErrorCode(err) != tt.want || err != nil && !strings.Contains(err.Error(), tt.reason) || (err == nil) != (tt.want == "") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && next.Client != 0 {
			t.Errorf("%s: a token besides the error: %+v", tt.name, next)
		}
	}
}

func TestRotateMakes(t *testing.T) {
	req := TokenRequest{Account: Account{ID: 1, Era: Legacy}, Lifetimes: Lifetimes{RefreshTokenExpiresIn: seconds64(604_800)}}
	got, err := liveToken().Rotate(noon, Client{ID: 7}, req, SupportPolicy(), pair)
	if err != nil {
		t.Fatal(err)
	}
	want := Token{
		Account: 1, Product: Support, Client: 7, User: 3, Family: 42, Generation: 4, Origin: "refresh_token",
		Scope: oauth.Scope{"read", "tickets:write"}, Consented: oauth.Scope{"read", "write"},
		Access: pair.Access.Digest(), AccessHint: "access-tok", // legacy: it never expires
		Refresh: pair.Refresh.Digest(), RefreshHint: "refresh-to", RefreshExpires: noon.Add(7 * 24 * time.Hour),
		HasRefresh: true, Created: noon,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("token (-want +got):\n" + diff)
	}
}

func TestNarrow(t *testing.T) {
	for _, tt := range []struct {
		granted, asked, allowed string
		want                    string
		refused                 bool
	}{
		{"read write", "", "", "read write", false},
		{"read write", "read", "", "read", false},
		{"read write", "write read", "", "write read", false},
		{"read", "tickets:read", "", "tickets:read", false},
		{"read", "write", "", "", true},
		{"tickets:read", "read", "", "", true},
		{"read", "nonsense", "", "", false}, // dropped: a token that opens nothing, as at Zendesk
		{"read", "nonsense read", "", "read", false},
		{"read", `["read", "read"]`, "", "", false}, // an array in JSON, as Ruby writes it
		{"read", " ", "", "", false},
		{"read write", "", "read", "", true},
		{"read write", "read", "read", "read", false},
	} {
		req := TokenRequest{TokenRequest: oauth.TokenRequest{Scope: tt.asked, HasScope: tt.asked != ""}}
		got, err := Client{AllowedScopes: oauth.ParseScope(tt.allowed)}.narrow(oauth.ParseScope(tt.granted), req, SupportPolicy())
		if got.String() != tt.want || (oauth.ErrorCode(err) == oauth.InvalidScope) != tt.refused {
			t.Errorf("%q of %q, allowed %q: %q, %v", tt.asked, tt.granted, tt.allowed, got, err)
		}
	}
}

func TestOpens(t *testing.T) {
	for _, tt := range []struct {
		name  string
		token Token
		want  bool
	}{
		{"never expires", Token{}, true},
		{"not yet", Token{AccessExpires: noon.Add(1)}, true},
		{"just now", Token{AccessExpires: noon}, false},
		{"ended", Token{AccessExpires: noon.Add(1), Ended: noon}, false},
		{"ended, never expires", Token{Ended: noon}, false},
	} {
		if got := tt.token.Opens(noon); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// expires_in is answered only if it was asked for: what brokers fall into.
func TestRespond(t *testing.T) {
	expiring := Token{Scope: oauth.Scope{"read", "write"}, AccessExpires: noon.Add(time.Hour), HasRefresh: true, RefreshExpires: noon.Add(48 * time.Hour)}
	asked := TokenRequest{Lifetimes: Lifetimes{ExpiresIn: seconds64(3600)}}
	for _, tt := range []struct {
		name  string
		token Token
		req   TokenRequest
		want  oauth.TokenResponse
	}{
		{"not asked", expiring, TokenRequest{}, oauth.TokenResponse{
			AccessToken: "access-token-of-the-test", TokenType: "bearer", Scope: "read write",
			RefreshToken: "refresh-token-of-the-test", RefreshTokenExpiresIn: seconds64(172_800),
		}},
		{"asked", expiring, asked, oauth.TokenResponse{
			AccessToken: "access-token-of-the-test", TokenType: "bearer", Scope: "read write", ExpiresIn: seconds64(3600),
			RefreshToken: "refresh-token-of-the-test", RefreshTokenExpiresIn: seconds64(172_800),
		}},
		{"never, no refresh", Token{}, asked, oauth.TokenResponse{AccessToken: "access-token-of-the-test", TokenType: "bearer"}},
	} {
		if diff := cmp.Diff(tt.want, respond(noon, tt.token, tt.req, pair), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// Families go into JSON one day: numbers beyond 2^53 are not safe there.
func TestNewFamily(t *testing.T) {
	ones := strings.NewReader(strings.Repeat("\xff", 8))
	if got := newFamily(ones); got != 1<<53-1 {
		t.Errorf("the largest family is %d", got)
	}
	a, b := NewPair(strings.NewReader(strings.Repeat("abcdefgh", 9))), NewPair(strings.NewReader(strings.Repeat("abcdefgh", 9)))
	if !a.Access.Equal(b.Access) || a.Family != b.Family {
		t.Error("the same randomness made different pairs")
	}
	defer func() {
		if recover() == nil {
			t.Error("without randomness, a family was made")
		}
	}()
	newFamily(strings.NewReader("short"))
}
