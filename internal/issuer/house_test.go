package issuer_test

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/oauth"
)

// clock is protocol time: steered, as a demo's.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is an issuer on a real store with two accounts in which everything but
// the passwords and the secrets has the same name.
type house struct {
	*issuer.Issuer
	clock        *clock
	raw          *sql.DB
	acme, globex place
}

// place is an account and what is known of it to those who are in it.
type place struct {
	issuer.Plot
	password, secret string
}

const (
	callback = "http://localhost:8080/callback"
	ada      = "ada@example.com"
	bob      = "bob@example.com"
)

// cheap is how these tests hash passwords: what they check is not the cost.
var cheap = &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// each runs f once on each engine.
func each(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel() // most of the time is spent waiting for PostgreSQL
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := storetest.DSN(t, engine)
			h := &house{clock: &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, raw: storetest.Raw(t, dsn)}
			h.Issuer = &issuer.Issuer{
				Store: storetest.Open(t, dsn).Issuer(), Passwords: issuer.CheapPasswords(), Now: h.clock.Now, Rand: rand.Reader,
				Policies: map[issuer.Product]issuer.Policy{issuer.Support: issuer.SupportPolicy(), issuer.Chat: issuer.ChatPolicy()},
				Uses:     &issuer.Uses{},
			}
			h.acme, h.globex = h.build(t, "acme"), h.build(t, "globex")
			f(t, h)
		})
	}
}

func (h *house) build(t *testing.T, subdomain string) place {
	t.Helper()
	p := place{password: "password of " + subdomain, secret: "secret of " + subdomain}
	hash, err := argon2id.CreateHash(p.password, cheap)
	if err != nil {
		t.Fatal(err)
	}
	now := h.clock.Now()
	client := func(product issuer.Product, identifier string, kind issuer.Kind, secrets ...issuer.ClientSecret) issuer.Client {
		return issuer.Client{
			Product: product, Identifier: identifier, Name: identifier, Kind: kind, RedirectURIs: []string{callback}, Secrets: secrets,
		}
	}
	held := func(name string, expires time.Time) issuer.ClientSecret {
		return issuer.ClientSecret{Digest: secret.Of(name).Digest(), Expires: expires}
	}
	if p.Plot, err = h.Store.Plant(t.Context(), issuer.Plot{
		Account: issuer.Account{
			Subdomain: subdomain, Name: subdomain, Era: issuer.Enforced, BasicAuth: issuer.BasicAllowed,
			Chat: issuer.ChatWithSupport, Plan: issuer.PlanNone, PasswordAccess: true, TokenAccess: true, Created: now,
		},
		Users: []issuer.User{
			{Email: ada, Name: "Ada Admin", Role: issuer.Admin, PasswordHash: hash},
			{Email: bob, Name: "Bob User", Role: issuer.EndUser, PasswordHash: hash},
			{Email: "nopassword@example.com", Name: "No Password", Role: issuer.Agent},
			{Email: "suspended@example.com", Name: "Suspended", Role: issuer.Agent, PasswordHash: hash, Suspended: true},
		},
		Clients: []issuer.Client{
			client(issuer.Support, "app", issuer.Confidential, held(p.secret, now.Add(time.Hour)), held("successor of "+p.secret, time.Time{})),
			client(issuer.Support, "spa", issuer.Public),
			client(issuer.Support, "other", issuer.Confidential, held(p.secret, time.Time{})),
			client(issuer.Chat, "app", issuer.Confidential, held(p.secret, time.Time{})),
		},
	}, ada); err != nil {
		t.Fatal(err)
	}
	return p
}

// signIn opens a session of one of a place's users.
func (h *house) signIn(t *testing.T, in place, email string) secret.Plain {
	t.Helper()
	session, err := h.SignIn(t.Context(), in.Account, issuer.SignIn{Email: email, Password: secret.Of(in.password)}, secret.Plain{})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// ask is an authorization request in which nothing is wrong.
func ask(in place, session secret.Plain) issuer.AuthorizeRequest {
	return issuer.AuthorizeRequest{
		Account: in.Account, Product: issuer.Support, Session: session,
		AuthorizeRequest: oauth.AuthorizeRequest{
			ResponseType: "code", ClientID: "app", RedirectURI: callback, HasRedirectURI: true, Scope: "read write", State: "st",
		},
	}
}

// allow answers a consent page and returns the code.
func (h *house) allow(t *testing.T, in place, email string, req issuer.AuthorizeRequest) string {
	t.Helper()
	u, err := h.Store.UserByEmail(t.Context(), in.Account.ID, email)
	if err != nil {
		t.Fatal(err)
	}
	redirect, err := h.Decide(t.Context(), issuer.Decision{AuthorizeRequest: req, User: u.ID, Allow: true})
	if err != nil {
		t.Fatal(err)
	}
	return codeOf(t, redirect)
}

func codeOf(t *testing.T, redirect string) string {
	t.Helper()
	u, err := url.Parse(redirect)
	if err != nil || u.Query().Get("code") == "" {
		t.Fatalf("no code in %q, %v", redirect, err)
	}
	return u.Query().Get("code")
}

// newCode has Ada allow app, and returns the code.
func (h *house) newCode(t *testing.T, in place) string {
	t.Helper()
	return h.allow(t, in, ada, ask(in, h.signIn(t, in, ada)))
}

// redeem is an exchange of a code in which nothing is wrong.
func redeem(in place, code string) issuer.TokenRequest {
	return issuer.TokenRequest{
		Account: in.Account, Product: issuer.Support, Origin: issuer.Origin{Address: "192.0.2.1"},
		TokenRequest: oauth.TokenRequest{
			GrantType: oauth.GrantAuthorizationCode, ClientID: "app", ClientSecret: in.secret, Code: code, RedirectURI: callback,
		},
	}
}

// refresh is an exchange of a refresh token in which nothing is wrong.
func refresh(in place, token string) issuer.TokenRequest {
	req := redeem(in, "")
	req.GrantType, req.RedirectURI, req.RefreshToken = oauth.GrantRefreshToken, "", token
	return req
}

// exchange must succeed.
func (h *house) exchange(t *testing.T, req issuer.TokenRequest) oauth.TokenResponse {
	t.Helper()
	answer, err := h.Exchange(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// newToken has Ada allow app, and app redeem the code.
func (h *house) newToken(t *testing.T, in place) oauth.TokenResponse {
	t.Helper()
	return h.exchange(t, redeem(in, h.newCode(t, in)))
}

// opens tells whether an access token opens Support's API of an account.
func (h *house) opens(t *testing.T, in place, access string) bool {
	t.Helper()
	_, err := h.Bearer(t.Context(), in.Account, issuer.Support, secret.Of(access))
	if err != nil && !errors.Is(err, issuer.ErrToken) {
		t.Fatal(err)
	}
	return err == nil
}

// suspend changes a user by the store's own step: a row that was changed beneath
// the store would be seen up to a second later.
func (h *house) suspend(t *testing.T, in place, email string, suspended bool) {
	t.Helper()
	old, err := h.Store.UserByEmail(t.Context(), in.Account.ID, email)
	if err != nil {
		t.Fatal(err)
	}
	next := old
	next.Suspended = suspended
	if err := h.Store.ReplaceUser(t.Context(), old, next, 0, issuer.Event{Account: in.Account.ID, At: h.Now(), Action: "user.updated"}); err != nil {
		t.Fatal(err)
	}
}

// alter changes a client in the same way.
func (h *house) alter(t *testing.T, in place, p issuer.Product, identifier string, change func(*issuer.Client)) {
	t.Helper()
	old, err := h.Store.Client(t.Context(), in.Account.ID, p, identifier)
	if err != nil {
		t.Fatal(err)
	}
	next := old
	change(&next)
	if err := h.Store.ReplaceClient(t.Context(), old, next, issuer.Event{Account: in.Account.ID, At: h.Now(), Action: "client.updated"}); err != nil {
		t.Fatal(err)
	}
}
