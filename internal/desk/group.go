package desk

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

// GroupID is the number of a group.
type GroupID int64

// Group is some of those who answer, to whom a ticket can be given.
type Group struct {
	Account     AccountID
	ID          GroupID
	Version     int64 // counts its changes
	Name        string
	Description string
	Public      bool
	Deleted     bool // kept, because tickets name it
	Created     time.Time
	Updated     time.Time
}

// GroupChange is what somebody wants of a group; nil leaves a field as it is, and
// for a new one: empty, and public.
type GroupChange struct {
	Name        *string
	Description *string
	Public      *bool
}

// with decides what becomes of the group.
func (g Group) with(now time.Time, want GroupChange) (Group, error) {
	var all Invalids
	if want.Public != nil && *want.Public && !g.Public {
		all.add("is_public", NotAllowed, "cannot be set: a private group stays private") // so does Zendesk's
	}
	set(&g.Name, want.Name)
	set(&g.Description, want.Description)
	set(&g.Public, want.Public)
	g.Name, g.Description = strings.TrimSpace(clean(g.Name)), clean(g.Description)
	if g.Name == "" {
		all.add("name", Blank, "cannot be blank")
	}
	if len(g.Name) > nameMost {
		all.add("name", NotAllowed, "is too long (maximum is 255 bytes)")
	}
	if len(g.Description) > textMost {
		all.add("description", NotAllowed, "is too long")
	}
	g.Version, g.Updated = g.Version+1, now
	return g, all.orNil()
}

// nameMost is how long a name may be, in bytes. The bound is our own.
const nameMost = 255

// Groups lists the account's groups for those who work on tickets.
func (d *Desk) Groups(ctx context.Context, c issuer.Caller, withDeleted bool, r Range) (Page[Group], error) {
	a, by := caller(c)
	if !by.Agent {
		return Page[Group]{}, ErrForbidden
	}
	return d.Store.Groups(ctx, a, withDeleted, r)
}

// Group returns a group, also a deleted one, to those who work on tickets.
func (d *Desk) Group(ctx context.Context, c issuer.Caller, id GroupID) (Group, error) {
	a, by := caller(c)
	if !by.Agent {
		return Group{}, ErrForbidden
	}
	return d.Store.Group(ctx, a, id)
}

// AddGroup makes a group, which admins may. It returns Invalids.
func (d *Desk) AddGroup(ctx context.Context, c issuer.Caller, want GroupChange) (Group, error) {
	a, by := caller(c)
	if !by.Admin {
		return Group{}, ErrForbidden
	}
	now := d.now()
	g, err := Group{Account: a, Public: true, Created: now}.with(now, want)
	if err != nil {
		return Group{}, err
	}
	return d.Store.AddGroup(ctx, g)
}

// ChangeGroup changes a group, which admins may. It returns Invalids, and
// ErrNotFound of a deleted one.
func (d *Desk) ChangeGroup(ctx context.Context, c issuer.Caller, id GroupID, want GroupChange) (Group, error) {
	return d.swapGroup(ctx, c, id, d.Store.ChangeGroup, func(g Group) (Group, error) { return g.with(d.now(), want) })
}

// DeleteGroup marks a group as deleted, which admins may. Its tickets keep it; its
// memberships end.
func (d *Desk) DeleteGroup(ctx context.Context, c issuer.Caller, id GroupID) error {
	_, err := d.swapGroup(ctx, c, id, d.Store.DeleteGroup, func(g Group) (Group, error) {
		g.Deleted, g.Version, g.Updated = true, g.Version+1, d.now()
		return g, nil
	})
	return err
}

func (d *Desk) swapGroup(ctx context.Context, c issuer.Caller, id GroupID,
	swap func(context.Context, Group, Group) error, decide func(Group) (Group, error),
) (Group, error) {
	a, by := caller(c)
	if !by.Admin {
		return Group{}, ErrForbidden
	}
	for range swapTries {
		old, err := d.Store.Group(ctx, a, id)
		if err == nil && old.Deleted {
			err = ErrNotFound
		}
		if err != nil {
			return Group{}, err
		}
		next, err := decide(old)
		if err != nil {
			return Group{}, err
		}
		if err := swap(ctx, old, next); !errors.Is(err, ErrConflict) {
			return next, err
		}
	}
	return Group{}, ErrConflict
}
