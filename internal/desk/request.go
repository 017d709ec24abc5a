package desk

import (
	"context"

	"github.com/deskauth/deskauth/internal/issuer"
)

// A request is a ticket as its requester sees it.

// Requests lists the caller's own.
func (d *Desk) Requests(ctx context.Context, c issuer.Caller, r Range) (Page[Ticket], error) {
	a, by := caller(c)
	return d.Store.Tickets(ctx, a, Filter{Requester: by.ID, PublicOnly: !by.Agent}, r)
}

// Request returns a ticket that is shown to the caller, or ErrNotFound.
func (d *Desk) Request(ctx context.Context, c issuer.Caller, number int64) (Ticket, error) {
	a, by := caller(c)
	t, err := d.Store.Ticket(ctx, a, number)
	if err == nil && !t.ShownTo(by) {
		err = ErrNotFound
	}
	if err != nil {
		return Ticket{}, err
	}
	return t, nil
}

// OpenRequest opens a ticket of the caller's own, whomever the draft names.
func (d *Desk) OpenRequest(ctx context.Context, c issuer.Caller, draft Draft, from Origin) (Ticket, error) {
	o, err := d.open(ctx, c, Draft{
		Subject: draft.Subject, Priority: draft.Priority, Kind: draft.Kind, Custom: draft.Custom,
		Comment: NewComment{Body: draft.Comment.Body, Uploads: draft.Comment.Uploads},
	}, from)
	return o.Ticket, err
}

// ChangeRequest adds a comment, which may be nil, and solves the request when
// its requester may and wishes.
func (d *Desk) ChangeRequest(ctx context.Context, c issuer.Caller, number int64, said *NewComment, solve bool, from Origin) (Ticket, error) {
	t, err := d.Request(ctx, c, number)
	if err != nil {
		return Ticket{}, err
	}
	var want Change
	if said != nil {
		public := true
		want.Comment = &NewComment{Body: said.Body, Uploads: said.Uploads, Public: &public}
	}
	_, by := caller(c)
	if solve {
		if !t.SolvableBy(by) {
			return Ticket{}, Invalids{{Field: "solved", Flaw: NotAllowed, Why: "cannot be set by you"}}
		}
		solved := Solved
		want.Status = &solved
	}
	t, _, err = d.change(ctx, c, number, want, from)
	return t, err
}

// RequestComments lists what was said in a request, as far as the caller may read it.
func (d *Desk) RequestComments(ctx context.Context, c issuer.Caller, number int64, r Range) (Page[Comment], error) {
	t, err := d.Request(ctx, c, number)
	if err != nil {
		return Page[Comment]{}, err
	}
	_, by := caller(c)
	return d.Store.Comments(ctx, t, !by.Agent, r)
}
