package brokerhttp

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
)

// passRoutes are those by which programs hand out passes. What their holders do is in
// holder.go.
var passRoutes = []apiRoute{
	{http.MethodGet, apiPath + "/passes", broker.GiveOut, (*site).listPasses},
	{http.MethodPost, apiPath + "/passes", broker.GiveOut, (*site).makePass},
	{http.MethodGet, apiPath + "/passes/{id}", broker.GiveOut, (*site).showPass},
	{http.MethodDelete, apiPath + "/passes/{id}", broker.GiveOut, (*site).revokePass},
}

// errNoPass says that there is no pass of the number in the path, or none that the key
// reaches.
var errNoPass = errors.New("there is no such pass")

// pass is the one in the path, if the key reaches its connection.
func (s *site) pass(u use) (broker.Pass, error) {
	id, err := strconv.ParseInt(u.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return broker.Pass{}, errNoPass
	}
	httpd.Note(u.Context(), slog.Int64("pass", id))
	p, err := s.Broker.Pass(u.Context(), broker.PassID(id))
	if errors.Is(err, broker.ErrNotFound) || err == nil && !u.key.Allows(broker.GiveOut, p.Connection) {
		return p, errNoPass
	}
	return p, err
}

func (s *site) makePass(w http.ResponseWriter, u use) error {
	var body struct {
		deskauth.PassRequest
		ExpiresIn *span `json:"expires_in"`
	}
	if err := readBody(u.Request, &body); err != nil {
		return err
	}
	if body.Connection > 0 && !u.key.Allows(broker.GiveOut, broker.ConnectionID(body.Connection)) {
		return broker.ErrNotFound
	}
	httpd.Note(u.Context(), slog.Int64("connection", body.Connection))
	if body.ExpiresIn != nil {
		body.PassRequest.ExpiresIn = time.Duration(*body.ExpiresIn).String()
	}
	want, err := PassWish(body.PassRequest, s.Broker.Now())
	if err != nil {
		return err
	}
	want.Maker = u.key.Actor()
	p, plain, err := s.Broker.MakePass(u.Context(), want)
	if err != nil {
		return err
	}
	httpd.Note(u.Context(), slog.Int64("pass", int64(p.ID)))
	w.Header().Set("Location", apiPath+"/passes/"+strconv.FormatInt(int64(p.ID), 10))
	return writeJSON(w, http.StatusCreated, PublishedNewPass(s.Broker, s.PublicURL, p, plain))
}

// PassWish is what a program asks of a pass, in the broker's types. The error is
// *broker.Invalid.
func PassWish(r deskauth.PassRequest, now time.Time) (broker.Pass, error) {
	life, err := ttlOf(r.ExpiresIn)
	if err != nil || life == 0 && r.ExpiresIn != "" {
		return broker.Pass{}, &broker.Invalid{Field: "expires_in", Why: "it is " + spanTaken + ", up to 90 days"}
	}
	want := broker.Pass{
		Name: r.Name, Connection: broker.ConnectionID(r.Connection), Ticket: r.Ticket, Public: r.Public,
		Types: r.Types, FileMost: r.FileMost, BytesMost: r.BytesMost, UsesMost: r.UsesMost,
	}
	for _, can := range r.Can {
		want.Can = append(want.Can, broker.PassAction(can))
	}
	if r.ExpiresIn != "" {
		want.Expires = now.Add(life).UTC().Truncate(time.Microsecond) // as it is stored
	}
	return want, nil
}

// PublishedNewPass is a pass that was just made, with its secret.
func PublishedNewPass(b *broker.Broker, public *url.URL, p broker.Pass, plain secret.Plain) deskauth.NewPass {
	return deskauth.NewPass{Pass: PublishedPass(b, p, nil), Link: PassLink(public, plain), Curl: PassCurl(public, plain)}
}

func (s *site) listPasses(w http.ResponseWriter, u use) error {
	list := func(after broker.PassID, limit int) ([]broker.Pass, error) {
		return s.Broker.PassesReached(u.Context(), u.key, after, limit)
	}
	all, next, err := part(u, list, func(p broker.Pass) broker.PassID { return p.ID })
	if err != nil {
		return err
	}
	page := deskauth.PassPage{Passes: []deskauth.Pass{}, NextCursor: next}
	for _, p := range all {
		page.Passes = append(page.Passes, PublishedPass(s.Broker, p, nil))
	}
	return writeJSON(w, http.StatusOK, page)
}

func (s *site) showPass(w http.ResponseWriter, u use) error {
	p, err := s.pass(u)
	if err != nil {
		return err
	}
	return s.answerPass(w, u, p)
}

func (s *site) revokePass(w http.ResponseWriter, u use) error {
	p, err := s.pass(u)
	if err == nil {
		p, err = s.Broker.RevokePass(u.Context(), p.ID, u.key.Actor())
	}
	if err != nil {
		return err
	}
	return s.answerPass(w, u, p)
}

func (s *site) answerPass(w http.ResponseWriter, u use, p broker.Pass) error {
	sendings, err := s.Broker.Sendings(u.Context(), p.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, PublishedPass(s.Broker, p, sendings))
}

// PublishedPass is a pass as other programs see it.
func PublishedPass(b *broker.Broker, p broker.Pass, sendings []broker.Sending) deskauth.Pass {
	now := b.Now()
	out := deskauth.Pass{
		ID: int64(p.ID), Name: p.Name, Connection: int64(p.Connection), Account: p.Account, Ticket: p.Ticket,
		Public: p.Public, Types: append([]string{}, p.Types...), FileMost: p.FileMost, BytesMost: p.BytesMost, UsesMost: p.UsesMost,
		Bytes: p.Bytes, Uses: p.Uses, State: string(p.State(now)), CreatedAt: p.Created, ExpiresAt: p.Expires, RevokedAt: orNil(p.Revoked),
		MadeBy: p.Maker.String(), UsedAt: orNil(p.Used),
		Sendings: []deskauth.Sending{},
	}
	for _, a := range p.Can {
		out.Can = append(out.Can, string(a))
	}
	for _, one := range sendings {
		sent := deskauth.Sending{ID: int64(one.ID), State: string(one.Shown(now)), BeganAt: one.Began, Address: one.Address, Files: []deskauth.SentFile{}}
		for _, f := range one.Arrived() {
			sent.Files = append(sent.Files, deskauth.SentFile{Name: f.Name, Size: f.Bytes})
		}
		out.Sendings = append(out.Sendings, sent)
	}
	return out
}

// The holder's paths.
const (
	passPath      = "/pass"
	passFilesPath = passPath + "/files/"
)

// PassLink is what the holder of a pass is given. The secret is in the fragment, which
// no browser sends.
func PassLink(public *url.URL, plain secret.Plain) string {
	return public.Scheme + "://" + public.Host + passPath + "#" + plain.Reveal()
}

// PassCurl is a command that sends FILE by a pass. curl adds the file's name to the
// address.
func PassCurl(public *url.URL, plain secret.Plain) string {
	return "curl -H 'Authorization: Bearer " + plain.Reveal() + "' -T FILE " + public.Scheme + "://" + public.Host + passFilesPath
}

// passStatuses are those of refusals.
var passStatuses = map[broker.Why]int{
	broker.PassUnknown: http.StatusUnauthorized, broker.PassExpired: http.StatusGone, broker.PassUsedUp: http.StatusGone,
	broker.PassRevoked: http.StatusGone, broker.NotAllowed: http.StatusForbidden, broker.WrongType: http.StatusUnsupportedMediaType,
	broker.FileTooLarge: http.StatusRequestEntityTooLarge, broker.BytesUsedUp: http.StatusRequestEntityTooLarge,
	broker.TextTooLong: http.StatusRequestEntityTooLarge, broker.TooManyNow: http.StatusTooManyRequests,
	broker.SendingOver: http.StatusConflict, broker.FilesTooMany: http.StatusConflict, broker.OtherPass: http.StatusConflict,
}

// passProblem is what problemOf says of passes.
func passProblem(err error) (p problem, ofPass bool) {
	var refused *broker.PassRefused
	var undelivered *broker.Undelivered
	var many *broker.TooMany
	switch {
	case errors.Is(err, errNoPass):
		return problem{Type: "not_found", Title: "There is no such pass", Status: http.StatusNotFound}, true
	case errors.As(err, &many):
		return problem{Type: "too_many_tries", Title: "Too many wrong secrets of passes came from this address", Status: http.StatusTooManyRequests, RetryAfter: wholeSeconds(many.Wait)}, true
	case errors.As(err, &refused):
		status := passStatuses[refused.Why]
		if status == 0 {
			status = http.StatusBadRequest
		}
		p := problem{Type: "pass_" + string(refused.Why), Title: "The pass does not allow this", Status: status}
		if status == http.StatusTooManyRequests {
			p.RetryAfter = 1
		}
		return p, true
	case errors.As(err, &undelivered):
		// What Zendesk said stays in the log: it is nobody's but the connection's.
		p := problem{Type: string(undelivered.Obstacle), Title: "Zendesk did not take it", Status: http.StatusBadGateway}
		if undelivered.Obstacle == broker.ZendeskBusy || undelivered.Obstacle == broker.ConnectionLater {
			p.Status, p.RetryAfter = http.StatusServiceUnavailable, wholeSeconds(undelivered.RetryAfter)
		}
		return p, true
	}
	return problem{}, false
}
