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

		{Event(issuer.TokenIssued), "a client got a token by its own credentials or a user's password"},
		{Event(issuer.TokenRefused), "a client did not get one"},
		{Event(issuer.TokenRevoked), "a client revoked a token (RFC 7009)"},

		{Event(issuer.BearerRefused), "an access token opened nothing: unknown, expired, ended, or its user may not sign in"},

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
