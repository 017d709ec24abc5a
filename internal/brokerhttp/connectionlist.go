package brokerhttp

import (
	"context"
	"net/http"
	"strconv"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// listPage is how many connections a page of the list has.
const listPage = 50

// connections is the dashboard.
func (s *site) connections(w http.ResponseWriter, v visit) error {
	page, err := s.listed(v)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if page.Unknown != "" { // what was mistyped must not look like an empty list
		status = http.StatusUnprocessableEntity
	}
	web.Render(w, status, page)
	return nil
}

// filterOf reads the filter of an address. What no connection can be of leaves none.
func filterOf(v visit) (web.ConnectionFilter, broker.Filter) {
	query := v.URL.Query()
	typed := web.ConnectionFilter{
		State: query.Get(web.FieldState), Account: query.Get(web.FieldAccount), Product: query.Get(web.FieldProduct),
		Client: query.Get(web.FieldOf), Words: query.Get(web.FieldWords),
	}
	f := broker.Filter{State: broker.State(typed.State), Account: typed.Account, Product: broker.Product(typed.Product), Words: typed.Words}
	if typed.Client != "" {
		client, err := strconv.ParseInt(typed.Client, 10, 64)
		if err != nil {
			client = -1
		}
		f.Client = broker.ClientID(client)
	}
	return typed, f
}

func (s *site) listed(v visit) (web.Connections, error) {
	typed, f := filterOf(v)
	if account, err := s.Broker.Base.CleanSubdomain(f.Account); err == nil {
		f.Account = account // the whole address may be pasted
	}
	p := web.Connections{
		Board: s.boardPage(v), Filter: typed, Counts: map[web.ConnectionState]int{},
		Unknown: typed.Unknown(), Connect: s.ConnectPath, Orders: ordersOf(v.viewer), Wrong: v.URL.Query().Get("chosen") == "none",
	}
	before, err := readCursor(v.URL.Query().Get(web.FieldBefore))
	if err != nil {
		return p, broker.ErrNotFound
	}
	if before == 0 { // the second page stands still
		p.Stream = web.Within(web.PathConnectionsLive, typed.Pairs()...)
	}
	counts, err := s.Broker.Counted(v.Context(), v.viewer, f)
	if err != nil {
		return p, err
	}
	for state, n := range counts {
		p.Counts[web.ConnectionState(state)] = n
	}
	clients, err := s.clientNames(v.Context(), v.viewer)
	if err != nil {
		return p, err
	}
	found, err := s.Broker.Seen(v.Context(), v.viewer, f, broker.ConnectionID(before), listPage)
	if err != nil {
		return p, err
	}
	for _, c := range found.Connections {
		row, err := s.row(v.Context(), clients, c)
		if err != nil {
			return p, err
		}
		p.Rows = append(p.Rows, row)
	}
	if found.More {
		last := found.Connections[len(found.Connections)-1].ID
		p.Older = web.Within(web.PathConnections, append(typed.Pairs(), web.FieldBefore, writeCursor(int64(last)))...)
	}
	p.Clients = clients.choices(p)
	return p, nil
}

// clientsMost bounds how many clients are offered to filter by. An address may name
// any.
const clientsMost = 200

// clientNames are the clients by number, as far as they were needed.
type clientNames struct {
	site    *site
	names   map[broker.ClientID]string
	offered []broker.Client
}

// clientNames begins with those that an operator may filter by.
func (s *site) clientNames(ctx context.Context, v broker.Viewer) (*clientNames, error) {
	c := &clientNames{site: s, names: map[broker.ClientID]string{}}
	if !v.Operator {
		return c, nil
	}
	var err error
	c.offered, err = s.Broker.Store.NamedClients(ctx, clientsMost)
	for _, one := range c.offered {
		c.names[one.ID] = one.Identifier
	}
	return c, err
}

func (c *clientNames) of(ctx context.Context, id broker.ClientID) (string, error) {
	if name, known := c.names[id]; known {
		return name, nil
	}
	one, err := c.site.Broker.Store.Client(ctx, id)
	c.names[id] = one.Identifier
	return one.Identifier, err
}

func (c *clientNames) choices(p web.Connections) []web.Choice {
	if len(c.offered) < 2 {
		return nil
	}
	all := []web.Choice{{Text: p.T("connections.any"), Chosen: p.Filter.Client == ""}}
	for _, one := range c.offered {
		id, text := strconv.FormatInt(int64(one.ID), 10), one.Identifier
		if one.Account != "" {
			text += " (" + one.Account + ")"
		}
		all = append(all, web.Choice{Value: id, Text: text, Chosen: id == p.Filter.Client})
	}
	return all
}

// row is a connection as a list shows it.
func (s *site) row(ctx context.Context, clients *clientNames, c broker.Connection) (web.ConnectionRow, error) {
	client, err := clients.of(ctx, c.Client)
	return web.ConnectionRow{
		ID: int64(c.ID), User: web.Person{Name: c.User.Name, Email: c.User.Email, Role: c.User.Role}, UserID: c.User.ID,
		State: web.ConnectionState(c.Shown()), Reason: string(c.Reason), Account: s.host(c.Account),
		Product: productName(c.Product), Client: client, Scopes: c.Granted, AccessExpires: c.AccessExpires,
		RefreshExpires: c.RefreshExpires, Renewed: c.RenewedAt, Failures: c.Failures, Used: c.LastUsedAt,
	}, err
}
