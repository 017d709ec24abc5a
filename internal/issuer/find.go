package issuer

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
)

// UserFilter tells which users of an account a list has; its zero value: all. The
// erased are in none.
type UserFilter struct {
	Roles    []Role   // one of these; none: any
	EmailHas []string // all of these are in the email, in lower case
	Words    []string // each of these is in the name or the email, in lower case
	Nobody   bool     // what was asked for, no user has
}

// UserQuery reads what Zendesk's search language says of users. It knows "email:",
// "name:", "role:" and "type:user"; any other word is a part of the name or the email.
func UserQuery(text string) (f UserFilter) {
	for word := range strings.FieldsSeq(text) {
		name, value, named := strings.Cut(strings.Trim(word, `"`), ":")
		value = strings.Trim(value, `"`)
		switch {
		case !named && strings.Contains(name, "@"): // a database finds it
			f.EmailHas = append(f.EmailHas, NormalEmail(name))
		case !named || name == "name":
			f.Words = append(f.Words, strings.ToLower(cmp.Or(value, name)))
		case name == "email":
			f.EmailHas = append(f.EmailHas, NormalEmail(value))
		case name == "role":
			f.Roles = append(f.Roles, Role(value))
		case name != "type" || value != "user":
			f.Nobody = true
		}
	}
	return f
}

// What is looked for in an email: more parts, or longer ones, than any email was
// ever asked for are in none, and no database need be able to compare them.
const (
	partsMost = 20
	partMost  = 1024 // bytes
)

// FindUsers lists users of an account.
func (i *Issuer) FindUsers(ctx context.Context, a Account, f UserFilter, r Range) (Page[User], error) {
	known := func(role Role) bool { return role == Admin || role == Agent || role == EndUser }
	asked := len(f.Roles) > 0
	f.Roles = slices.DeleteFunc(slices.Clone(f.Roles), func(role Role) bool { return !known(role) })
	// No email holds what a database could not even compare.
	odd := func(part string) bool {
		return len(part) > partMost || strings.Contains(part, "\x00") || strings.ToValidUTF8(part, "") != part
	}
	slices.Sort(f.Roles)
	f.Roles = slices.Compact(f.Roles)
	if len(f.EmailHas)+len(f.Words) > partsMost || f.Nobody || asked && len(f.Roles) == 0 || slices.ContainsFunc(f.EmailHas, odd) {
		return Page[User]{}, nil
	}
	if len(f.Words) == 0 {
		return i.Store.FindUsers(ctx, a.ID, f, r)
	}
	return i.usersNamed(ctx, a, f, r)
}

// usersNamed looks at users one by one: no two databases agree on what is upper and lower
// case in a name. A part of a list by numbers of pages needs all before it.
func (i *Issuer) usersNamed(ctx context.Context, a Account, f UserFilter, r Range) (Page[User], error) {
	part := func(r Range) (Page[User], error) { return i.Store.FindUsers(ctx, a.ID, f, r) }
	meant := func(u User) bool {
		return !slices.ContainsFunc(f.Words, func(word string) bool { return !mention(word, u.Name, u.Email) })
	}
	number := func(u User) int64 { return int64(u.ID) }
	if r.Offset == 0 && !r.Count {
		return sift(r, part, number, meant)
	}
	all, err := sift(Range{Descending: r.Descending, Limit: math.MaxInt}, part, number, meant)
	if err != nil {
		return Page[User]{}, err
	}
	rest := all.Items[min(r.Offset, len(all.Items)):]
	return Page[User]{Items: rest[:min(r.Limit, len(rest))], More: len(rest) > r.Limit, Total: len(all.Items)}, nil
}

// SearchUsers lists users of an account who have one of these roles (none: any)
// and whose name or email has a text in it, whatever the case.
func (i *Issuer) SearchUsers(ctx context.Context, a Account, text string, roles []Role, r Range) (Page[User], error) {
	want := strings.ToLower(strings.TrimSpace(text))
	part := func(r Range) (Page[User], error) { return i.FindUsers(ctx, a, UserFilter{Roles: roles}, r) }
	if want == "" {
		return part(r)
	}
	return sift(r, part, func(u User) int64 { return int64(u.ID) }, func(u User) bool { return mention(want, u.Name, u.Email) })
}

// User returns a user of an account, or ErrNotFound, as of one who was erased.
func (i *Issuer) User(ctx context.Context, a Account, id UserID) (User, error) {
	u, err := i.Store.User(ctx, a.ID, id)
	if err == nil && u.Erased {
		return User{}, ErrNotFound
	}
	return u, err
}
