package seed

import (
	"bytes"
	_ "embed"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
)

// File is what a seed file says, with its defaults filled in. The first account
// is the one that an address without a subdomain means.
type File struct {
	Accounts      []Account
	GlobalClients []issuer.PlantedGlobalClient
}

// Account is an account, what it adds to its tickets, and its first tickets.
type Account struct {
	issuer.Planting
	Fields  []desk.FieldChange
	Tickets []Ticket
}

// Ticket is a ticket to open for a user of the account.
type Ticket struct {
	Subject   string
	Requester string // the email of a user of the account, in lower case
	Comment   string
}

//go:embed builtin.yaml
var builtIn []byte

// BuiltInNames tells whether the built-in seed may have an account of a subdomain:
// whether its text has the word at all, which is known without reading it.
func BuiltInNames(subdomain string) bool { return bytes.Contains(builtIn, []byte(subdomain)) }

// BuiltIn is the seed of a demo that was given none: people whose passwords can
// be remembered, clients with the redirects of Zendesk's tutorials, tickets.
// Each call returns a File of its own, for the caller to add to.
func BuiltIn() File {
	f, err := Parse("builtin.yaml", builtIn)
	if err != nil {
		panic(err) // a test reads it too
	}
	return f
}
