package issuer_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// represent is a client credentials request in which nothing is wrong.
func represent(in place) issuer.TokenRequest {
	req := redeem(in, "")
	req.GrantType, req.RedirectURI = oauth.GrantClientCredentials, ""
	return req
}

// trust is a password request in which nothing is wrong, of an account that has
// the grant.
func trust(in place) issuer.TokenRequest {
	req := represent(in)
	req.GrantType, req.Username, req.Password = oauth.GrantPassword, bob, in.password
	req.Account.PasswordGrant = true
	return req
}

// lower sets the ceiling of a client.
func (h *house) lower(t *testing.T, in place, identifier, scopes string) {
	t.Helper()
	h.alter(t, in, issuer.Support, identifier, func(c *issuer.Client) { c.AllowedScopes = oauth.ParseScope(scopes) })
}

func TestClientCredentials(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.lower(t, h.acme, "other", "read tickets:write")
		for _, tt := range []struct {
			name, client, scope string // "-": not sent
			want                string
			refused             oauth.Code
		}{
			{"no scope, no ceiling", "app", "-", "read write", ""},
			{"empty scope", "app", "", "read write", ""},
			{"a scope", "app", "tickets:read impersonate", "tickets:read impersonate", ""},
			{"a word nobody knows", "app", "raed write", "write", ""},
			{"no scope, a ceiling", "other", "-", "read tickets:write", ""},
			{"below the ceiling", "other", "users:read", "users:read", ""},
			{"above the ceiling", "other", "write", "", oauth.InvalidScope},
		} {
			req := represent(h.acme)
			req.ClientID, req.Scope, req.HasScope = tt.client, tt.scope, tt.scope != "-"
			if !req.HasScope {
				req.Scope = ""
			}
			if tt.refused != "" {
				h.refused(t, tt.name, req, tt.refused)
				continue
			}
			got := h.exchange(t, req)
			if got.Scope != tt.want || got.RefreshToken != "" || got.RefreshTokenExpiresIn != nil || got.TokenType != "bearer" || got.ExpiresIn != nil {
				t.Errorf("%s: %+v", tt.name, got)
			}
			// It acts as the admin who made the client.
			caller, err := h.Bearer(t.Context(), h.acme.Account, issuer.Support, secret.Of(got.AccessToken))
			if err != nil || caller.User.Email != ada {
				t.Errorf("%s: caller %+v, %v", tt.name, caller.User, err)
			}
		}
		asked := represent(h.acme)
		asked.Lifetimes = issuer.Lifetimes{ExpiresIn: ptr[int64](300), RefreshTokenExpiresIn: ptr[int64](1)} // there is no second life to refuse
		token := h.exchange(t, asked)
		if token.ExpiresIn == nil || *token.ExpiresIn != 300 {
			t.Errorf("asked for 300 seconds: %+v", token)
		}
		h.clock.add(300 * time.Second)
		if h.opens(t, h.acme, token.AccessToken) {
			t.Error("it outlives the 300 seconds that it asked for")
		}
		asked.Lifetimes.ExpiresIn = ptr[int64](299)
		h.refused(t, "too short a life", asked, oauth.InvalidRequest)

		wrong := represent(h.acme)
		wrong.ClientSecret = ""
		h.refused(t, "no secret", wrong, oauth.InvalidClient)
		wrong.CodeVerifier = oauth.NewVerifier(nil)
		h.refused(t, "a verifier in place of the secret", wrong, oauth.InvalidClient)
		h.suspend(t, h.acme, ada, true)
		h.refused(t, "its creator is suspended", represent(h.acme), oauth.InvalidGrant)
	})
}

// The products have different words for the same refusal (facts sections 2.4, 8.4).
func TestPublicClientsHaveNoCredentials(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		req := represent(h.acme)
		req.ClientID, req.ClientSecret = "spa", ""
		h.refused(t, "Support", req, oauth.UnauthorizedClient)
		h.alter(t, h.acme, issuer.Chat, "app", func(c *issuer.Client) { c.Kind = issuer.Public })
		req = represent(h.acme)
		req.Product = issuer.Chat
		h.refused(t, "Chat", req, oauth.InvalidClient)
	})
}

func TestPasswordGrant(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		off := trust(h.acme)
		off.Account.PasswordGrant = false
		h.refused(t, "an account that did not switch it on", off, oauth.UnsupportedGrantType)

		one := h.exchange(t, trust(h.acme))
		if one.Scope != "read write" || one.RefreshToken == "" {
			t.Errorf("answer %+v", one)
		}
		two := h.exchange(t, refresh(h.acme, one.RefreshToken))
		caller, err := h.Bearer(t.Context(), h.acme.Account, issuer.Support, secret.Of(two.AccessToken))
		if err != nil || caller.User.Email != bob {
			t.Errorf("caller %+v, %v", caller.User, err)
		}
		for name, alter := range map[string]func(r *issuer.TokenRequest){
			"wrong password":              func(r *issuer.TokenRequest) { r.Password = "x" },
			"no password":                 func(r *issuer.TokenRequest) { r.Password = "" },
			"password of another account": func(r *issuer.TokenRequest) { r.Password = h.globex.password },
			"suspended":                   func(r *issuer.TokenRequest) { r.Username = "suspended@example.com" },
			"unknown":                     func(r *issuer.TokenRequest) { r.Username = "nobody@example.com" },
		} {
			req := trust(h.acme)
			alter(&req)
			h.refused(t, name, req, oauth.InvalidGrant)
		}
		req := trust(h.acme)
		req.ClientSecret = "x"
		h.refused(t, "wrong secret, right password", req, oauth.InvalidClient)
		h.lower(t, h.acme, "app", "read")
		req = trust(h.acme)
		req.Scope, req.HasScope = "write", true
		h.refused(t, "above the ceiling", req, oauth.InvalidScope)
	})
}

// The token endpoint is no way round the brake of the sign-in page, nor the reverse.
func TestPasswordGrantIsSlowedDown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		wrong := trust(h.acme)
		wrong.Password = "wrong"
		for range issuer.FailuresMost {
			h.refused(t, "wrong password", wrong, oauth.InvalidGrant)
		}
		var many *issuer.TooMany
		if _, err := h.Exchange(t.Context(), trust(h.acme)); !errors.As(err, &many) {
			t.Errorf("the right password after too many wrong ones: %v", err)
		}
		in := issuer.SignIn{Email: bob, Password: secret.Of(h.acme.password), Origin: wrong.Origin}
		if _, err := h.SignIn(t.Context(), h.acme.Account, in, secret.Plain{}); !errors.As(err, &many) {
			t.Errorf("the page takes what the endpoint does not: %v", err)
		}
		h.clock.add(issuer.FailuresWindow)
		h.exchange(t, trust(h.acme))
	})
}

// fragmentOf is what a client reads after the "#" of a redirect.
func fragmentOf(t *testing.T, redirect string) url.Values {
	t.Helper()
	to, fragment, found := strings.Cut(redirect, "#")
	values, err := url.ParseQuery(fragment)
	if !found || to != callback || err != nil {
		t.Fatalf("%q has no fragment, or another address: %v", redirect, err)
	}
	return values
}

func TestImplicitGrant(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		req := ask(h.acme, h.signIn(t, h.acme, bob))
		req.ClientID, req.ResponseType = "spa", "token" // public, and no challenge
		d := issuer.Decision{AuthorizeRequest: req, User: h.acme.Users[1].ID, Allow: true}
		redirect, err := h.Decide(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		got := fragmentOf(t, redirect)
		if len(got) != 4 || got.Get("token_type") != "bearer" || got.Get("scope") != "read write" || got.Get("state") != "st" {
			t.Errorf("the fragment holds %v", got)
		}
		caller, err := h.Bearer(t.Context(), h.acme.Account, issuer.Support, secret.Of(got.Get("access_token")))
		if err != nil || caller.User.Email != bob || caller.Token.HasRefresh || caller.Token.Origin != "implicit" {
			t.Errorf("caller %+v, %v", caller, err)
		}
		// Asked again, nobody is: the token comes at once.
		o, err := h.Authorize(t.Context(), req)
		if err != nil || o.Step != issuer.StepAnswer || fragmentOf(t, o.Redirect).Get("access_token") == got.Get("access_token") {
			t.Errorf("a second time: %+v, %v", o, err)
		}
		d.Allow = false
		_, err = h.Decide(t.Context(), d)
		var refused *issuer.Refused
		if !errors.As(err, &refused) {
			t.Fatal(err)
		}
		if got := fragmentOf(t, refused.Redirect("No.")); got.Get("error") != "access_denied" || got.Get("error_description") != "No." || got.Get("state") != "st" {
			t.Errorf("a denial: %v", got)
		}
		h.lower(t, h.acme, "spa", "read")
		_, err = h.Authorize(t.Context(), req)
		if !errors.As(err, &refused) || fragmentOf(t, refused.Redirect("")).Get("error") != "invalid_scope" {
			t.Errorf("above the ceiling: %v", err)
		}
		h.clock.add(30 * time.Minute)
		if h.opens(t, h.acme, got.Get("access_token")) {
			t.Error("it lives for more than the half hour of its era")
		}
	})
}

// An opt-in: whoever replays a refresh token ends the family (RFC 9700 section 4.14.2).
func TestReplayEndsTheFamilyWhereAsked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		strict := func(req issuer.TokenRequest) issuer.TokenRequest {
			req.Account.RevokeReplayed = true
			return req
		}
		one := h.exchange(t, strict(redeem(h.acme, h.newCode(t, h.acme))))
		two := h.exchange(t, strict(refresh(h.acme, one.RefreshToken)))
		bystander := h.newToken(t, h.acme)
		foreign := strict(refresh(h.acme, one.RefreshToken))
		foreign.ClientID = "other"
		h.refused(t, "by another client", foreign, oauth.InvalidGrant)
		if !h.opens(t, h.acme, two.AccessToken) {
			t.Error("another client ended the family")
		}
		h.refused(t, "replay", strict(refresh(h.acme, one.RefreshToken)), oauth.InvalidGrant)
		if h.opens(t, h.acme, two.AccessToken) {
			t.Error("the successor lives on")
		}
		h.refused(t, "the successor's refresh token", strict(refresh(h.acme, two.RefreshToken)), oauth.InvalidGrant)
		if !h.opens(t, h.acme, bystander.AccessToken) {
			t.Error("another family of the same client and person ended too")
		}
	})
}
