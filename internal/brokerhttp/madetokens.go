package brokerhttp

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// madeTokenRoutes are those by which a program has tokens made for a time.
//
// Lend is power enough: whoever may lend a connection's token can make any token with it
// at Zendesk, and revoke any, without the broker knowing. Here the broker knows, tells the
// trail, and ends it. A key that is bound to connections is bound to them here too.
var madeTokenRoutes = []apiRoute{
	{http.MethodGet, apiPath + "/connections/{id}/tokens", broker.Lend, (*site).listMadeTokens},
	{http.MethodPost, apiPath + "/connections/{id}/tokens", broker.Lend, (*site).makeToken},
	{http.MethodDelete, apiPath + "/connections/{id}/tokens/{number}", broker.Lend, (*site).endMadeToken},
}

func (s *site) listMadeTokens(w http.ResponseWriter, u use) error {
	id, err := u.connection()
	if err == nil {
		_, err = s.Broker.Connection(u.Context(), id)
	}
	if err != nil {
		return err
	}
	list := func(after broker.MadeTokenID, limit int) ([]broker.MadeToken, error) {
		return s.Broker.MadeTokens(u.Context(), id, after, limit)
	}
	all, next, err := part(u, list, func(m broker.MadeToken) broker.MadeTokenID { return m.ID })
	if err != nil {
		return err
	}
	page := deskauth.MadeTokenPage{Tokens: []deskauth.MadeToken{}, NextCursor: next}
	for _, m := range all {
		page.Tokens = append(page.Tokens, PublishedMadeToken(m))
	}
	return writeJSON(w, http.StatusOK, page)
}

func (s *site) makeToken(w http.ResponseWriter, u use) error {
	id, err := u.connection()
	if err != nil {
		return err
	}
	var body deskauth.MadeTokenRequest
	if err := readBody(u.Request, &body); err != nil {
		return err
	}
	httpd.Note(u.Context(), slog.Int64("connection", int64(id)))
	wish, err := MadeTokenWish(body, s.Broker.Now())
	if err != nil {
		return err
	}
	wish.Connection, wish.Maker = id, u.key.Actor()
	m, plain, err := s.Broker.MakeToken(u.Context(), wish)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, PublishedNewMadeToken(m, plain))
}

// MadeTokenWish is what a program asks of a token, in the broker's types. The error is
// *broker.Invalid.
func MadeTokenWish(r deskauth.MadeTokenRequest, now time.Time) (broker.NewToken, error) {
	wish := broker.NewToken{Client: r.Client, MadeToken: broker.MadeToken{Scope: r.Scope, Ticket: r.Ticket, Why: r.Why}}
	life, err := ttlOfAny(r.For)
	switch {
	case (r.For == "") == (r.Until == nil):
		return wish, &broker.Invalid{Field: "for", Why: "it, or until, says when the token is to be revoked, and one of them alone"}
	case err != nil:
		return wish, &broker.Invalid{Field: "for", Why: "it is a duration such as 90m or 72h"}
	case r.Until != nil:
		wish.Due = r.Until.UTC().Truncate(time.Microsecond)
	default:
		wish.Due = now.Add(life).UTC().Truncate(time.Microsecond)
	}
	return wish, nil
}

func ttlOfAny(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}

func (s *site) endMadeToken(w http.ResponseWriter, u use) error {
	id, err := u.connection()
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(u.PathValue("number"), 10, 64)
	if err != nil {
		return errNoRecord
	}
	m, err := s.Broker.EndToken(u.Context(), u.key.Actor(), id, broker.MadeTokenID(number))
	if err != nil {
		return ofRecord(err)
	}
	return writeJSON(w, http.StatusOK, PublishedMadeToken(m))
}

// PublishedMadeToken is a token that was made for a time, as other programs see it.
func PublishedMadeToken(m broker.MadeToken) deskauth.MadeToken {
	return deskauth.MadeToken{
		ID: int64(m.ID), Connection: int64(m.Connection), Account: m.Account, Token: m.Token, ClientID: m.Client, Client: m.Identifier,
		Scope: append(oauth.Scope{}, m.Scope...), Ticket: m.Ticket, Why: m.Why, State: string(m.State), Reason: string(m.Reason),
		MadeBy: m.Maker.String(), CreatedAt: m.Asked, Until: m.Due, EndedAt: orNil(m.Ended),
	}
}

// PublishedNewMadeToken is one that was just made, with what it is.
func PublishedNewMadeToken(m broker.MadeToken, plain secret.Plain) deskauth.NewMadeToken {
	return deskauth.NewMadeToken{MadeToken: PublishedMadeToken(m), AccessToken: plain.Reveal()}
}

// madeTokenProblem is what problemOf says of tokens that are made.
func madeTokenProblem(err error) (problem, bool) {
	var refused *broker.RefusedToken
	var lost *broker.LostToken
	switch {
	case errors.As(err, &lost):
		return problem{
			Type: "in_doubt", Title: "Nobody heard whether Zendesk made the token", Status: http.StatusBadGateway,
			Detail: "if it did, nobody has it, and it lives on: the list of the connection's tokens has it as in doubt, with its client and scope",
		}, true
	case errors.As(err, &refused) && (refused.Status == 0 || refused.Status == http.StatusTooManyRequests || refused.Status >= 500):
		return problem{Type: "zendesk_busy", Title: "Zendesk does not answer now", Status: http.StatusServiceUnavailable, Detail: refused.Words, RetryAfter: 30}, true
	case errors.As(err, &refused):
		// It is the account's own answer, which whoever lends the token would get as well.
		return problem{Type: "zendesk_refused", Title: "Zendesk refuses it", Status: http.StatusBadGateway, Detail: refused.Words}, true
	}
	return problem{}, false
}
