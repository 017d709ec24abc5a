package desk

import (
	"context"
	"errors"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// casting looks up whom and what a request names. What is not there is gathered,
// so that the client learns of all of it.
type casting struct {
	ctx     context.Context
	desk    *Desk
	account AccountID
	by      Person
	missing Invalids
	err     error
}

func (d *Desk) casting(ctx context.Context, a AccountID, by Person) *casting {
	return &casting{ctx: ctx, desk: d, account: a, by: by}
}

// failed is why the request cannot go on.
func (c *casting) failed() error {
	if c.err != nil {
		return c.err
	}
	return c.missing.orNil()
}

// find returns the user whom r names, or usual where it names nobody.
func (c *casting) find(field string, r Ref, usual Person) Person {
	if r.isNone() || c.err != nil {
		return usual
	}
	if r.ID == c.by.ID {
		return c.by
	}
	var p Person
	var err error
	if r.ID != 0 {
		p, err = c.desk.Store.Person(c.ctx, c.account, r.ID)
	} else {
		p, err = c.desk.Store.PersonByEmail(c.ctx, c.account, normalEmail(r.Email))
	}
	switch {
	case errors.Is(err, ErrNotFound):
		c.missing.add(field, NotAllowed, "is not a user of this account")
	case err != nil:
		c.err = err
	}
	return p
}

// uploads returns what the tokens stand for.
func (c *casting) uploads(now time.Time, tokens []secret.Plain) []Upload {
	var all []Upload
	for _, token := range tokens {
		if c.err != nil {
			return nil
		}
		u, err := c.desk.Store.Upload(c.ctx, c.account, token.Digest())
		switch {
		case errors.Is(err, ErrNotFound), err == nil && !u.IsOpen(now):
			c.missing = append(c.missing, spentUploads()...)
		case err != nil:
			c.err = err
		default:
			all = append(all, u)
		}
	}
	return all
}

// group looks whether a ticket can be given to a group. What Zendesk says of one
// that is not there is not known.
func (c *casting) group(id GroupID) {
	if id == 0 || c.err != nil {
		return
	}
	g, err := c.desk.Store.Group(c.ctx, c.account, id)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && g.Deleted:
		c.missing.add("group", NotAllowed, "is not a group of this account")
	case err != nil:
		c.err = err
	}
}

// fields are what the account added to its tickets.
func (c *casting) fields() (all []Field) {
	all, c.err = c.desk.Store.Fields(c.ctx, c.account)
	return all
}

// spentUploads is for a token that names no upload, or no longer. What Zendesk
// says of one is not known.
func spentUploads() Invalids {
	return Invalids{{Field: "uploads", Flaw: NotAllowed, Why: "token is unknown, used or expired"}}
}
