package brokerhttp

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/web"
)

// clientPages are those of the OAuth clients as which the broker asks Zendesk.
var clientPages = []boardRoute{
	{web.PathBoardClients, operators, serving{"GET": (*site).clientList, "POST": (*site).clientAdded}},
	{web.PathBoardClients + "/{id}", operators, serving{"GET": (*site).clientPage, "POST": (*site).clientOrdered}},
	{web.PathBoardClients + "/{id}/remove", operators, serving{"GET": (*site).clientAsked, "POST": (*site).clientRemoved}},
}

// fresh stands in the place of a number for what is to be made. A mux takes a path of
// its own beside the pattern of the numbers for an ambiguity.
const fresh = "new"

// clientList is GET /clients.
func (s *site) clientList(w http.ResponseWriter, v visit) error {
	query := v.URL.Query()
	p := web.BoardClients{
		Board: s.boardPage(v), Search: query.Get(web.FieldSearch), Refused: query.Get(web.FieldRefused) != "", Header: broker.ClientsHeader,
	}
	after, err := readPlace(query.Get(web.FieldAfter))
	if err != nil {
		return err
	}
	f := broker.ClientFilter{Words: p.Search, Refused: p.Refused}
	if account, err := s.Broker.Base.CleanSubdomain(f.Words); err == nil && strings.Contains(f.Words, ".") {
		f.Words = account // the whole address may be pasted
	}
	found, err := s.Broker.FoundClients(v.Context(), v.viewer, f, after, listPage)
	if err != nil {
		return err
	}
	for _, c := range found.Clients {
		p.Rows = append(p.Rows, s.clientRow(c))
	}
	if found.More {
		last := found.Clients[len(found.Clients)-1].Place()
		p.Next = web.Within(web.PathBoardClients, web.FieldSearch, p.Search, web.FieldRefused, query.Get(web.FieldRefused), web.FieldAfter, writePlace(last))
	}
	web.Render(w, http.StatusOK, p)
	return nil
}

// A place of the list is a number and an account, for the page to hand back.
func writePlace(p broker.ClientPlace) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(int64(p.ID), 10) + " " + p.Account))
}

func readPlace(text string) (p broker.ClientPlace, err error) {
	if text == "" {
		return p, nil
	}
	raw, bad := base64.RawURLEncoding.DecodeString(text)
	number, account, _ := strings.Cut(string(raw), " ")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || bad != nil || id <= 0 || len(account) > 63 {
		return p, broker.ErrNotFound
	}
	return broker.ClientPlace{Account: strings.ToValidUTF8(account, ""), ID: broker.ClientID(id)}, nil
}

// clientRow is a client as pages show it.
func (s *site) clientRow(c broker.ClientState) web.BoardClientRow {
	row := web.BoardClientRow{
		ID: int64(c.ID), Product: productName(c.Product), Identifier: c.Identifier, Since: c.ChosenAt, Connections: c.Connections,
	}
	if c.Account != "" {
		row.Account = s.host(c.Account)
	}
	for _, one := range c.Secrets {
		row.Secrets = append(row.Secrets, web.SecretRow{Number: one.Number, Added: one.Added, Worked: one.Worked})
	}
	for _, one := range c.Circuits {
		row.Circuits = append(row.Circuits, web.CircuitRow{
			Account: s.host(one.Account), Since: one.OpenedAt, Retry: one.RetryAt, Failures: one.Failures, Reason: string(one.Reason),
		})
	}
	return row
}

func (s *site) newClientPage(v visit) web.NewBoardClient {
	return web.NewBoardClient{Board: s.boardPage(v), Suffix: strings.TrimPrefix(s.host("acme"), "acme")}
}

// clientAdded is POST /clients. The secret that was typed goes into no page.
func (s *site) clientAdded(w http.ResponseWriter, v visit) error {
	p := s.newClientPage(v)
	p.Form = web.BoardClientForm{
		Account: v.PostForm.Get(web.FieldAccount), Product: v.PostForm.Get(web.FieldProduct), Identifier: v.PostForm.Get(web.FieldIdentifier),
	}
	steering, err := s.Broker.Steer(v.viewer)
	if err != nil {
		return err
	}
	made, err := steering.AddClient(v.Context(), broker.NewClient{
		Account: p.Form.Account, Product: broker.Product(p.Form.Product), Identifier: p.Form.Identifier,
		Secret: secret.Of(strings.TrimSpace(v.PostForm.Get(web.FieldSecret))),
	})
	var invalid *broker.Invalid
	var there *broker.ClientThere
	switch {
	case errors.As(err, &invalid):
		p.Wrong = invalid.Field
		web.Render(w, http.StatusUnprocessableEntity, p)
		return nil
	case errors.As(err, &there):
		p.There = int64(there.ID)
		web.Render(w, http.StatusConflict, p)
		return nil
	case err != nil:
		return err
	}
	return see(w, web.Within(web.BoardClientRow{ID: int64(made.ID)}.URL(), web.FieldDone, string(web.ClientAdded)))
}

// clientAskedFor is the client of the path.
func (s *site) clientAskedFor(v visit) (broker.ClientState, error) {
	id, err := v.number("id")
	if err != nil {
		return broker.ClientState{}, err
	}
	return s.Broker.ClientShown(v.Context(), v.viewer, broker.ClientID(id))
}

// clientPage is GET /clients/{id}.
func (s *site) clientPage(w http.ResponseWriter, v visit) error {
	if v.PathValue("id") == fresh {
		web.Render(w, http.StatusOK, s.newClientPage(v))
		return nil
	}
	c, err := s.clientAskedFor(v)
	if err != nil {
		return err
	}
	web.Render(w, http.StatusOK, web.BoardClient{Board: s.boardPage(v), Row: s.clientRow(c)})
	return nil
}

// clientOrdered is POST /clients/{id}: what is to become of its secrets.
func (s *site) clientOrdered(w http.ResponseWriter, v visit) error {
	c, err := s.clientAskedFor(v)
	if err != nil {
		return err
	}
	did, err := s.orderSecrets(v, c.ID)
	p := web.BoardClient{Board: s.boardPage(v), Row: s.clientRow(c)}
	var invalid *broker.Invalid
	var only *broker.OnlySecret
	switch {
	case errors.As(err, &invalid):
		p.Wrong = invalid.Field
		web.Render(w, http.StatusUnprocessableEntity, p)
		return nil
	case errors.As(err, &only):
		p.Not = "only_secret"
		web.Render(w, http.StatusConflict, p)
		return nil
	case err != nil:
		return err
	}
	return see(w, web.Within(p.Row.URL(), web.FieldDone, string(did)))
}

// orderSecrets does what the form says to a client's secrets.
func (s *site) orderSecrets(v visit, id broker.ClientID) (web.BoardDone, error) {
	steering, err := s.Broker.Steer(v.viewer)
	if err != nil {
		return "", err
	}
	form := v.PostForm
	number, bad := strconv.ParseInt(form.Get(web.FieldNumber), 10, 64)
	switch order := web.Order(form.Get(web.FieldOrder)); {
	case order == web.OrderRoll:
		_, err = steering.RollSecret(v.Context(), id, secret.Of(strings.TrimSpace(form.Get(web.FieldSecret))), broker.Roll{
			Last: form.Get(web.FieldPlace) == web.LastPlace, DropOld: form.Get(web.FieldDropOld) == web.On,
		})
		return web.SecretAdded, err
	case order == web.OrderCloseCircuit:
		account, unclean := s.Broker.Base.CleanSubdomain(form.Get(web.FieldAccount))
		if unclean != nil {
			return "", broker.ErrNotFound
		}
		return web.CircuitClosed, steering.CloseCircuit(v.Context(), id, account)
	case bad != nil:
		return "", broker.ErrNotFound
	case order == web.OrderFirst:
		_, err = steering.MoveSecret(v.Context(), id, number, broker.Roll{})
		return web.SecretMoved, err
	case order == web.OrderRemoveSecret:
		_, err = steering.RemoveSecret(v.Context(), id, number)
		return web.SecretRemoved, err
	}
	return "", broker.ErrNotFound
}

// clientAsked is GET /clients/{id}/remove: whether somebody is sure.
func (s *site) clientAsked(w http.ResponseWriter, v visit) error {
	c, err := s.clientAskedFor(v)
	if err != nil {
		return err
	}
	web.Render(w, http.StatusOK, web.RemoveBoardClient{Board: s.boardPage(v), Row: s.clientRow(c)})
	return nil
}

// clientRemoved is POST /clients/{id}/remove. It goes on when the browser leaves.
func (s *site) clientRemoved(w http.ResponseWriter, v visit) error {
	c, err := s.clientAskedFor(v)
	if err != nil {
		return err
	}
	if typed := v.PostForm.Get(web.FieldTyped); typed != c.Identifier {
		web.Render(w, http.StatusUnprocessableEntity, web.RemoveBoardClient{Board: s.boardPage(v), Row: s.clientRow(c), Typed: typed, Mistyped: true})
		return nil
	}
	steering, err := s.Broker.Steer(v.viewer)
	if err == nil {
		_, err = steering.RemoveClient(context.WithoutCancel(v.Context()), c.ID)
	}
	if err != nil {
		return err
	}
	return see(w, web.Within(web.PathBoardClients, web.FieldDone, string(web.ClientRemoved)))
}
