package broker_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

func TestSignIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		d, err := h.Connect(t.Context(), broker.ConnectRequest{Account: "acme", ReturnTo: "/back"})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(d.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if u.Host != h.z.base.URL("acme").Host || u.Path != zendesk.AuthorizePath ||
			q.Get("response_type") != "code" || q.Get("client_id") != "app" || q.Get("redirect_uri") != redirectURI ||
			q.Get("scope") != "read" || q.Get("code_challenge_method") != "S256" || len(q.Get("state")) != 43 {
			t.Fatalf("sent to %s", d.URL)
		}

		a, err := h.Callback(t.Context(), answer(q.Get("state")), d.Browser)
		if err != nil {
			t.Fatal(err)
		}
		c := a.Connection
		want := broker.User{ID: 7, Name: "Ada Admin", Email: "admin@acme.example", Role: "admin"}
		if c.State != broker.Active || c.User != want || c.Account != "acme" || c.Generation != 1 || a.Flow.ReturnTo != "/back" || a.Again {
			t.Errorf("arrived with %+v", a)
		}
		if stored := h.connection(c.ID); stored.State != broker.Active || stored.User != want ||
			!stored.AccessExpires.Equal(h.clock.now().Add(30*time.Minute)) || !stored.RefreshExpires.Equal(h.clock.now().Add(30*24*time.Hour)) {
			t.Errorf("stored %+v", stored)
		} else if bytes.Contains(stored.Access.Bytes, []byte("access-1")) || bytes.Contains(stored.Refresh.Bytes, []byte("refresh-1")) {
			t.Error("the tokens are stored in the clear")
		}
		if got := h.lent(c.ID); got != "access-1" {
			t.Errorf("lent %q", got)
		}

		post := h.z.posts[0]
		if !oauth.VerifyS256(post.Get("code_verifier"), q.Get("code_challenge")) {
			t.Error("the verifier does not match the challenge")
		}
		post.Del("code_verifier")
		if got, want := post.Encode(), (url.Values{
			"grant_type": {"authorization_code"}, "code": {"c0de"}, "redirect_uri": {redirectURI}, "scope": {"read"},
			"client_id": {"app"}, "client_secret": {h.z.secret}, "expires_in": {"1800"}, "refresh_token_expires_in": {"2592000"},
		}).Encode(); got != want {
			t.Errorf("exchanged by\n%s, want\n%s", got, want)
		}
	})
}

func TestSignInAgainKeepsTheConnection(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		first := h.signIn()
		if err := h.Store.Condemn(t.Context(), withState(first, broker.InDoubt, broker.AnswerLost), broker.Event{}); err != nil {
			t.Fatal(err)
		}
		second := h.signIn()
		if second.ID != first.ID || second.Generation != 2 || second.State != broker.Active {
			t.Errorf("connection %d became %+v", first.ID, second)
		}
		if got := h.lent(first.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
		all, err := h.Connections(t.Context(), 0, 10)
		if err != nil || len(all) != 1 {
			t.Errorf("%d connections, %v; want 1", len(all), err)
		}
		h.z.mu.Lock()
		h.z.userID = 8
		h.z.mu.Unlock()
		if other := h.signIn(); other.ID == first.ID || other.Generation != 1 {
			t.Errorf("another user got %+v", other)
		}
	})
}

func withState(c broker.Connection, s broker.State, why broker.Reason) broker.Connection {
	c.State, c.Reason = s, why
	return c
}

func TestCallbackTwice(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		state, browser := h.depart()
		var wg sync.WaitGroup
		var first atomic.Int64
		for range 8 { // an impatient person
			wg.Go(func() {
				a, err := h.Callback(t.Context(), answer(state), browser)
				if err != nil {
					t.Error(err)
				} else if !a.Again {
					first.Add(1)
				}
			})
		}
		wg.Wait()
		if n := first.Load(); n != 1 {
			t.Errorf("%d callers may sign the person in, want one", n)
		}
		a, err := h.Callback(t.Context(), answer(state), browser)
		if err != nil || !a.Again || a.Connection.State != broker.Active {
			t.Errorf("loaded again: %+v, %v", a, err)
		}
		r, err := h.Result(t.Context(), a.Flow.ID, browser)
		if err != nil || r.Connection.ID != a.Connection.ID {
			t.Errorf("the result: %+v, %v", r, err)
		}
		if _, err := h.Result(t.Context(), a.Flow.ID, secret.State(h.Rand)); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("another browser sees the result: %v", err)
		}
		if len(h.z.posts) != 1 {
			t.Errorf("the code was exchanged %d times", len(h.z.posts))
		}
	})
}

func TestCallbackRefuses(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		stranger := secret.State(h.Rand)
		for _, c := range []struct {
			name string
			edit func(q url.Values, browser *secret.Plain)
			want broker.Kind
		}{
			{"another browser", func(_ url.Values, b *secret.Plain) { *b = stranger }, broker.WrongBrowser},
			{"no cookie", func(_ url.Values, b *secret.Plain) { *b = secret.Plain{} }, broker.WrongBrowser},
			{"unknown state", func(q url.Values, _ *secret.Plain) { q.Set("state", "unknown") }, broker.StateExpired},
			{"no state", func(q url.Values, _ *secret.Plain) { q.Del("state") }, broker.StateExpired},
			{"two states", func(q url.Values, _ *secret.Plain) { q.Add("state", "another") }, broker.StateExpired},
			{"two codes", func(q url.Values, _ *secret.Plain) { q.Add("code", "another") }, broker.AnsweredWrongly},
			{"neither code nor error", func(q url.Values, _ *secret.Plain) { q.Del("code") }, broker.AnsweredWrongly},
			{"denied", func(q url.Values, _ *secret.Plain) { q.Del("code"); q.Set("error", "access_denied") }, broker.Denied},
			{"denied, with a code", func(q url.Values, _ *secret.Plain) { q.Set("error", "access_denied") }, broker.Denied},
			{"scope", func(q url.Values, _ *secret.Plain) { q.Set("error", "invalid_scope") }, broker.ScopeNotAllowed},
			{"client", func(q url.Values, _ *secret.Plain) { q.Set("error", "unauthorized_client") }, broker.ClientRefused},
			{"down", func(q url.Values, _ *secret.Plain) { q.Set("error", "server_error") }, broker.Unreachable},
			{"something else", func(q url.Values, _ *secret.Plain) { q.Set("error", "<script>") }, broker.Misc},
		} {
			state, browser := h.depart()
			q := answer(state)
			c.edit(q, &browser)
			_, err := h.Callback(t.Context(), q, browser)
			var f *broker.Failure
			if !errors.As(err, &f) || f.Kind != c.want {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
			if f != nil && (f.Account == "") != (c.want == broker.WrongBrowser || c.want == broker.StateExpired) {
				t.Errorf("%s: tells account %q", c.name, f.Account)
			}
		}
		if len(h.z.posts) != 0 {
			t.Errorf("%d codes were exchanged", len(h.z.posts))
		}
	})
}

func TestDenialIsShownAgain(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		state, browser := h.depart()
		for range 2 {
			_, err := h.Callback(t.Context(), url.Values{"error": {"access_denied"}, "state": {state}}, browser)
			wantKind(t, err, broker.Denied)
		}
		// Nor can the state be spent on a code after that.
		_, err := h.Callback(t.Context(), answer(state), browser)
		wantKind(t, err, broker.Denied)
		if len(h.z.posts) != 0 {
			t.Error("a code was exchanged")
		}
	})
}

func TestCallbackTooLate(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		state, browser := h.depart()
		h.clock.move(10 * time.Minute)
		_, err := h.Callback(t.Context(), answer(state), browser)
		wantKind(t, err, broker.StateExpired)
	})
}

func wantKind(t testing.TB, err error, want broker.Kind) {
	t.Helper()
	var f *broker.Failure
	if !errors.As(err, &f) || f.Kind != want {
		t.Errorf("failed with %v, want %s", err, want)
	}
}

func TestExchangeFails(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			name string
			with fault
			want broker.Kind
		}{
			{"a page with 200", page(200), broker.AnsweredWrongly},
			{"a page with 403", page(403), broker.AnsweredWrongly},
			{"a page with 503", page(503), broker.AnsweredWrongly},
			{"429", tooMany, broker.Unreachable},
			{"hangs up", hangUp, broker.Unreachable},
			{"hangs up after the deed", loseAnswer, broker.Unreachable},
			{"half an answer", spoilAnswer, broker.AnsweredWrongly},
			{"the code is over", with(400, "invalid_grant"), broker.StateExpired},
			{"the scope", with(400, "invalid_scope"), broker.ScopeNotAllowed},
			{"the client", with(401, "invalid_client"), broker.ClientRefused},
		} {
			state, browser := h.depart()
			h.z.spoil(c.with)
			_, err := h.Callback(t.Context(), answer(state), browser)
			wantKind(t, err, c.want)
			_, err = h.Callback(t.Context(), answer(state), browser) // loaded again: the same page
			wantKind(t, err, c.want)
		}
		if n := len(h.z.posts); n != 10 {
			t.Errorf("%d requests for 10 codes", n)
		}
		all, err := h.Connections(t.Context(), 0, 10)
		if err != nil || len(all) != 0 {
			t.Errorf("left behind: %v, %v", all, err)
		}
	})
}

func TestZendeskHangs(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		state, browser := h.depart()
		h.Timing.Post = 50 * time.Millisecond
		h.z.spoil(func(_ http.ResponseWriter, r *http.Request, _ func() map[string]any) { <-r.Context().Done() })
		_, err := h.Callback(t.Context(), answer(state), browser)
		wantKind(t, err, broker.Unreachable)
	})
}

// The person's browser may leave at any moment: the tokens must not be lost.
func TestBrowserLeaves(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		state, browser := h.depart()
		ctx, leave := context.WithCancel(t.Context())
		h.z.spoil(func(w http.ResponseWriter, _ *http.Request, commit func() map[string]any) {
			leave()
			reply(w, commit())
		})
		if _, err := h.Callback(ctx, answer(state), browser); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		a, err := h.Callback(t.Context(), answer(state), browser)
		if err != nil || a.Connection.State != broker.Active {
			t.Errorf("after coming back: %+v, %v", a, err)
		}
	})
}

func TestWhoIsItFails(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		state, browser := h.depart()
		for _, c := range []struct {
			name string
			me   http.HandlerFunc
			want broker.Kind
		}{
			{"anonymous", func(w http.ResponseWriter, _ *http.Request) {
				reply(w, zendesk.UserEnvelope{User: zendesk.AnonymousUser()})
			}, broker.Anonymous},
			{"503", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, broker.Unreachable},
			{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, broker.AnsweredWrongly},
			{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, broker.Unreachable},
			{"elsewhere", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://evil.localhost/", http.StatusFound)
			}, broker.AnsweredWrongly},
		} {
			h.z.serve(zendesk.UsersMePath, c.me)
			_, err := h.Callback(t.Context(), answer(state), browser)
			var f *broker.Failure
			if !errors.As(err, &f) || f.Kind != c.want {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
		}
		// The tokens were kept all the while: loading the page again finishes.
		h.z.serve(zendesk.UsersMePath, nil)
		a, err := h.Callback(t.Context(), answer(state), browser)
		if err != nil || a.Again || a.Connection.State != broker.Active || a.Connection.User.ID != 7 {
			t.Errorf("loaded again: %+v, %v", a, err)
		}
		if len(h.z.posts) != 1 {
			t.Errorf("the code was exchanged %d times", len(h.z.posts))
		}
	})
}

func TestScopeWithoutProfile(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.z.serve(zendesk.UsersMePath, func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusForbidden, "Forbidden") })
		h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, map[string]any{"token": map[string]any{"id": 1, "user_id": 42}})
		})
		if c := h.signIn(); c.State != broker.Active || c.User != (broker.User{ID: 42}) {
			t.Errorf("connected as %+v", c)
		}
	})
}

func TestExpiryIsAskedFor(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.z.edit = func(answer map[string]any) { delete(answer, "expires_in") }
		for _, c := range []struct {
			name string
			says http.HandlerFunc
			want time.Time
		}{
			{"told", func(w http.ResponseWriter, _ *http.Request) {
				reply(w, map[string]any{"token": map[string]any{"id": 1, "expires_at": "2026-11-22T20:00:00Z"}})
			}, time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)},
			{"never", func(w http.ResponseWriter, _ *http.Request) {
				reply(w, map[string]any{"token": map[string]any{"id": 1, "expires_at": nil}})
			}, time.Time{}},
			{"nothing", nil, h.clock.now().Add(30 * time.Minute)},
		} {
			h.z.serve(zendesk.OAuthTokensCurrentPath, c.says)
			got := h.signIn()
			if stored := h.connection(got.ID); !stored.AccessExpires.Equal(c.want) || !got.AccessExpires.Equal(c.want) {
				t.Errorf("%s: expires at %v, stored %v, want %v", c.name, got.AccessExpires, stored.AccessExpires, c.want)
			}
		}
	})
}

func TestConnectLooksFirst(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			name   string
			status int
			body   string
			want   broker.Kind // "" goes on
		}{
			{"unknown client", 400, "<h1>Invalid Authorization Request</h1><p>No such client</p>", broker.NoSuchClient},
			{"redirect", 400, "<p>&quot;redirect_uri&quot; mismatch</p>", broker.RedirectMismatch},
			{"another 400", 400, "<p>Cookies are needed</p>", ""},
			{"no such account", 404, "", broker.NoSuchAccount},
			{"a firewall that knows browsers", 403, "", ""},
			{"down, perhaps for us alone", 503, "", ""},
		} {
			h.z.serve(zendesk.AuthorizePath, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			_, err := h.Connect(t.Context(), broker.ConnectRequest{Account: "acme"})
			if c.want == "" && err == nil {
				continue
			}
			var f *broker.Failure
			if !errors.As(err, &f) || f.Kind != c.want {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
		}
	})
}

func TestConnectRefusesWhatIsNoSubdomain(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, account := range []string{"", "a", "1acme", "acme.evil", "acme@evil", "ACME", "-acme", "127.0.0.1", "acme/x"} {
			var invalid *broker.Invalid
			if _, err := h.Connect(t.Context(), broker.ConnectRequest{Account: account}); !errors.As(err, &invalid) {
				t.Errorf("%q: %v", account, err)
			}
		}
	})
}

func TestTwoTabs(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		state, browser := h.depart()
		second, err := h.Connect(t.Context(), broker.ConnectRequest{Account: "acme", Browser: browser})
		if err != nil || !second.Browser.Equal(browser) {
			t.Fatalf("the second tab has another cookie, %v", err)
		}
		if _, err := h.Callback(t.Context(), answer(state), browser); err != nil {
			t.Errorf("the first tab: %v", err)
		}
		odd, err := h.Connect(t.Context(), broker.ConnectRequest{Account: "acme", Browser: secret.Of("a short one")})
		if err != nil || odd.Browser.Equal(secret.Of("a short one")) {
			t.Errorf("a cookie that is none of ours was taken, %v", err)
		}
	})
}

func TestClientsOwnAndGlobal(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		if err := h.UseClient(t.Context(), broker.AtCommand, "acme", broker.Support, "own", secret.Of("own secret")); err != nil {
			t.Fatal(err)
		}
		for account, want := range map[string]string{"acme": "own", "other": "app"} {
			c, err := h.Store.ClientFor(t.Context(), account, broker.Support)
			if err != nil || c.Identifier != want {
				t.Errorf("%s is served by %q, %v; want %q", account, c.Identifier, err, want)
			}
		}
		h.clock.move(time.Second)
		if err := h.UseClient(t.Context(), broker.AtCommand, "", broker.Support, "newer"); err != nil {
			t.Fatal(err)
		}
		if c, err := h.Store.ClientFor(t.Context(), "other", broker.Support); err != nil || c.Identifier != "newer" || !c.Public() {
			t.Errorf("after another was chosen: %+v, %v", c, err)
		}
	})
}

func TestSecretsAreTriedInTheirOrder(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		if err := h.UseClient(t.Context(), broker.AtCommand, "", broker.Support, "app", secret.Of("old"), secret.Of(h.z.secret)); err != nil {
			t.Fatal(err)
		}
		c := h.signIn()
		h.clock.move(time.Hour)
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
		var tried []string
		for _, p := range h.z.posts {
			tried = append(tried, p.Get("client_secret"))
		}
		if len(tried) != 4 || tried[0] != "old" || tried[1] != h.z.secret || tried[2] != "old" || tried[3] != h.z.secret {
			t.Errorf("tried %d times", len(tried))
		}
	})
}

func TestWrongSealingKeys(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		other, err := seal.OpenFile(filepath.Join(t.TempDir(), "other.json"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = broker.New(t.Context(), broker.Config{Store: h.db.Broker(), Ring: other, Base: h.z.base, RedirectURI: redirectURI})
		if !errors.Is(err, seal.ErrSealed) {
			t.Errorf("began with %v", err)
		}
	})
}

func TestPruneKeepsWhatHasTokens(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.depart()
		h.clock.move(2 * time.Hour)
		n, err := h.Store.Prune(t.Context(), h.clock.now().Add(-time.Hour), 100)
		if err != nil || n != 2 {
			t.Errorf("pruned %d, %v; want the two flows", n, err)
		}
		h.connection(c.ID)
	})
}

// PostgreSQL's text holds no NUL; tokens that came with one must be stored all the same.
func TestControlCharactersInAnswers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.z.edit = func(answer map[string]any) { answer["scope"] = "re\x00ad users:read\x07" }
		h.z.serve(zendesk.UsersMePath, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, map[string]any{"user": map[string]any{"id": 7, "name": "Ada\x00 Admin", "email": "a\x00@acme.example", "role": "ad\x00min"}})
		})
		c := h.signIn()
		want := broker.User{ID: 7, Name: "Ada Admin", Email: "a@acme.example", Role: "admin"}
		if c.User != want || c.Granted.String() != "read users:read" {
			t.Errorf("connected as %+v with %q", c.User, c.Granted)
		}
	})
}
