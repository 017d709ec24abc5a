package issuer_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/oauth"
)

// A sign-in from its first step to the one where nobody is asked any more.
func TestAuthorizeSteps(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		step := func(name string, req issuer.AuthorizeRequest, want issuer.Step) issuer.Outcome {
			t.Helper()
			o, err := h.Authorize(t.Context(), req)
			if err != nil || o.Step != want {
				t.Fatalf("%s: step %d, %v; want step %d", name, o.Step, err, want)
			}
			if (o.Redirect != "") != (want == issuer.StepAnswer) || (o.User.ID != 0) == (want == issuer.StepSignIn) || o.Authorization.Client.Identifier != "app" {
				t.Errorf("%s: %+v", name, o)
			}
			return o
		}
		step("nobody is signed in", ask(h.acme, secret.Plain{}), issuer.StepSignIn)
		session := h.signIn(t, h.acme, ada)
		req := ask(h.acme, session)
		step("signed in to another account", ask(h.globex, session), issuer.StepSignIn)
		step("first", req, issuer.StepConsent)
		code := h.allow(t, h.acme, ada, req)
		step("a code is no token yet", req, issuer.StepConsent)
		first := h.exchange(t, redeem(h.acme, code))
		o := step("allowed before", req, issuer.StepAnswer)
		if !strings.HasPrefix(o.Redirect, callback+"?code=") || !strings.HasSuffix(o.Redirect, "&state=st") {
			t.Errorf("the answer redirects to %s", o.Redirect)
		}
		second := h.exchange(t, redeem(h.acme, codeOf(t, o.Redirect)))
		if !h.opens(t, h.acme, first.AccessToken) || !h.opens(t, h.acme, second.AccessToken) {
			t.Error("a further token ended the one before")
		}

		fewer := req
		fewer.Scope = "read"
		step("fewer scopes", fewer, issuer.StepConsent)
		more := req
		more.Scope = "read write impersonate"
		step("more scopes", more, issuer.StepConsent)
		otherwise := req
		otherwise.Scope = "write nonsense read"
		step("the same scopes, written otherwise", otherwise, issuer.StepAnswer)
		step("another user", ask(h.acme, h.signIn(t, h.acme, bob)), issuer.StepConsent)
		spa := req
		spa.ClientID, spa.CodeChallenge, spa.CodeChallengeMethod = "spa", oauth.S256("v"), "S256"
		if o, err := h.Authorize(t.Context(), spa); err != nil || o.Step != issuer.StepConsent {
			t.Errorf("another client: %+v, %v", o, err)
		}
		step("the same in another account", ask(h.globex, h.signIn(t, h.globex, ada)), issuer.StepConsent)

		storetest.Exec(t, h.raw, `UPDATE issuer_tokens SET ended_at = 1, end_reason = 'revoked' WHERE ended_at IS NULL`)
		step("all tokens were revoked", req, issuer.StepConsent)
		h.suspend(t, h.acme, ada, true)
		step("suspended meanwhile", req, issuer.StepSignIn)
		h.suspend(t, h.acme, ada, false)
		h.clock.add(issuer.SessionLife)
		step("the session is over", req, issuer.StepSignIn)
	})
}

// While a refresh token lives, its consent does: brokers refresh, people are not asked.
func TestConsentLivesAsLongAsTheRefreshToken(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.newToken(t, h.acme)
		for _, tt := range []struct {
			add  time.Duration
			want issuer.Step
		}{
			{time.Hour, issuer.StepAnswer}, // the access token of 30 minutes is over
			{30*24*time.Hour - time.Hour - time.Microsecond, issuer.StepAnswer},
			{time.Microsecond, issuer.StepConsent},
		} {
			h.clock.add(tt.add)
			o, err := h.Authorize(t.Context(), ask(h.acme, h.signIn(t, h.acme, ada)))
			if err != nil || o.Step != tt.want {
				t.Errorf("%v later: step %d, %v; want %d", tt.add, o.Step, err, tt.want)
			}
		}
	})
}

func TestAuthorizeFailures(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, tt := range []struct {
			name     string
			alter    func(r *issuer.AuthorizeRequest)
			page     string // what an error page says; empty: it redirects
			redirect oauth.Code
		}{
			{"no client", func(r *issuer.AuthorizeRequest) { r.ClientID = "" }, "No such client", ""},
			{"unknown client", func(r *issuer.AuthorizeRequest) { r.ClientID = "nobody" }, "No such client", ""},
			{"client of the other product", func(r *issuer.AuthorizeRequest) { r.ClientID, r.Product = "spa", issuer.Chat }, "No such client", ""},
			{"the client's number", func(r *issuer.AuthorizeRequest) { r.ClientID = "1" }, "No such client", ""},
			{"redirect", func(r *issuer.AuthorizeRequest) { r.RedirectURI += "/" }, `"redirect_uri" mismatch`, ""},
			{"redirect and all the rest", func(r *issuer.AuthorizeRequest) {
				r.RedirectURI, r.ResponseType, r.Malformed = "https://evil.example", "x", oauth.Errorf(oauth.InvalidRequest, "x")
			}, `"redirect_uri" mismatch`, ""},
			{"response type", func(r *issuer.AuthorizeRequest) { r.ResponseType = "id_token" }, "", oauth.UnsupportedResponseType},
			{"public without challenge", func(r *issuer.AuthorizeRequest) { r.ClientID = "spa" }, "", oauth.InvalidRequest},
		} {
			// Signed in or not, on the way to the page and from it: one answer.
			for _, session := range []secret.Plain{{}, h.signIn(t, h.acme, ada)} {
				req := ask(h.acme, session)
				tt.alter(&req)
				_, authorizeErr := h.Authorize(t.Context(), req)
				_, decideErr := h.Decide(t.Context(), issuer.Decision{AuthorizeRequest: req, User: h.acme.Users[0].ID, Allow: true})
				for _, err := range []error{authorizeErr, decideErr} {
					var unverified *issuer.Unverified
					var refused *issuer.Refused
					if errors.As(err, &unverified) != (tt.page != "") || errors.As(err, &refused) != (tt.redirect != "") ||
						unverified != nil && unverified.Words != tt.page || refused != nil && refused.Cause.Code != tt.redirect {
						t.Errorf("%s: %v", tt.name, err)
					}
				}
			}
		}
		if n := storetest.Count(t, h.raw, `SELECT count(*) FROM issuer_codes`); n != 0 {
			t.Errorf("%d codes were made", n)
		}
	})
}

func TestDecide(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		req := ask(h.acme, h.signIn(t, h.acme, ada))
		decide := func(by issuer.User, allow bool) (string, error) {
			return h.Decide(t.Context(), issuer.Decision{AuthorizeRequest: req, User: by.ID, Allow: allow})
		}
		// The page had asked Bob; meanwhile Ada signed in in the same browser.
		for _, allow := range []bool{true, false} {
			if redirect, err := decide(h.acme.Users[1], allow); !errors.Is(err, issuer.ErrNotFound) || redirect != "" {
				t.Errorf("by another user, allow %v: %q, %v", allow, redirect, err)
			}
		}
		var refused *issuer.Refused
		if _, err := decide(h.acme.Users[0], false); !errors.As(err, &refused) || refused.Cause.Code != oauth.AccessDenied {
			t.Errorf("denied: %v", err)
		} else if got := refused.Redirect("no"); got != callback+"?error=access_denied&error_description=no&state=st" {
			t.Errorf("denied: redirects to %s", got)
		}
		if n := storetest.Count(t, h.raw, `SELECT count(*) FROM issuer_codes`); n != 0 {
			t.Errorf("%d codes were made before anybody allowed it", n)
		}
		redirect, err := decide(h.acme.Users[0], true)
		if err != nil || !strings.HasPrefix(redirect, callback+"?code=") {
			t.Errorf("allowed: %q, %v", redirect, err)
		}
		if err := h.SignOut(t.Context(), h.acme.Account, req.Session, issuer.Origin{}); err != nil {
			t.Fatal(err)
		}
		if _, err := decide(h.acme.Users[0], true); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("signed out meanwhile: %v", err)
		}
	})
}
