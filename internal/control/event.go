package control

import "github.com/deskauth/deskauth/internal/issuer"

// Event names what an entry of the journal tells of.
type Event string

// What the controls add to the issuer's verdicts.
const (
	RequestAnswered Event = "request.answered"
	RequestAborted  Event = "request.aborted"

	ClockChanged  Event = "clock.changed"
	FaultAdded    Event = "fault.added"
	FaultRemoved  Event = "fault.removed"
	FaultFired    Event = "fault.fired"
	JournalMarked Event = "journal.marked"
	StateSeeded   Event = "state.seeded"
	StateReset    Event = "state.reset"
	StateRestored Event = "state.restored"
)

// EventMeaning is an event and when it happens.
type EventMeaning struct {
	Event   Event  `json:"event"`
	Meaning string `json:"meaning"`
}

// Events is the closed list of all that a journal can hold, with what each means.
// It is what GET /journal/events answers.
func Events() []EventMeaning {
	return []EventMeaning{
		{RequestAnswered, "a request was answered; status tells how"},
		{RequestAborted, "a request's connection was cut before the answer"},

		{Event(issuer.AuthorizeUnverified), "an authorization request named no known client, or a redirect URI that is not registered: a page was shown"},
		{Event(issuer.AuthorizeRefused), "an authorization request was refused by redirect"},
		{Event(issuer.ConsentAsked), "the consent page was shown"},
		{Event(issuer.ConsentRemembered), "the user had allowed the same before and was not asked"},
		{Event(issuer.ConsentAllowed), "the user allowed it; a code or token went out"},
		{Event(issuer.ConsentDenied), "the user denied it"},

		{Event(issuer.SignInAllowed), "somebody proved who they are: by password, or picked in a demo"},
		{Event(issuer.SignInRefused), "email and password did not match, or the user may not sign in"},
		{Event(issuer.SignInSlowed), "a sign-in came after too many failures"},

		{Event(issuer.ClientRefused), "a client is unknown or did not prove itself"},
		{Event(issuer.ClientSlowed), "a client came after too many failures"},

		{Event(issuer.CodeRedeemed), "a code became a token"},
		{Event(issuer.CodeUnknown), "no such code was issued, or it is long gone"},
		{Event(issuer.CodeReplayed), "a code was used again, or twice at the same time"},
		{Event(issuer.CodeExpired), "a code came too late"},
		{Event(issuer.CodeRefused), "a code was refused for another reason: client, redirect URI, verifier, scope, user"},

		{Event(issuer.RefreshRotated), "a refresh token became the next pair; the old pair died"},
		{Event(issuer.RefreshUnknown), "no such refresh token was issued"},
		{Event(issuer.RefreshReplayed), "a refresh token was used again, or twice at the same time"},
		{Event(issuer.RefreshEnded), "a refresh token was used after it had been revoked"},
		{Event(issuer.RefreshExpired), "a refresh token came too late"},
		{Event(issuer.RefreshRefused), "a refresh was refused for another reason: client, scope, user"},

		{Event(issuer.TokenIssued), "a client got a token by its own credentials or a user's password, or a user made one by hand"},
		{Event(issuer.TokenRefused), "a client did not get one"},
		{Event(issuer.TokenRevoked), "a token was revoked: by its client (RFC 7009), its user or an admin"},

		{Event(issuer.BearerRefused), "an access token opened nothing: unknown, expired, ended, or its user may not sign in"},

		{Event(issuer.ClientCreated), "somebody added a client"},
		{Event(issuer.ClientUpdated), "somebody changed a client; reason tells what"},
		{Event(issuer.ClientSecretRolled), "a client got a new secret"},
		{Event(issuer.ClientDeleted), "somebody deleted a client, with its codes and tokens"},

		{Event(issuer.UserCreated), "a user was added"},
		{Event(issuer.UserUpdated), "a user was changed otherwise than below"},
		{Event(issuer.UserPromoted), "a user got a role that may do more"},
		{Event(issuer.UserDemoted), "a user got a role that may do less"},
		{Event(issuer.UserSuspended), "a user may no longer sign in, and their tokens open nothing"},
		{Event(issuer.UserReinstated), "a suspended user may sign in again"},
		{Event(issuer.UserPasswordChanged), "a user's password was changed"},
		{Event(issuer.UserDeleted), "a user was erased, with their tokens"},

		{Event(issuer.APITokenAdded), "an API token was added"},
		{Event(issuer.APITokenUpdated), "an API token's description was changed"},
		{Event(issuer.APITokenActivated), "an API token opens the API again"},
		{Event(issuer.APITokenDeactivated), "an API token no longer opens the API"},
		{Event(issuer.APITokenDeleted), "an API token was deleted"},

		{Event(issuer.SettingsChanged), "an admin changed the settings of an account's API; reason tells what"},

		{ClockChanged, "the clock was set, advanced, frozen, given another rate, or reset"},
		{FaultAdded, "a fault was added"},
		{FaultRemoved, "a fault was removed"},
		{FaultFired, "a fault disturbed the request"},
		{JournalMarked, "somebody set a mark"},
		{StateSeeded, "accounts were planted from a file"},
		{StateReset, "everything was put back to the start"},
		{StateRestored, "a snapshot was restored"},
	}
}

// known tells whether events have such a name, or one that begins so where it
// ends in a dot: "refresh." is every event of a refresh.
func known(name string) bool {
	for _, e := range Events() {
		if matches(name, e.Event) {
			return true
		}
	}
	return false
}

func matches(name string, e Event) bool {
	if n := len(name); n > 0 && name[n-1] == '.' {
		return len(e) > n && string(e[:n]) == name
	}
	return name == string(e)
}
