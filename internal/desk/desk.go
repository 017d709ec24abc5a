package desk

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

// Desk holds the use cases of the helpdesk. Its fields are set once, before use;
// it is then safe for concurrent use.
type Desk struct {
	Store Store
	Files *Files
	// Now is protocol time.
	Now func() time.Time
	// Rand makes tokens.
	Rand io.Reader
	// Jobs are done in the background.
	Jobs Jobs
}

// Close breaks off the jobs, and ends the use of the files.
func (d *Desk) Close() error {
	d.Jobs.Close()
	return d.Files.Close()
}

// now is protocol time as rows keep it.
func (d *Desk) now() time.Time { return d.Now().Truncate(time.Microsecond) }

// swapTries bounds how often a change begins anew because another was faster.
const swapTries = 8

// Tickets lists the account's tickets for those who work on them.
func (d *Desk) Tickets(ctx context.Context, c issuer.Caller, f Filter, r Range) (Page[Ticket], error) {
	a, by := caller(c)
	if !by.Agent {
		return Page[Ticket]{}, ErrForbidden
	}
	f.ExternalID = clean(f.ExternalID)
	return d.Store.Tickets(ctx, a, f, r)
}

// Ticket returns a ticket to those who work on tickets.
func (d *Desk) Ticket(ctx context.Context, c issuer.Caller, number int64) (Ticket, error) {
	a, by := caller(c)
	if !by.Agent {
		return Ticket{}, ErrForbidden
	}
	return d.Store.Ticket(ctx, a, number)
}

// OpenTicket opens a ticket, also for others. It returns Invalids.
func (d *Desk) OpenTicket(ctx context.Context, c issuer.Caller, draft Draft, from Origin) (Opening, error) {
	if _, by := caller(c); !by.Agent {
		return Opening{}, ErrForbidden
	}
	return d.open(ctx, c, draft, from)
}

func (d *Desk) open(ctx context.Context, c issuer.Caller, draft Draft, from Origin) (Opening, error) {
	a, by := caller(c)
	now := d.now()
	who := d.casting(ctx, a, by)
	k := cast{
		by: by, fields: who.fields(),
		requester: who.find("requester", draft.Requester, by), submitter: who.find("submitter", draft.Submitter, by),
		assignee: who.find("assignee", draft.Assignee, Person{}),
	}
	// Whoever wrote the ticket down wrote its first comment.
	k.author = who.find("author", draft.Comment.Author, k.submitter)
	k.uploads = who.uploads(now, draft.Comment.Uploads)
	who.group(draft.Group)
	k.groups = who.groups(k.assignee.ID)
	if err := who.failed(); err != nil {
		return Opening{}, err
	}
	o, err := draft.open(now, k, from)
	if err != nil {
		return Opening{}, err
	}
	o.Ticket.Account = a
	o, err = d.Store.OpenTicket(ctx, o, k.uploads)
	if errors.Is(err, ErrConflict) && len(k.uploads) > 0 {
		return Opening{}, spentUploads() // another comment got them between
	}
	return o, err
}

// ChangeTicket changes a ticket; an audit without a number says that nothing
// changed. It returns Invalids, ErrOutdated, and ErrConflict when too many others
// changed it at this moment.
func (d *Desk) ChangeTicket(ctx context.Context, c issuer.Caller, number int64, want Change, from Origin) (Ticket, Audit, error) {
	if _, by := caller(c); !by.Agent {
		return Ticket{}, Audit{}, ErrForbidden
	}
	return d.change(ctx, c, number, want, from)
}

func (d *Desk) change(ctx context.Context, c issuer.Caller, number int64, want Change, from Origin) (Ticket, Audit, error) {
	a, by := caller(c)
	for range swapTries {
		old, err := d.Store.Ticket(ctx, a, number)
		if err != nil {
			return Ticket{}, Audit{}, err
		}
		k, err := d.castOf(ctx, old, by, want)
		if err != nil {
			return Ticket{}, Audit{}, err
		}
		next, audit, err := old.change(d.now(), by, want, k, from)
		if err != nil || len(audit.Events) == 0 {
			return next, audit, err
		}
		audit, err = d.Store.ChangeTicket(ctx, old, next, audit, k.uploads)
		if !errors.Is(err, ErrConflict) {
			return next, audit, err
		}
	}
	return Ticket{}, Audit{}, ErrConflict
}

// castOf looks up whom and what a change of a ticket names.
func (d *Desk) castOf(ctx context.Context, t Ticket, by Person, want Change) (cast, error) {
	who := d.casting(ctx, t.Account, by)
	k := cast{author: by, by: by, fields: who.fields()}
	if want.Requester != nil {
		k.requester = who.find("requester", *want.Requester, by)
	}
	if want.Assignee != nil {
		k.assignee = who.find("assignee", *want.Assignee, Person{})
	}
	if want.Comment != nil {
		k.author = who.find("author", want.Comment.Author, by)
		k.uploads = who.uploads(d.now(), want.Comment.Uploads)
	}
	// Clients send back what they got: a ticket's own group may have been deleted.
	if want.Group != nil && *want.Group != t.Group {
		who.group(*want.Group)
	}
	switch {
	case want.Assignee != nil:
		k.groups = who.groups(k.assignee.ID)
	case want.Status != nil && *want.Status == Solved && t.Assignee == 0:
		k.groups = who.groups(by.ID)
	case want.Group != nil:
		k.groups = who.groups(t.Assignee)
	}
	return k, who.failed()
}

// DeleteTicket deletes a ticket with all that belongs to it.
func (d *Desk) DeleteTicket(ctx context.Context, c issuer.Caller, number int64) error {
	for range swapTries {
		t, err := d.Ticket(ctx, c, number)
		if err != nil {
			return err
		}
		if err := d.Store.DeleteTicket(ctx, t); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

// Comments lists what was said in a ticket.
func (d *Desk) Comments(ctx context.Context, c issuer.Caller, number int64, r Range) (Page[Comment], error) {
	t, err := d.Ticket(ctx, c, number)
	if err != nil {
		return Page[Comment]{}, err
	}
	return d.Store.Comments(ctx, t, false, r)
}

// Audits lists the changes of a ticket.
func (d *Desk) Audits(ctx context.Context, c issuer.Caller, number int64, r Range) (Page[Audit], error) {
	t, err := d.Ticket(ctx, c, number)
	if err != nil {
		return Page[Audit]{}, err
	}
	return d.Store.Audits(ctx, t, r)
}

// Audit returns one change of a ticket.
func (d *Desk) Audit(ctx context.Context, c issuer.Caller, number, id int64) (Audit, error) {
	t, err := d.Ticket(ctx, c, number)
	if err != nil {
		return Audit{}, err
	}
	return d.Store.Audit(ctx, t, id)
}

// normalEmail is the form in which the issuer keeps emails.
func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(clean(email))) }
