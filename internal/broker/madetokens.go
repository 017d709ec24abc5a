package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// Tokens that are made for a time:
//
//	MakeToken ──► AskToken: written down ──► POST at Zendesk ──► GotToken ──► shown, once
//	                                              │ no answer, or a crash: in doubt, and told
//	RevokeDue ──► MoveMadeToken: it is this one's for a minute ──► DELETE ──► EndMadeToken
//	                                              │ later, again; 404: it is gone
//
// A row stands before there is a token, so that none lives of which nobody knows. Whoever
// dies between revokes it twice: the second time Zendesk says that it is gone.

// NewToken is a token that is to be made.
type NewToken struct {
	Client string // identifier or number
	MadeToken
}

// RefusedToken says that Zendesk makes no such token, in its words.
type RefusedToken struct {
	Status int
	Words  string
	Err    error
}

func (e *RefusedToken) Error() string { return "make a token: " + e.Err.Error() }
func (e *RefusedToken) Unwrap() error { return e.Err }

// LostToken says that nobody heard whether Zendesk made a token. If it did, nobody has it,
// and it lives on.
type LostToken struct {
	ID  MadeTokenID
	Err error
}

func (e *LostToken) Error() string {
	return fmt.Sprintf("make a token (%d): no answer: %v", e.ID, e.Err)
}
func (e *LostToken) Unwrap() error { return e.Err }

// MakeToken makes a token by a connection, of an OAuth client of its account, which acts
// as the connection's user, and returns it with what it is, which nothing can show again.
// It is revoked when it is due. The error may be *Invalid, ErrNotFound for the connection,
// *Unusable, *Unavailable, *RefusedToken or *LostToken.
func (b *Broker) MakeToken(ctx context.Context, n NewToken) (MadeToken, secret.Plain, error) {
	var none secret.Plain
	m := n.MadeToken
	m.Why, m.Asked, m.State = plainText(m.Why), b.now(), TokenAsking
	if err := m.check(n.Client); err != nil {
		return m, none, err
	}
	c, err := b.Store.Connection(ctx, m.Connection)
	switch {
	case err != nil:
		return m, none, err
	case c.Product != Support:
		return m, none, &Invalid{"connection", "only one to Support reaches the account's tokens"}
	case !c.Lendable():
		return m, none, c.unusable()
	}
	m.Account = c.Account
	api := b.calling(c)
	if m.Client, m.Identifier, err = clientNumbered(ctx, api, n.Client); err != nil {
		return m, none, refusedToken(err)
	}
	if m, err = b.Store.AskToken(ctx, m); err != nil {
		return m, none, err
	}
	made, err := api.CreateOAuthToken(ctx, m.Client, m.Scope...)
	return b.gotToken(ctx, m, made, err)
}

// gotToken writes down what came of asking, whoever waits for it.
func (b *Broker) gotToken(ctx context.Context, m MadeToken, made zendesk.OAuthToken, err error) (MadeToken, secret.Plain, error) {
	var none secret.Plain
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		said := refusedToken(err)
		if neverMade(err) {
			return m, none, errors.Join(said, b.Store.DropMadeToken(ctx, m.ID))
		}
		next := m
		next.State = TokenInDoubt
		_ = b.Store.MoveMadeToken(ctx, next, m, m.event(TokenLost, m.Maker, b.now(), "no answer"))
		return next, none, &LostToken{m.ID, err}
	}
	next := m
	next.Token, next.State, next.Next = made.ID, TokenLiving, m.Due
	err = insist(ctx, func(ctx context.Context) error {
		return b.Store.MoveMadeToken(ctx, next, m, next.event(TokenMade, m.Maker, b.now(), ""))
	})
	if err != nil {
		// One that nobody remembers is worse than none.
		if c, bad := b.Store.Connection(ctx, m.Connection); bad == nil {
			_ = b.calling(c).RevokeOAuthToken(ctx, made.ID)
		}
		return m, none, err
	}
	return next, secret.Of(made.FullToken), nil
}

// calling calls the account of a connection, as it.
func (b *Broker) calling(c Connection) *zendesk.API {
	return &zendesk.API{Base: b.Base.URL(c.Account), HTTP: &http.Client{
		Transport: &Transport{Broker: b, ID: c.ID, Next: b.HTTP.Transport}, Timeout: b.HTTP.Timeout,
	}}
}

// clientNumbered finds a client of the account by its number or identifier.
func clientNumbered(ctx context.Context, api *zendesk.API, named string) (id int64, identifier string, err error) {
	for c, err := range api.Clients(ctx) {
		if err != nil {
			return 0, "", err
		}
		if c.Identifier == named || strconv.FormatInt(c.ID, 10) == named {
			return c.ID, c.Identifier, nil
		}
	}
	return 0, "", &Invalid{"client", "the account has none of that identifier or number"}
}

// neverMade tells of an error that there is no token: Zendesk said no, or was not asked.
func neverMade(err error) bool {
	var said *zendesk.APIError
	var unusable *Unusable
	var unavailable *Unavailable
	return errors.As(err, &said) && said.Status < 500 || errors.As(err, &unusable) || errors.As(err, &unavailable)
}

// refusedToken leaves the errors that have an answer of their own.
func refusedToken(err error) error {
	var said *zendesk.APIError
	var unusable *Unusable
	var unavailable *Unavailable
	var invalid *Invalid
	switch {
	case errors.As(err, &unusable):
		return unusable
	case errors.As(err, &unavailable):
		return unavailable
	case errors.As(err, &invalid):
		return invalid
	case errors.As(err, &said):
		return &RefusedToken{said.Status, clip(readable(said.Error(), ""), madeWhyMost), err}
	}
	return &RefusedToken{0, "Zendesk does not answer", err}
}

// MadeTokens lists those of a connection, those that have ended included, in the order of
// their numbers, from the one after `after`; of every connection where it is 0.
func (b *Broker) MadeTokens(ctx context.Context, of ConnectionID, after MadeTokenID, limit int) ([]MadeToken, error) {
	return b.Store.MadeTokens(ctx, of, after, limit)
}

// EndToken revokes a token of a connection now, though it may not be due. One that has
// ended stays as it is; one in doubt is forgotten: whoever asks has looked. The error may
// be ErrNotFound, *Unusable, *Unavailable or *RefusedToken.
func (b *Broker) EndToken(ctx context.Context, by Actor, of ConnectionID, id MadeTokenID) (MadeToken, error) {
	m, err := b.Store.MadeToken(ctx, id)
	switch {
	case err != nil:
		return m, err
	case m.Connection != of:
		return MadeToken{}, ErrNotFound
	case m.State == TokenAsking:
		return m, &Unavailable{ID: of, Reason: NotReached, RetryAfter: askingMost, Err: errors.New("it is just being made")}
	case m.State == TokenInDoubt || m.State == TokenLeftOn:
		return b.tokenEnded(ctx, m, by, "forgotten: "+string(m.State))
	case m.State == TokenEnded:
		return m, nil
	}
	return b.endToken(ctx, m, by)
}

// endToken revokes one that this process has, at Zendesk.
func (b *Broker) endToken(ctx context.Context, m MadeToken, by Actor) (MadeToken, error) {
	c, err := b.Store.Connection(ctx, m.Connection)
	if err != nil {
		return m, err
	}
	err = b.calling(c).RevokeOAuthToken(ctx, m.Token)
	var said *zendesk.APIError
	switch {
	case err == nil:
		return b.tokenEnded(ctx, m, by, "")
	case errors.As(err, &said) && said.Status == http.StatusNotFound:
		return b.tokenEnded(ctx, m, by, "it was gone")
	}
	return m, refusedToken(err)
}

// endTokensOf revokes what was made by a connection that is about to go: nothing else
// could. What Zendesk does not let go of is told as left, once the connection is gone.
func (b *Broker) endTokensOf(ctx context.Context, by Actor, of ConnectionID) {
	all, err := b.Store.MadeTokens(ctx, of, 0, madeMost)
	for ; err == nil && len(all) > 0; all, err = b.Store.MadeTokens(ctx, of, all[len(all)-1].ID, madeMost) {
		for _, m := range all {
			if m.State == TokenLiving && ctx.Err() == nil {
				_, _ = b.endToken(ctx, m, by)
			}
		}
	}
}

// tokenEnded writes down that one is over, though this process is being ended.
func (b *Broker) tokenEnded(ctx context.Context, m MadeToken, by Actor, more string) (MadeToken, error) {
	next := m
	next.State, next.Reason, next.Ended = TokenEnded, "", b.now()
	err := insist(context.WithoutCancel(ctx), func(ctx context.Context) error {
		return b.Store.MoveMadeToken(ctx, next, m, next.event(TokenRevoked, by, next.Ended, more))
	})
	if errors.Is(err, ErrConflict) { // another was first
		return b.Store.MadeToken(ctx, m.ID)
	}
	return next, err
}

// madeMost bounds how many are looked at in a round.
const madeMost = 100

// RevokeDue revokes the made tokens that are due, and finds those of whose making nobody
// heard. Replicas may do so at the same time.
func (b *Broker) RevokeDue(ctx context.Context) error {
	now := b.now()
	asking, err := b.Store.TokensDue(ctx, TokenAsking, now.Add(-askingMost), madeMost)
	failed := []error{err}
	for _, m := range asking {
		next := m
		next.State = TokenInDoubt
		err := b.Store.MoveMadeToken(ctx, next, m, m.event(TokenLost, Itself, now, "no answer"))
		if !errors.Is(err, ErrConflict) {
			failed = append(failed, err)
		}
	}
	due, err := b.Store.TokensDue(ctx, TokenLiving, now, madeMost)
	failed = append(failed, err)
	for _, m := range due {
		if ctx.Err() != nil {
			break
		}
		failed = append(failed, b.revokeDue(ctx, m))
	}
	return errors.Join(failed...)
}

// revokeDue revokes one, if nobody else does just now, or says when it is tried again.
func (b *Broker) revokeDue(ctx context.Context, m MadeToken) error {
	now := b.now()
	held := m
	held.Tries++
	held.Next = now.Add(madeHold)
	if err := b.Store.MoveMadeToken(ctx, held, m, Event{}); errors.Is(err, ErrConflict) {
		return nil
	} else if err != nil {
		return err
	}
	_, err := b.endToken(ctx, held, Itself)
	var unavailable *Unavailable
	var unusable *Unusable
	var said *RefusedToken
	next := held
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.Is(err, ErrNotFound): // the connection: nothing is there to revoke it by
		next.State, next.Reason, next.Ended = TokenLeftOn, "connection_gone", now
		return b.Store.MoveMadeToken(ctx, next, held, next.event(TokenLost, Itself, now, "its connection is gone"))
	case errors.As(err, &unusable):
		next = held.After(unusable.Reason, 0, now)
	case errors.As(err, &unavailable):
		next = held.After(unavailable.Reason, unavailable.RetryAfter, now)
	case errors.As(err, &said):
		next = held.After(NotReached, retryAfter(said.Err), now)
		if said.Status/100 == 4 && said.Status != http.StatusTooManyRequests {
			next.Reason = "refused"
		}
	default:
		return err
	}
	if err := b.Store.MoveMadeToken(ctx, next, held, Event{}); !errors.Is(err, ErrConflict) {
		return err
	}
	return nil
}

func retryAfter(err error) time.Duration {
	var said *zendesk.APIError
	if errors.As(err, &said) {
		return said.RetryAfter
	}
	return 0
}
