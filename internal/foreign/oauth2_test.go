package foreign

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/deskauth/deskauth/internal/testlog"
)

// TestXOAuth2 signs in with the client library of most Go programs, in each way that it
// has of proving a client, and refreshes.
func TestXOAuth2(t *testing.T) {
	base := startIssuer(t)
	for name, c := range map[string]struct {
		client, secret string
		style          oauth2.AuthStyle
		pkce           bool
	}{
		"secret in the body":       {confidential, clientSecret, oauth2.AuthStyleInParams, false},
		"secret by Basic":          {confidential, clientSecret, oauth2.AuthStyleInHeader, false},
		"secret by trial":          {confidential, clientSecret, oauth2.AuthStyleAutoDetect, false},
		"secret and PKCE":          {confidential, clientSecret, oauth2.AuthStyleInParams, true},
		"public client, PKCE only": {public, "", oauth2.AuthStyleInParams, true},
	} {
		t.Run(name, func(t *testing.T) {
			config := oauth2.Config{
				ClientID: c.client, ClientSecret: c.secret, RedirectURL: redirectURI, Scopes: []string{"read"},
				Endpoint: oauth2.Endpoint{
					AuthURL: base + "/oauth/authorizations/new", TokenURL: base + "/oauth/tokens", AuthStyle: c.style,
				},
			}
			verifier := oauth2.GenerateVerifier()
			var ask, prove []oauth2.AuthCodeOption
			if c.pkce {
				ask, prove = append(ask, oauth2.S256ChallengeOption(verifier)), append(prove, oauth2.VerifierOption(verifier))
			}
			answer := allow(t, config.AuthCodeURL("a state", ask...)).Query()
			if got := answer.Get("state"); got != "a state" {
				t.Errorf("state came back as %q", got)
			}
			first, err := config.Exchange(t.Context(), answer.Get("code"), prove...)
			if err != nil {
				t.Fatal(err)
			}
			if got := first.Extra("scope"); got != "read" {
				t.Errorf("scope is %v, want read", got)
			}
			wantAda(t, config.Client(t.Context(), first), base)

			// The library renews a token when its time has come.
			due := *first
			due.Expiry = time.Now().Add(-time.Minute)
			second, err := config.TokenSource(t.Context(), &due).Token()
			if err != nil {
				t.Fatal(err)
			}
			testlog.Issued(t, first.AccessToken, first.RefreshToken, second.AccessToken, second.RefreshToken)
			if second.AccessToken == first.AccessToken || second.RefreshToken == first.RefreshToken {
				t.Error("the refresh gave a token again that it should have replaced")
			}
			wantAda(t, config.Client(t.Context(), second), base)
			if status, _ := me(t, oauth2.NewClient(t.Context(), oauth2.StaticTokenSource(first)), base); status != http.StatusUnauthorized {
				t.Errorf("the replaced token answers %d, want 401", status)
			}
			if _, err := config.TokenSource(t.Context(), &due).Token(); err == nil {
				t.Error("the replaced refresh token is accepted a second time")
			}
			wantAda(t, config.Client(t.Context(), second), base) // and its replay did no harm
		})
	}
}

// user is what these tests look at in the answer to "who am I".
type user struct{ Name, Role string }

func me(t *testing.T, client *http.Client, base string) (status int, who user) {
	t.Helper()
	r, err := client.Get(base + "/api/v2/users/me.json")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var answer struct{ User user }
	if r.StatusCode == http.StatusOK {
		if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
	}
	return r.StatusCode, answer.User
}

func wantAda(t *testing.T, client *http.Client, base string) {
	t.Helper()
	if status, who := me(t, client, base); status != http.StatusOK || who != (user{"Ada Admin", "admin"}) {
		t.Errorf("users/me answers %d, %+v; want Ada Admin", status, who)
	}
}
