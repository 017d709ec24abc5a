package issuer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/deskauth/deskauth/internal/secret"
)

// CreateAccount adds an account. It returns Invalids when the subdomain is
// another's; its form is the caller's to check.
func (i *Issuer) CreateAccount(ctx context.Context, a Account, by By) (Account, error) {
	var all Invalids
	all.text("name", a.Name, lineMost, true)
	if len(all) > 0 {
		return Account{}, all
	}
	a.Created = i.Now()
	a.Updated = a.Created
	a, err := i.Store.AddAccount(ctx, a, by.event(0, a.Created, ActionAccountCreated, "account", 0, a.Subdomain))
	if errors.Is(err, ErrTaken) {
		return Account{}, Invalids{{Field: "subdomain", Flaw: Taken, Why: "has already been taken"}}
	}
	return a, err
}

// NewUser is a user to add; without a password they cannot sign in by one.
type NewUser struct {
	Email, Name string
	Role        Role
	Password    secret.Plain
}

// CreateUser adds a user to an account. It returns Invalids.
func (i *Issuer) CreateUser(ctx context.Context, a Account, want NewUser, by By) (User, error) {
	now := i.Now()
	u := User{Account: a.ID, Email: NormalEmail(want.Email), Name: want.Name, Role: want.Role, Created: now, Updated: now}
	all := u.check()
	checkEmail(&all, u.Email)
	if !want.Password.IsZero() {
		checkPassword(&all, want.Password)
	}
	if len(all) > 0 {
		return User{}, all
	}
	if !want.Password.IsZero() {
		var err error
		if u.PasswordHash, err = i.Passwords.Hash(ctx, want.Password); err != nil {
			return User{}, err
		}
	}
	u, err := i.Store.AddUser(ctx, u, by.event(a.ID, now, ActionUserCreated, "user", 0, string(u.Role)))
	if errors.Is(err, ErrTaken) {
		return User{}, Invalids{{Field: "email", Flaw: Taken, Why: "is already being used by another user"}}
	}
	i.tellChange(ctx, Verdict{Name: UserCreated, Account: a.Subdomain, User: u.ID, Reason: string(u.Role)}, err)
	return u, err
}

func (u User) check() (all Invalids) {
	all.text("name", u.Name, lineMost, true)
	if u.Role != Admin && u.Role != Agent && u.Role != EndUser {
		all.add("role", NotAllowed, "must be %s, %s or %s", Admin, Agent, EndUser)
	}
	return all
}

func checkEmail(all *Invalids, email string) {
	const field = "email"
	local, domain, ok := strings.Cut(email, "@")
	switch {
	case email == "":
		all.add(field, Blank, "cannot be blank")
	case !ok || local == "" || domain == "" || strings.Contains(domain, "@") || len(email) > lineMost ||
		strings.ContainsFunc(email, func(c rune) bool { return c <= ' ' || c == 0x7f || strings.ContainsRune(",;<>\"\ufffd", c) }):
		all.add(field, Malformed, "must be an address like ada@acme.example")
	}
}

// Passwords that people choose are long enough to be worth hashing (NIST SP
// 800-63B section 3.1.1.2 asks for 8 where they are not alone), and short enough
// that nobody is kept busy hashing them.
const (
	passwordLeast = 8
	passwordMost  = 1024
)

func checkPassword(all *Invalids, password secret.Plain) {
	switch n := utf8.RuneCountInString(password.Reveal()); {
	case n < passwordLeast:
		all.add("password", NotAllowed, "must have at least %d characters", passwordLeast)
	case n > passwordMost:
		all.add("password", NotAllowed, "must have at most %d characters", passwordMost)
	}
}

// UserChange is what somebody wants of a user; nil leaves a field as it is.
type UserChange struct {
	Name      *string
	Role      *Role
	Suspended *bool
	// Seen is when they were changed last as far as whoever wants this saw; zero:
	// whatever they are now.
	Seen time.Time
}

// ErrSelf says that people do not take from themselves what lets them manage the
// account: another admin must. So that an account always keeps one.
var ErrSelf = errors.New("one's own admin rights are another admin's to take")

// Manages tells whether the user is an admin who can act as one.
func (u User) Manages() bool { return u.Role == Admin && u.MaySignIn() }

// become decides what becomes of a user whom somebody wants changed; told is what
// the audit trail learns. It returns ErrConflict when another was faster, ErrSelf,
// or Invalids.
func (u User) become(change UserChange, by UserID) (next User, told string, err error) {
	if !change.Seen.IsZero() && !change.Seen.Equal(u.Updated) {
		return u, "", ErrConflict
	}
	next = u
	set(&next.Name, change.Name)
	set(&next.Role, change.Role)
	set(&next.Suspended, change.Suspended)
	if err := next.check().orNil(); err != nil {
		return u, "", err
	}
	if u.Manages() && !next.Manages() && by == u.ID {
		return u, "", ErrSelf
	}
	return next, next.changes(u), nil
}

// UpdateUser changes a user. What their tokens open follows at once, since each
// call looks at the user: a suspended one's open nothing for as long, a demoted
// one's no more than the new role (facts section 3.3). It returns Invalids;
// ErrConflict when they are no longer as change.Seen; ErrSelf; or ErrForbidden when
// whoever takes away an admin is none any more. Whoever runs the account, which is
// nobody of it, may do anything.
func (i *Issuer) UpdateUser(ctx context.Context, a Account, id UserID, change UserChange, by By) (User, error) {
	return i.replaceUser(ctx, a, id, by, func(u User) (User, string, error) {
		return u.become(change, by.User)
	})
}

// changes tells what became of a user, for the audit trail: names stay out of it.
func (u User) changes(before User) string {
	var all []string
	if u.Name != before.Name {
		all = append(all, "name")
	}
	if u.Role != before.Role {
		all = append(all, fmt.Sprintf("role %s to %s", before.Role, u.Role))
	}
	if u.Suspended != before.Suspended {
		all = append(all, map[bool]string{true: "suspended", false: "no longer suspended"}[u.Suspended])
	}
	return strings.Join(all, ", ")
}

// SetPassword gives a user another password, and ends their sessions: whoever
// was signed in by the old one is not. Tokens live on. It returns Invalids.
func (i *Issuer) SetPassword(ctx context.Context, a Account, id UserID, password secret.Plain, by By) error {
	var all Invalids
	checkPassword(&all, password)
	if len(all) > 0 {
		return all
	}
	hash, err := i.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = i.replaceUser(ctx, a, id, by, func(u User) (User, string, error) {
		u.PasswordHash = hash
		return u, passwordChanged, nil
	})
	return err
}

// passwordChanged is the detail of an event.
const passwordChanged = "password"

// replaceUser swaps a user for what change makes of them; told is what the audit
// trail learns, and when it is empty there is nothing to do.
func (i *Issuer) replaceUser(ctx context.Context, a Account, id UserID, by By, change func(User) (next User, told string, err error)) (User, error) {
	for range swapTries {
		old, err := i.Store.User(ctx, a.ID, id)
		if err != nil {
			return User{}, err
		}
		if old.Erased {
			return User{}, ErrNotFound
		}
		next, told, err := change(old)
		if err != nil || told == "" {
			return old, err
		}
		next.Updated = touched(old.Updated, i.Now())
		e := by.event(a.ID, i.Now(), ActionUserUpdated, "user", int64(id), told)
		if err := i.Store.ReplaceUser(ctx, old, next, by.taking(old, next), e); !errors.Is(err, ErrConflict) {
			i.tellUser(ctx, a, old, next, told, err)
			return next, err
		}
	}
	return User{}, ErrConflict
}

// taking is who must be an admin still when a change of theirs takes one away; zero:
// nobody must. Two who take it from each other at the same time do not both do so.
func (by By) taking(old, next User) UserID {
	if old.Manages() && !next.Manages() {
		return by.User
	}
	return 0
}

// DeleteUser erases a user: name, email and password go, their sessions, codes
// and tokens end, and the audit trail forgets from where they acted. Their number
// stays taken, since clients that they made still name it; those can no longer
// act in their name. It returns ErrSelf and ErrForbidden as UpdateUser does.
func (i *Issuer) DeleteUser(ctx context.Context, a Account, id UserID, by By) error {
	u, err := i.Store.User(ctx, a.ID, id)
	if err != nil {
		return err
	}
	if u.Erased {
		return ErrNotFound
	}
	if u.Manages() && by.User == u.ID {
		return ErrSelf
	}
	err = i.Store.EraseUser(ctx, u, i.Now(), by.taking(u, User{}), by.event(a.ID, i.Now(), ActionUserDeleted, "user", int64(id), ""))
	i.tellChange(ctx, Verdict{Name: UserDeleted, Account: a.Subdomain, User: id}, err)
	return err
}

// ErasedName is what is left of an erased user's name.
const ErasedName = "Deleted user"
