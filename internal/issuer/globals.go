package issuer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// GlobalClient is a client that lives outside accounts. An account that approved
// it has a client of its own that stands for it, with a number of its own: the
// tokens of an account name only that account's clients.
type GlobalClient struct {
	ID            GlobalClientID
	Product       Product
	Identifier    string // begins with GlobalPrefix
	Name          string
	Description   string
	Company       string
	Kind          Kind
	RedirectURIs  []string
	AllowedScopes oauth.Scope // empty: any
	Secrets       []ClientSecret
	Created       time.Time
	Updated       time.Time
}

// Approved is the client that stands for a global one in an account. Expiry of
// its tokens is enforced, as it is for all global clients since 2026-02-02
// (facts section 2.3).
func (g GlobalClient) Approved(a AccountID, creator UserID, now time.Time) Client {
	return Client{
		Account: a, Product: g.Product, Identifier: g.Identifier, Name: g.Name, Description: g.Description,
		Company: g.Company, Kind: g.Kind, User: creator, RedirectURIs: g.RedirectURIs, AllowedScopes: g.AllowedScopes,
		Era: Enforced, Global: g.ID, Created: now, Updated: now,
	}
}

// GlobalUse tells how much an account uses a global client.
type GlobalUse struct {
	ID     GlobalClientID
	Tokens int64
	Used   time.Time // zero: never
}

// GlobalClients lists the global clients that an account approved.
func (i *Issuer) GlobalClients(ctx context.Context, a Account, p Product, r Range) (Page[GlobalClient], error) {
	return i.Store.GlobalClients(ctx, a.ID, p, r)
}

// GlobalClient returns a global client that the account approved.
func (i *Issuer) GlobalClient(ctx context.Context, a Account, p Product, id GlobalClientID) (GlobalClient, error) {
	return i.Store.GlobalClient(ctx, a.ID, p, id)
}

// GlobalUses tells of the tokens that the global clients of an account have, or
// one of them has. When they were used last may be a second old.
func (i *Issuer) GlobalUses(ctx context.Context, a Account, p Product, f TokenFilter, r Range) (Page[GlobalUse], error) {
	return i.Store.GlobalUses(ctx, a.ID, p, f, i.Now(), r)
}

// PlantedGlobalClient is a global client to have at least, its secret, and the
// subdomains of the accounts that approve it.
type PlantedGlobalClient struct {
	GlobalClient
	Secret   secret.Plain
	Accounts []string
}

// PlantGlobal adds a global client where it lacks, and approves it in the
// accounts named; what is there stays as it is. The notes tell where that
// differs.
func (i *Issuer) PlantGlobal(ctx context.Context, p PlantedGlobalClient) ([]Note, error) {
	want, now := p.GlobalClient, i.Now()
	if !strings.HasPrefix(want.Identifier, GlobalPrefix) {
		return nil, &Invalid{Field: "identifier", Why: "a global client's begins with " + GlobalPrefix}
	}
	want.Created, want.Updated = now, now
	switch {
	case !p.Secret.IsZero():
		want.Secrets = []ClientSecret{{Digest: p.Secret.Digest(), Hint: hint(p.Secret, ClientSecretHint), Created: now}}
	case want.Kind == Confidential:
		return nil, &Invalid{Field: "global client " + want.Identifier, Why: "a confidential client needs a secret"}
	}
	have, err := i.Store.PlantGlobal(ctx, want, p.Accounts)
	if err != nil {
		return nil, fmt.Errorf("plant global client %s: %w", want.Identifier, err)
	}
	if differs := want.asClient().differs(have.asClient()); len(differs) > 0 {
		return []Note{{What: "global client " + want.Identifier, Fields: differs}}, nil
	}
	return nil, nil
}

// asClient is for comparing.
func (g GlobalClient) asClient() Client {
	c := g.Approved(0, 0, g.Created)
	c.Secrets = g.Secrets
	return c
}
