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

	Session(ctx context.Context, a AccountID, id secret.Digest) (Session, error)
	// StartSession adds a session and ends the one that it follows, if any.
	StartSession(ctx context.Context, s Session, follows secret.Digest, e Event) error
	EndSession(ctx context.Context, a AccountID, id secret.Digest) error

	// Consented returns what the user allowed the client, once for each of
	// their tokens that lives at now.
	Consented(ctx context.Context, c Client, u UserID, now time.Time) ([]oauth.Scope, error)
	AddCode(ctx context.Context, c Code) error
	Code(ctx context.Context, a AccountID, p Product, code secret.Digest) (Code, error)
	// RedeemCode swaps a live code for a token.
	RedeemCode(ctx context.Context, c Code, t Token) (TokenID, error)

	// TokenByRefresh finds ended tokens too, for as long as their family lives.
	TokenByRefresh(ctx context.Context, a AccountID, p Product, refresh secret.Digest) (Token, error)
	TokenByAccess(ctx context.Context, a AccountID, p Product, access secret.Digest) (Token, error)
	// ReplaceToken swaps a live token for the next of its family.
	ReplaceToken(ctx context.Context, old, next Token) (TokenID, error)
	// AddToken adds a token that nothing precedes.
	AddToken(ctx context.Context, t Token) (TokenID, error)
	// EndToken swaps a live token for an ended one; e may be nil.
	EndToken(ctx context.Context, t Token, at time.Time, why EndReason, e *Event) error
	// EndFamily ends what lives of a token's family.
	EndFamily(ctx context.Context, t Token, at time.Time, why EndReason) error
	// MarkUsed notes when tokens were last used; an older time changes nothing.
	MarkUsed(ctx context.Context, tokens map[TokenRef]time.Time, apiTokens map[APITokenRef]time.Time) error

	APIToken(ctx context.Context, a AccountID, token secret.Digest) (APIToken, error)

	// SigningKeys returns the keys of an account, the newest first.
	SigningKeys(ctx context.Context, a AccountID) ([]SigningKey, error)
	AddSigningKey(ctx context.Context, k SigningKey) error

	// Failures returns how many failures of a subject the window at now holds,
	// and when that window ends.
	Failures(ctx context.Context, subject string, now time.Time) (n int, ends time.Time, err error)
	// CountFailure adds one to the window at now; without one, a new one ends at ends.
	CountFailure(ctx context.Context, subject string, now, ends time.Time) error

	// Plant adds what an account lacks of a plot, the account included, and
	// alters nothing that is there. New clients belong to the user with the
	// creator's email. It returns what the account now has of the plot, each in
	// the plot's order.
	Plant(ctx context.Context, want Plot, creator string) (have Plot, err error)

	// Prune deletes up to limit rows of each kind that ended before a time, and
	// returns how many it deleted.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}
