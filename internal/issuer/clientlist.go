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

// listStep is how many clients a search looks at in one go.
const listStep = 200

// FindClients lists the clients that an account owns whose name, company or
// identifier has a text in it, whatever the case. It looks at them one by one: no
// two databases agree on what is upper and lower case beyond ASCII, and an account
// has as many clients as people made by hand.
func (i *Issuer) FindClients(ctx context.Context, a Account, p Product, text string, r Range) (Page[Client], error) {
	want := strings.ToLower(strings.TrimSpace(text))
	if want == "" {
		return i.Clients(ctx, a, p, ClientFilter{}, r)
	}
	var found Page[Client]
	for step := (Range{After: r.After, Before: r.Before, Descending: r.Descending, Limit: listStep}); ; {
		page, err := i.Clients(ctx, a, p, ClientFilter{}, step)
		if err != nil {
			return found, err
		}
		var here []Client
		for _, c := range page.Items {
			if c.mentions(want) {
				here = append(here, c)
			}
		}
		if step.Before != 0 {
			found.Items = append(here, found.Items...)
		} else {
			found.Items = append(found.Items, here...)
		}
		if len(found.Items) > r.Limit {
			found.More = true
			if step.Before != 0 {
				found.Items = found.Items[len(found.Items)-r.Limit:]
			} else {
				found.Items = found.Items[:r.Limit]
			}
			return found, nil
		}
		if !page.More {
			return found, nil
		}
		if step.Before != 0 {
			step.Before = int64(page.Items[0].ID)
		} else {
			step.After = int64(page.Items[len(page.Items)-1].ID)
		}
	}
}

func (c Client) mentions(lower string) bool {
	for _, text := range []string{c.Name, c.Company, c.Identifier} {
		if strings.Contains(strings.ToLower(text), lower) {
			return true
		}
	}
	return false
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
