package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

// Membership says that an agent is in a group.
type Membership struct {
	ID      int64
	Account AccountID
	User    UserID
	Group   GroupID
	Default bool // whether it is the group that tickets get which are given to the user alone
	Created time.Time
	Updated time.Time
}

// MembershipFilter tells which memberships a list has; its zero value: all.
type MembershipFilter struct {
	User  UserID
	Group GroupID
}

// placed decides where a ticket is when its assignee or its group was named:
// whoever has a ticket is in its group. groups are those of the assignee, the
// default one first.
func (t Ticket) placed(groupNamed, assigneeNamed bool, groups []GroupID) (Ticket, Invalids) {
	switch {
	case t.Assignee == 0, slices.Contains(groups, t.Group), t.Group == 0 && len(groups) == 0:
	case t.Group != 0 && groupNamed && assigneeNamed:
		return t, Invalids{
			{Field: "assignee", Flaw: NotAllowed, Why: "is invalid"},
			{Field: "assignee", Flaw: Outside, Why: "is not a member of the group"},
		}
	case assigneeNamed && len(groups) > 0:
		t.Group = groups[0]
	case assigneeNamed:
		t.Group = 0
	case groupNamed && t.Group != 0:
		t.Assignee = 0
	}
	return t, nil
}

// groups are those of somebody, the default one first.
func (c *casting) groups(of UserID) (all []GroupID) {
	if of == 0 || c.err != nil {
		return nil
	}
	r := Range{Limit: groupsMost}
	page, err := c.desk.Store.Memberships(c.ctx, c.account, MembershipFilter{User: of}, r)
	c.err = err
	for _, m := range page.Items {
		if m.Default {
			all = slices.Insert(all, 0, m.Group)
		} else {
			all = append(all, m.Group)
		}
	}
	return all
}

// groupsMost bounds how many groups of a user are looked at.
const groupsMost = 10_000

// Memberships lists who is in which group, for those who work on tickets.
func (d *Desk) Memberships(ctx context.Context, c issuer.Caller, f MembershipFilter, r Range) (Page[Membership], error) {
	a, by := caller(c)
	if !by.Agent {
		return Page[Membership]{}, ErrForbidden
	}
	return d.Store.Memberships(ctx, a, f, r)
}

// GroupsOf lists the groups of a user, for those who work on tickets.
func (d *Desk) GroupsOf(ctx context.Context, c issuer.Caller, of UserID, r Range) (Page[Group], error) {
	a, by := caller(c)
	if !by.Agent {
		return Page[Group]{}, ErrForbidden
	}
	return d.Store.GroupsOf(ctx, a, of, r)
}

// Membership returns a membership, of that user where one is named, to those who
// work on tickets.
func (d *Desk) Membership(ctx context.Context, c issuer.Caller, of UserID, id int64) (Membership, error) {
	a, by := caller(c)
	if !by.Agent {
		return Membership{}, ErrForbidden
	}
	m, err := d.Store.Membership(ctx, a, id)
	if err == nil && of != 0 && m.User != of {
		return Membership{}, ErrNotFound
	}
	return m, err
}

// DefaultGroup is the group that tickets get which are given to somebody alone;
// zero: none.
func (d *Desk) DefaultGroup(ctx context.Context, a AccountID, of UserID) (GroupID, error) {
	return d.Store.DefaultGroup(ctx, a, of)
}

// AddMembership puts an agent into a group, which admins may. The first group of
// somebody is their default one. It returns Invalids.
func (d *Desk) AddMembership(ctx context.Context, c issuer.Caller, user UserID, group GroupID, isDefault bool) (Membership, error) {
	a, by := caller(c)
	if !by.Admin {
		return Membership{}, ErrForbidden
	}
	who := d.casting(ctx, a, by)
	p := who.find("user", Ref{ID: user}, Person{})
	switch {
	case user == 0:
		who.missing.add("user", Blank, "cannot be blank")
	case p.ID != 0 && !p.Agent:
		who.missing.add("user", NotAllowed, "is not an agent")
	}
	if who.group(group); group == 0 {
		who.missing.add("group", Blank, "cannot be blank")
	}
	if err := who.failed(); err != nil {
		return Membership{}, err
	}
	now := d.now()
	m := Membership{Account: a, User: user, Group: group, Created: now, Updated: now}
	m, err := d.Store.AddMembership(ctx, m)
	switch {
	case errors.Is(err, ErrConflict):
		return Membership{}, Invalids{{Field: "user_id", Flaw: Taken, Why: "has already been taken"}}
	case err != nil || m.Default || !isDefault:
		return m, err
	}
	m.Default = true
	return m, d.Store.MakeDefault(ctx, m, now)
}

// MakeDefault makes a group of a user's their default one: their own, or anybody's
// for an admin.
func (d *Desk) MakeDefault(ctx context.Context, c issuer.Caller, of UserID, id int64) error {
	m, err := d.Membership(ctx, c, of, id)
	if err != nil {
		return err
	}
	if _, by := caller(c); !by.Admin && by.ID != m.User {
		return ErrForbidden
	}
	if err := d.Store.MakeDefault(ctx, m, d.now()); !errors.Is(err, ErrConflict) {
		return err
	}
	return ErrNotFound // it went meanwhile
}

// DeleteMembership takes somebody out of a group, which admins may, and then takes
// the tickets from them that they were working on there. What breaks off between
// leaves tickets with somebody who is no longer in the group.
func (d *Desk) DeleteMembership(ctx context.Context, c issuer.Caller, of UserID, id int64, from Origin) error {
	if _, by := caller(c); !by.Admin {
		return ErrForbidden
	}
	m, err := d.Membership(ctx, c, of, id)
	if err != nil {
		return err
	}
	if err := d.Store.DeleteMembership(ctx, m); errors.Is(err, ErrConflict) {
		return ErrNotFound
	} else if err != nil {
		return err
	}
	return d.unassign(ctx, c, m, from)
}

func (d *Desk) unassign(ctx context.Context, c issuer.Caller, m Membership, from Origin) error {
	for r := (Range{Limit: searchStep}); ; {
		page, err := d.Store.Tickets(ctx, m.Account, Filter{Assignee: m.User, Group: m.Group}, r)
		if err != nil {
			return err
		}
		for _, t := range page.Items {
			r.After = t.Number
			if t.Status == Solved || t.Status == Closed {
				continue
			}
			if _, _, err := d.change(ctx, c, t.Number, Change{Assignee: &Ref{}}, from); err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
		}
		if !page.More {
			return nil
		}
	}
}
