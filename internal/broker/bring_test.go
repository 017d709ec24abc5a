package broker_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

func withoutRefresh(answer map[string]any) {
	delete(answer, "refresh_token")
	delete(answer, "refresh_token_expires_in")
}

// connectClient connects the client itself.
func (h *house) connectClient() broker.Connection {
	h.t.Helper()
	h.z.edit = withoutRefresh
	c, err := h.ConnectClient(h.t.Context(), broker.AtCommand, broker.ForClient{Account: "acme", Scope: oauth.Scope{"read", "tickets:write"}})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// A client that acts for itself is renewed by asking anew.
func TestClientCredentials(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.connectClient()
		if c.State != broker.Active || c.User.ID != 7 || !c.Refresh.IsZero() {
			t.Fatalf("connected %+v", c)
		}
		if diff := cmp.Diff(oauth.Scope{"tickets:write"}, c.Missing()); diff != "" {
			t.Errorf("missing scopes: %s", diff)
		}
		h.clock.move(29 * time.Minute)
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
		for i, p := range h.z.posts {
			want := url.Values{
				"grant_type": {"client_credentials"}, "client_id": {"app"}, "client_secret": {h.z.secret},
				"scope": {"read tickets:write"}, "expires_in": {"1800"},
			}
			if diff := cmp.Diff(want, p); diff != "" {
				t.Errorf("request %d: %s", i, diff)
			}
		}
		if again := h.connectClient(); again.ID != c.ID {
			t.Errorf("the same client became connection %d beside %d", again.ID, c.ID)
		}
	})
}

// What a client that acts for itself asks for uses nothing up: a lost answer is
// asked for again, and nothing is ever in doubt.
func TestClientCredentialsAreNeverInDoubt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.connectClient()
		h.clock.move(29 * time.Minute)
		h.z.spoil(loseAnswer)
		if got := h.lent(c.ID); got != "access-3" { // the second is the lost one
			t.Errorf("after a lost answer: lent %q", got)
		}
		h.clock.move(time.Hour)
		h.z.spoil(loseAnswer, spoilAnswer)
		h.lent(c.ID)
		if got := h.connection(c.ID); got.State != broker.Active || got.Reason != broker.AnswerLost {
			t.Errorf("after two: %s, %s", got.State, got.Reason)
		}
		h.clock.move(time.Hour)
		h.z.spoil(loseAnswer, with(400, "invalid_grant"))
		h.lent(c.ID)
		if got := h.connection(c.ID); got.State != broker.Reauthorize {
			t.Errorf("after a refusal: %s, %s", got.State, got.Reason)
		}
	})
}

func TestPublicClientCannotActForItself(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		if err := h.UseClient(t.Context(), broker.AtCommand, "", broker.Support, "public"); err != nil {
			t.Fatal(err)
		}
		_, err := h.ConnectClient(t.Context(), broker.AtCommand, broker.ForClient{Account: "acme"})
		if invalid := (*broker.Invalid)(nil); !errors.As(err, &invalid) || len(h.z.posts) != 0 {
			t.Errorf("%v after %d requests", err, len(h.z.posts))
		}
	})
}

// issue has Zendesk make a pair for somebody else than the broker.
func (h *house) issue() broker.Import {
	h.t.Helper()
	h.z.commit()
	return broker.Import{Account: "acme", Access: secret.Of(h.z.access), Refresh: secret.Of(h.z.refresh)}
}

func TestImport(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ends := h.clock.now().Add(20 * time.Minute)
		h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, _ *http.Request) { reply(w, currentToken(&ends)) })
		r := h.issue()
		r.Scope = oauth.Scope{"read", "tickets:write"}
		c, err := h.Import(t.Context(), broker.AtCommand, r)
		if err != nil || c.State != broker.Active || c.User.Email != "admin@acme.example" || !c.AccessExpires.Equal(ends) || c.Generation != 1 {
			t.Fatalf("imported %+v, %v", c, err)
		}
		if diff := cmp.Diff(oauth.Scope{"tickets:write"}, c.Missing()); diff != "" {
			t.Error(diff)
		}
		if got := h.lent(c.ID); got != "access-1" || len(h.z.posts) != 0 {
			t.Errorf("lent %q after %d token requests", got, len(h.z.posts))
		}
		h.clock.move(19 * time.Minute)
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
	})
}

func TestImportRotates(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		r := h.issue()
		r.Rotate = true
		c, err := h.Import(t.Context(), broker.AtCommand, r)
		if err != nil || c.Generation != 2 {
			t.Fatalf("imported %+v, %v", c, err)
		}
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
		if diff := cmp.Diff([]broker.Outcome{broker.Answered}, h.outcomes(c.ID, 1)); diff != "" {
			t.Error(diff)
		}
	})
}

// The renewal of what was just taken over fails: it is there all the same.
func TestImportThatCannotRotate(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		r := h.issue()
		r.Rotate = true
		h.z.spoil(page(503))
		c, err := h.Import(t.Context(), broker.AtCommand, r)
		if soft := (*broker.Unavailable)(nil); !errors.As(err, &soft) || c.ID == 0 {
			t.Fatalf("imported %+v, %v", c, err)
		}
		if got := h.lent(c.ID); got != "access-1" {
			t.Errorf("lent %q", got)
		}
	})
}

func TestImportOfWhatIsOver(t *testing.T) {
	for name, c := range map[string]struct {
		rotate, refresh bool
		kind            broker.Kind // "": it is taken
	}{
		"with its refresh token, to rotate": {true, true, ""},
		"with its refresh token":            {false, true, broker.TokensOver},
		"alone":                             {true, false, broker.TokensOver},
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				r := h.issue()
				r.Rotate, r.Access = c.rotate, secret.Of("over")
				if !c.refresh {
					r.Refresh = secret.Plain{}
				}
				conn, err := h.Import(t.Context(), broker.AtCommand, r)
				if c.kind != "" {
					wantKind(t, err, c.kind)
					if h.connections() != 0 {
						t.Error("something was kept")
					}
					return
				}
				if err != nil || h.lent(conn.ID) != "access-2" {
					t.Errorf("imported %+v, %v", conn, err)
				}
			})
		})
	}
}

// Tokens that are nobody's, or of which it cannot be found out whose, are not taken,
// and not touched.
func TestImportNeedsSomebody(t *testing.T) {
	for name, c := range map[string]struct {
		me   http.HandlerFunc
		kind broker.Kind
	}{
		"anonymous": {func(w http.ResponseWriter, _ *http.Request) {
			reply(w, zendesk.UserEnvelope{User: zendesk.AnonymousUser()})
		}, broker.Anonymous},
		"no answer": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, broker.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				h.z.serve(zendesk.UsersMePath, c.me)
				r := h.issue()
				r.Rotate = true
				_, err := h.Import(t.Context(), broker.AtCommand, r)
				wantKind(t, err, c.kind)
				if h.connections() != 0 || len(h.z.posts) != 0 {
					t.Errorf("%d connections, %d token requests", h.connections(), len(h.z.posts))
				}
			})
		})
	}
}

// A person who is connected gets the tokens that are imported; their connection
// keeps its number.
func TestImportForSomebodyKnown(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		first := h.signIn()
		c, err := h.Import(t.Context(), broker.AtCommand, h.issue())
		if err != nil || c.ID != first.ID || c.Generation != 2 || h.connections() != 1 {
			t.Errorf("imported %+v, %v", c, err)
		}
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
	})
}

func TestBringBadInput(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		invalid := func(name string, err error) {
			t.Helper()
			if problem := (*broker.Invalid)(nil); !errors.As(err, &problem) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := h.Import(t.Context(), broker.AtCommand, broker.Import{Account: "no label", Access: secret.Of("a")})
		invalid("subdomain", err)
		_, err = h.Import(t.Context(), broker.AtCommand, broker.Import{Account: "acme"})
		invalid("no access token", err)
		_, err = h.Import(t.Context(), broker.AtCommand, broker.Import{Account: "acme", Product: "talk", Access: secret.Of("a")})
		invalid("product", err)
		_, err = h.ConnectClient(t.Context(), broker.AtCommand, broker.ForClient{Account: "acme", Product: broker.Chat})
		wantKind(t, err, broker.NoSuchClient)
	})
}

// chatHouse has Chat before it.
func (h *house) chat() {
	h.t.Helper()
	if err := h.UseClient(h.t.Context(), broker.AtCommand, "", broker.Chat, "chatapp", secret.Of(h.z.secret)); err != nil {
		h.t.Fatal(err)
	}
	h.z.edit = func(answer map[string]any) {
		delete(answer, "expires_in")
		delete(answer, "refresh_token_expires_in")
	}
	h.z.serve(chat.TokenPath, h.z.token)
	h.z.serve(chat.AuthorizePath, func(http.ResponseWriter, *http.Request) {})
	alive := func(w http.ResponseWriter, r *http.Request, body any) {
		if r.Header.Get("Authorization") != "Bearer "+h.z.live() {
			refuse(w, http.StatusUnauthorized, "invalid_token")
			return
		}
		reply(w, body)
	}
	h.z.serve(chat.TokensPath, func(w http.ResponseWriter, r *http.Request) {
		alive(w, r, []chat.Token{
			{ID: 3, AgentID: 9, AccessToken: "another..."},
			{ID: 4, AgentID: 21, AccessToken: h.z.live()[:8] + "..."},
		})
	})
	h.z.serve(chat.TokensPath+"/4", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodDelete {
			h.t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		h.z.mu.Lock()
		h.z.access = "revoked"
		h.z.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	})
	h.z.serve(chat.AccountPath, func(w http.ResponseWriter, r *http.Request) { alive(w, r, chat.Account{AccountKey: "k"}) })
}

// A Chat connection has no PKCE, does not expire, is probed by the day, and renewed
// when its token is refused.
func TestChat(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.chat()
		d, err := h.Connect(t.Context(), broker.ConnectRequest{Account: "acme", Product: broker.Chat})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(d.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if u.Path != chat.AuthorizePath || q.Get("subdomain") != "acme" || q.Has("code_challenge") || q.Get("client_id") != "chatapp" {
			t.Errorf("sent to %s", u)
		}
		a, err := h.Callback(t.Context(), answer(q.Get("state")), d.Browser)
		if err != nil {
			t.Fatal(err)
		}
		c := a.Connection
		if c.Product != broker.Chat || c.User.ID != 21 || !c.AccessExpires.IsZero() || c.State != broker.Active {
			t.Errorf("connected %+v", c)
		}
		if p := h.z.posts[0]; p.Has("code_verifier") || p.Has("expires_in") || p.Get("client_secret") == "" {
			t.Errorf("asked by %v", p)
		}
		for range 100 {
			h.clock.move(aDay)
			h.tend()
		}
		if got := h.lent(c.ID); got != "access-1" || h.z.refreshes() != 0 {
			t.Errorf("after a hundred days: lent %q, %d refreshes", got, h.z.refreshes())
		}
		h.z.mu.Lock()
		h.z.access = "somebody ended it"
		h.z.mu.Unlock()
		h.clock.move(aDay)
		h.tend()
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("after its token was refused: lent %q", got)
		}
		if err := h.Revoke(t.Context(), broker.AtCommand, c.ID); err != nil || h.live() != "revoked" || h.connections() != 0 {
			t.Errorf("revoked: %v, %q lives, %d connections", err, h.live(), h.connections())
		}
	})
}

func (h *house) live() string { return h.z.live() }

// Where no refresh token was given, one that is refused needs its person.
func TestChatWithoutRefreshToken(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.chat()
		h.z.edit = func(answer map[string]any) {
			delete(answer, "expires_in")
			withoutRefresh(answer)
		}
		c, err := h.ConnectClient(t.Context(), broker.AtCommand, broker.ForClient{Account: "acme", Product: broker.Chat})
		if err != nil {
			t.Fatal(err)
		}
		imported, err := h.Import(t.Context(), broker.AtCommand, broker.Import{Account: "acme", Product: broker.Chat, Access: secret.Of(h.live())})
		if err != nil || imported.ID == c.ID {
			t.Fatalf("imported %+v, %v", imported, err)
		}
		h.z.mu.Lock()
		h.z.access = "somebody ended it"
		h.z.mu.Unlock()
		h.clock.move(aDay)
		h.tend()
		if got := h.connection(imported.ID); got.State != broker.Reauthorize || got.Reason != broker.TokenRefused {
			t.Errorf("%s: %s", got.State, got.Reason)
		}
	})
}
