package issuer

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// good is a request in which nothing is wrong, of a client to whom nothing is forbidden.
func good() (Client, AuthorizeRequest) {
	c := Client{ID: 7, Account: 1, Product: Support, Kind: Public, RedirectURIs: []string{"https://app.example/cb", "http://localhost/cb"}}
	return c, AuthorizeRequest{
		Account: Account{ID: 1}, Product: Support,
		AuthorizeRequest: oauth.AuthorizeRequest{
			ResponseType: "code", ClientID: "app", RedirectURI: "https://app.example/cb", HasRedirectURI: true,
			Scope: "read tickets:write", State: "s t", CodeChallenge: oauth.S256("v"), CodeChallengeMethod: "S256",
		},
	}
}

// Each row breaks one thing more than the row before it: the first error in this
// order is the one that is told.
func TestAuthorizeErrorsInOrder(t *testing.T) {
	steps := []struct {
		name   string
		breaks func(c *Client, r *AuthorizeRequest)
		want   oauth.Code // empty: must not redirect
		reason string
	}{
		{"scope", func(c *Client, _ *AuthorizeRequest) { c.AllowedScopes = oauth.Scope{"read"} }, oauth.InvalidScope, "tickets:write"},
		{"challenge", func(_ *Client, r *AuthorizeRequest) { r.CodeChallengeMethod = "plain" }, oauth.InvalidRequest, "S256"},
		{"response type", func(_ *Client, r *AuthorizeRequest) { r.ResponseType = "id_token" }, oauth.UnsupportedResponseType, "response_type"},
		{"no response type", func(_ *Client, r *AuthorizeRequest) { r.ResponseType = "" }, oauth.InvalidRequest, "no response_type"},
		{"malformed", func(_ *Client, r *AuthorizeRequest) {
			r.Malformed = oauth.Errorf(oauth.InvalidRequest, "scope is repeated")
		}, oauth.InvalidRequest, "repeated"},
		{"redirect", func(_ *Client, r *AuthorizeRequest) { r.RedirectURI = "https://evil.example/cb" }, "", "not registered"},
	}
	c, req := good()
	if _, err := c.authorize(req, SupportPolicy()); err != nil {
		t.Fatal("nothing is wrong:", err)
	}
	for _, step := range steps {
		step.breaks(&c, &req)
		auth, err := c.authorize(req, SupportPolicy())
		var unverified *Unverified
		var refused *Refused
		switch {
		case step.want == "" && !errors.As(err, &unverified), step.want != "" && !errors.As(err, &refused),
			oauth.ErrorCode(err) != step.want, !strings.Contains(err.Error(), step.reason):
			t.Errorf("%s: %v", step.name, err)
		}
		if auth.RedirectURI != "" {
			t.Errorf("%s: an authorization besides the error: %+v", step.name, auth)
		}
		if refused != nil {
			got := refused.Redirect("No, it is not.")
			want := "https://app.example/cb?error=" + string(step.want) + "&error_description=No%2C+it+is+not.&state=s+t"
			if got != want {
				t.Errorf("%s: redirects to %s, want %s", step.name, got, want)
			}
		}
	}
}

func TestAuthorizeKeepsWhatWasAsked(t *testing.T) {
	c, req := good()
	req.Scope = "read nonsense tickets:write read"
	got, err := c.authorize(req, SupportPolicy())
	if err != nil {
		t.Fatal(err)
	}
	want := Authorization{
		Account: Account{ID: 1}, Client: c, RedirectURI: "https://app.example/cb", RedirectSent: true, ResponseType: "code",
		Scope: oauth.Scope{"read", "tickets:write"}, State: "s t", Challenge: oauth.S256("v"),
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error("authorization (-want +got):\n" + diff)
	}
	if a := got.Answer(secret.Of("abc")); a != "https://app.example/cb?code=abc&state=s+t" {
		t.Error("answer:", a)
	}
	p := SupportPolicy()
	code := got.code(noon, User{ID: 3}, p, secret.Of("abc"))
	wantCode := Code{
		Account: 1, Product: Support, Digest: secret.Of("abc").Digest(), Client: 7, User: 3,
		RedirectURI: "https://app.example/cb", RedirectSent: true, Scope: oauth.Scope{"read", "tickets:write"},
		Challenge: oauth.S256("v"), Created: noon, Expires: noon.Add(p.CodeLife),
	}
	if diff := cmp.Diff(wantCode, code); diff != "" {
		t.Error("code (-want +got):\n" + diff)
	}
	if got, err := url.ParseQuery(req.AuthorizeRequest.Encode().Encode()); err != nil || got.Get("scope") != req.Scope || got.Get("state") != "s t" {
		t.Errorf("what a page carries along: %v, %v", got, err)
	}
}

func TestCheckChallenge(t *testing.T) {
	s256 := oauth.S256("v")
	for _, tt := range []struct {
		name              string
		kind              Kind
		policy            Policy
		challenge, method string
		ok                bool
	}{
		{"public with S256", Public, SupportPolicy(), s256, "S256", true},
		{"public without", Public, SupportPolicy(), "", "", false},
		{"confidential without", Confidential, SupportPolicy(), "", "", true},
		{"confidential with S256", Confidential, SupportPolicy(), s256, "S256", true},
		{"plain", Confidential, SupportPolicy(), s256, "plain", false},
		{"no method, which means plain", Confidential, SupportPolicy(), s256, "", false},
		{"lower case", Confidential, SupportPolicy(), s256, "s256", false},
		{"method alone", Confidential, SupportPolicy(), "", "S256", false},
		{"too short", Confidential, SupportPolicy(), s256[1:], "S256", false},
		{"padded", Confidential, SupportPolicy(), s256 + "=", "S256", false},
		{"a product without PKCE", Public, ChatPolicy(), "", "", true},
		{"a product without PKCE looks at nothing", Public, ChatPolicy(), "x", "plain", true},
	} {
		req := AuthorizeRequest{AuthorizeRequest: oauth.AuthorizeRequest{CodeChallenge: tt.challenge, CodeChallengeMethod: tt.method}}
		err := Client{Kind: tt.kind}.checkChallenge(req, tt.policy)
		if (err == nil) != tt.ok || err != nil && err.Code != oauth.InvalidRequest {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	c, req := good()
	auth, err := c.authorize(req, ChatPolicy())
	if err == nil && auth.Challenge != "" {
		t.Error("a product without PKCE keeps a challenge")
	}
}

func TestCheckScope(t *testing.T) {
	for _, tt := range []struct {
		asked, allowed string
		outside        string
	}{
		{"read write", "", ""},
		{"", "read", ""},
		{"read", "read", ""},
		{"tickets:read", "read", ""},
		{"tickets:read", "tickets", ""},
		{"read", "tickets:read", `"read"`},
		{"read write", "read", `"write"`},
		{"tickets", "tickets:read", `"tickets"`},
		{"impersonate", "read write", `"impersonate"`},
	} {
		err := Client{AllowedScopes: oauth.ParseScope(tt.allowed)}.checkScope(oauth.ParseScope(tt.asked), SupportPolicy())
		if (err == nil) != (tt.outside == "") || err != nil && (err.Code != oauth.InvalidScope || !strings.Contains(err.Reason, tt.outside)) {
			t.Errorf("%q of %q: %v", tt.asked, tt.allowed, err)
		}
	}
}

func TestExceeds(t *testing.T) {
	for _, tt := range []struct{ asked, granted, want string }{
		{"", "", ""},
		{"read", "read write", ""},
		{"write read", "read write", ""},
		{"read", "", "read"},
		{"tickets:read users:write", "read", "users:write"},
		{"users:read users:write", "users", ""},
	} {
		got, exceeds := SupportPolicy().exceeds(oauth.ParseScope(tt.asked), oauth.ParseScope(tt.granted))
		if got != tt.want || exceeds != (tt.want != "") {
			t.Errorf("%q of %q: %q, %v", tt.asked, tt.granted, got, exceeds)
		}
	}
	if got := SupportPolicy().known(oauth.Scope{"nonsense", "read", "tickets:fly", "tickets:write"}); got.String() != "read tickets:write" {
		t.Errorf("known: %v", got)
	}
}

func TestConsentedTo(t *testing.T) {
	for _, tt := range []struct {
		asked   string
		earlier []string
		want    bool
	}{
		{"read", nil, false},
		{"read", []string{"read"}, true},
		{"read write", []string{"write read"}, true},
		{"read", []string{"write", "read"}, true},
		{"read", []string{"read write"}, false},          // fewer than before
		{"read write", []string{"read"}, false},          // more than before
		{"read write", []string{"read", "write"}, false}, // two halves are no whole
		{"", nil, false},
		{"", []string{"read"}, false},
	} {
		var earlier []oauth.Scope
		for _, s := range tt.earlier {
			earlier = append(earlier, oauth.ParseScope(s))
		}
		if got := (Authorization{Scope: oauth.ParseScope(tt.asked)}).consentedTo(earlier); got != tt.want {
			t.Errorf("%q after %q: %v", tt.asked, tt.earlier, got)
		}
	}
}
