package issuer_test

import (
	"errors"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
)

var home = issuer.Origin{Address: "192.0.2.1"}

// newAPIToken is one of an account, made by Ada.
func (h *house) newAPIToken(t *testing.T, in place) (issuer.APIToken, secret.Plain) {
	t.Helper()
	v, token, err := h.CreateAPIToken(t.Context(), in.Account, "for tests", issuer.By{User: in.Users[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	return v, token
}

// What Basic opens at each step of the removal, and by an account's switches
// (facts sections 6.6 and 9).
func TestBasic(t *testing.T) {
	const refused = issuer.Via("refused")
	each(t, func(t *testing.T, h *house) {
		_, key := h.newAPIToken(t, h.acme)
		for _, tt := range []struct {
			name              string
			step              issuer.BasicAuth
			passwords, tokens bool // the account's switches
			byPassword        issuer.Via
			byToken           issuer.Via
		}{
			{"allowed", issuer.BasicAllowed, true, true, issuer.ViaPassword, issuer.ViaAPIToken},
			{"no new tokens", issuer.BasicCreationBlocked, true, true, issuer.ViaPassword, issuer.ViaAPIToken},
			{"the end", issuer.BasicOff, true, true, issuer.ViaNothing, refused},
			{"no passwords", issuer.BasicAllowed, false, true, issuer.ViaNothing, issuer.ViaAPIToken},
			{"no tokens", issuer.BasicAllowed, true, false, issuer.ViaPassword, refused},
			{"neither", issuer.BasicAllowed, false, false, issuer.ViaNothing, issuer.ViaNothing},
		} {
			a := h.acme.Account
			a.BasicAuth, a.PasswordAccess, a.TokenAccess = tt.step, tt.passwords, tt.tokens
			via := func(username string, password secret.Plain) issuer.Via {
				c, err := h.Basic(t.Context(), a, username, password, home)
				if errors.Is(err, issuer.ErrBasic) {
					return refused
				} else if err != nil {
					t.Fatal(err)
				}
				if c.Anonymous() != (c.User.ID == 0) || c.Account.ID != a.ID {
					t.Errorf("%s: caller %+v", tt.name, c)
				}
				return c.Via
			}
			if got := via(bob, secret.Of(h.acme.password)); got != tt.byPassword {
				t.Errorf("%s: a password makes %q, want %q", tt.name, got, tt.byPassword)
			}
			if got := via(bob+"/token", key); got != tt.byToken {
				t.Errorf("%s: an API token makes %q, want %q", tt.name, got, tt.byToken)
			}
		}
	})
}

func TestBasicRefusals(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		own, key := h.newAPIToken(t, h.acme)
		_, theirs := h.newAPIToken(t, h.globex)
		right := secret.Of(h.acme.password)
		for _, tt := range []struct {
			name, username string
			password       secret.Plain
			want           error // nil: an anonymous caller
		}{
			{"wrong password", ada, secret.Of("x"), nil},
			{"no password", ada, secret.Plain{}, nil},
			{"unknown", "nobody@example.com", right, nil},
			{"suspended", "suspended@example.com", right, nil},
			{"an API token as password", ada, key, nil},
			{"a password as API token", ada + "/token", right, issuer.ErrBasic},
			{"wrong API token", ada + "/token", secret.Of("x"), issuer.ErrBasic},
			{"API token of another account", ada + "/token", theirs, issuer.ErrBasic},
			{"API token, unknown email", "nobody@example.com/token", key, issuer.ErrBasic},
			{"API token, suspended", "suspended@example.com/token", key, issuer.ErrBasic},
		} {
			c, err := h.Basic(t.Context(), h.acme.Account, tt.username, tt.password, home)
			if !errors.Is(err, tt.want) || !c.Anonymous() {
				t.Errorf("%s: %+v, %v", tt.name, c, err)
			}
		}
		off := false
		if _, err := h.UpdateAPIToken(t.Context(), h.acme.Account, own.ID, issuer.APITokenChange{Active: &off}, issuer.By{User: h.acme.Users[0].ID}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Basic(t.Context(), h.acme.Account, ada+"/token", key, home); !errors.Is(err, issuer.ErrBasic) {
			t.Errorf("deactivated: %v", err)
		}
	})
}

func TestBasicIsSlowedDown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, key := h.newAPIToken(t, h.acme)
		basic := func(username string, password secret.Plain) error {
			_, err := h.Basic(t.Context(), h.acme.Account, username, password, home)
			return err
		}
		for range issuer.FailuresMost {
			if err := errors.Join(basic(bob, secret.Of("x"))); err != nil {
				t.Fatal(err)
			}
			if err := basic(bob+"/token", secret.Of("x")); !errors.Is(err, issuer.ErrBasic) {
				t.Fatal(err)
			}
		}
		var many *issuer.TooMany
		if err := basic(bob, secret.Of(h.acme.password)); !errors.As(err, &many) {
			t.Errorf("the right password: %v", err)
		}
		// An API token belongs to no email: guesses with many emails are one.
		if err := basic(ada+"/token", key); !errors.As(err, &many) {
			t.Errorf("the right API token, with another email: %v", err)
		}
	})
}

// What was verified is remembered, but not beyond a change of the password or of
// the person.
func TestRememberedPasswordEndsWithIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		via := func(password string) issuer.Via {
			t.Helper()
			c, err := h.Basic(t.Context(), h.acme.Account, bob, secret.Of(password), home)
			if err != nil {
				t.Fatal(err)
			}
			return c.Via
		}
		for range 2 * issuer.FailuresMost {
			if got := via(h.acme.password); got != issuer.ViaPassword {
				t.Fatalf("the right password makes %q", got)
			}
		}
		h.suspend(t, h.acme, bob, true)
		if got := via(h.acme.password); got != issuer.ViaNothing {
			t.Errorf("suspended: %q", got)
		}
		h.suspend(t, h.acme, bob, false)
		if err := h.SetPassword(t.Context(), h.acme.Account, h.acme.Users[1].ID, secret.Of("another password"), issuer.By{User: h.acme.Users[0].ID}); err != nil {
			t.Fatal(err)
		}
		if old, next := via(h.acme.password), via("another password"); old != issuer.ViaNothing || next != issuer.ViaPassword {
			t.Errorf("after a change the old password makes %q, the new one %q", old, next)
		}
	})
}

func TestOnBehalfOf(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin, endUser := h.acme.Users[0], h.acme.Users[1]
		agent, suspended := h.acme.Users[2], h.acme.Users[3]
		caller := func(u issuer.User, via issuer.Via) issuer.Caller {
			return issuer.Caller{Account: h.acme.Account, User: u, Via: via}
		}
		for _, tt := range []struct {
			name string
			by   issuer.Caller
			of   issuer.UserID
			want error
		}{
			{"an admin's bearer for an end user", caller(admin, issuer.ViaBearer), endUser.ID, nil},
			{"an agent's bearer", caller(agent, issuer.ViaBearer), endUser.ID, issuer.ErrForbidden},
			{"an end user's bearer", caller(endUser, issuer.ViaBearer), endUser.ID, issuer.ErrForbidden},
			{"a password", caller(admin, issuer.ViaPassword), endUser.ID, issuer.ErrForbidden},
			{"an API token", caller(admin, issuer.ViaAPIToken), endUser.ID, issuer.ErrForbidden},
			{"nobody", caller(issuer.User{}, issuer.ViaNothing), endUser.ID, issuer.ErrForbidden},
			{"for an agent", caller(admin, issuer.ViaBearer), agent.ID, issuer.ErrForbidden},
			{"for an admin", caller(admin, issuer.ViaBearer), admin.ID, issuer.ErrForbidden},
			{"for somebody suspended", caller(admin, issuer.ViaBearer), suspended.ID, issuer.ErrForbidden},
			{"for somebody of another account", caller(admin, issuer.ViaBearer), h.globex.Users[1].ID, issuer.ErrForbidden},
			{"for nobody", caller(admin, issuer.ViaBearer), 0, issuer.ErrForbidden},
		} {
			got, err := h.OnBehalfOf(t.Context(), tt.by, tt.of)
			if !errors.Is(err, tt.want) || err != nil && got.User.ID != 0 {
				t.Errorf("%s: %+v, %v", tt.name, got, err)
			}
			if err == nil && (got.User.ID != tt.of || got.Actor != tt.by.User.ID || got.Via != issuer.ViaBearer) {
				t.Errorf("%s: acts as %+v", tt.name, got)
			}
		}
	})
}

// By its days an account goes from step to step as the clock does (facts section 9).
func TestBasicByDate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, key := h.newAPIToken(t, h.acme) // in time
		a := h.acme.Account
		a.BasicAuth = issuer.BasicByDate
		start := h.clock.Now()
		for _, tt := range []struct {
			now          string
			step         issuer.BasicAuth
			added, taken bool
		}{
			{"2026-10-26T23:59:59Z", issuer.BasicAllowed, true, true},
			{"2026-10-27T00:00:00Z", issuer.BasicCreationBlocked, false, true},
			{"2027-04-29T23:59:59Z", issuer.BasicCreationBlocked, false, true},
			{"2027-04-30T00:00:00Z", issuer.BasicOff, false, false},
		} {
			now, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			h.clock.add(now.Sub(h.clock.Now()))
			if got := a.BasicAt(now); got != tt.step {
				t.Errorf("%s: the step %s, want %s", tt.now, got, tt.step)
			}
			_, _, err = h.CreateAPIToken(t.Context(), a, tt.now, issuer.By{User: h.acme.Users[0].ID})
			if tt.added != (err == nil) || err != nil && !errors.Is(err, issuer.ErrEnded) {
				t.Errorf("%s: adding one: %v", tt.now, err)
			}
			c, err := h.Basic(t.Context(), a, bob+"/token", key, home)
			if tt.taken != (err == nil) || err != nil && !errors.Is(err, issuer.ErrBasic) {
				t.Errorf("%s: an API token makes %+v, %v", tt.now, c, err)
			}
			c, err = h.Basic(t.Context(), a, bob, secret.Of(h.acme.password), home)
			if err != nil || tt.taken == c.Anonymous() {
				t.Errorf("%s: a password makes %+v, %v", tt.now, c, err)
			}
			b := a
			b.BasicAuth = issuer.BasicAllowed // as it was set to
			if _, err := h.Basic(t.Context(), b, bob+"/token", key, home); err != nil {
				t.Errorf("%s: where it is allowed, %v", tt.now, err)
			}
		}
		h.clock.add(start.Sub(h.clock.Now()))
	})
}
