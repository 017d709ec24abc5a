package issuer

import (
	"strings"
	"time"
)

// UserID is the number of a user.
type UserID int64

// Role is what a user may do in an account.
type Role string

// Zendesk's roles.
const (
	Admin   Role = "admin"
	Agent   Role = "agent"
	EndUser Role = "end-user"
)

// User is a person, or a robot, of one account.
type User struct {
	ID           UserID
	Account      AccountID
	Email        string // lower case
	Name         string
	Role         Role
	PasswordHash string // argon2id; empty when the user has no password
	Suspended    bool
	Erased       bool // nobody any more: only the number is left
	Created      time.Time
	Updated      time.Time
}

// MaySignIn tells whether the user may have sessions and tokens.
func (u User) MaySignIn() bool { return !u.Suspended && !u.Erased }

// MayManage tells whether the user may make and change users of a role: admins
// any, agents those who only ask.
func (u User) MayManage(role Role) bool {
	return u.Role == Admin || u.Role == Agent && role == EndUser
}

// NormalEmail is the form in which emails are kept and compared. What no column
// of text may hold, a NUL or broken UTF-8, becomes a character that no email has.
func NormalEmail(email string) string {
	email = strings.ToValidUTF8(strings.ReplaceAll(email, "\x00", "\ufffd"), "\ufffd")
	return strings.ToLower(strings.TrimSpace(email))
}
