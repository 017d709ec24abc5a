package seed

import (
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

func (r *reader) file(body ast.Node) (f File) {
	top, ok := r.object(body, "the file", 1, "accounts", "global_clients")
	if !ok {
		return f
	}
	items := top.list("accounts")
	if len(items) == 0 && len(r.problems) == 0 {
		r.add(top.at("accounts"), "accounts is missing; expected a list of at least one")
	}
	subdomains := unique{}
	for _, it := range items {
		o, ok := r.object(it.node, "an account", it.line,
			"subdomain", "name", "era", "basic_auth", "token_format", "password_grant", "revoke_replayed", "chat", "plan", "users", "clients", "chat_clients", "api_tokens", "ticket_fields", "tickets")
		if !ok {
			continue
		}
		a := Account{Planting: issuer.Planting{Account: o.account()}}
		subdomains.check(r, o.at("subdomain"), a.Account.Subdomain, "subdomain "+shortened(a.Account.Subdomain))
		a.Users = o.users()
		a.Clients = append(o.clients(), o.chatClients()...)
		o.needAdmin(a.Planting)
		a.APITokens = o.apiTokens()
		a.Fields = o.fields()
		a.Tickets = o.tickets(a.Users)
		f.Accounts = append(f.Accounts, a)
	}
	f.GlobalClients = top.globalClients(f.Accounts)
	return f
}

func (o object) account() issuer.Account {
	a := issuer.Account{
		Subdomain: o.required("subdomain"),
		Name:      o.required("name"),
		Era:       choice(o, "era", issuer.Enforced, issuer.Enforced, issuer.Legacy),
		BasicAuth: choice(o, "basic_auth", issuer.BasicByDate, issuer.BasicByDate, issuer.BasicAllowed, issuer.BasicCreationBlocked, issuer.BasicOff),
		// Empty is a format too: that of each client's era.
		TokenFormat:    choice(o, "token_format", "", issuer.Opaque, issuer.JWT),
		PasswordGrant:  o.switched("password_grant"),
		RevokeReplayed: o.switched("revoke_replayed"),
		Chat:           choice(o, "chat", issuer.ChatWithSupport, issuer.ChatWithSupport, issuer.ChatOnly, issuer.ChatOff),
		Plan: choice(o, "plan", issuer.PlanNone, issuer.PlanNone, issuer.PlanTeam, issuer.PlanGrowth,
			issuer.PlanProfessional, issuer.PlanEnterprise, issuer.PlanEnterprisePlus),
	}
	if a.Subdomain == "" {
		return a
	}
	if err := zendesk.CheckSubdomain(a.Subdomain); err != nil {
		o.r.add(o.at("subdomain"), "subdomain: %s", err)
		a.Subdomain = ""
	}
	return a
}

// switched reads what is off unless it is switched on.
func (o object) switched(key string) bool { return choice(o, key, "off", "on", "off") == "on" }

func (o object) users() []issuer.PlantedUser {
	var all []issuer.PlantedUser
	emails := unique{}
	for _, it := range o.list("users") {
		u, ok := o.r.object(it.node, "a user", it.line, "email", "name", "role", "password")
		if !ok {
			continue
		}
		email := u.email("email")
		emails.check(o.r, u.at("email"), email, "email "+shortened(email))
		u.present("role")
		all = append(all, issuer.PlantedUser{
			User: issuer.User{
				Email: email,
				Name:  u.required("name"),
				Role:  choice(u, "role", "", issuer.Admin, issuer.Agent, issuer.EndUser),
			},
			Password: u.secret("password"),
		})
	}
	return all
}

// email reads an address in the form in which it is kept.
func (o object) email(key string) string {
	email := issuer.NormalEmail(o.required(key))
	local, domain, ok := strings.Cut(email, "@")
	if email != "" && (!ok || local == "" || domain == "" || strings.ContainsAny(email, " ,;<>\"") || strings.Contains(domain, "@")) {
		o.r.add(o.at(key), "%s must be an address like ada@acme.example", key)
		return ""
	}
	return email
}

func (o object) clients() []issuer.PlantedClient {
	var all []issuer.PlantedClient
	identifiers := unique{}
	for _, it := range o.list("clients") {
		c, ok := o.r.object(it.node, "a client", it.line,
			"identifier", "name", "description", "company", "kind", "secret", "redirect_uri", "allowed_scopes")
		if !ok {
			continue
		}
		v := c.client(issuer.Support, "redirect_uri", identifiers)
		if strings.HasPrefix(strings.ToLower(v.Identifier), issuer.GlobalPrefix) {
			o.r.add(c.at("identifier"), "identifier must not begin with %s, which is for global_clients", issuer.GlobalPrefix)
		}
		v.Description = c.optional("description")
		v.Kind = choice(c, "kind", issuer.Confidential, issuer.Confidential, issuer.Public)
		v.AllowedScopes = c.texts("allowed_scopes", knownScope)
		if v.Kind == issuer.Confidential {
			c.needSecret(v.Secret)
		}
		all = append(all, v)
	}
	return all
}

func (o object) chatClients() []issuer.PlantedClient {
	var all []issuer.PlantedClient
	identifiers := unique{}
	for _, it := range o.list("chat_clients") {
		c, ok := o.r.object(it.node, "a chat client", it.line, "identifier", "name", "company", "secret", "redirect_uris")
		if !ok {
			continue
		}
		v := c.client(issuer.Chat, "redirect_uris", identifiers)
		v.Kind = issuer.Confidential
		c.needSecret(v.Secret)
		all = append(all, v)
	}
	return all
}

// client reads what the clients of both products have. Zendesk names the list of
// redirects redirect_uri in Support and redirect_uris in Chat (facts section 4.1).
func (o object) client(p issuer.Product, redirects string, identifiers unique) issuer.PlantedClient {
	identifier := o.required("identifier")
	if !visible(identifier) {
		o.r.add(o.at("identifier"), "identifier must be ASCII letters, digits and signs without spaces")
	}
	identifiers.check(o.r, o.at("identifier"), identifier, "identifier "+shortened(identifier))
	return issuer.PlantedClient{
		Client: issuer.Client{
			Product: p, Identifier: identifier, Name: o.required("name"), Company: o.optional("company"),
			RedirectURIs: o.texts(redirects, oauth.CheckRedirectURI),
		},
		Secret: o.secret("secret"),
	}
}

// visible tells what RFC 6749 appendix A.1 allows in a client_id, but for the
// space, which looks like a mistake wherever it is shown.
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}

func (o object) needSecret(s secret.Plain) {
	if s.IsZero() && !o.r.faulty(o.at("secret")) {
		o.r.add(o.at("secret"), "secret is missing: a confidential client has one")
	}
}

func knownScope(s string) error {
	if !zendesk.Known(s) {
		return errors.New("there is no scope " + shortened(s))
	}
	return nil
}

// needAdmin reports clients that nobody could have created: that takes an admin.
func (o object) needAdmin(p issuer.Planting) {
	isAdmin := func(u issuer.PlantedUser) bool { return u.Role == issuer.Admin }
	if len(p.Clients) == 0 || slices.ContainsFunc(p.Users, isAdmin) {
		return
	}
	key := "clients"
	if p.Clients[0].Product == issuer.Chat {
		key = "chat_clients"
	}
	o.r.add(o.lines[key], "%s needs a user whose role is admin: clients belong to the one who created them", key)
}

func (o object) apiTokens() []issuer.PlantedAPIToken {
	var all []issuer.PlantedAPIToken
	seen := unique{}
	for _, it := range o.list("api_tokens") {
		t, ok := o.r.object(it.node, "an API token", it.line, "description", "token")
		if !ok {
			continue
		}
		token := t.required("token")
		seen.check(o.r, t.at("token"), token, "this token")
		all = append(all, issuer.PlantedAPIToken{Description: t.required("description"), Token: secret.Of(token)})
	}
	return all
}

func (o object) tickets(users []issuer.PlantedUser) []Ticket {
	var all []Ticket
	for _, it := range o.list("tickets") {
		t, ok := o.r.object(it.node, "a ticket", it.line, "subject", "requester", "comment")
		if !ok {
			continue
		}
		v := Ticket{Subject: t.required("subject"), Requester: t.email("requester"), Comment: t.prose("comment")}
		if v.Requester != "" && !slices.ContainsFunc(users, func(u issuer.PlantedUser) bool { return u.Email == v.Requester }) {
			o.r.add(t.at("requester"), "requester must be the email of a user of this account, not %s", shortened(v.Requester))
		}
		all = append(all, v)
	}
	return all
}
