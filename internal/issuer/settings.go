package issuer

import (
	"context"
	"slices"
	"strings"
	"time"
)

// SettingsChange is what an admin wants of the settings of an account's API; nil
// leaves a field as it is. Nothing of it has been checked.
type SettingsChange struct {
	// What Basic authentication takes (facts section 6.6): Zendesk's own switches.
	PasswordAccess, TokenAccess *bool
	// The rest Zendesk decides for its accounts; here it can be chosen.
	BasicAuth                     *BasicAuth
	PasswordGrant, RevokeReplayed *bool
	TokenFormat                   *TokenFormat
	Era                           *Era
}

func (a Account) with(change SettingsChange) Account {
	set(&a.PasswordAccess, change.PasswordAccess)
	set(&a.TokenAccess, change.TokenAccess)
	set(&a.BasicAuth, change.BasicAuth)
	set(&a.PasswordGrant, change.PasswordGrant)
	set(&a.RevokeReplayed, change.RevokeReplayed)
	set(&a.TokenFormat, change.TokenFormat)
	set(&a.Era, change.Era)
	return a
}

// TakesNoBasic tells whether every caller by Basic authentication is anonymous,
// whatever they send (facts section 6.6).
func (a Account) TakesNoBasic() bool { return !a.PasswordAccess && !a.TokenAccess }

// BasicAt is the step of the removal of API tokens that an account is at (facts section
// 9): one that it was set to, or that of the day.
func (a Account) BasicAt(now time.Time) BasicAuth {
	switch {
	case a.BasicAuth != BasicByDate:
		return a.BasicAuth
	case now.Before(basicCreationBlockedFrom):
		return BasicAllowed
	case now.Before(basicOffFrom):
		return BasicCreationBlocked
	}
	return BasicOff
}

// TakesNewAPITokens tells whether an API token can still be added.
func (a Account) TakesNewAPITokens(now time.Time) bool { return a.BasicAt(now) == BasicAllowed }

// Configure decides what becomes of an account whose admin, who saw it as it was
// changed last at seen, wants this of its settings. told is what the audit trail
// learns, empty where nothing changes. It returns ErrConflict when somebody else
// changed it since, or Invalids.
func (a Account) Configure(now, seen time.Time, want SettingsChange) (next Account, told string, err error) {
	if !a.Updated.Equal(seen) {
		return a, "", ErrConflict
	}
	next = a.with(want)
	if err := next.check(); err != nil {
		return a, "", err
	}
	if told = next.changes(a); told != "" {
		next.Updated = touched(a.Updated, now)
	}
	return next, told, nil
}

func (a Account) check() error {
	var all Invalids
	oneOf(&all, "basic_auth", a.BasicAuth, BasicByDate, BasicAllowed, BasicCreationBlocked, BasicOff)
	oneOf(&all, "token_format", a.TokenFormat, "", Opaque, JWT)
	oneOf(&all, "era", a.Era, Legacy, Enforced)
	return all.orNil()
}

func oneOf[T ~string](all *Invalids, field string, value T, known ...T) {
	if !slices.Contains(known, value) {
		all.add(field, NotAllowed, "is none of those that there are")
	}
}

// settings are what can be set, in the words of the seed file.
func (a Account) settings() []string {
	onOff := map[bool]string{true: "on", false: "off"}
	format := "of the era"
	if a.TokenFormat != "" {
		format = string(a.TokenFormat)
	}
	return []string{
		"password_access " + onOff[a.PasswordAccess], "token_access " + onOff[a.TokenAccess], "basic_auth " + string(a.BasicAuth),
		"password_grant " + onOff[a.PasswordGrant], "token_format " + format, "revoke_replayed " + onOff[a.RevokeReplayed],
		"era " + string(a.Era),
	}
}

// changes tells what became of the settings, for the audit trail.
func (a Account) changes(before Account) string {
	var all []string
	was := before.settings()
	for n, is := range a.settings() {
		if is != was[n] {
			all = append(all, is)
		}
	}
	return strings.Join(all, ", ")
}

// ChangeSettings changes the settings of an account's API, which an admin saw as
// they were changed last at seen. It returns ErrConflict when another was faster:
// neither of two admins undoes unseen what the other did. Or Invalids.
func (i *Issuer) ChangeSettings(ctx context.Context, a Account, seen time.Time, want SettingsChange, by By) (Account, error) {
	old, err := i.Store.Account(ctx, a.Subdomain)
	if err != nil {
		return Account{}, err
	}
	now := i.Now()
	next, told, err := old.Configure(now, seen, want)
	if err != nil || told == "" {
		return old, err
	}
	e := by.event(old.ID, now, ActionAccountUpdated, "account", int64(old.ID), told)
	err = i.Store.ReplaceSettings(ctx, old, next, e)
	i.tellChange(ctx, Verdict{Name: SettingsChanged, Account: a.Subdomain, User: by.User, Reason: told}, err)
	return next, err
}
