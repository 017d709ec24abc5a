package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// passPrefix tells the secret of a pass from a key's, to people and to programs that
// look for secrets where none belong.
const passPrefix = "deskauth_pass_"

// passSecretMost is more than any secret of a pass has, in bytes.
const passSecretMost = 200

// Made says what a pass is for, in the audit trail.
func (p Pass) Made() string {
	made := fmt.Sprintf("pass %d, ticket %d, until %s", p.ID, p.Ticket, p.Expires.Format(time.RFC3339))
	if p.Name != "" {
		made += ": " + p.Name
	}
	return made
}

// check fills in what was not said and decides whether a pass can be as it is. The
// error is *Invalid.
func (p Pass) check(now time.Time) (Pass, error) {
	p.Name = strings.TrimSpace(readable(p.Name, ""))
	p.Created = now
	set(&p.FileMost, PassFileMost)
	set(&p.BytesMost, min(PassBytesMost, 10*p.FileMost))
	set(&p.UsesMost, passUses)
	if p.Expires.IsZero() {
		p.Expires = now.Add(PassLife)
	}
	if len(p.Can) == 0 {
		p.Can = Actions()
	}
	for _, a := range p.Can {
		if !slices.Contains(Actions(), a) {
			return p, &Invalid{"can", "it is upload, comment or both"}
		}
	}
	var err error
	p.Types, err = ReadTypes(p.Types)
	switch {
	case err != nil:
		return p, err
	case len(p.Name) > passNameMost:
		return p, &Invalid{"name", fmt.Sprintf("it has at most %d characters", passNameMost)}
	case p.Connection <= 0:
		return p, &Invalid{"connection", "it is the number of one"}
	case p.Ticket <= 0:
		return p, &Invalid{"ticket", "it is the number of one"}
	case p.FileMost < 0 || p.FileMost > PassFileMost:
		return p, &Invalid{"max_file_size", fmt.Sprintf("it is from 1 to %d bytes", PassFileMost)}
	case p.BytesMost < 0 || p.BytesMost > PassBytesMost:
		return p, &Invalid{"max_total_size", fmt.Sprintf("it is from 1 to %d bytes", PassBytesMost)}
	case p.UsesMost < 0 || p.UsesMost > PassUsesMost:
		return p, &Invalid{"max_uses", fmt.Sprintf("it is from 1 to %d", PassUsesMost)}
	case !now.Before(p.Expires) || p.Expires.After(now.Add(PassLifeMost)):
		return p, &Invalid{"expires_in", "a pass lives for more than nothing and at most 2160h"}
	}
	p.FileMost = min(p.FileMost, p.BytesMost)
	return p, nil
}

func set[N int | int64](n *N, value N) {
	if *n == 0 {
		*n = value
	}
}

// MakePass makes a pass of p's name, connection, ticket and bounds, and returns it with
// its secret, which nothing can show again. The connection is asked for the ticket
// first. The error may be *Invalid, *Undelivered, or ErrNotFound: there is no such
// connection.
func (b *Broker) MakePass(ctx context.Context, p Pass) (Pass, secret.Plain, error) {
	p, err := p.check(b.now())
	if err != nil {
		return p, secret.Plain{}, err
	}
	c, err := b.Store.Connection(ctx, p.Connection)
	if err != nil {
		return p, secret.Plain{}, err
	}
	if err := c.Carries(); err != nil {
		return p, secret.Plain{}, err
	}
	if err := b.lookAtTicket(ctx, c, p.Ticket); err != nil {
		return p, secret.Plain{}, err
	}
	p.Account = c.Account
	plain := secret.Of(passPrefix + secret.State(b.Rand).Reveal())
	p.Digest = plain.Digest()
	made := p.event(PassMade, p.Created, "")
	made.By = p.Maker
	p, err = b.Store.AddPass(ctx, p, made)
	return p, plain, err
}

// Carries decides whether passes can be handed out for a connection: it changes tickets
// and looks at them (facts §5.3). The error is *Invalid or *Unusable.
func (c Connection) Carries() error {
	switch {
	case c.Product != Support:
		return &Invalid{"connection", "only one to Support reaches tickets"}
	case c.State == Pending || c.State == Disabled || c.State == Revoked:
		return c.unusable()
	case !zendesk.Covers(c.Granted, "tickets:write", zendesk.Write):
		return &Invalid{"connection", "its scope lacks tickets:write, or write"}
	case !zendesk.Covers(c.Granted, "tickets:read", zendesk.Read):
		return &Invalid{"connection", "its scope lacks tickets:read, or read, by which the ticket is looked at"}
	}
	return nil
}

func ticketPath(ticket int64) string {
	return zendesk.TicketsPath + "/" + strconv.FormatInt(ticket, 10)
}

// lookAtTicket makes sure that a ticket is there and takes comments.
func (b *Broker) lookAtTicket(ctx context.Context, c Connection, ticket int64) error {
	api := &zendesk.API{Base: b.Base.URL(c.Account), HTTP: &http.Client{
		Transport: &Transport{Broker: b, ID: c.ID, Next: b.HTTP.Transport}, Timeout: b.HTTP.Timeout,
	}}
	var body struct {
		Ticket struct {
			ID     int64
			Status string
		}
	}
	err := api.Get(ctx, ticketPath(ticket), &body)
	if err == nil && body.Ticket.Status == "closed" {
		return &Invalid{"ticket", "it is closed, and Zendesk takes no comment on it any more"}
	} else if err == nil && body.Ticket.ID == ticket {
		return nil
	}
	var unusable *Unusable
	var later *Unavailable
	if errors.As(err, &unusable) {
		return unusable
	} else if errors.As(err, &later) {
		return later
	}
	err = undelivered(err)
	if u := (*Undelivered)(nil); errors.As(err, &u) {
		switch u.Obstacle {
		case TicketGone:
			return &Invalid{"ticket", "there is none of this number, or none that the connection's user may see"}
		case TicketRefused:
			return &Invalid{"ticket", "Zendesk does not let the connection's user see tickets"}
		}
	}
	return err
}

// RevokePass ends a pass for good, and returns it. One that is revoked already stays
// so. The error may be ErrNotFound.
func (b *Broker) RevokePass(ctx context.Context, id PassID, by Actor) (Pass, error) {
	p, err := b.Store.Pass(ctx, id)
	if err != nil {
		return p, err
	}
	now := b.now()
	ended := p.event(PassEnded, now, fmt.Sprintf("pass %d, ticket %d", p.ID, p.Ticket))
	ended.By = by
	err = b.Store.RevokePass(ctx, id, now, ended)
	if err != nil && !errors.Is(err, ErrConflict) {
		return p, err
	}
	return b.Store.Pass(ctx, id)
}

// PassFilter chooses passes. Its zero fields choose all.
type PassFilter struct {
	State      PassState
	Connection ConnectionID
	Words      string // a part of the name, the account or the ticket's number
}

func (f PassFilter) looked() PassFilter {
	f.Words = strings.ToLower(strings.TrimSpace(clip(plainText(f.Words), wordsMost)))
	return f
}

// PassListing is a part of a list of passes, the newest first.
type PassListing struct {
	Passes []Pass
	More   bool // there are older ones
}

// newestPass stands above the number of any pass.
const newestPass = PassID(1) << 62

// PassesSeen lists at most limit of the passes that a viewer sees and a filter chooses,
// from the one before `before` (0: the newest). The error is ErrForbidden for one who
// sees none: passes act as somebody's connection, and so are the operators'.
func (b *Broker) PassesSeen(ctx context.Context, v Viewer, f PassFilter, before PassID, limit int) (PassListing, error) {
	if !v.Operates() {
		return PassListing{}, ErrForbidden
	}
	all, err := b.Store.FindPasses(ctx, f.looked(), b.now(), cmp.Or(before, newestPass), limit+1)
	return PassListing{Passes: all[:min(len(all), limit)], More: len(all) > limit}, err
}

// Passes lists at most limit passes, those that are over included, from the one after
// `after`.
func (b *Broker) Passes(ctx context.Context, after PassID, limit int) ([]Pass, error) {
	return b.Store.Passes(ctx, after, limit)
}

// passesOfMost is how many connections one query names: a database takes so many values.
const passesOfMost = 10_000

// PassesReached lists at most limit of the passes of the connections that a key
// reaches, from the one after `after`.
func (b *Broker) PassesReached(ctx context.Context, k Key, after PassID, limit int) ([]Pass, error) {
	if len(k.Connections) == 0 {
		return b.Store.Passes(ctx, after, limit)
	}
	var all []Pass
	of := slices.Compact(slices.Sorted(slices.Values(k.Connections)))
	for part := range slices.Chunk(of, passesOfMost) {
		some, err := b.Store.PassesOf(ctx, part, after, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(p, other Pass) int { return cmp.Compare(p.ID, other.ID) })
	return all[:min(len(all), limit)], nil
}

// Pass returns a pass. The error may be ErrNotFound.
func (b *Broker) Pass(ctx context.Context, id PassID) (Pass, error) { return b.Store.Pass(ctx, id) }

// Sendings are the last of a pass's, newest first.
func (b *Broker) Sendings(ctx context.Context, id PassID) ([]Sending, error) {
	return b.Store.Sendings(ctx, id, sendingsShown)
}

// sendingsShown bounds how many sendings are shown of a pass.
const sendingsShown = 100

// PassOf finds the pass of a secret that somebody at an address brought. Whether it is
// over is for the caller to look at. The error is *PassRefused for a secret that is no
// pass's, or *TooMany.
func (b *Broker) PassOf(ctx context.Context, plain secret.Plain, address string) (Pass, error) {
	if plain.IsZero() || len(plain.Reveal()) > passSecretMost { // nothing is learnt by it
		return Pass{}, &PassRefused{Why: PassUnknown}
	}
	if err := b.wrongSecrets.look(passSecrets, b.now(), address); err != nil {
		return Pass{}, err
	}
	p, err := b.Store.PassOf(ctx, plain.Digest())
	if errors.Is(err, ErrNotFound) {
		if err := b.wrongSecrets.take(passSecrets, b.now(), address); err != nil {
			return Pass{}, err
		}
		return Pass{}, &PassRefused{Why: PassUnknown}
	}
	return p, err
}

// PassSecret reads the secret from what a holder was given: it, or a link with it in
// the fragment. It is the absent one where there is none.
func PassSecret(given string) secret.Plain {
	given = strings.TrimSpace(given)
	if _, fragment, ok := strings.Cut(given, "#"); ok {
		given = fragment
	}
	if len(given) > passSecretMost || !strings.HasPrefix(given, passPrefix) || strings.ContainsFunc(given, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return secret.Plain{}
	}
	return secret.Of(given)
}
