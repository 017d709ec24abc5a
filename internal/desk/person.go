package desk

import "github.com/deskauth/deskauth/internal/issuer"

// Person is a user as far as the desk must know one.
type Person struct {
	ID    UserID
	Name  string
	Email string
	Agent bool // an agent or an admin: one of those who answer
	Admin bool // known of the caller alone
}

// The roles of those who answer tickets. Package issuer has the same words, but
// the desk knows of it only who is calling.
const (
	roleAdmin = "admin"
	roleAgent = "agent"
)

// Answers tells whether users of a role work on tickets; all others only ask.
func Answers(role string) bool { return role == roleAdmin || role == roleAgent }

// caller is who calls, in the desk's terms.
func caller(c issuer.Caller) (AccountID, Person) {
	return AccountID(c.Account.ID), Person{
		ID: UserID(c.User.ID), Name: c.User.Name, Email: c.User.Email, Agent: Answers(string(c.User.Role)),
		Admin: string(c.User.Role) == roleAdmin,
	}
}
