package issuer_test

import (
	"errors"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// about is a request of a client about a token in which nothing is wrong.
func about(in place, client, token string) issuer.ClientRequest {
	return issuer.ClientRequest{
		Account: in.Account, Product: issuer.Support, Origin: home, Token: secret.Of(token),
		TokenRequest: oauth.TokenRequest{ClientID: client, ClientSecret: in.secret},
	}
}

func TestIntrospect(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		live := h.newToken(t, h.acme)
		replaced := h.newToken(t, h.acme)
		h.exchange(t, refresh(h.acme, replaced.RefreshToken))
		foreign := h.newToken(t, h.globex)
		active := func(token string) bool {
			t.Helper()
			// Any confidential client may ask: an API is one, and holds no token itself.
			got, err := h.Introspect(t.Context(), about(h.acme, "other", token))
			if err != nil && !errors.Is(err, issuer.ErrNotFound) {
				t.Fatal(err)
			}
			return err == nil && got.ID != 0
		}
		for name, token := range map[string]string{
			"of another account": foreign.AccessToken, "replaced": replaced.AccessToken, "replaced, its refresh token": replaced.RefreshToken,
			"unknown": "x", "none": "",
		} {
			if active(token) {
				t.Errorf("%s: active", name)
			}
		}
		access, err := h.Introspect(t.Context(), about(h.acme, "other", live.AccessToken))
		if err != nil || access.Holder.Identifier != "app" || access.IsRefresh || !access.Expires().Equal(h.clock.Now().Add(30*time.Minute)) {
			t.Errorf("access token: %+v, %v", access, err)
		}
		second, err := h.Introspect(t.Context(), about(h.acme, "other", live.RefreshToken))
		if err != nil || !second.IsRefresh || !second.Expires().Equal(h.clock.Now().Add(30*24*time.Hour)) {
			t.Errorf("refresh token: %+v, %v", second, err)
		}
		h.suspend(t, h.acme, ada, true)
		if active(live.AccessToken) || active(live.RefreshToken) {
			t.Error("active though its user is suspended")
		}
		h.suspend(t, h.acme, ada, false)
		h.clock.add(30 * time.Minute)
		if active(live.AccessToken) || !active(live.RefreshToken) {
			t.Error("the halves end each in its own time")
		}
		for name, alter := range map[string]func(r *issuer.ClientRequest){
			"a public client": func(r *issuer.ClientRequest) { r.ClientID, r.ClientSecret = "spa", "" },
			"no secret":       func(r *issuer.ClientRequest) { r.ClientSecret = "" },
			"wrong secret":    func(r *issuer.ClientRequest) { r.ClientSecret = "x" },
			"unknown client":  func(r *issuer.ClientRequest) { r.ClientID = "nobody" },
		} {
			req := about(h.acme, "other", live.RefreshToken)
			alter(&req)
			if _, err := h.Introspect(t.Context(), req); oauth.ErrorCode(err) != oauth.InvalidClient {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestRevoke(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token := h.newToken(t, h.acme)
		for name, req := range map[string]issuer.ClientRequest{
			"another client's": about(h.acme, "other", token.AccessToken), "unknown": about(h.acme, "app", "x"),
			"another account's": about(h.globex, "app", token.AccessToken),
		} {
			if err := h.Revoke(t.Context(), req); err != nil {
				t.Errorf("%s: %v; RFC 7009 section 2.2 wants no error", name, err)
			}
		}
		wrong := about(h.acme, "app", token.AccessToken)
		wrong.ClientSecret = "x"
		if err := h.Revoke(t.Context(), wrong); oauth.ErrorCode(err) != oauth.InvalidClient {
			t.Errorf("wrong secret: %v", err)
		}
		if !h.opens(t, h.acme, token.AccessToken) {
			t.Fatal("somebody else revoked it")
		}
		for range 2 {
			if err := h.Revoke(t.Context(), about(h.acme, "app", token.AccessToken)); err != nil {
				t.Error(err)
			}
		}
		h.refused(t, "the refresh token of a revoked pair", refresh(h.acme, token.RefreshToken), oauth.InvalidGrant)
		by := h.newToken(t, h.acme)
		if err := h.Revoke(t.Context(), about(h.acme, "app", by.RefreshToken)); err != nil || h.opens(t, h.acme, by.AccessToken) {
			t.Errorf("revoked by its refresh token, the access token lives: %v", err)
		}
		// A public client has no secret, and may give back what it holds.
		req := ask(h.acme, h.signIn(t, h.acme, bob))
		req.ClientID, req.ResponseType = "spa", "token"
		held := fragmentOf(t, h.allowed(t, h.acme, req)).Get("access_token")
		own := about(h.acme, "spa", held)
		own.ClientSecret = ""
		if err := h.Revoke(t.Context(), own); err != nil || h.opens(t, h.acme, held) {
			t.Errorf("a public client's own: %v", err)
		}
	})
}

// allowed has Bob allow a request, and returns where his browser goes.
func (h *house) allowed(t *testing.T, in place, req issuer.AuthorizeRequest) string {
	t.Helper()
	redirect, err := h.Decide(t.Context(), issuer.Decision{AuthorizeRequest: req, User: in.Users[1].ID, Allow: true})
	if err != nil {
		t.Fatal(err)
	}
	return redirect
}
