package issuer

import (
	"encoding/binary"
	"io"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// TokenID is the number of a token.
type TokenID int64

// TokenRef names a token in its account, and the client that has it.
type TokenRef struct {
	Account AccountID
	Client  ClientID
	ID      TokenID
}

func (t Token) ref() TokenRef { return TokenRef{t.Account, t.Client, t.ID} }

// FamilyID joins the tokens that descend from one authorization by refresh.
type FamilyID int64

// Token is a pair of an access token and, from most grants, a refresh token.
// Secrets are kept as digests.
type Token struct {
	ID         TokenID
	Account    AccountID
	Product    Product
	Client     ClientID
	User       UserID
	Family     FamilyID
	Generation int
	Origin     string // the grant type, or the API, that made it
	Scope      oauth.Scope
	Consented  oauth.Scope // what the user allowed, of which Scope is a part

	Access         secret.Digest
	AccessHint     string
	AccessExpires  time.Time // zero: never
	Refresh        secret.Digest
	RefreshHint    string
	RefreshExpires time.Time // zero: never
	HasRefresh     bool

	Created   time.Time
	Used      time.Time // zero: never
	Ended     time.Time // zero: it lives
	EndReason EndReason
}

// EndReason tells why a token ended before its time.
type EndReason string

// The reasons.
const (
	Replaced EndReason = "replaced"
	Revoked  EndReason = "revoked"
	// UserErased ends all tokens of a user who was deleted.
	UserErased EndReason = "user erased"
	// ReplayedFamily ends a family whose refresh token was used twice.
	ReplayedFamily EndReason = "replayed"
)

// TokenHint is how many characters of a token stay visible (facts section 3).
const TokenHint = 10

// Pair is the fresh randomness of a token.
type Pair struct {
	Access, Refresh secret.Plain
	Family          FamilyID
}

// NewPair draws a pair, and a family for the case that it starts one.
func NewPair(rand io.Reader) Pair {
	return Pair{Access: secret.New(rand), Refresh: secret.New(rand), Family: newFamily(rand)}
}

// newFamily draws a number below 2^53, the largest that JSON carries safely.
// Families are compared within an account, where chance keeps them apart.
func newFamily(rand io.Reader) FamilyID {
	var b [8]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		panic("no randomness: " + err.Error())
	}
	return FamilyID(binary.BigEndian.Uint64(b[:]) >> 11)
}

// withAccess fills in the access token and its life.
func (t Token) withAccess(now time.Time, pair Pair, l life) Token {
	t.Access, t.AccessHint = pair.Access.Digest(), pair.Access.Hint(TokenHint)
	if l.access != nil {
		t.AccessExpires = now.Add(*l.access)
	}
	return t
}

// withPair fills in both tokens and their lives.
func (t Token) withPair(now time.Time, pair Pair, l life) Token {
	t = t.withAccess(now, pair, l)
	t.HasRefresh = true
	t.Refresh, t.RefreshHint = pair.Refresh.Digest(), pair.Refresh.Hint(TokenHint)
	if l.refresh != nil {
		t.RefreshExpires = now.Add(*l.refresh)
	}
	return t
}

// Rotate decides whether a refresh token may be used, and returns the token
// that follows. The old pair ends at once, both halves of it: Zendesk gives no
// grace (facts section 2.4).
func (t Token) Rotate(now time.Time, by Client, req TokenRequest, p Policy, pair Pair) (Token, error) {
	switch {
	case t.Client != by.ID:
		return Token{}, oauth.Errorf(oauth.InvalidGrant, "the refresh token belongs to another client")
	case t.EndReason == Replaced:
		return Token{}, RefreshReplayed.because(oauth.InvalidGrant, "the refresh token was used before")
	case !t.Ended.IsZero():
		return Token{}, RefreshEnded.because(oauth.InvalidGrant, "the token was ended: %s", t.EndReason)
	case !t.Refreshes(now):
		return Token{}, RefreshExpired.because(oauth.InvalidGrant, "the refresh token expired")
	}
	scope, err := by.narrow(t.Scope, req, p)
	if err != nil {
		return Token{}, err
	}
	l, err := by.lifetimes(req.Account, p, req.Lifetimes)
	if err != nil {
		return Token{}, err
	}
	next := Token{
		Account: t.Account, Product: t.Product, Client: t.Client, User: t.User,
		Family: t.Family, Generation: t.Generation + 1, Origin: string(oauth.GrantRefreshToken),
		Scope: scope, Consented: t.Consented, Created: now,
	}
	return next.withPair(now, pair, l), nil
}

// Refreshes tells whether the refresh token can be used.
func (t Token) Refreshes(now time.Time) bool {
	return t.HasRefresh && t.Ended.IsZero() && (t.RefreshExpires.IsZero() || now.Before(t.RefreshExpires))
}

// Opens tells whether the access token opens the API.
func (t Token) Opens(now time.Time) bool {
	return t.Ended.IsZero() && (t.AccessExpires.IsZero() || now.Before(t.AccessExpires))
}

// Over tells when a token that ended, or that lives, is of no use any more, and
// its whole family with it. Zero: never, or only when its successor is.
func (t Token) Over() time.Time {
	switch {
	case t.EndReason == Replaced:
		return time.Time{}
	case !t.Ended.IsZero():
		return t.Ended
	case !t.HasRefresh || t.AccessExpires.IsZero():
		return t.AccessExpires
	case t.RefreshExpires.IsZero() || t.RefreshExpires.After(t.AccessExpires):
		return t.RefreshExpires
	default:
		return t.AccessExpires
	}
}
