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

// outcomes counts how n calls at once end: checked and found wrong, or turned away.
func outcomes(t *testing.T, n int, call func() error, wrong func(error) bool) (checked, slowed int) {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for k := range n {
		all.Go(func() { errs[k] = call() })
	}
	all.Wait()
	for _, err := range errs {
		var many *issuer.TooMany
		switch {
		case wrong(err):
			checked++
		case errors.As(err, &many):
			slowed++
		default:
			t.Errorf("neither refused nor slowed down: %v", err)
		}
	}
	return checked, slowed
}

// A guess is counted where it is checked: those that come all at once are not
// checked all at once.
func TestGuessesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const passwords, secrets = 60, 500
		in := issuer.SignIn{Email: bob, Password: secret.Of("wrong"), Origin: home}
		checked, slowed := outcomes(t, passwords, func() error {
			_, err := h.SignIn(t.Context(), h.acme.Account, in, secret.Plain{})
			return err
		}, func(err error) bool { return errors.Is(err, issuer.ErrSignIn) })
		if checked != issuer.FailuresMost || slowed != passwords-checked {
			t.Errorf("of %d wrong passwords at once %d were checked", passwords, checked)
		}
		wrong := represent(h.acme)
		wrong.ClientSecret = "wrong"
		checked, slowed = outcomes(t, secrets, func() error {
			_, err := h.Exchange(t.Context(), wrong)
			return err
		}, func(err error) bool { return oauth.ErrorCode(err) == oauth.InvalidClient })
		if checked != issuer.FailuresMost || slowed != secrets-checked {
			t.Errorf("of %d wrong secrets at once %d were checked", secrets, checked)
		}
	})
}

// guess is a wrong secret of a client from an address.
func (h *house) guess(t *testing.T, client, address string) error {
	t.Helper()
	req := represent(h.acme)
	req.ClientID, req.ClientSecret, req.Origin.Address = client, "wrong", address
	_, err := h.Exchange(t.Context(), req)
	return err
}

// A guess at each of many is guessing too.
func TestSprayingIsSlowedDown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		// Bob's hash is cheap to compare with, and so is that of people made of him.
		var people []issuer.User
		for n := range issuer.FailuresOfAddress/issuer.FailuresMost + 1 {
			u := h.acme.Users[1]
			u.ID, u.Email = 0, fmt.Sprintf("person%d@example.com", n)
			people = append(people, u)
		}
		plot := issuer.Plot{Account: h.acme.Account, Users: people}
		if _, err := h.Store.Plant(t.Context(), plot, ada); err != nil {
			t.Fatal(err)
		}
		try := func(email, password, address string) error {
			in := issuer.SignIn{Email: email, Password: secret.Of(password), Origin: issuer.Origin{Address: address}}
			_, err := h.SignIn(t.Context(), h.acme.Account, in, secret.Plain{})
			return err
		}
		for n := range issuer.FailuresOfAddress {
			if err := try(people[n%(len(people)-1)].Email, "wrong", "192.0.2.1"); !errors.Is(err, issuer.ErrSignIn) {
				t.Fatalf("guess %d: %v", n, err)
			}
		}
		fresh := people[len(people)-1].Email // nobody has guessed at them yet
		var many *issuer.TooMany
		if err := try(fresh, h.acme.password, "192.0.2.1"); !errors.As(err, &many) {
			t.Errorf("after %d guesses at others from the address: %v", issuer.FailuresOfAddress, err)
		}
		if err := try(fresh, h.acme.password, "192.0.2.2"); err != nil {
			t.Errorf("from another address: %v", err)
		}
		if err := h.guess(t, "app", "192.0.2.1"); oauth.ErrorCode(err) != oauth.InvalidClient {
			t.Errorf("another kind of secret: %v", err)
		}
	})
}

// Each address of an IPv6 network of 64 bits is free to take, so all are one.
func TestGuessesByNetwork(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for n := range issuer.FailuresMost {
			if err := h.guess(t, "app", fmt.Sprintf("2001:db8::%x:1", n+1)); oauth.ErrorCode(err) != oauth.InvalidClient {
				t.Fatal(err)
			}
		}
		var many *issuer.TooMany
		if err := h.guess(t, "app", "2001:db8::ffff:ffff:ffff:ffff"); !errors.As(err, &many) {
			t.Errorf("from the same network: %v", err)
		}
		for name, address := range map[string]string{
			"the next network": "2001:db8:0:1::1", "IPv4": "192.0.2.1", "what is no address": "",
		} {
			if err := h.guess(t, "app", address); oauth.ErrorCode(err) != oauth.InvalidClient {
				t.Errorf("from %s: %v", name, err)
			}
		}
	})
}

// What one process has counted the others know, as soon as it is written.
func TestGuessesOnTwoReplicas(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first := h.Issuer
		second := &issuer.Issuer{Store: h.Store, Passwords: h.Passwords, Now: h.Now, Rand: h.Rand, Policies: h.Policies}
		for n := range issuer.FailuresMost {
			h.Issuer = []*issuer.Issuer{first, second}[n%2]
			if err := h.guess(t, "app", "192.0.2.1"); oauth.ErrorCode(err) != oauth.InvalidClient {
				t.Fatal(err)
			}
		}
		var many *issuer.TooMany
		for _, h.Issuer = range []*issuer.Issuer{first, second} {
			if err := h.guess(t, "app", "192.0.2.1"); !errors.As(err, &many) {
				t.Errorf("one guess more: %v", err)
			}
		}
		// What is over is of no use to anybody, and strangers wrote it.
		h.clock.add(issuer.FailuresWindow)
		if err := h.guess(t, "app", "192.0.2.1"); oauth.ErrorCode(err) != oauth.InvalidClient {
			t.Error(err)
		}
		h.clock.add(issuer.FailuresWindow + time.Microsecond)
		if _, err := h.Store.Prune(t.Context(), issuer.Over{Failures: h.clock.Now()}, 100); err != nil {
			t.Fatal(err)
		}
		if n := storetest.Count(t, h.raw, `SELECT count(*) FROM issuer_failures`); n != 0 {
			t.Errorf("%d rows of ended failures", n)
		}
	})
}
