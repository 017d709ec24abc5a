package brokerhttp

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// historyMost bounds how much of a connection's history its page tells, of each kind.
const historyMost = 100

// connectionAsked is the connection of the path, if the viewer sees it.
func (s *site) connectionAsked(v visit) (broker.Connection, error) {
	id, err := broker.ParseConnectionID(v.PathValue("id"))
	if err != nil {
		return broker.Connection{}, err
	}
	return s.Broker.SeenOne(v.Context(), v.viewer, id)
}

// connectionPage is GET /connections/{id}.
func (s *site) connectionPage(w http.ResponseWriter, v visit) error {
	c, err := s.connectionAsked(v)
	if err != nil {
		return err
	}
	page, err := s.connectionOf(v, c)
	if err != nil {
		return err
	}
	if did := broker.Order(v.URL.Query().Get("done")); slices.Contains(broker.Orders(), did) {
		page.Did = web.Order(did)
	}
	web.Render(w, http.StatusOK, page)
	return nil
}

func (s *site) connectionOf(v visit, c broker.Connection) (web.Connection, error) {
	ctx := v.Context()
	row, err := s.row(ctx, &clientNames{site: s, names: map[broker.ClientID]string{}}, c)
	if err != nil {
		return web.Connection{}, err
	}
	p := web.Connection{Board: s.boardPage(v), Row: row, Generation: c.Generation, Missing: c.Missing(), Created: c.Created}
	if p.Fingerprint, err = s.Broker.Fingerprint(ctx, c); err != nil {
		return p, err
	}
	uses, err := s.Broker.LatestUses(ctx, c.ID, web.ChartDays)
	if err != nil {
		return p, err
	}
	for _, u := range uses {
		p.Uses = append(p.Uses, web.DayUses{Lent: u.Lent, Called: u.Called})
	}
	p.Stream = row.URL() + "/live"
	history, err := s.Broker.History(ctx, c.ID, historyMost)
	for _, m := range history {
		p.History = append(p.History, happening(m))
	}
	if v.viewer.May(broker.RenewNow, c) == broker.NoObjection {
		p.Orders = append(p.Orders, web.OrderRenew)
	}
	if linkable(v.viewer, c) {
		p.Orders = append(p.Orders, web.OrderLink)
	}
	for _, o := range []broker.Order{broker.DisableIt, broker.EnableIt, broker.RevokeIt} {
		if v.viewer.May(o, c) == broker.NoObjection {
			p.Orders = append(p.Orders, web.Order(o))
		}
	}
	return p, err
}

// linkable decides whether the viewer may have a link by which the connection is
// authorized again. It helps that connection's own person alone.
func linkable(v broker.Viewer, c broker.Connection) bool {
	return v.Sees(c) && c.State != broker.Revoked && c.BySignIn()
}

func happening(m broker.Moment) web.Happening {
	if m.Event.Kind != "" {
		return web.Happening{At: m.At, What: string(m.Event.Kind), Detail: m.Event.Detail, Grave: m.Event.Result() == broker.HasBroken}
	}
	a := m.Attempt
	return web.Happening{
		At: m.At, What: string(a.Outcome), Attempt: true, Detail: a.Error, Took: m.Took(),
		Grave: a.Outcome != broker.Answered && a.Outcome != broker.Open,
	}
}

// orderOne is POST /connections/{id}: what is to become of one connection.
func (s *site) orderOne(w http.ResponseWriter, v visit) error {
	c, err := s.connectionAsked(v)
	if err != nil {
		return err
	}
	page, err := s.connectionOf(v, c)
	if err != nil {
		return err
	}
	again := func(status int) error { web.Render(w, status, page); return nil }
	order := v.PostForm.Get(web.FieldOrder)
	switch {
	case order == string(web.OrderLink):
		if !c.BySignIn() {
			page.Not = "nobody"
			return again(http.StatusConflict)
		}
		if !linkable(v.viewer, c) {
			return broker.ErrForbidden
		}
		link, err := s.Broker.MakeLink(v.Context(), v.viewer.Actor(), broker.NewLink{Connection: c.ID, Maker: v.viewer.User.Name})
		if invalid := (*broker.Invalid)(nil); errors.As(err, &invalid) {
			page.Not = string(broker.NotNow) // it changed meanwhile
			return again(http.StatusConflict)
		} else if err != nil {
			return err
		}
		page.Link, page.Languages = link.URL.Reveal(), web.LanguageSwitch{} // it is shown this once
		return again(http.StatusOK)
	case !slices.Contains(broker.Orders(), broker.Order(order)):
		return broker.ErrNotFound
	case order == string(broker.RevokeIt) && !page.Row.Confirmed(v.PostForm.Get(web.FieldName)):
		page.Not = "name"
		return again(http.StatusUnprocessableEntity)
	}
	// It goes on when the browser leaves.
	err = s.Broker.CarryOut(context.WithoutCancel(v.Context()), v.viewer, broker.Order(order), c.ID)
	switch {
	case err != nil:
		page.Not = s.why(v.Context(), c.ID, err)
		return again(http.StatusConflict)
	case order == string(broker.RevokeIt):
		return see(w, web.PathConnections)
	}
	return see(w, web.Within(page.Row.URL(), "done", order))
}
