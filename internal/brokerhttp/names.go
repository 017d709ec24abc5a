package brokerhttp

import (
	"context"
	"errors"
	"strconv"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// names are what actors are called, each looked up once for a page.
type names struct {
	site *site
	seen map[broker.Actor]web.Who
	keys map[broker.KeyID]string

	things map[string]web.Thing // by the address that they have, or had
}

func (s *site) names() *names {
	return &names{site: s, seen: map[broker.Actor]web.Who{}, things: map[string]web.Thing{}}
}

// who is an actor as pages show it. A person is called as their connection is, where
// they have one; the trail has no names, which people change.
func (n *names) who(ctx context.Context, a broker.Actor) (web.Who, error) {
	if known, ok := n.seen[a]; ok {
		return known, nil
	}
	who := web.Who{Kind: string(a.Kind), ID: a.ID, Actor: a.String()}
	var err error
	switch a.Kind {
	case broker.ByPerson:
		who.Account = n.site.host(a.Account)
		who.Name, err = n.person(ctx, a)
	case broker.ByKey:
		who.Name, err = n.key(ctx, broker.KeyID(a.ID))
	case broker.ByHolder, broker.ByCommand, broker.ByBroker:
	}
	n.seen[a] = who
	return who, err
}

func (n *names) person(ctx context.Context, a broker.Actor) (string, error) {
	all, err := n.site.Broker.Store.ConnectionsOfPerson(ctx, a.Account, a.ID)
	for _, c := range all {
		if c.Product == broker.Support && c.User.Name != "" { // Chat has numbers of its own
			return c.User.Name, err
		}
	}
	return "", err
}

func (n *names) key(ctx context.Context, id broker.KeyID) (string, error) {
	if n.keys == nil {
		all, err := n.site.Broker.Keys(ctx)
		if err != nil && !errors.Is(err, broker.ErrNotFound) {
			return "", err
		}
		n.keys = map[broker.KeyID]string{}
		for _, k := range all {
			n.keys[k.ID] = k.Name
		}
	}
	return n.keys[id], nil
}

// event is a line of the audit trail as pages show it.
func (n *names) event(ctx context.Context, e broker.Recorded) (web.EventRow, error) {
	row := web.EventRow{At: e.At, Kind: string(e.Kind), Result: string(e.Result()), Account: e.Account, Detail: e.Detail}
	var err [4]error
	row.Who, err[0] = n.who(ctx, e.By)
	row.Connection, err[1] = n.thing(ctx, web.PathConnections, int64(e.Connection))
	row.Pass, err[2] = n.thing(ctx, web.PathPasses, int64(e.Pass))
	row.Client, err[3] = n.thing(ctx, web.PathBoardClients, int64(e.Client))
	return row, errors.Join(err[:]...)
}

// thing is what stands at a path with a number, if it is there still.
func (n *names) thing(ctx context.Context, path string, id int64) (t web.Thing, err error) {
	if t.ID = id; id == 0 {
		return t, nil
	}
	at := path + "/" + strconv.FormatInt(id, 10)
	if known, ok := n.things[at]; ok {
		return known, nil
	}
	b, account := n.site.Broker, ""
	switch path {
	case web.PathConnections:
		var c broker.Connection
		if c, err = b.Connection(ctx, broker.ConnectionID(id)); err == nil && c.State != broker.Pending {
			t.Name, t.URL = c.User.Name, at
		}
	case web.PathPasses:
		var p broker.Pass
		if p, err = b.Pass(ctx, broker.PassID(id)); err == nil {
			t.Name, t.URL = p.Name, at
		}
	case web.PathBoardClients:
		var c broker.Client
		if c, err = b.Store.Client(ctx, broker.ClientID(id)); err == nil {
			t.Name, t.URL, account = c.Identifier, at, c.Account
		}
	}
	if account != "" {
		t.Name += " (" + account + ")"
	}
	if errors.Is(err, broker.ErrNotFound) { // it went; its number tells
		err = nil
	}
	n.things[at] = t
	return t, err
}
