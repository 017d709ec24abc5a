package zendesk

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
)

// NewComment is a comment to be added to a ticket. Its author is whose token it is.
type NewComment struct {
	Body     string   `json:"body,omitempty"`
	HTMLBody string   `json:"html_body,omitempty"` // instead of Body
	Public   *bool    `json:"public,omitempty"`    // nil: as the ticket's first comment is
	Uploads  []string `json:"uploads,omitempty"`   // tokens of Uploads
}

// String hides the tokens of the uploads.
func (c NewComment) String() string {
	return fmt.Sprintf("zendesk.NewComment{body:%q uploads:%d}", c.Body+c.HTMLBody, len(c.Uploads))
}

// GoString hides the tokens from %#v.
func (c NewComment) GoString() string { return c.String() }

// Format hides the tokens from every verb.
func (c NewComment) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// LogValue hides the tokens from log/slog.
func (c NewComment) LogValue() slog.Value { return slog.StringValue(c.String()) }

// NewTicket is a ticket to be opened.
type NewTicket struct {
	Subject  string     `json:"subject,omitempty"`
	Comment  NewComment `json:"comment"` // the first, which every ticket has
	Priority string     `json:"priority,omitempty"`
	Tags     []string   `json:"tags,omitempty"`
}

func hasTicket(e TicketEnvelope) bool { return e.Ticket.ID != 0 }

// Ticket is a ticket by its number, for an agent. Errors as for Me; an *APIError with
// Status 404 when there is none that the caller may see.
func (a *API) Ticket(ctx context.Context, id int64) (Ticket, error) {
	e, err := one(ctx, a, call{method: http.MethodGet, path: numbered(TicketsPath, id)}, readable[TicketEnvelope], hasTicket)
	return e.Ticket, err
}

// CreateTicket opens a ticket. Errors as for Me; an *APIError with Status 422 and Details
// says what cannot be.
func (a *API) CreateTicket(ctx context.Context, t NewTicket) (Ticket, error) {
	in := struct {
		Ticket NewTicket `json:"ticket"`
	}{t}
	e, err := sent(ctx, a, http.MethodPost, TicketsPath, in, readable[TicketEnvelope], hasTicket)
	return e.Ticket, err
}

// Comment adds a comment to a ticket, and returns the ticket with the audit that tells
// what was added. When an answer is lost the comment is not sent again, since it may stand
// there: Comments tells. Errors as for CreateTicket.
func (a *API) Comment(ctx context.Context, ticket int64, c NewComment) (TicketEnvelope, error) {
	type change struct {
		Comment NewComment `json:"comment"`
	}
	in := struct {
		Ticket change `json:"ticket"`
	}{change{c}}
	what, err := sending(http.MethodPut, numbered(TicketsPath, ticket), in)
	if err != nil {
		return TicketEnvelope{}, err
	}
	what.twice = true
	return one(ctx, a, what, readable[TicketEnvelope], hasTicket)
}

// Comments lists the comments of a ticket, oldest first. Errors as for Ticket, and
// ErrTooDeep.
func (a *API) Comments(ctx context.Context, ticket int64, options ...ListOption) iter.Seq2[Comment, error] {
	return list(ctx, a, numbered(TicketsPath, ticket)+"/comments", "comments", nil, options, readable[Comment])
}
