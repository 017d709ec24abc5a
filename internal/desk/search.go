package desk

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
)

// searchStep is how many tickets a search looks at in one go.
const searchStep = 500

// Search returns the tickets that a query describes, for those who work on them.
// It looks at them one by one: no two databases agree on what is upper and lower
// case, and a local helpdesk has few.
func (d *Desk) Search(ctx context.Context, c issuer.Caller, q Query, o Order) ([]Ticket, error) {
	a, by := caller(c)
	if !by.Agent {
		return nil, ErrForbidden
	}
	if !q.Wants("ticket") {
		return nil, nil
	}
	q, err := d.named(ctx, a, by, q)
	if err != nil {
		return nil, err
	}
	var found []Ticket
	for r := (Range{Limit: searchStep}); ; {
		page, err := d.Store.Tickets(ctx, a, Filter{}, r)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Items {
			if q.matches(t) {
				found = append(found, t)
			}
		}
		if !page.More {
			break
		}
		r.After = page.Items[len(page.Items)-1].Number
	}
	o.sort(found)
	return found, nil
}

// named finds the users whom a query names: by number, by email, or as "me" and
// "none"; and groups.
func (d *Desk) named(ctx context.Context, a AccountID, by Person, q Query) (Query, error) {
	named := Query{}
	for _, c := range q.conditions {
		switch c.name {
		case "requester", "submitter", "assignee":
			var err error
			if c.user, err = d.namedUser(ctx, a, by, c.value); err != nil {
				return Query{}, err
			}
		case "group":
			var err error
			if c.group, err = d.namedGroups(ctx, a, c.value); err != nil {
				return Query{}, err
			}
		}
		named.conditions = append(named.conditions, c)
	}
	return named, nil
}

func (d *Desk) namedUser(ctx context.Context, a AccountID, by Person, value string) (UserID, error) {
	switch value {
	case "me":
		return by.ID, nil
	case "none":
		return 0, nil
	}
	if id, err := strconv.ParseInt(value, 10, 64); err == nil {
		return UserID(id), nil
	}
	p, err := d.Store.PersonByEmail(ctx, a, normalEmail(value))
	if errors.Is(err, ErrNotFound) {
		return noUser, nil
	}
	return p.ID, err
}

// namedGroups are the groups of a number or a name; several may have one name.
func (d *Desk) namedGroups(ctx context.Context, a AccountID, value string) ([]GroupID, error) {
	if value == "none" {
		return []GroupID{0}, nil
	}
	if id, err := strconv.ParseInt(value, 10, 64); err == nil {
		return []GroupID{GroupID(id)}, nil
	}
	var all []GroupID
	for r := (Range{Limit: searchStep}); ; {
		page, err := d.Store.Groups(ctx, a, true, r)
		if err != nil {
			return nil, err
		}
		for _, g := range page.Items {
			if strings.ToLower(g.Name) == value {
				all = append(all, g.ID)
			}
		}
		if !page.More {
			return all, nil
		}
		r.After = int64(page.Items[len(page.Items)-1].ID)
	}
}
