package brokerhttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

// ordersMost bounds how many connections an order is for: a page of them, and more
// than that would keep a person waiting.
const ordersMost = 2 * listPage

// ordersAtOnce bounds how many of them are carried out at the same time.
const ordersAtOnce = 8

// ordersOf are those that a viewer may give for several connections.
func ordersOf(v broker.Viewer) []web.Order {
	if !v.Operator {
		return nil // theirs are few, and have a page each
	}
	return []web.Order{web.OrderRenew, web.OrderDisable, web.OrderEnable, web.OrderRevoke}
}

// orders is POST /orders: what is to become of those that were chosen, and,
// once that was seen, what became of them.
func (s *site) orders(w http.ResponseWriter, v visit) error {
	order := broker.Order(v.PostForm.Get(web.FieldOrder))
	ids, back := v.PostForm[web.FieldID], listIn(v.PostForm.Get(web.FieldReturnTo))
	switch {
	case !slices.Contains(broker.Orders(), order) || len(ids) > ordersMost:
		return broker.ErrNotFound
	case len(ids) == 0:
		query := back.Query()
		query.Set("chosen", "none")
		back.RawQuery = query.Encode()
		return see(w, back.String())
	}
	page := web.Orders{Board: s.boardPage(v), Order: web.Order(order), Back: back.String(), Lines: make([]web.OrderLine, len(ids))}
	page.Done = v.PostForm.Get("go") == "yes"
	clients, err := s.clientNames(v.Context(), v.viewer)
	if err != nil {
		return err
	}
	chosen := make([]broker.Connection, len(ids))
	for n, text := range ids {
		if chosen[n], page.Lines[n], err = s.planned(v, clients, order, text); err != nil {
			return err
		}
	}
	if page.Done {
		s.carryOut(v, order, chosen, page.Lines)
	}
	web.Render(w, http.StatusOK, page)
	return nil
}

// listIn is the list that an order came from, as it was filtered: an address of
// connections and nothing else.
func listIn(returnTo string) *url.URL {
	if back, err := url.Parse(broker.LocalPath(returnTo)); err == nil && back.Path == web.PathConnections {
		return &url.URL{Path: back.Path, RawQuery: back.Query().Encode()}
	}
	return &url.URL{Path: web.PathConnections}
}

// planned is what will become of a connection that was chosen.
func (s *site) planned(v visit, clients *clientNames, o broker.Order, text string) (broker.Connection, web.OrderLine, error) {
	id, err := broker.ParseConnectionID(text)
	var c broker.Connection
	if err == nil {
		c, err = s.Broker.SeenOne(v.Context(), v.viewer, id)
	}
	if errors.Is(err, broker.ErrNotFound) {
		return c, web.OrderLine{Row: web.ConnectionRow{UserID: int64(id)}, Gone: true, Why: string(broker.NotThere)}, nil
	} else if err != nil {
		return c, web.OrderLine{}, err
	}
	row, err := s.row(v.Context(), clients, c)
	why := v.viewer.May(o, c)
	return c, web.OrderLine{Row: row, Will: why == broker.NoObjection, Why: string(why)}, err
}

// carryOut does it, some at a time, and says of each what came of it. It goes on when
// the browser leaves: half of an order is nobody's wish.
func (s *site) carryOut(v visit, o broker.Order, chosen []broker.Connection, lines []web.OrderLine) {
	ctx := context.WithoutCancel(v.Context())
	var all sync.WaitGroup
	turn := make(chan struct{}, ordersAtOnce)
	for n := range lines {
		if !lines[n].Will {
			continue
		}
		all.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			err := s.Broker.CarryOut(ctx, v.viewer, o, chosen[n].ID)
			lines[n].Will, lines[n].Why = err == nil, s.why(ctx, chosen[n].ID, err)
			lines[n].Gone = o == broker.RevokeIt && err == nil
			if now, gone := s.Broker.Connection(ctx, chosen[n].ID); gone == nil {
				lines[n].Row.State = web.ConnectionState(now.Shown())
			} else if lines[n].Gone {
				lines[n].Row.State = web.ConnectionState(broker.Revoked)
			}
		})
	}
	all.Wait()
}

// why is the word for an order that failed. What Zendesk said stays in the log.
func (s *site) why(ctx context.Context, id broker.ConnectionID, err error) string {
	var refused *broker.Objected
	var unusable *broker.Unusable
	var unavailable *broker.Unavailable
	var remote *zendesk.APIError
	if err == nil {
		return ""
	}
	httpd.Note(ctx, slog.Int64("connection", int64(id)), slog.String("order_failed", err.Error()))
	switch {
	case errors.As(err, &refused):
		return string(refused.Why)
	case errors.Is(err, broker.ErrNotFound):
		return string(broker.NotThere)
	case errors.Is(err, broker.ErrStillAlive):
		return "still_alive"
	case errors.As(err, &unusable), errors.Is(err, broker.ErrUnknownPair):
		return "lost"
	case errors.As(err, &unavailable), errors.As(err, &remote):
		return "unreachable"
	}
	return "failed"
}
