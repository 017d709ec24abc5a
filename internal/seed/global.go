package seed

import (
	"errors"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/oauth"
)

// globalClients reads the clients that live outside accounts, and which of the
// file's accounts approve them.
func (o object) globalClients(accounts []Account) []issuer.PlantedGlobalClient {
	var all []issuer.PlantedGlobalClient
	identifiers := unique{}
	for _, it := range o.list("global_clients") {
		c, ok := o.r.object(it.node, "a global client", it.line,
			"identifier", "name", "description", "company", "kind", "secret", "redirect_uri", "allowed_scopes", "accounts")
		if !ok {
			continue
		}
		v := c.client(issuer.Support, "redirect_uri", identifiers)
		if v.Identifier != "" && !strings.HasPrefix(v.Identifier, issuer.GlobalPrefix) {
			o.r.add(c.at("identifier"), "identifier of a global client must begin with %s", issuer.GlobalPrefix)
		}
		v.Kind = choice(c, "kind", issuer.Confidential, issuer.Confidential, issuer.Public)
		if v.Kind == issuer.Confidential {
			c.needSecret(v.Secret)
		}
		all = append(all, issuer.PlantedGlobalClient{
			GlobalClient: issuer.GlobalClient{
				Product: issuer.Support, Identifier: v.Identifier, Name: v.Name, Description: c.optional("description"),
				Company: v.Company, Kind: v.Kind, RedirectURIs: v.RedirectURIs,
				AllowedScopes: oauth.Scope(c.texts("allowed_scopes", knownScope)),
			},
			Secret: v.Secret, Accounts: c.texts("accounts", approving(accounts)),
		})
	}
	return all
}

// approving accepts the subdomains of the file's accounts that have an admin:
// somebody must have approved.
func approving(accounts []Account) func(string) error {
	return func(subdomain string) error {
		for _, a := range accounts {
			if a.Account.Subdomain != subdomain {
				continue
			}
			if !slices.ContainsFunc(a.Users, func(u issuer.PlantedUser) bool { return u.Role == issuer.Admin }) {
				return errors.New(shortened(subdomain) + " has no user whose role is admin to approve it")
			}
			return nil
		}
		return errors.New("there is no account " + shortened(subdomain) + " in this file")
	}
}
