package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
)

// Everything that an admin does is told once, when it is done, with whom and what it
// is about; what is refused, and what changes nothing, is not.
func TestChangesAreTold(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, a := t.Context(), h.acme.Account
		var told []issuer.Verdict
		h.Tell = func(_ context.Context, v issuer.Verdict) { told = append(told, v) }
		admin, err := h.Store.UserByEmail(ctx, a.ID, ada)
		if err != nil {
			t.Fatal(err)
		}
		by := issuer.By{User: admin.ID}
		is := func(wrong error, want ...issuer.Verdict) {
			t.Helper()
			if wrong != nil {
				t.Fatal(wrong)
			}
			if diff := cmp.Diff(want, told, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("told otherwise (-want +got):\n%s", diff)
			}
			told = nil
		}
		refused := func(err error) {
			t.Helper()
			if err == nil || len(told) > 0 {
				t.Errorf("not refused (%v), or told all the same: %+v", err, told)
			}
			told = nil
		}
		text := func(s string) *string { return &s }
		client := func(name issuer.VerdictName, identifier, what string) issuer.Verdict {
			return issuer.Verdict{Name: name, Account: "acme", Product: issuer.Support, Client: identifier, User: by.User, Reason: what}
		}

		c, _, err := h.CreateClient(ctx, a, issuer.Support, issuer.ClientChange{Name: text("New"), Identifier: text("new_app")}, by)
		is(err, client(issuer.ClientCreated, "new_app", ""))
		_, _, err = h.CreateClient(ctx, a, issuer.Support, issuer.ClientChange{Name: text("New"), Identifier: text("new_app")}, by)
		refused(err)
		_, err = h.UpdateClient(ctx, a, issuer.Support, c.ID, issuer.ClientChange{Company: text("Acme"), Identifier: text("newer_app")}, by)
		is(err, client(issuer.ClientUpdated, "newer_app", "company, identifier"))
		_, err = h.UpdateClient(ctx, a, issuer.Support, c.ID, issuer.ClientChange{Company: text("Acme")}, by)
		is(err)
		_, _, err = h.GenerateSecret(ctx, a, issuer.Support, c.ID, 0, by)
		is(err, client(issuer.ClientSecretRolled, "newer_app", ""))

		// A token knows its account by number alone: the journal has the name from the request.
		token, _, err := h.CreateToken(ctx, a, issuer.Support, admin, c.ID, []string{"read"}, "http://acme.localhost", by)
		held := func(name issuer.VerdictName) issuer.Verdict {
			return issuer.Verdict{Name: name, Product: issuer.Support, Client: "newer_app", User: admin.ID, Token: token.AccessHint}
		}
		is(err, held(issuer.TokenIssued))
		is(h.RevokeToken(ctx, admin, issuer.Support, token.ID, by), held(issuer.TokenRevoked))
		refused(h.RevokeToken(ctx, admin, issuer.Support, token.ID, by))
		is(h.DeleteClient(ctx, a, issuer.Support, c.ID, by), client(issuer.ClientDeleted, "newer_app", ""))
		refused(h.DeleteClient(ctx, a, issuer.Support, c.ID, by))

		api, _, err := h.CreateAPIToken(ctx, a, "for a script", by)
		key := func(name issuer.VerdictName, what string) issuer.Verdict {
			return issuer.Verdict{Name: name, Account: "acme", User: by.User, Token: api.Hint, Reason: what}
		}
		is(err, key(issuer.APITokenAdded, ""))
		yes, no := true, false
		_, err = h.UpdateAPIToken(ctx, a, api.ID, issuer.APITokenChange{Active: &no}, by)
		is(err, key(issuer.APITokenDeactivated, "active"))
		_, err = h.UpdateAPIToken(ctx, a, api.ID, issuer.APITokenChange{Active: &yes}, by)
		is(err, key(issuer.APITokenActivated, "active"))
		_, err = h.UpdateAPIToken(ctx, a, api.ID, issuer.APITokenChange{Description: text("other")}, by)
		is(err, key(issuer.APITokenUpdated, "description"))
		deleted := key(issuer.APITokenDeleted, fmt.Sprintf("number %d", api.ID))
		deleted.Token = "" // it is not looked at before
		is(h.DeleteAPIToken(ctx, a, api.ID, by), deleted)

		u, err := h.CreateUser(ctx, a, issuer.NewUser{Email: "eve@example.com", Name: "Eve", Role: issuer.Agent}, by)
		person := func(name issuer.VerdictName, what string) issuer.Verdict {
			return issuer.Verdict{Name: name, Account: "acme", User: u.ID, Reason: what}
		}
		is(err, person(issuer.UserCreated, "agent"))
		change := func(c issuer.UserChange, want ...issuer.Verdict) {
			t.Helper()
			_, err := h.UpdateUser(ctx, a, u.ID, c, by)
			is(err, want...)
		}
		endUser, agent := issuer.EndUser, issuer.Agent
		change(issuer.UserChange{Name: text("Eva")}, person(issuer.UserUpdated, "name"))
		change(issuer.UserChange{Role: &endUser}, person(issuer.UserDemoted, "role agent to end-user"))
		change(issuer.UserChange{Suspended: &yes}, person(issuer.UserSuspended, "suspended"))
		both := "role end-user to agent, no longer suspended"
		change(issuer.UserChange{Role: &agent, Suspended: &no}, person(issuer.UserPromoted, both), person(issuer.UserReinstated, both))
		change(issuer.UserChange{Suspended: &no})
		is(h.SetPassword(ctx, a, u.ID, secret.Of("a long enough one"), by), person(issuer.UserPasswordChanged, "password"))
		is(h.DeleteUser(ctx, a, u.ID, by), person(issuer.UserDeleted, ""))
		refused(h.DeleteUser(ctx, a, u.ID, by))

		_, err = h.ChangeSettings(ctx, a, a.Updated, issuer.SettingsChange{PasswordAccess: &no}, by)
		is(err, issuer.Verdict{Name: issuer.SettingsChanged, Account: "acme", User: by.User, Reason: "password_access off"})
		if _, err = h.ChangeSettings(ctx, a, a.Updated, issuer.SettingsChange{PasswordAccess: &yes}, by); !errors.Is(err, issuer.ErrConflict) {
			t.Error(err)
		}
		refused(err)
	})
}
