package deskauthtest

import (
	"cmp"
	"context"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// Account is a Zendesk instance.
type Account struct {
	Subdomain string
	Name      string // default the subdomain
	Users     []User
	Clients   []Client

	// Legacy makes access tokens live for ever unless the request asks, as those of
	// clients made before 2026-04-30 do until 2027-04-01.
	Legacy bool
	// Opaque makes access tokens opaque where they would be JWTs.
	Opaque bool
	// Chat is "support" (default), "chat_only" or "off".
	Chat string
}

// User is a person of an account.
type User struct {
	Email string
	Name  string // default the email
	Role  string // "admin", "agent" or "end-user"; default agent
	// Password is for sign-ins by the page. Allow needs none, and to hash one takes
	// a moment.
	Password string
}

// Client is an OAuth client of an account. It belongs to the first admin.
type Client struct {
	ID           string // the unique identifier
	Name         string // default the identifier
	Secret       string // of a confidential client; empty: the client is public
	RedirectURIs []string
	Scopes       []string // those it may ask for; empty: any
	Chat         bool     // a client of Chat's OAuth, not of Support's
}

// What the default account has.
const (
	Subdomain    = "acme"
	Admin        = "ada@acme.example"
	Agent        = "grace@acme.example"
	EndUser      = "carl@acme.example"
	ClientID     = "app"
	ClientSecret = "secret-of-the-app-at-acme"
	PublicClient = "public_app"
	RedirectURI  = "http://localhost:8080/callback"
)

// DefaultAccount is there when nothing else is said: an account "acme" with an
// admin, an agent and an end user, a confidential client and a public one. Tests
// may alter what they get.
func DefaultAccount() Account {
	return Account{
		Subdomain: Subdomain, Name: "Acme Inc.",
		Users: []User{
			{Email: Admin, Name: "Ada Admin", Role: "admin"},
			{Email: Agent, Name: "Grace Agent", Role: "agent"},
			{Email: EndUser, Name: "Carl Customer", Role: "end-user"},
		},
		Clients: []Client{
			{ID: ClientID, Name: "App", Secret: ClientSecret, RedirectURIs: []string{RedirectURI}},
			{ID: PublicClient, Name: "Public App", RedirectURIs: []string{RedirectURI}},
		},
	}
}

// AddAccount adds an account, or to one that is there what it lacks.
func (z *Zendesk) AddAccount(a Account) {
	z.helper()
	z.check(z.plant(context.Background(), a))
}

// Suspend suspends a user, or lets them back in. A suspended user's tokens open
// nothing.
func (z *Zendesk) Suspend(subdomain, email string, suspended bool) {
	z.helper()
	ctx := context.Background()
	account, err := z.issuer.Store.Account(ctx, subdomain)
	z.check(err)
	u, err := z.issuer.Store.UserByEmail(ctx, account.ID, issuer.NormalEmail(email))
	z.check(err)
	_, err = z.issuer.UpdateUser(ctx, account, u.ID, issuer.UserChange{Suspended: &suspended}, issuer.By{})
	z.check(err)
}

func (z *Zendesk) plant(ctx context.Context, a Account) error {
	_, _, err := z.issuer.Plant(ctx, a.planting())
	return err
}

func (a Account) planting() issuer.Planting {
	p := issuer.Planting{Account: issuer.Account{
		Subdomain: a.Subdomain, Name: cmp.Or(a.Name, a.Subdomain), Era: issuer.Enforced, BasicAuth: issuer.BasicAllowed,
		Chat: issuer.ChatMode(cmp.Or(a.Chat, string(issuer.ChatWithSupport))), Plan: issuer.PlanNone,
	}}
	if a.Legacy {
		p.Account.Era = issuer.Legacy
	}
	if a.Opaque {
		p.Account.TokenFormat = issuer.Opaque
	}
	for _, u := range a.Users {
		p.Users = append(p.Users, issuer.PlantedUser{
			User:     issuer.User{Email: u.Email, Name: cmp.Or(u.Name, u.Email), Role: issuer.Role(cmp.Or(u.Role, string(issuer.Agent)))},
			Password: secret.Of(u.Password),
		})
	}
	for _, c := range a.Clients {
		p.Clients = append(p.Clients, c.planted())
	}
	return p
}

func (c Client) planted() issuer.PlantedClient {
	v := issuer.PlantedClient{
		Client: issuer.Client{
			Product: issuer.Support, Identifier: c.ID, Name: cmp.Or(c.Name, c.ID), Kind: issuer.Public,
			RedirectURIs: c.RedirectURIs, AllowedScopes: oauth.Scope(c.Scopes),
		},
		Secret: secret.Of(c.Secret),
	}
	if c.Chat {
		v.Product = issuer.Chat
	}
	if c.Secret != "" {
		v.Kind = issuer.Confidential
	}
	return v
}
