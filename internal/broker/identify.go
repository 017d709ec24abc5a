package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// identifyTries bounds how often a connection may be replaced or renewed under the
// hands of a sign-in.
const identifyTries = 5

// identify finds out whose tokens a pending connection holds, and makes it active,
// or gives them to the connection that this person has already.
func (b *Broker) identify(ctx context.Context, f Flow, c Connection, p Pair) (Arrival, error) {
	return b.identifyAs(ctx, f, c, p, ConnectionMade, Actor{})
}

// identifyAs is identify for what came about in another way; by nobody: by the person
// whose tokens they are.
func (b *Broker) identifyAs(ctx context.Context, f Flow, c Connection, p Pair, how EventKind, by Actor) (Arrival, error) {
	user, err := policies[c.Product].who(ctx, b.api(c, p.Access), p.Access)
	if err != nil {
		return Arrival{}, f.failure(whoFailure(err), err)
	}
	if kind, err := b.spendLink(ctx, f, c, user); err != nil {
		return Arrival{}, err
	} else if kind != "" {
		return Arrival{}, b.turnAway(ctx, f, c, p, user, kind)
	}
	c.User, c.State, c.Reason = user, Active, NoReason
	if by == (Actor{}) {
		by = Person(c.Account, user.ID)
	}
	for range identifyTries {
		arrival, err := b.settle(ctx, f, c, p, how, by)
		if !errors.Is(err, ErrConflict) {
			return arrival, err
		}
	}
	return Arrival{}, fmt.Errorf("settle connection %d: %w", c.ID, ErrConflict)
}

func (b *Broker) settle(ctx context.Context, f Flow, c Connection, p Pair, how EventKind, by Actor) (Arrival, error) {
	made := Event{At: b.now(), Kind: how, By: by, Account: c.Account, Connection: c.ID, Client: c.Client, Detail: string(c.Product)}
	err := b.Store.SettleConnection(ctx, c, made)
	if err == nil {
		return Arrival{Connection: c, Flow: f}, nil
	} else if !errors.Is(err, ErrConflict) {
		return Arrival{}, err
	}
	return b.merge(ctx, f, c, p, made)
}

// merge gives the tokens of a pending connection to the one that its person has.
func (b *Broker) merge(ctx context.Context, f Flow, c Connection, p Pair, made Event) (Arrival, error) {
	old, err := b.Store.ConnectionOf(ctx, c)
	switch {
	case errors.Is(err, ErrNotFound): // it went in between
		return Arrival{}, ErrConflict
	case err != nil:
		return Arrival{}, err
	case old.ID == c.ID: // a page loaded twice: the other one settled it
		return Arrival{Connection: old, Flow: f, Again: true}, nil
	}
	next, err := b.withPair(ctx, old.Reconnect(c, p), p)
	if err != nil {
		return Arrival{}, err
	}
	former, was, left := b.former(ctx, old, c, p, made.Kind)
	made.Connection = old.ID
	events := []Event{made}
	events[0].Kind = Reconnected
	if lost := next.Lost(old); !lost.IsEmpty() {
		made.Kind, made.Detail = ScopesLost, clip(lost.String(), detailMost)
		events = append(events, made)
	}
	if left != "" {
		events = append(events, b.formerEvent(FormerLeft, old.ID, old, left))
	}
	if err := b.Store.MergeConnection(ctx, next, former, f.ID, events...); err != nil {
		return Arrival{}, err
	}
	b.endFormer(ctx, former, was)
	f.Connection = next.ID
	return Arrival{Connection: next, Flow: f}, nil
}

// Reconnect is the connection after its person authorized again, with the pair of
// the pending connection that this sign-in made. Only a connection that was
// disabled stays as it is: allowing it again is not that person's decision.
//
// What Zendesk granted last counts. What was asked for or granted before, and is not
// granted now, stays asked for, so that it is seen to be missing, and the next link asks for it again; only a
// client that acts for itself says anew each time what it wants.
func (c Connection) Reconnect(pending Connection, p Pair) Connection {
	if c.State != Disabled {
		c.State, c.Reason = Active, NoReason
	}
	before := append(slices.Clip(c.Asked), c.Granted...)
	c = c.Next(p, false)
	c.User, c.Asked = pending.User, pending.Asked
	if !c.unspent() {
		c.Asked = append(slices.Clip(c.Asked), notCovered(notCovered(before, c.Granted), c.Asked)...)
	}
	// The lifetime may have been corrected since the pair came.
	c.AccessExpires = pending.AccessExpires
	c.TendAt = c.tendFirst()
	return c
}

// Lost are the scopes that the connection had as it was before, and has no more.
func (c Connection) Lost(before Connection) oauth.Scope { return notCovered(before.Granted, c.Granted) }

// detailMost bounds what of Zendesk's words stands in an event, in characters.
const detailMost = 1000

// whoOfSupport asks Zendesk whose token it is. A token whose scope does not reach the
// profile still tells the number of its owner.
func whoOfSupport(ctx context.Context, api *zendesk.API, _ secret.Plain) (User, error) {
	me, err := api.Me(ctx)
	var refused *zendesk.APIError
	if errors.As(err, &refused) && refused.Status == http.StatusForbidden {
		token, err := api.CurrentToken(ctx)
		if err == nil && token.UserID == 0 {
			err = zendesk.ErrAnonymous
		}
		return User{ID: token.UserID}, err
	} else if err != nil {
		return User{}, err
	}
	user := User{ID: *me.ID, Name: plainText(me.Name), Role: plainText(me.Role)}
	if me.Email != nil {
		user.Email = plainText(*me.Email)
	}
	return user, nil
}

// textMost bounds a name, email address or scope that is stored, in bytes.
const textMost = 8 << 10

// plainText is a text of Zendesk's as it may be stored and shown: without control
// characters, one of which, NUL, PostgreSQL's text cannot hold, and of bounded
// length. An odd text must not cost the tokens that came with it.
func plainText(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	if len(s) <= textMost {
		return s
	}
	end := textMost
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// whoFailure is what it means to a person that this could not be found out.
func whoFailure(err error) Kind {
	var remote *oauth.RemoteError
	var refused *zendesk.APIError
	switch {
	case errors.Is(err, zendesk.ErrAnonymous):
		return Anonymous
	case errors.As(err, &remote) && remote.Status == 0:
		return Unreachable
	case errors.As(err, &refused) && (refused.Status == http.StatusTooManyRequests || refused.Status >= 500):
		return Unreachable
	}
	return AnsweredWrongly
}

func (b *Broker) api(c Connection, access secret.Plain) *zendesk.API {
	return &zendesk.API{Base: b.Base.URL(c.Account), HTTP: b.HTTP, Bearer: access.Reveal()}
}

// pairOf opens the tokens of a connection.
func (b *Broker) pairOf(ctx context.Context, c Connection) (Pair, error) {
	access, err := b.open(ctx, c.Access, c.place("access"))
	if err != nil {
		return Pair{}, err
	}
	refresh, err := b.open(ctx, c.Refresh, c.place("refresh"))
	return Pair{
		Access: access, Refresh: refresh, Scope: c.Granted, Issued: c.AccessIssued,
		AccessExpires: c.AccessExpires, RefreshExpires: c.RefreshExpires,
	}, err
}
