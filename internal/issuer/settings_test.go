package issuer_test

import (
	"errors"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

// What becomes of an account's settings, given what an admin saw and wants.
func TestConfigure(t *testing.T) {
	seen := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	later := seen.Add(time.Minute)
	account := issuer.Account{
		ID: 1, Era: issuer.Enforced, BasicAuth: issuer.BasicAllowed, PasswordAccess: true, TokenAccess: true, Updated: seen,
	}
	for _, c := range []struct {
		name      string
		now, seen time.Time
		want      issuer.SettingsChange
		told, err string
		updated   time.Time
	}{
		{"nothing", later, seen, issuer.SettingsChange{}, "", "", seen},
		{"what is so already", later, seen, issuer.SettingsChange{PasswordAccess: new(true), Era: new(issuer.Enforced)}, "", "", seen},
		{"both switches", later, seen, issuer.SettingsChange{PasswordAccess: new(false), TokenAccess: new(false)}, "password_access off, token_access off", "", later},
		{
			"all the rest", later, seen, issuer.SettingsChange{
				BasicAuth: new(issuer.BasicOff), PasswordGrant: new(true), RevokeReplayed: new(true), TokenFormat: new(issuer.JWT), Era: new(issuer.Legacy),
			}, "basic_auth off, password_grant on, token_format jwt, revoke_replayed on, era legacy", "", later,
		},
		{"while time stands still", seen, seen, issuer.SettingsChange{PasswordAccess: new(false)}, "password_access off", "", seen.Add(time.Microsecond)},
		{"seen before somebody's change", later, seen.Add(-time.Microsecond), issuer.SettingsChange{PasswordAccess: new(false)}, "", "conflict", seen},
		{"the same as it is, seen before", later, time.Time{}, issuer.SettingsChange{}, "", "conflict", seen},
		{
			"what there is not", later, seen,
			issuer.SettingsChange{
				BasicAuth: new(issuer.BasicAuth("no")), TokenFormat: new(issuer.TokenFormat("paper")), Era: new(issuer.Era("")),
			},
			"",
			"basic_auth: is none of those that there are; token_format: is none of those that there are; era: is none of those that there are", seen,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, told, err := account.Configure(c.now, c.seen, c.want)
			said := ""
			if err != nil {
				said = err.Error()
			}
			if told != c.told || said != c.err || !next.Updated.Equal(c.updated) {
				t.Errorf("told %q, error %q, updated %s", told, said, next.Updated)
			}
			if err != nil && next != account {
				t.Errorf("refused, and became %+v", next)
			}
		})
	}
}

// Of two admins who saw the same, one changes it and the other is told.
func TestSettingsAreSwapped(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := h.acme.Account
		change := func(want issuer.SettingsChange) error {
			_, err := h.ChangeSettings(t.Context(), a, a.Updated, want, issuer.By{User: h.acme.Users[0].ID})
			return err
		}
		all := make(chan error, 2)
		go func() { all <- change(issuer.SettingsChange{PasswordAccess: new(false)}) }()
		go func() { all <- change(issuer.SettingsChange{TokenAccess: new(false)}) }()
		won, lost := <-all, <-all
		if won != nil {
			won, lost = lost, won
		}
		if won != nil || !errors.Is(lost, issuer.ErrConflict) {
			t.Errorf("%v and %v", won, lost)
		}
		now, err := h.Store.Account(t.Context(), a.Subdomain)
		if err != nil || now.PasswordAccess == now.TokenAccess || now.Updated.Equal(a.Updated) {
			t.Errorf("%+v, %v", now, err)
		}
		if other, err := h.Store.Account(t.Context(), h.globex.Account.Subdomain); err != nil || other != h.globex.Account {
			t.Errorf("another account: %+v, %v", other, err)
		}
	})
}
