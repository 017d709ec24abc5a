package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/deskauth/deskauth/internal/secret"
)

// Planting is what an account is to have at least. What the account has beyond
// it, or otherwise, is nobody's mistake: people change things in its pages.
type Planting struct {
	Account   Account // ID and Created are not looked at
	Users     []PlantedUser
	Clients   []PlantedClient // of both products
	APITokens []PlantedAPIToken
}

// PlantedUser is a user and the password to give them; without one they cannot
// sign in by password.
type PlantedUser struct {
	User
	Password secret.Plain
}

// PlantedClient is a client and the secret to give it. A public client may have
// one too, as it does at Zendesk (facts section 4.4).
type PlantedClient struct {
	Client
	Secret secret.Plain
}

// PlantedAPIToken is an API token of an account.
type PlantedAPIToken struct {
	Description string
	Token       secret.Plain
}

// APIToken is an account's API token: Basic authentication as any of its users,
// until Zendesk ends it (facts section 9).
type APIToken struct {
	ID          APITokenID
	Account     AccountID
	Digest      secret.Digest
	Hint        string // its first characters, all that is shown later
	Description string
	Active      bool
	Created     time.Time
	Updated     time.Time
	Used        time.Time // zero: never
}

// APITokenID is the number of an API token.
type APITokenID int64

// APITokenRef names an API token in its account.
type APITokenRef struct {
	Account AccountID
	ID      APITokenID
}

// Plot is an account with some of its users, clients and API tokens, as rows.
type Plot struct {
	Account   Account
	Users     []User
	Clients   []Client
	APITokens []APIToken
}

// Note says in which fields something that was to be planted differs from what
// the account has. It names fields and never shows a value: some are secret.
type Note struct {
	What   string // "client oauth_tutorial_app"
	Fields []string
}

func (n Note) String() string {
	return n.What + " differs from the database in " + strings.Join(n.Fields, ", ") + " and was left as it is"
}

// Plant adds what an account lacks, the account included, and leaves what is
// there as it is: planting again changes nothing, and two processes may plant
// at once. The notes tell where the account differs from the planting. What was
// deleted since counts as lacking.
//
// New clients belong to the first admin of the planting. It returns *Invalid
// when there is none for them, or a confidential client has no secret.
func (i *Issuer) Plant(ctx context.Context, p Planting) (Account, []Note, error) {
	creator, err := p.creator()
	if err != nil {
		return Account{}, nil, err
	}
	hashes, err := i.hashMissing(ctx, p)
	if err != nil {
		return Account{}, nil, err
	}
	want, err := p.plot(i.Now(), hashes)
	if err != nil {
		return Account{}, nil, err
	}
	have, err := i.Store.Plant(ctx, want, creator)
	if err != nil {
		return Account{}, nil, fmt.Errorf("plant account %s: %w", p.Account.Subdomain, err)
	}
	return have.Account, want.notes(have), nil
}

// creator is the email of the admin to whom new clients belong; empty when there
// are no clients.
func (p Planting) creator() (string, error) {
	if len(p.Clients) == 0 {
		return "", nil
	}
	for _, u := range p.Users {
		if u.Role == Admin {
			return NormalEmail(u.Email), nil
		}
	}
	return "", &Invalid{Field: "users", Why: "an account with clients needs an admin"}
}

// hashMissing hashes the passwords of the users that the account lacks, by
// email. A hash is slow on purpose: a restart must not pay for all of them. A
// user who is deleted after this look comes back without a password.
func (i *Issuer) hashMissing(ctx context.Context, p Planting) (map[string]string, error) {
	a, err := i.Store.Account(ctx, p.Account.Subdomain)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	hashes := map[string]string{}
	for _, u := range p.Users {
		email := NormalEmail(u.Email)
		switch _, err := i.Store.UserByEmail(ctx, a.ID, email); {
		case err == nil:
			continue
		case !errors.Is(err, ErrNotFound):
			return nil, err
		case u.Password.IsZero():
			continue
		}
		if hashes[email], err = i.Passwords.Hash(ctx, u.Password); err != nil {
			return nil, fmt.Errorf("hash the password of %s: %w", email, err)
		}
	}
	return hashes, nil
}

// plot turns a planting into the rows that it wants.
func (p Planting) plot(now time.Time, hashes map[string]string) (Plot, error) {
	want := Plot{Account: p.Account}
	want.Account.ID, want.Account.Created = 0, now
	want.Account.PasswordAccess, want.Account.TokenAccess = true, true
	for _, u := range p.Users {
		user := u.User
		user.Email = NormalEmail(u.Email)
		user.PasswordHash, user.Created, user.Updated = hashes[user.Email], now, now
		want.Users = append(want.Users, user)
	}
	for _, c := range p.Clients {
		client := c.Client
		client.Created, client.Updated = now, now
		switch {
		case !c.Secret.IsZero():
			client.Secrets = []ClientSecret{{Digest: c.Secret.Digest(), Hint: hint(c.Secret, ClientSecretHint), Created: now}}
		case c.Kind == Confidential:
			return Plot{}, &Invalid{Field: "client " + c.Identifier, Why: "a confidential client needs a secret"}
		}
		want.Clients = append(want.Clients, client)
	}
	for _, t := range p.APITokens {
		want.APITokens = append(want.APITokens, APIToken{
			Digest: t.Token.Digest(), Hint: hint(t.Token, TokenHint), Description: t.Description,
			Active: true, Created: now, Updated: now,
		})
	}
	return want, nil
}

// hint shows the first characters, but of a short secret less than half: what
// people write into a file need not have the length of what deskauth makes.
func hint(p secret.Plain, most int) string {
	return p.Hint(min(most, utf8.RuneCountInString(p.Reveal())/2))
}

// notes compares what was wanted with what there is. Both hold the same things
// in the same order.
func (want Plot) notes(have Plot) []Note {
	var all []Note
	add := func(fields []string, what string, args ...any) {
		if len(fields) > 0 {
			all = append(all, Note{What: fmt.Sprintf(what, args...), Fields: fields})
		}
	}
	add(want.Account.differs(have.Account), "account %s", want.Account.Subdomain)
	for n, u := range want.Users {
		add(u.differs(have.Users[n]), "user %s of account %s", u.Email, want.Account.Subdomain)
	}
	for n, c := range want.Clients {
		add(c.differs(have.Clients[n]), "%s %s of account %s", c.Noun(), c.Identifier, want.Account.Subdomain)
	}
	for n, t := range want.APITokens {
		add(t.differs(have.APITokens[n]), "API token %q of account %s", t.Description, want.Account.Subdomain)
	}
	return all
}

// fields gathers the names of those that differ.
type fields []string

func (f *fields) compare(name string, differs bool) {
	if differs {
		*f = append(*f, name)
	}
}

func (a Account) differs(have Account) (f fields) {
	f.compare("name", a.Name != have.Name)
	f.compare("era", a.Era != have.Era)
	f.compare("basic_auth", a.BasicAuth != have.BasicAuth)
	f.compare("chat", a.Chat != have.Chat)
	f.compare("plan", a.Plan != have.Plan)
	f.compare("password_grant", a.PasswordGrant != have.PasswordGrant)
	f.compare("token_format", a.TokenFormat != have.TokenFormat)
	f.compare("revoke_replayed", a.RevokeReplayed != have.RevokeReplayed)
	return f
}

// differs leaves the password out: to compare it would cost as much as a sign-in.
func (u User) differs(have User) (f fields) {
	f.compare("name", u.Name != have.Name)
	f.compare("role", u.Role != have.Role)
	f.compare("suspended", u.Suspended != have.Suspended)
	return f
}

func (c Client) differs(have Client) (f fields) {
	f.compare("name", c.Name != have.Name)
	f.compare("description", c.Description != have.Description)
	f.compare("company", c.Company != have.Company)
	f.compare("kind", c.Kind != have.Kind)
	f.compare("secret", !c.secretsAmong(have))
	f.compare(c.redirectsField(), !slices.Equal(c.RedirectURIs, have.RedirectURIs))
	f.compare("allowed_scopes", !c.AllowedScopes.Equal(have.AllowedScopes))
	f.compare("era", c.Era != have.Era)
	f.compare("any_loopback_port", c.AnyLoopbackPort != have.AnyLoopbackPort)
	return f
}

// secretsAmong tells whether a client has the secrets of this one. It may have
// more: Zendesk gives public clients one unasked, and a successor may be there.
func (c Client) secretsAmong(have Client) bool {
	for _, s := range c.Secrets {
		if !slices.ContainsFunc(have.Secrets, func(h ClientSecret) bool { return h.Digest.Equal(s.Digest) }) {
			return false
		}
	}
	return true
}

// Noun tells a client from another product's of the same identifier, in notes and
// in the audit trail.
func (c Client) Noun() string {
	if c.Product == Support {
		return "client"
	}
	return string(c.Product) + " client"
}

// redirectsField is the field's name at Zendesk: redirect_uri for a list in
// Support (facts section 4.1), redirect_uris in Chat.
func (c Client) redirectsField() string {
	if c.Product == Support {
		return "redirect_uri"
	}
	return "redirect_uris"
}

func (t APIToken) differs(have APIToken) (f fields) {
	f.compare("description", t.Description != have.Description)
	f.compare("active", t.Active != have.Active)
	return f
}
