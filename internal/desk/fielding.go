package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/deskauth/deskauth/internal/issuer"
)

// Fields returns the fields that are shown to the caller, by position.
func (d *Desk) Fields(ctx context.Context, c issuer.Caller) ([]Field, error) {
	a, by := caller(c)
	added, err := d.Store.Fields(ctx, a)
	if err != nil {
		return nil, err
	}
	all := append(systemFields(a, c.Account.Created), added...)
	all = slices.DeleteFunc(all, func(f Field) bool { return !f.ShownTo(by) })
	slices.SortStableFunc(all, func(a, b Field) int { return cmp.Compare(a.Position, b.Position) })
	return all, nil
}

// CustomFields returns the fields that the caller's account added, in the order
// of their numbers.
func (d *Desk) CustomFields(ctx context.Context, c issuer.Caller) ([]Field, error) {
	a, _ := caller(c)
	return d.Store.Fields(ctx, a)
}

// Field returns a field to those who work on tickets.
func (d *Desk) Field(ctx context.Context, c issuer.Caller, id FieldID) (Field, error) {
	if _, by := caller(c); !by.Agent {
		return Field{}, ErrForbidden
	}
	all, err := d.Fields(ctx, c)
	if err != nil {
		return Field{}, err
	}
	at := slices.IndexFunc(all, func(f Field) bool { return f.ID == id })
	if at < 0 {
		return Field{}, ErrNotFound
	}
	return all[at], nil
}

// AddField adds a field to the tickets of the account, which admins may. It
// returns Invalids.
func (d *Desk) AddField(ctx context.Context, c issuer.Caller, want FieldChange) (Field, error) {
	a, by := caller(c)
	if !by.Admin {
		return Field{}, ErrForbidden
	}
	there, err := d.Store.Fields(ctx, a)
	if err != nil {
		return Field{}, err
	}
	if len(there) >= fieldsMost {
		return Field{}, Invalids{{Field: "base", Flaw: NotAllowed, Why: "The account has as many fields as it can have"}}
	}
	f, err := NewField(a, d.now(), want)
	if err != nil {
		return Field{}, err
	}
	return d.Store.AddField(ctx, f)
}

// ChangeField changes a field that the account added, which admins may. It returns
// Invalids.
func (d *Desk) ChangeField(ctx context.Context, c issuer.Caller, id FieldID, want FieldChange) (Field, error) {
	for range swapTries {
		old, err := d.ownField(ctx, c, id)
		if err != nil {
			return Field{}, err
		}
		next, err := old.with(d.now(), want)
		if err != nil {
			return Field{}, err
		}
		if err := d.Store.ChangeField(ctx, old, next); !errors.Is(err, ErrConflict) {
			return next, err
		}
	}
	return Field{}, ErrConflict
}

// DeleteField deletes a field that the account added, which admins may. What
// tickets have in it is no longer shown; their tags stay.
func (d *Desk) DeleteField(ctx context.Context, c issuer.Caller, id FieldID) error {
	for range swapTries {
		f, err := d.ownField(ctx, c, id)
		if err != nil {
			return err
		}
		if err := d.Store.DeleteField(ctx, f); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

// ownField is a field that the caller may change.
func (d *Desk) ownField(ctx context.Context, c issuer.Caller, id FieldID) (Field, error) {
	if _, by := caller(c); !by.Admin {
		return Field{}, ErrForbidden
	}
	f, err := d.Field(ctx, c, id)
	if err == nil && !f.Custom() {
		err = Invalids{{Field: "base", Flaw: NotAllowed, Why: f.Title + " is a field of the system, and cannot be changed or removed"}}
	}
	return f, err
}
