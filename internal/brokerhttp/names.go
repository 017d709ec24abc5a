package brokerhttp

import (
	"context"
	"errors"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// names are what actors are called, each looked up once for a page.
type names struct {
	site *site
	seen map[broker.Actor]web.Who
	keys map[broker.KeyID]string
}

func (s *site) names() *names { return &names{site: s, seen: map[broker.Actor]web.Who{}} }

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
