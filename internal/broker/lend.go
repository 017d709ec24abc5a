package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// Grant is a token in the clear, for one caller.
type Grant struct {
	Connection Connection
	Access     secret.Plain
}

// Unmet tells whether the token lives for less than was wished: nothing that Zendesk
// gives lives so long, or it could not be renewed now.
func (g Grant) Unmet(now time.Time, minTTL time.Duration) bool {
	over := g.Connection.AccessExpires
	return !over.IsZero() && over.Sub(now) < minTTL
}

// jitterMost spreads the renewals of connections that were made at once.
const jitterMost = 30 * time.Second

// Token lends the access token of a connection, renewed if it would not live for
// another minTTL. A renewal goes on when the caller leaves.
//
// The error is ErrNotFound, *Unusable when a person must do something, or
// *Unavailable when it heals by itself. As long as the token lives it is lent,
// even if it could not be renewed.
func (b *Broker) Token(ctx context.Context, id ConnectionID, minTTL time.Duration) (Grant, error) {
	return b.lend(ctx, id, wish{minTTL: minTTL})
}

// TokenAfter lends a token after the API refused the one of a generation with 401
// invalid_token: a newer one that is there already, else one of a forced renewal.
// There is one of those per generation: if its result is refused too, while it
// should live, a person must authorize again (design §6.9).
func (b *Broker) TokenAfter(ctx context.Context, id ConnectionID, refused int64) (Grant, error) {
	return b.lend(ctx, id, wish{forced: true, refused: refused})
}

// TokenRefused is TokenAfter for a program whose word is not enough: Zendesk is asked
// first whether it takes the token. A program that misreads an answer cannot end a
// connection by it.
func (b *Broker) TokenRefused(ctx context.Context, id ConnectionID, refused int64) (Grant, error) {
	c, err := b.Store.Connection(ctx, id)
	if err != nil {
		b.tellLent(notLent(err))
		return Grant{}, err
	}
	if c.Lendable() && c.Generation <= refused {
		access, err := b.open(ctx, c.Access, c.place("access"))
		if err != nil {
			b.tellLent(LentFailed)
			return Grant{}, err
		}
		_, err = policies[c.Product].probe(ctx, b.api(c, access))
		switch said := (*zendesk.APIError)(nil); {
		case errors.As(err, &said) && said.Status == http.StatusUnauthorized:
		case err == nil:
			return b.grant(ctx, c, wish{}, FromRow, b.now())
		default:
			b.tellLent(LentUnavailable)
			return Grant{}, &Unavailable{ID: id, Reason: NotReached, Err: err}
		}
	}
	// What was asked about is this generation, whatever number the program names: a
	// newer one, which another may bring meanwhile, is not refused by it.
	return b.TokenAfter(ctx, id, min(refused, c.Generation))
}

// wish is what a caller wants of a token.
type wish struct {
	minTTL  time.Duration
	called  bool  // by the proxy, or an HTTP client, and not handed out
	forced  bool  // the API refused it
	refused int64 // the generation of that one
}

// renewal decides whether the connection's token is another than the one wished for.
func (w wish) renewal(c Connection, now time.Time) bool {
	if w.forced {
		return c.Generation <= w.refused
	}
	return c.Due(now, w.minTTL, c.Jitter(jitterMost))
}

// ready tells whether the token can be lent as it is.
func (b *Broker) ready(c Connection, w wish, now time.Time) bool {
	return c.Lendable() && !w.renewal(c, now) && !b.draining(c)
}

func (b *Broker) lend(ctx context.Context, id ConnectionID, w wish) (Grant, error) {
	c, remembered, err := b.Store.Lent(ctx, id)
	if now := b.now(); err == nil && b.ready(c, w, now) {
		from := FromRow
		if remembered {
			from = FromMemory
		}
		return b.grant(ctx, c, w, from, now)
	}
	if remembered { // what is to be changed is decided on the row
		c, err = b.Store.Connection(ctx, id)
	}
	switch now := b.now(); {
	case err != nil:
		b.tellLent(notLent(err))
		return Grant{}, err
	case b.ready(c, w, now):
		return b.grant(ctx, c, w, FromRow, now)
	}
	ctx, ended := b.began(ctx, Work{Kind: Lending, Connection: id, Account: c.Account, Generation: c.Generation, Forced: w.forced})
	g, from, err := b.lendRenewed(ctx, c, w)
	ended(Ended{Result: from.String(), Reason: string(reasonOf(err))})
	return g, err
}

// lendRenewed lends a token that is to be renewed first, and says where it is from.
func (b *Broker) lendRenewed(ctx context.Context, c Connection, w wish) (Grant, Lent, error) {
	// A token that is over was refused for being over. That is an ordinary renewal: it
	// says nothing against the connection, however often it happens in a row.
	next, err := b.renewOrSay(ctx, c, w.forced && c.Alive(b.now()), func(c Connection) bool {
		return w.renewal(c, b.now()) || b.draining(c)
	})
	if err == nil {
		g, err := b.grant(ctx, next, w, FromRenewal, b.now())
		return g, FromRenewal, err
	}
	var soft *Unavailable
	if errors.As(err, &soft) {
		// Another may have come through meanwhile; and a token that could not be renewed
		// is good until it expires, unless it was just refused.
		now := b.now()
		c, again := b.Store.Connection(ctx, c.ID)
		if again == nil && c.Lendable() && c.Alive(now) && !(w.forced && w.renewal(c, now)) {
			g, err := b.grant(ctx, c, w, FromBefore, now)
			return g, FromBefore, err
		}
	}
	from := notLent(err)
	b.tellLent(from)
	return Grant{}, from, err
}

// renewOrSay renews a connection that wants it, or says why that is no use.
func (b *Broker) renewOrSay(ctx context.Context, c Connection, forced bool, want func(Connection) bool) (Connection, error) {
	if !c.Lendable() {
		return c, c.unusable()
	}
	if forced {
		if err := b.tellRefused(ctx, c); err != nil {
			return c, err
		}
	}
	now := b.now()
	switch {
	case forced && c.Forced:
		return c, b.condemn(ctx, c, Reauthorize, TokenRefused)
	case !c.Renewable() && forced:
		return c, b.condemn(ctx, c, Reauthorize, TokenRefused)
	case !c.Renewable() && c.Alive(now): // and still good
		return c, nil
	case !c.Renewable():
		return c, b.condemn(ctx, c, Reauthorize, NoRefreshToken)
	case now.Before(c.RetryAt):
		return c, &Unavailable{ID: c.ID, RetryAfter: c.RetryAt.Sub(now), Reason: c.Reason}
	}
	key := fmt.Sprintf("renew/%d/%t", c.ID, forced)
	next, _, err := fly(ctx, b, key, b.Timing.Flight, func(ctx context.Context) (Connection, error) {
		return b.renew(ctx, c.ID, forced, want)
	})
	return next, err
}

// tellRefused writes down that Zendesk answered 401 to a token that should live, once
// for its generation, however many callers hear it.
func (b *Broker) tellRefused(ctx context.Context, c Connection) error {
	err := b.Store.Refused(ctx, c, Event{
		At: b.now(), Kind: AccessRefused, By: Itself, Account: c.Account, Connection: c.ID, Client: c.Client,
		Detail: fmt.Sprintf("generation %d", c.Generation),
	})
	if errors.Is(err, ErrConflict) { // it is said, or the token was renewed
		return nil
	}
	return err
}

// grant opens the token, or remembers it, and notes the use.
func (b *Broker) grant(ctx context.Context, c Connection, w wish, from Lent, now time.Time) (Grant, error) {
	b.note(c.ID, now, w.called)
	if from == FromMemory {
		if access, known := b.opened.get(c); known {
			b.tellLent(from)
			return Grant{Connection: c, Access: access}, nil
		}
	}
	access, err := b.open(ctx, c.Access, c.place("access"))
	if err != nil {
		b.tellLent(LentFailed)
		return Grant{}, err
	}
	if from == FromMemory {
		b.opened.keep(c, access)
	}
	b.tellLent(from)
	return Grant{Connection: c, Access: access}, nil
}

// condemn says what is lost, and returns it as the error. A connection that was
// renewed meanwhile is not: its next caller finds it well.
func (b *Broker) condemn(ctx context.Context, c Connection, s State, why Reason) error {
	c.State, c.Reason = s, why
	said := c.unusable()
	err := b.Store.Condemn(ctx, c, Event{
		At: b.now(), Kind: StateChanged, By: Itself, Account: c.Account, Connection: c.ID, Client: c.Client,
		Detail: string(s) + ": " + string(why),
	})
	b.opened.drop(c.ID)
	switch {
	case errors.Is(err, ErrConflict):
		return &Unavailable{ID: c.ID, Reason: AnotherTries}
	case err != nil:
		return err
	}
	return said
}

// Connection returns the record, without its tokens in the clear.
func (b *Broker) Connection(ctx context.Context, id ConnectionID) (Connection, error) {
	return b.Store.Connection(ctx, id)
}

// Connections lists at most limit records, from the one after `after`.
func (b *Broker) Connections(ctx context.Context, after ConnectionID, limit int) ([]Connection, error) {
	return b.Store.Connections(ctx, after, limit)
}
