package issuer_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for n, tt := range []struct {
			name, email, password string
			want                  error
		}{
			{"right", ada, h.acme.password, nil},
			{"as people type it", " ADA@Example.com ", h.acme.password, nil},
			{"wrong password", ada, "x", issuer.ErrSignIn},
			{"no password", ada, "", issuer.ErrSignIn},
			{"the password of another account", ada, h.globex.password, issuer.ErrSignIn},
			{"unknown", "nobody@example.com", h.acme.password, issuer.ErrSignIn},
			{"a NUL", "ada\x00@example.com", h.acme.password, issuer.ErrSignIn},
			{"no UTF-8", "ada\xff@example.com", h.acme.password, issuer.ErrSignIn},
			{"user without a password", "nopassword@example.com", "", issuer.ErrSignIn},
			{"suspended", "suspended@example.com", h.acme.password, issuer.ErrSignIn},
		} {
			from := issuer.Origin{Address: fmt.Sprintf("192.0.2.%d", n), RequestID: "r1"}
			session, err := h.SignIn(t.Context(), h.acme.Account, issuer.SignIn{Email: tt.email, Password: secret.Of(tt.password), Origin: from}, secret.Plain{})
			if !errors.Is(err, tt.want) || (err == nil) == session.IsZero() {
				t.Errorf("%s: %v, %v", tt.name, session, err)
			}
			if err == nil {
				if u, err := h.SignedIn(t.Context(), h.acme.Account, session); err != nil || u.Email != ada {
					t.Errorf("%s: signed in as %+v, %v", tt.name, u, err)
				}
			}
		}
		if n := storetest.Count(t, h.raw, `SELECT count(*) FROM issuer_events WHERE action = 'session.started' AND request_id = 'r1'`); n != 2 {
			t.Errorf("%d events of two sessions", n)
		}
	})
}

func TestSignInIsSlowedDownByFailures(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		try := func(in place, email, password, address string) error {
			_, err := h.SignIn(t.Context(), in.Account,
				issuer.SignIn{Email: email, Password: secret.Of(password), Origin: issuer.Origin{Address: address}}, secret.Plain{})
			return err
		}
		for range 2 * issuer.FailuresMost { // successes never count
			if err := try(h.acme, ada, h.acme.password, "192.0.2.1"); err != nil {
				t.Fatal(err)
			}
		}
		for n := range issuer.FailuresMost {
			if err := try(h.acme, ada, "wrong", "192.0.2.1"); !errors.Is(err, issuer.ErrSignIn) {
				t.Fatalf("failure %d: %v", n, err)
			}
			h.clock.add(time.Second)
		}
		left := issuer.FailuresWindow - issuer.FailuresMost*time.Second
		var many *issuer.TooMany
		if err := try(h.acme, ada, h.acme.password, "192.0.2.1"); !errors.As(err, &many) || many.After != left {
			t.Errorf("after too many, even the right password: %v, %+v, want to wait %v", err, many, left)
		}
		if err := try(h.acme, " ADA@example.com", "wrong", "192.0.2.1"); !errors.As(err, &many) {
			t.Errorf("the same one written otherwise: %v", err)
		}
		for name, err := range map[string]error{
			"another user":    try(h.acme, bob, h.acme.password, "192.0.2.1"),
			"another address": try(h.acme, ada, h.acme.password, "192.0.2.2"),
			"another account": try(h.globex, ada, h.globex.password, "192.0.2.1"),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		h.clock.add(left - time.Microsecond)
		if err := try(h.acme, ada, h.acme.password, "192.0.2.1"); !errors.As(err, &many) || many.After != time.Microsecond {
			t.Errorf("in the window's last moment: %v, %+v", err, many)
		}
		h.clock.add(time.Microsecond)
		if err := try(h.acme, ada, h.acme.password, "192.0.2.1"); err != nil {
			t.Errorf("after the window: %v", err)
		}
	})
}

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		signedIn := func(in place, session secret.Plain, want error) {
			t.Helper()
			if u, err := h.SignedIn(t.Context(), in.Account, session); !errors.Is(err, want) || want == nil && u.Email != ada {
				t.Errorf("signed in as %+v, %v; want %v", u, err, want)
			}
		}
		first := h.signIn(t, h.acme, ada)
		signedIn(h.acme, first, nil)
		signedIn(h.globex, first, issuer.ErrNotFound)
		signedIn(h.acme, secret.Plain{}, issuer.ErrNotFound)
		signedIn(h.acme, secret.Of("nothing"), issuer.ErrNotFound)

		// Ids rotate: what the browser had before ends.
		second, err := h.SignIn(t.Context(), h.acme.Account, issuer.SignIn{Email: ada, Password: secret.Of(h.acme.password)}, first)
		if err != nil || second.Equal(first) {
			t.Fatal(second, err)
		}
		signedIn(h.acme, first, issuer.ErrNotFound)
		signedIn(h.acme, second, nil)

		h.suspend(t, h.acme, ada, true)
		signedIn(h.acme, second, issuer.ErrNotFound)
		h.suspend(t, h.acme, ada, false)
		signedIn(h.acme, second, nil)

		h.clock.add(issuer.SessionLife - time.Microsecond)
		signedIn(h.acme, second, nil)
		h.clock.add(time.Microsecond)
		signedIn(h.acme, second, issuer.ErrNotFound)

		third, err := h.SignInAs(t.Context(), h.acme.Account, " Ada@Example.com", second, issuer.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		signedIn(h.acme, third, nil)
		for _, email := range []string{"nobody@example.com", "suspended@example.com", "a\x00b"} {
			if _, err := h.SignInAs(t.Context(), h.acme.Account, email, third, issuer.Origin{}); !errors.Is(err, issuer.ErrSignIn) {
				t.Errorf("as %q: %v", email, err)
			}
		}
		signedIn(h.acme, third, nil) // the attempts that failed ended nothing
		if err := h.SignOut(t.Context(), h.globex.Account, third, issuer.Origin{}); err != nil {
			t.Error(err)
		}
		signedIn(h.acme, third, nil) // signed out of another account alone
		if err := errors.Join(h.SignOut(t.Context(), h.acme.Account, third, issuer.Origin{}), h.SignOut(t.Context(), h.acme.Account, third, issuer.Origin{})); err != nil {
			t.Error("sign out, twice:", err)
		}
		signedIn(h.acme, third, issuer.ErrNotFound)
	})
}
