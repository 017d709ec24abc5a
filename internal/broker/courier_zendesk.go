package broker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Obstacle says in a word why Zendesk did not take something. The holder's page has a
// text for each.
type Obstacle string

// The obstacles.
const (
	TicketGone       Obstacle = "ticket_gone"       // 404
	TicketRefused    Obstacle = "ticket_refused"    // 403, 422: closed, or not for this user
	ZendeskBusy      Obstacle = "zendesk_busy"      // 429
	ZendeskFails     Obstacle = "zendesk_fails"     // 5xx, or no answer that makes sense
	ZendeskRefused   Obstacle = "zendesk_refused"   // any other 4xx: 413, 400
	ZendeskSilent    Obstacle = "zendesk_silent"    // no answer: it may have arrived
	ConnectionBroken Obstacle = "connection_broken" // a person must do something
	ConnectionLater  Obstacle = "connection_later"  // it heals by itself
)

// Obstacles are all of them, for tests and pages.
func Obstacles() []Obstacle {
	return []Obstacle{
		TicketGone, TicketRefused, ZendeskBusy, ZendeskFails, ZendeskRefused, ZendeskSilent, ConnectionBroken, ConnectionLater,
	}
}

// Undelivered says that Zendesk did not take what a pass's holder sent, or that it is
// not known to have. Err is for the log: what Zendesk said is not the holder's.
type Undelivered struct {
	Obstacle   Obstacle
	RetryAfter time.Duration // at least this long; 0 when it is not known
	Err        error
}

func (e *Undelivered) Error() string { return string(e.Obstacle) + ": " + fmt.Sprint(e.Err) }

func (e *Undelivered) Unwrap() error { return e.Err }

// undelivered is what an error on the way to Zendesk means to whoever sends. One that
// is ours stays as it is.
func undelivered(err error) error {
	var unusable *Unusable
	var later *Unavailable
	var said *zendesk.APIError
	var remote *oauth.RemoteError
	switch {
	case errors.As(err, &unusable), errors.Is(err, ErrNotFound):
		return &Undelivered{Obstacle: ConnectionBroken, Err: err}
	case errors.As(err, &later):
		return &Undelivered{Obstacle: ConnectionLater, RetryAfter: later.RetryAfter, Err: err}
	case errors.As(err, &said):
		return &Undelivered{Obstacle: obstacleOf(said.Status), RetryAfter: said.RetryAfter, Err: err}
	case errors.As(err, &remote) && remote.Status != 0:
		return &Undelivered{Obstacle: ZendeskFails, Err: err}
	case errors.As(err, &remote):
		return &Undelivered{Obstacle: ZendeskSilent, Err: err}
	case err == nil:
		return &Undelivered{Obstacle: ZendeskFails, Err: errors.New("the answer is not what was asked for")}
	}
	return err
}

func obstacleOf(status int) Obstacle {
	switch {
	case status == http.StatusNotFound:
		return TicketGone
	case status == http.StatusForbidden, status == http.StatusUnprocessableEntity:
		return TicketRefused
	case status == http.StatusUnauthorized: // the transport tried to mend it
		return ConnectionLater
	case status == http.StatusTooManyRequests:
		return ZendeskBusy
	case status >= http.StatusInternalServerError:
		return ZendeskFails
	}
	return ZendeskRefused
}

// answerMost bounds what is read of an answer, in bytes.
const answerMost = 1 << 20

// ask sends a request as the pass's connection and reads the answer. Nothing is
// followed.
func (c *Courier) ask(ctx context.Context, p Pass, req *http.Request) ([]byte, error) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "identity")
	way := &Transport{Broker: c.Broker, ID: p.Connection, Next: told{c.Calls}}
	resp, err := way.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	switch {
	case resp.StatusCode/100 == 2 && err != nil: // it was done, and what came of it is lost
		return nil, &oauth.RemoteError{Sent: true, Err: err}
	case resp.StatusCode/100 == 2:
		return body, nil
	case resp.StatusCode/100 == 3:
		return nil, &oauth.RemoteError{Status: resp.StatusCode, Sent: true, Err: errors.New("the answer sends the request elsewhere")}
	}
	return nil, zendesk.ParseAPIError(resp.StatusCode, resp.Header, body)
}

// told tells what went wrong on the way to Zendesk from what went wrong here.
type told struct{ next http.RoundTripper }

func (t told) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		err = &oauth.RemoteError{Sent: true, Err: err}
	}
	return resp, err
}

func (c *Courier) at(p Pass, path string, query url.Values) string {
	u := c.Broker.Base.URL(p.Account).JoinPath(path)
	u.RawQuery = query.Encode()
	return u.String()
}

// upload streams a file to Zendesk (facts §7.3) and returns the token by which a
// comment names it.
func (c *Courier) upload(ctx context.Context, p Pass, in Incoming, body io.Reader) (secret.Plain, time.Time, error) {
	fail := func(err error) (secret.Plain, time.Time, error) { return secret.Plain{}, time.Time{}, undelivered(err) }
	req, err := http.NewRequestWithContext(ctx, http.MethodPost,
		c.at(p, zendesk.UploadsPath+".json", url.Values{"filename": {in.Name}}), io.NopCloser(body))
	if err != nil {
		return fail(err)
	}
	req.ContentLength = in.Size
	req.Header.Set("Content-Type", contentType(in))
	answer, err := c.ask(ctx, p, req)
	if u := (*Undelivered)(nil); err != nil && errors.As(undelivered(err), &u) && u.Obstacle == ZendeskSilent {
		u.Obstacle = ZendeskFails // a file whose token was lost stands nowhere
		return secret.Plain{}, time.Time{}, u
	} else if err != nil {
		return fail(err)
	}
	var said zendesk.UploadEnvelope
	if json.Unmarshal(answer, &said) != nil || said.Upload.Token == "" {
		return fail(nil)
	}
	var expires time.Time
	if said.Upload.ExpiresAt != nil {
		expires = said.Upload.ExpiresAt.UTC()
	}
	return secret.Of(said.Upload.Token), expires, nil
}

// comment puts one comment on the ticket, as text: html_body is not used. Its author
// is whose token it is.
func (c *Courier) comment(ctx context.Context, p Pass, s Sending, text string) error {
	uploads := []string{}
	for _, f := range s.Arrived() {
		token, err := c.Broker.open(ctx, f.Token, f.place())
		if err != nil {
			return err
		}
		uploads = append(uploads, token.Reveal())
	}
	body, err := json.Marshal(map[string]any{"ticket": map[string]any{"comment": map[string]any{
		"body": p.comment(text), "public": p.Public, "uploads": uploads,
	}}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, c.at(p, ticketPath(p.Ticket)+".json", nil), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if _, err := c.ask(ctx, p, req); err != nil {
		return undelivered(err)
	}
	return nil
}

// deleteTime bounds how long an upload is deleted that nobody will name.
const deleteTime = 15 * time.Second

// deleteUpload removes an upload that no comment will name. Should it fail, Zendesk
// removes it within the hour.
func (c *Courier) deleteUpload(ctx context.Context, p Pass, token secret.Plain) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.at(p, zendesk.UploadsPath+"/"+url.PathEscape(token.Reveal())+".json", nil), nil)
	if err == nil {
		_, _ = c.ask(ctx, p, req)
	}
}

func (p Pass) number() string { return strconv.FormatInt(int64(p.ID), 10) }
