package issuer

import (
	"context"
	"strings"
	"time"
)

// ClientUse tells how much a client is used.
type ClientUse struct {
	Tokens int       // that open the API or can be refreshed
	More   bool      // whether there may be more than were counted
	Used   time.Time // when one of its tokens was used last, whatever became of that; zero: never
}

// FindClients lists the clients that an account owns whose name, company or
// identifier has a text in it, whatever the case.
func (i *Issuer) FindClients(ctx context.Context, a Account, p Product, text string, r Range) (Page[Client], error) {
	want := strings.ToLower(strings.TrimSpace(text))
	part := func(r Range) (Page[Client], error) { return i.Clients(ctx, a, p, ClientFilter{}, r) }
	if want == "" {
		return part(r)
	}
	return sift(r, part, func(c Client) int64 { return int64(c.ID) }, func(c Client) bool { return mention(want, c.Name, c.Company, c.Identifier) })
}

// usesMost is how many of a client's tokens are looked at to count the live ones:
// a list of clients must not read the ten million tokens of a busy one.
const usesMost = 5000

// ClientUses tells how much each of these clients is used. What this replica has
// not told the store yet is left out: it is a second.
func (i *Issuer) ClientUses(ctx context.Context, clients []Client) (map[ClientID]ClientUse, error) {
	uses, now := map[ClientID]ClientUse{}, i.Now()
	for _, c := range clients {
		use, err := i.Store.ClientUse(ctx, c, now, usesMost)
		if err != nil {
			return nil, err
		}
		uses[c.ID] = use
	}
	return uses, nil
}
