package issuer_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/oauth"
)

func ptr[V any](v V) *V { return &v }

// refused runs an exchange that must fail with one of the words of RFC 6749.
func (h *house) refused(t *testing.T, name string, req issuer.TokenRequest, want oauth.Code) {
	t.Helper()
	answer, err := h.Exchange(t.Context(), req)
	if oauth.ErrorCode(err) != want || answer.AccessToken != "" {
		t.Errorf("%s: %+v, %v; want %s", name, answer, err, want)
	}
}

func TestExchange(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		req := redeem(h.acme, h.newCode(t, h.acme))
		req.Scope, req.HasScope = "read", true
		one := h.exchange(t, req)
		if one.TokenType != "bearer" || one.Scope != "read" || one.ExpiresIn != nil || one.RefreshTokenExpiresIn == nil || *one.RefreshTokenExpiresIn != 2_592_000 {
			t.Errorf("answer %+v", one)
		}
		asked := refresh(h.acme, one.RefreshToken)
		asked.Lifetimes = issuer.Lifetimes{ExpiresIn: ptr[int64](300), RefreshTokenExpiresIn: ptr[int64](604_800)}
		h.clock.add(time.Second)
		two := h.exchange(t, asked)
		if two.Scope != "read" || two.ExpiresIn == nil || *two.ExpiresIn != 300 || *two.RefreshTokenExpiresIn != 604_800 {
			t.Errorf("answer %+v", two)
		}
		if h.opens(t, h.acme, one.AccessToken) || !h.opens(t, h.acme, two.AccessToken) {
			t.Error("the refresh did not end the old access token at once, or the new one is dead")
		}
		h.clock.add(300*time.Second - time.Microsecond)
		if !h.opens(t, h.acme, two.AccessToken) {
			t.Error("the token ended before its time")
		}
		h.clock.add(time.Microsecond)
		if h.opens(t, h.acme, two.AccessToken) {
			t.Error("the token lives beyond its time")
		}
		h.clock.add(604_800*time.Second - 300*time.Second)
		late := refresh(h.acme, two.RefreshToken)
		late.ClientSecret = "successor of " + h.acme.secret
		h.refused(t, "refresh token at its end", late, oauth.InvalidGrant)
	})
}

func TestExchangeByAPublicClient(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		verifier := oauth.NewVerifier(nil)
		session := h.signIn(t, h.acme, bob)
		code := func(clientID string) string {
			req := ask(h.acme, session)
			req.ClientID, req.CodeChallenge, req.CodeChallengeMethod = clientID, oauth.S256(verifier), "S256"
			return h.allow(t, h.acme, bob, req)
		}
		req := redeem(h.acme, code("spa"))
		req.ClientID, req.ClientSecret = "spa", ""
		h.refused(t, "no verifier", req, oauth.InvalidGrant)
		req.CodeVerifier = oauth.NewVerifier(nil)
		h.refused(t, "another verifier", req, oauth.InvalidGrant)
		req.CodeVerifier = verifier
		one := h.exchange(t, req) // the failures spent nothing
		again := refresh(h.acme, one.RefreshToken)
		again.ClientID, again.ClientSecret = "spa", ""
		two := h.exchange(t, again)
		caller, err := h.Bearer(t.Context(), h.acme.Account, issuer.Support, secret.Of(two.AccessToken))
		if err != nil || caller.User.Email != bob || caller.Anonymous() {
			t.Errorf("caller %+v, %v", caller, err)
		}

		// A confidential client may bring a verifier in place of its secret, at the code alone.
		req = redeem(h.acme, code("app"))
		req.ClientSecret, req.CodeVerifier = "", verifier
		three := h.exchange(t, req)
		again = refresh(h.acme, three.RefreshToken)
		again.ClientSecret, again.CodeVerifier = "", verifier
		h.refused(t, "a refresh without the secret", again, oauth.InvalidClient)
	})
}

func TestExchangeErrors(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		code := h.newCode(t, h.acme)
		token := h.newToken(t, h.acme)
		for n, tt := range []struct {
			name  string
			alter func(code, token *issuer.TokenRequest)
			want  oauth.Code
		}{
			{"unknown client", func(c, r *issuer.TokenRequest) { c.ClientID, r.ClientID = "nobody", "nobody" }, oauth.InvalidClient},
			{"no client", func(c, r *issuer.TokenRequest) { c.ClientID, r.ClientID = "", "" }, oauth.InvalidClient},
			{"wrong secret", func(c, r *issuer.TokenRequest) { c.ClientSecret, r.ClientSecret = "x", "x" }, oauth.InvalidClient},
			{"no secret", func(c, r *issuer.TokenRequest) { c.ClientSecret, r.ClientSecret = "", "" }, oauth.InvalidClient},
			{"wrong secret and an unknown grant", func(c, r *issuer.TokenRequest) {
				c.ClientSecret, r.ClientSecret, c.GrantType, r.GrantType = "x", "x", "device", "device"
			}, oauth.InvalidClient},
			{"unknown grant", func(c, r *issuer.TokenRequest) { c.GrantType, r.GrantType = "device", "device" }, oauth.UnsupportedGrantType},
			{"grant that is not served", func(c, r *issuer.TokenRequest) {
				c.GrantType, r.GrantType = oauth.GrantPassword, oauth.GrantPassword
			}, oauth.UnsupportedGrantType},
			{"another client", func(c, r *issuer.TokenRequest) { c.ClientID, r.ClientID = "other", "other" }, oauth.InvalidGrant},
			{"unknown value", func(c, r *issuer.TokenRequest) { c.Code, r.RefreshToken = "x", "x" }, oauth.InvalidGrant},
			{"no value", func(c, r *issuer.TokenRequest) { c.Code, r.RefreshToken = "", "" }, oauth.InvalidGrant},
			{"the access token in its place", func(c, r *issuer.TokenRequest) { c.Code, r.RefreshToken = token.AccessToken, token.AccessToken }, oauth.InvalidGrant},
			{"wider scope", func(c, r *issuer.TokenRequest) {
				c.Scope, c.HasScope, r.Scope, r.HasScope = "impersonate", true, "impersonate", true
			}, oauth.InvalidScope},
			{"too short a life", func(c, r *issuer.TokenRequest) {
				c.Lifetimes.ExpiresIn, r.Lifetimes.ExpiresIn = ptr[int64](1), ptr[int64](1)
			}, oauth.InvalidRequest},
		} {
			byCode, byToken := redeem(h.acme, code), refresh(h.acme, token.RefreshToken)
			byCode.Origin.Address = fmt.Sprintf("192.0.2.%d", n)
			byToken.Origin = byCode.Origin
			tt.alter(&byCode, &byToken)
			h.refused(t, tt.name+", code", byCode, tt.want)
			h.refused(t, tt.name+", refresh token", byToken, tt.want)
		}
		mismatch := redeem(h.acme, code)
		mismatch.RedirectURI += "/"
		h.refused(t, "redirect", mismatch, oauth.InvalidGrant)

		// None of this spent anything.
		h.exchange(t, redeem(h.acme, code))
		if !h.opens(t, h.acme, token.AccessToken) {
			t.Error("the access token is dead")
		}
		h.exchange(t, refresh(h.acme, token.RefreshToken))
		h.refused(t, "code again", redeem(h.acme, code), oauth.InvalidGrant)

		late := h.newCode(t, h.acme)
		h.clock.add(120 * time.Second)
		h.refused(t, "code after 120 seconds", redeem(h.acme, late), oauth.InvalidGrant)
	})
}

// Whoever asked twice, because an answer was lost, must not lose what they have.
func TestReplayNeverHarmsTheSuccessor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		code := h.newCode(t, h.acme)
		one := h.exchange(t, redeem(h.acme, code))
		h.refused(t, "code", redeem(h.acme, code), oauth.InvalidGrant)
		if !h.opens(t, h.acme, one.AccessToken) {
			t.Error("the replayed code killed its token")
		}
		two := h.exchange(t, refresh(h.acme, one.RefreshToken))
		three := h.exchange(t, refresh(h.acme, two.RefreshToken))
		for range 3 {
			h.refused(t, "first refresh token", refresh(h.acme, one.RefreshToken), oauth.InvalidGrant)
			h.refused(t, "second refresh token", refresh(h.acme, two.RefreshToken), oauth.InvalidGrant)
		}
		if !h.opens(t, h.acme, three.AccessToken) || h.opens(t, h.acme, two.AccessToken) {
			t.Error("the replay killed the successor, or revived the predecessor")
		}
		h.exchange(t, refresh(h.acme, three.RefreshToken))
		if n := storetest.Count(t, h.raw, `SELECT count(DISTINCT family_id) FROM issuer_tokens`); n != 1 {
			t.Errorf("%d families of one authorization", n)
		}
	})
}

func TestSuspendedUserGetsNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		code, token := h.newCode(t, h.acme), h.newToken(t, h.acme)
		h.suspend(t, h.acme, ada, true)
		h.refused(t, "code", redeem(h.acme, code), oauth.InvalidGrant)
		h.refused(t, "refresh", refresh(h.acme, token.RefreshToken), oauth.InvalidGrant)
		if h.opens(t, h.acme, token.AccessToken) {
			t.Error("the access token of a suspended user opens the API")
		}
		h.suspend(t, h.acme, ada, false)
		if !h.opens(t, h.acme, token.AccessToken) {
			t.Error("the suspension was for good")
		}
		h.exchange(t, refresh(h.acme, token.RefreshToken))
		h.exchange(t, redeem(h.acme, code))
	})
}

// While a client's secret is rolled over, both open; then the successor alone.
func TestSecretAndItsSuccessor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		successor := "successor of " + h.acme.secret
		token := h.newToken(t, h.acme)
		for _, tt := range []struct {
			add    time.Duration
			secret string
			want   oauth.Code
		}{
			{0, h.acme.secret, ""},
			{0, successor, ""},
			{time.Hour, h.acme.secret, oauth.InvalidClient},
			{0, successor, ""},
		} {
			h.clock.add(tt.add)
			req := refresh(h.acme, token.RefreshToken)
			req.ClientSecret = tt.secret
			next, err := h.Exchange(t.Context(), req)
			if oauth.ErrorCode(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Fatalf("%q, %v later: %v", tt.secret, tt.add, err)
			}
			if err == nil {
				token = next
			}
		}
	})
}

func TestClientFailuresAreSlowedDown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token := h.newToken(t, h.acme)
		for range 2 * issuer.FailuresMost { // invalid_grant never counts
			h.refused(t, "grant", refresh(h.acme, "x"), oauth.InvalidGrant)
		}
		wrong := refresh(h.acme, token.RefreshToken)
		wrong.ClientSecret = "x"
		for range issuer.FailuresMost {
			h.refused(t, "wrong secret", wrong, oauth.InvalidClient)
		}
		var many *issuer.TooMany
		if _, err := h.Exchange(t.Context(), refresh(h.acme, token.RefreshToken)); !errors.As(err, &many) || many.After != issuer.FailuresWindow {
			t.Errorf("after too many: %v, %+v", err, many)
		}
		elsewhere := refresh(h.acme, token.RefreshToken)
		elsewhere.Origin.Address = "192.0.2.99"
		token = h.exchange(t, elsewhere)
		h.clock.add(issuer.FailuresWindow)
		h.exchange(t, refresh(h.acme, token.RefreshToken))
	})
}

// Two accounts never see each other's clients, codes, tokens, sessions or users,
// though all of them have the same names; nor do the products of one account.
func TestAccountsAndProductsNeverMeet(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, way := range [][2]place{{h.acme, h.globex}, {h.globex, h.acme}} {
			mine, theirs := way[0], way[1]
			code, token := h.newCode(t, mine), h.newToken(t, mine)
			with := func(req issuer.TokenRequest, secret string) issuer.TokenRequest {
				req.ClientSecret = secret
				return req
			}
			h.refused(t, "their account, my secret", with(redeem(theirs, code), mine.secret), oauth.InvalidClient)
			h.refused(t, "their account, my code", redeem(theirs, code), oauth.InvalidGrant)
			h.refused(t, "their account, my refresh token", refresh(theirs, token.RefreshToken), oauth.InvalidGrant)
			if h.opens(t, theirs, token.AccessToken) || !h.opens(t, mine, token.AccessToken) {
				t.Error("my access token opens their account, or not mine")
			}
			chat := redeem(mine, code)
			chat.Product = issuer.Chat
			h.refused(t, "Chat, a code of Support", chat, oauth.InvalidGrant)
			chat = refresh(mine, token.RefreshToken)
			chat.Product = issuer.Chat
			h.refused(t, "Chat, a refresh token of Support", chat, oauth.InvalidGrant)
			if _, err := h.Bearer(t.Context(), mine.Account, issuer.Chat, secret.Of(token.AccessToken)); !errors.Is(err, issuer.ErrToken) {
				t.Errorf("Chat, an access token of Support: %v", err)
			}
			// And still all of it is good where it belongs.
			h.exchange(t, redeem(mine, code))
			h.exchange(t, refresh(mine, token.RefreshToken))
		}
	})
}

func TestBearerAndItsUses(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		token := h.newToken(t, h.acme)
		used := func() time.Time {
			t.Helper()
			v, err := h.Store.TokenByAccess(t.Context(), h.acme.Account.ID, issuer.Support, secret.Of(token.AccessToken).Digest())
			if err != nil {
				t.Fatal(err)
			}
			if v, err = h.Store.Token(t.Context(), h.acme.Account.ID, issuer.Support, v.ID); err != nil {
				t.Fatal(err)
			}
			return v.Used
		}
		for _, access := range []string{"", "x", token.RefreshToken, token.AccessToken[:10], token.AccessToken + "0"} {
			if h.opens(t, h.acme, access) {
				t.Errorf("%q opens the API", access)
			}
		}
		caller, err := h.Bearer(t.Context(), h.acme.Account, issuer.Support, secret.Of(token.AccessToken))
		if err != nil || caller.User.Email != ada || caller.Account != h.acme.Account || caller.Token.Scope.String() != "read write" || caller.Via != issuer.ViaBearer {
			t.Errorf("caller %+v, %v", caller, err)
		}
		if !used().IsZero() {
			t.Error("a read became a write")
		}
		at := h.clock.Now()
		storetest.Exec(t, h.raw, `ALTER TABLE issuer_tokens RENAME TO gone`)
		if err := h.FlushUses(t.Context()); err == nil {
			t.Error("flushed to a table that is not there")
		}
		storetest.Exec(t, h.raw, `ALTER TABLE gone RENAME TO issuer_tokens`)
		for range 2 {
			if err := h.FlushUses(t.Context()); err != nil || !used().Equal(at) {
				t.Errorf("used %v, %v; want %v", used(), err, at)
			}
			h.clock.add(time.Second) // nothing was used since
		}
	})
}

// The whole use case at once: exactly one succeeds, and what it was answered works.
func TestExchangeAtOnceHasOneWinner(t *testing.T) {
	const racers, rounds = 32, 5
	each(t, func(t *testing.T, h *house) {
		winner := func(req issuer.TokenRequest) oauth.TokenResponse {
			t.Helper()
			answers, errs := make([]oauth.TokenResponse, racers), make([]error, racers)
			var all sync.WaitGroup
			for n := range racers {
				all.Go(func() { answers[n], errs[n] = h.Exchange(t.Context(), req) })
			}
			all.Wait()
			var won []oauth.TokenResponse
			for n, err := range errs {
				switch {
				case err == nil:
					won = append(won, answers[n])
				case oauth.ErrorCode(err) != oauth.InvalidGrant:
					t.Error(err)
				}
			}
			if len(won) != 1 || !h.opens(t, h.acme, won[0].AccessToken) {
				t.Fatalf("%d winners, or the winner's token is dead", len(won))
			}
			return won[0]
		}
		for range rounds {
			one := winner(redeem(h.acme, h.newCode(t, h.acme)))
			two := winner(refresh(h.acme, one.RefreshToken))
			h.exchange(t, refresh(h.acme, two.RefreshToken))
		}
	})
}
