package issuer

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// Store keeps the issuer's state. Each method is one atomic step; none of them
// decides anything. A look-up that finds nothing returns ErrNotFound, a swap
// that lost its race ErrConflict, and a nil error means that it is committed.
type Store interface {
	// Away tells whether an error of a step says that the store cannot be reached now,
	// and may be in a moment.
	Away(err error) bool

	// Accounts returns all accounts, in the order in which they were made.
	Accounts(ctx context.Context) ([]Account, error)
	Account(ctx context.Context, subdomain string) (Account, error)

	User(ctx context.Context, a AccountID, id UserID) (User, error)
	UserByEmail(ctx context.Context, a AccountID, email string) (User, error)
	// Users returns up to limit users, in the order in which they were made.
	Users(ctx context.Context, a AccountID, limit int) ([]User, error)

	Client(ctx context.Context, a AccountID, p Product, identifier string) (Client, error)
	ClientByID(ctx context.Context, a AccountID, p Product, id ClientID) (Client, error)
	// Clients returns up to limit clients, in the order in which they were made.
	Clients(ctx context.Context, a AccountID, p Product, limit int) ([]Client, error)

	// AddAccount is ErrTaken when the subdomain is another's. As with all that is
	// added, its number is added to the event's object.
	AddAccount(ctx context.Context, a Account, e Event) (Account, error)
	// ReplaceSettings swaps the settings of an account that was last changed at
	// old.Updated.
	ReplaceSettings(ctx context.Context, old, next Account, e Event) error
	// UserPage leaves out the erased.
	UserPage(ctx context.Context, a AccountID, r Range) (Page[User], error)
	FindUsers(ctx context.Context, a AccountID, f UserFilter, r Range) (Page[User], error)
	// AddUser is ErrTaken when the email is another's.
	AddUser(ctx context.Context, u User, e Event) (User, error)
	// ReplaceUser swaps a user who was last changed at old.Updated. Another
	// password ends their sessions. It is ErrForbidden where admin is not zero and
	// no admin who may sign in when the step is done.
	ReplaceUser(ctx context.Context, old, next User, admin UserID, e Event) error
	// EraseUser takes from a user what tells of a person, and ends their sessions,
	// codes and tokens. It is ErrForbidden as ReplaceUser.
	EraseUser(ctx context.Context, u User, at time.Time, admin UserID, e Event) error

	ClientPage(ctx context.Context, a AccountID, p Product, f ClientFilter, r Range) (Page[Client], error)
	// ClientUse counts those of the client's most newest tokens that live at now.
	ClientUse(ctx context.Context, c Client, now time.Time, most int) (ClientUse, error)
	// UsesOf returns when each client was last used in a user's name.
	UsesOf(ctx context.Context, a AccountID, p Product, u UserID) (map[ClientID]time.Time, error)
	// AddClient is ErrTaken when the identifier is another's.
	AddClient(ctx context.Context, c Client, e Event) (Client, error)
	// ReplaceClient swaps a client that was last changed at old.Updated, but not
	// its secrets. It is ErrTaken when the identifier is another's.
	ReplaceClient(ctx context.Context, old, next Client, e Event) error
	// ReplaceSecrets swaps the secrets of a client last changed at old.Updated.
	ReplaceSecrets(ctx context.Context, old, next Client, e Event) error
	// Logo returns the picture of that name of any client.
	Logo(ctx context.Context, a AccountID, name string) ([]byte, error)
	// DeleteClient deletes a client with its secrets, codes and tokens.
	DeleteClient(ctx context.Context, c Client, e Event) error

	// GlobalClients returns those that the account approved.
	GlobalClients(ctx context.Context, a AccountID, p Product, r Range) (Page[GlobalClient], error)
	GlobalClient(ctx context.Context, a AccountID, p Product, id GlobalClientID) (GlobalClient, error)
	// GlobalUses counts the tokens that live at now, or with f.Expired all; of
	// f.Global alone, if it is set.
	GlobalUses(ctx context.Context, a AccountID, p Product, f TokenFilter, now time.Time, r Range) (Page[GlobalUse], error)
	// PlantGlobal adds a global client where it lacks, and the clients of these
	// accounts that stand for it, and alters nothing that is there. Those belong to
	// the first admin of their account.
	PlantGlobal(ctx context.Context, want GlobalClient, accounts []string) (have GlobalClient, err error)

	Session(ctx context.Context, a AccountID, id secret.Digest) (Session, error)
	// StartSession adds a session and ends the one that it follows, if any.
	StartSession(ctx context.Context, s Session, follows secret.Digest, e Event) error
	// EndSession writes e if the session was there.
	EndSession(ctx context.Context, a AccountID, id secret.Digest, e Event) error

	// Consented returns what the user allowed the client, once for each of
	// their tokens that lives at now.
	Consented(ctx context.Context, c Client, u UserID, now time.Time) ([]oauth.Scope, error)
	// AddCode writes what else happened by it.
	AddCode(ctx context.Context, c Code, events ...Event) error
	Code(ctx context.Context, a AccountID, p Product, code secret.Digest) (Code, error)
	// RedeemCode swaps a live code for a token.
	RedeemCode(ctx context.Context, c Code, t Token) (TokenID, error)

	// TokenByRefresh finds ended tokens too, for as long as their family lives. It
	// leaves out when they were used.
	TokenByRefresh(ctx context.Context, a AccountID, p Product, refresh secret.Digest) (Token, error)
	// TokenByAccess leaves out when it was used.
	TokenByAccess(ctx context.Context, a AccountID, p Product, access secret.Digest) (Token, error)
	Token(ctx context.Context, a AccountID, p Product, id TokenID) (Token, error)
	// Tokens returns those that were neither revoked nor replaced.
	Tokens(ctx context.Context, a AccountID, p Product, f TokenFilter, now time.Time, r Range) (Page[Token], error)
	// ReplaceToken swaps a live token for the next of its family.
	ReplaceToken(ctx context.Context, old, next Token) (TokenID, error)
	// AddToken adds a token that nothing precedes, and writes what else happened
	// by it. An event without a number is about the token.
	AddToken(ctx context.Context, t Token, events ...Event) (TokenID, error)
	// EndToken swaps a live token for an ended one.
	EndToken(ctx context.Context, t Token, at time.Time, why EndReason, e Event) error
	// EndFamily ends what lives of a token's family.
	EndFamily(ctx context.Context, t Token, at time.Time, why EndReason, e Event) error
	// MarkUsed notes when tokens, and with them their clients, were last used; an
	// older time changes nothing.
	MarkUsed(ctx context.Context, tokens map[TokenRef]time.Time, apiTokens map[APITokenRef]time.Time) error

	APIToken(ctx context.Context, a AccountID, token secret.Digest) (APIToken, error)

	APITokens(ctx context.Context, a AccountID, r Range) (Page[APIToken], error)
	APITokenByID(ctx context.Context, a AccountID, id APITokenID) (APIToken, error)
	AddAPIToken(ctx context.Context, t APIToken, e Event) (APIToken, error)
	// ReplaceAPIToken swaps an API token that was last changed at old.Updated.
	ReplaceAPIToken(ctx context.Context, old, next APIToken, e Event) error
	DeleteAPIToken(ctx context.Context, a AccountID, id APITokenID, e Event) error

	// SigningKeys returns the keys of an account, the newest first.
	SigningKeys(ctx context.Context, a AccountID) ([]SigningKey, error)
	AddSigningKey(ctx context.Context, k SigningKey, e Event) error

	// Failures returns how many failures of a subject the window at now holds,
	// and when that window ends.
	Failures(ctx context.Context, subject string, now time.Time) (n int, ends time.Time, err error)
	// CountFailures adds one to the window of each subject at now; where there is
	// none, a new one ends at ends.
	CountFailures(ctx context.Context, subjects []string, now, ends time.Time, events ...Event) error

	// Events reads the audit trail, the newest line first.
	Events(ctx context.Context, a AccountID, f EventFilter, r EventRange) (Page[Recorded], error)

	// Plant adds what an account lacks of a plot, the account included, and
	// alters nothing that is there. New clients belong to the user with the
	// creator's email. It returns what the account now has of the plot, each in
	// the plot's order.
	Plant(ctx context.Context, want Plot, creator string) (have Plot, err error)

	// Prune deletes up to limit rows of each kind that are over at a time, and
	// returns how many it deleted.
	Prune(ctx context.Context, over Over, limit int) (int, error)
}

// Over tells what may be pruned.
type Over struct {
	Ended    time.Time // sessions, codes and tokens that ended before
	Failures time.Time // windows of failures that ended before
	Events   time.Time // events from before; zero: none
}
