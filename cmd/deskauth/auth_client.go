package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// Which OAuth client an account is signed in at by. The first that there is:
//
//	--client-id, its variable, that of Zendesk's own command line
//	the one of the last login there
//	List Clients, where something may ask: Basic credentials, or tokens that are taken over
//	what a person types, told how to make one
//
// Whichever it is, it is remembered.

// signInNeeds are what a client must have to be signed in by.
type signInNeeds struct {
	Redirect string       // that must be registered; "": none, for the client acts for itself
	Secret   secret.Plain // of a confidential client; absent: it must be a public one
}

// ownClient is the identifier of the client that is made where none will do.
const (
	ownClient = "deskauth_cli"
	ownRobot  = "deskauth_robot" // that acts for itself
)

// clientPlan is what is to be done about an account's clients. Exactly one of the first
// three is there.
type clientPlan struct {
	Use  zendesk.Client
	Mend zendesk.Client // ours, by its identifier: it lacks the redirect URLs
	Make string         // identifier

	Others []string // would do as well
}

// plan decides by which of an account's clients to sign in. A secret tells which client
// it is of, for Zendesk shows how each begins. Without one it must be a public client
// with our redirect URL: first the one that we would make, then the oldest.
func (n signInNeeds) plan(all []zendesk.Client) clientPlan {
	var fit []zendesk.Client
	for _, c := range all {
		if n.fits(c) {
			fit = append(fit, c)
		}
	}
	slices.SortStableFunc(fit, func(a, b zendesk.Client) int {
		return cmp.Or(-compareBools(a.Identifier == ownClient, b.Identifier == ownClient), cmp.Compare(a.ID, b.ID))
	})
	if len(fit) > 0 {
		p := clientPlan{Use: fit[0]}
		for _, c := range fit[1:] {
			p.Others = append(p.Others, c.Identifier)
		}
		return p
	}
	for _, c := range all {
		if c.Identifier == ownClient && c.Kind == zendesk.Public && n.Redirect != "" && n.Secret.IsZero() {
			return clientPlan{Mend: c}
		}
	}
	name := ownClient
	if n.Redirect == "" {
		name = ownRobot
	}
	return clientPlan{Make: freeIdentifier(all, name)}
}

func (n signInNeeds) fits(c zendesk.Client) bool {
	switch {
	case c.Global: // somebody else's, who registered what they need
		return false
	case n.Redirect != "" && !slices.Contains(c.RedirectURI, n.Redirect):
		return false
	case !n.Secret.IsZero():
		return c.Kind == zendesk.Confidential && beginsWith(n.Secret, c.Secret)
	}
	return c.Kind == zendesk.Public && n.Redirect != ""
}

// shownOfSecret is how much of a client's secret Zendesk shows (facts §4.2).
const shownOfSecret = 9

// beginsWith tells whether a secret is the one of which Zendesk shows the beginning.
func beginsWith(s secret.Plain, shown string) bool {
	shown = strings.TrimRight(shown, ".…")
	return len(shown) >= shownOfSecret && strings.HasPrefix(s.Reveal(), shown)
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// freeIdentifier is the name, or the first of name_2, name_3 … that no client has.
func freeIdentifier(all []zendesk.Client, name string) string {
	for n, free := 2, name; ; n++ {
		if !slices.ContainsFunc(all, func(c zendesk.Client) bool { return c.Identifier == free }) {
			return free
		}
		free = fmt.Sprintf("%s_%d", name, n)
	}
}

// useClient settles which client it is, and remembers it. The API is of whoever may
// list the account's clients; nil: nobody who is known yet.
func (o loginOptions) useClient(ctx context.Context, p process, l *logins, account string, api *zendesk.API, s secret.Plain) error {
	id := o.ClientID
	if id == "" && api == nil {
		known, err := l.clientOf(ctx, account)
		if err != nil {
			return err
		}
		if known != "" && s.IsZero() {
			return nil
		}
		id = known // with another secret
	}
	var err error
	switch {
	case id != "":
	case api != nil:
		if id, s, err = o.findClient(ctx, p, l, account, api, s); err != nil {
			return err
		}
	default:
		if id, err = o.askForClient(ctx, p, l, account); err != nil {
			return err
		}
	}
	return l.remember(ctx, account, id, s)
}

func (l *logins) remember(ctx context.Context, account, id string, s secret.Plain) error {
	var secrets []secret.Plain
	if !s.IsZero() {
		secrets = append(secrets, s)
	}
	err := l.UseClient(ctx, broker.AtCommand, account, broker.Support, id, secrets...)
	if invalid := (*broker.Invalid)(nil); errors.As(err, &invalid) {
		return usagef("%w", err)
	}
	return err
}

// clientOf is the identifier of the client that is remembered for an account; "": none.
func (l *logins) clientOf(ctx context.Context, account string) (string, error) {
	all, err := l.Clients(ctx, 0, 1000)
	if err != nil {
		return "", err
	}
	var last broker.ClientState
	for _, c := range all {
		if c.Account == account && c.Product == broker.Support && !c.ChosenAt.Before(last.ChosenAt) {
			last = c
		}
	}
	return last.Identifier, nil
}

// needs are those of the sign-in that was asked for.
func (o loginOptions) needs(l *logins, s secret.Plain) signInNeeds {
	if o.ClientCredentials {
		return signInNeeds{Secret: s}
	}
	return signInNeeds{Redirect: l.RedirectURI, Secret: s}
}

// findClient lists the account's clients, as an admin, and takes the one that will do;
// where none will it makes one. It says which, and what it did.
func (o loginOptions) findClient(ctx context.Context, p process, l *logins, account string, api *zendesk.API, s secret.Plain) (string, secret.Plain, error) {
	host := l.Base.URL(account).Host
	var all []zendesk.Client
	for c, err := range api.Clients(ctx) {
		if err != nil {
			return "", s, cannotAsk(host, err)
		}
		all = append(all, c)
	}
	plan := o.needs(l, s).plan(all)
	switch {
	case plan.Use.ID != 0:
		fmt.Fprintf(p.Err, "The client is %s, %s, registered at %s.\n", printable(plan.Use.Identifier), plan.Use.Kind, host)
		if len(plan.Others) > 0 {
			fmt.Fprintf(p.Err, "It is not the only one that will do: --client-id names another (%s).\n", printable(strings.Join(plan.Others, ", ")))
		}
		return plan.Use.Identifier, s, nil
	case plan.Mend.ID != 0:
		c, err := api.UpdateClient(ctx, plan.Mend.ID, zendesk.ClientChange{RedirectURI: union(plan.Mend.RedirectURI, o.redirects())})
		if err != nil {
			return "", s, cannotAsk(host, err)
		}
		fmt.Fprintf(p.Err, "The client is %s; it lacked the redirect URLs of this command line, and has them now.\n", printable(c.Identifier))
		return c.Identifier, s, nil
	}
	return o.makeClient(ctx, p, host, api, plan.Make)
}

// makeClient makes the client that howToMakeOne describes.
func (o loginOptions) makeClient(ctx context.Context, p process, host string, api *zendesk.API, identifier string) (id string, s secret.Plain, err error) {
	name, kind := "deskauth", zendesk.Public
	if o.ClientCredentials {
		name, kind = "deskauth robot", zendesk.Confidential
	}
	about := "The command line of deskauth"
	c, err := api.CreateClient(ctx, zendesk.ClientChange{
		// Where nobody is sent anywhere Zendesk's own form wants an address all the same.
		Name: &name, Identifier: &identifier, Kind: &kind, Description: &about, RedirectURI: o.redirects(),
	})
	if err != nil {
		return "", s, cannotAsk(host, err)
	}
	fmt.Fprintf(p.Err, "Made the client %s, %s, at %s.\n", printable(c.Identifier), c.Kind, host)
	if o.ClientCredentials {
		s = secret.Of(c.Secret) // shown this once
	}
	return c.Identifier, s, nil
}

func union(have, more []string) []string {
	all := slices.Clone(have)
	for _, one := range more {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// redirects are the addresses that a browser may come back to.
func (o loginOptions) redirects() (all []string) {
	for _, port := range o.ports() {
		all = append(all, loginRedirect(port))
	}
	return all
}

// clientOfToken finds out which client a token is of, if the token may ask.
func clientOfToken(ctx context.Context, api *zendesk.API) (identifier string) {
	t, err := api.CurrentToken(ctx)
	if err != nil {
		return ""
	}
	c, err := api.Client(ctx, t.ClientID)
	if err != nil {
		return ""
	}
	return c.Identifier
}

// cannotAsk says why the account's clients could not be listed or changed.
func cannotAsk(host string, err error) error {
	var said *zendesk.APIError
	switch {
	case errors.As(err, &said) && said.Status == http.StatusForbidden:
		return asRefused(fmt.Errorf("only an admin may see and make the OAuth clients of %s: sign in as one, or have one made and name it with --client-id", host))
	case errors.As(err, &said) && said.Status == http.StatusUnprocessableEntity:
		return asRefused(fmt.Errorf("%s does not take the client: %w", host, err))
	}
	return remoteError(host, err)
}

// askForClient says how to make a client, and asks for it.
func (o loginOptions) askForClient(ctx context.Context, p process, l *logins, account string) (string, error) {
	o.howToMakeOne(p, l, account)
	id, err := ask(ctx, p, "Unique identifier of the client: ")
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", usagef("--client-id is missing: the unique identifier of an OAuth client at %s", account)
	}
	return id, nil
}

// howToMakeOne says what to click and what to type, in the words of Zendesk's Admin
// Center.
func (o loginOptions) howToMakeOne(p process, l *logins, account string) {
	fmt.Fprintf(p.Err, "Signing in needs an OAuth client of %s. An admin makes one:\n\n", l.Base.URL(account).Host)
	o.sayHow(p, l.Base.URL(account))
}

func (o loginOptions) sayHow(p process, root *url.URL) {
	fmt.Fprintf(p.Err, "  1. Open the Admin Center, %s\n", root.JoinPath("/admin"))
	fmt.Fprintln(p.Err, "  2. Apps and integrations > APIs > OAuth clients > Add OAuth client")
	fmt.Fprintln(p.Err, "  3. Fill in")
	fmt.Fprintln(p.Err, "       Name             deskauth")
	fmt.Fprintln(p.Err, "       Identifier       "+ownClient+", or another")
	if o.ClientCredentials {
		fmt.Fprintln(p.Err, "       Client kind      Confidential")
	} else {
		fmt.Fprintln(p.Err, "       Client kind      Public")
	}
	fmt.Fprintln(p.Err, "       Allowed scopes   none, or at least: "+o.Scope)
	fmt.Fprintln(p.Err, "       Redirect URLs    each as it stands here, without a slash at the end:")
	for _, address := range o.redirects() {
		fmt.Fprintf(p.Err, "                        %s\n", address)
	}
	fmt.Fprintln(p.Err, "  4. Save")
	if o.ClientCredentials {
		fmt.Fprintln(p.Err, "  5. Copy the secret, which is shown once, into a file, and name it with --client-secret-file")
	}
	fmt.Fprintln(p.Err)
}
