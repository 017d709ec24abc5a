package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// `deskauth auth login --api-token`: credentials of HTTP Basic are used once, to find or
// make the OAuth client, and kept nowhere. Zendesk takes them for a while yet (facts §9).

// Names under which the environment has them.
const (
	apiTokenName = "api-token" // DESKAUTH_API_TOKEN, and its twin
	passwordName = "password"  // DESKAUTH_PASSWORD, and its twin
)

// basic asks for the credentials: of the environment, of whoever sits at the terminal,
// or else an API token in the first line of standard input.
func (o loginOptions) basic(ctx context.Context, p process) (b zendesk.Basic, err error) {
	b.Email = cmp.Or(o.Email, lookup(p, zcliEmail))
	if b.Email == "" {
		if b.Email, err = ask(ctx, p, "Email of an admin: "); err != nil {
			return b, err
		}
	}
	if b.Email == "" {
		return b, usagef("--email is missing: whose API token or password it is")
	}
	for _, of := range []struct {
		name, zcli string
		to         *string
	}{{apiTokenName, zcliAPIToken, &b.APIToken}, {passwordName, zcliPassword, &b.Password}} {
		given, err := namedSecret(p, of.name)
		if err != nil {
			return b, err
		}
		if *of.to = cmp.Or(given.Reveal(), lookup(p, of.zcli)); *of.to != "" {
			return b, nil
		}
	}
	return o.askBasic(ctx, p, b)
}

func (o loginOptions) askBasic(ctx context.Context, p process, b zendesk.Basic) (zendesk.Basic, error) {
	if !atTerminal(p) {
		line, err := answered(ctx, func() (string, error) { return readLine(p.In) }, func() {})
		if err != nil && !errors.Is(err, io.EOF) {
			return b, err
		}
		if b.APIToken = strings.TrimSpace(line); b.APIToken == "" {
			return b, usagef("--api-token: the API token is missing: in DESKAUTH_API_TOKEN, its twin DESKAUTH_API_TOKEN_FILE, or the first line of standard input; or a password in DESKAUTH_PASSWORD")
		}
		return b, nil
	}
	token, err := askHidden(ctx, p, "API token (nothing: a password): ")
	if b.APIToken = strings.TrimSpace(token.Reveal()); err != nil || b.APIToken != "" {
		return b, err
	}
	password, err := askHidden(ctx, p, "Password: ")
	if b.Password = password.Reveal(); err == nil && b.Password == "" {
		err = usagef("--api-token: neither an API token nor a password was given")
	}
	return b, err
}

// namedSecret is a secret of the environment: NAME, or the file that NAME_FILE names.
func namedSecret(p process, name string) (secret.Plain, error) {
	return secretFlag(p, name, lookup(p, variable(name)+"_FILE"))
}

// lookup is a variable; "" where there is none.
func lookup(p process, name string) string {
	value, _ := p.Lookup(name)
	return value
}

// byBasic is the API for an admin's credentials, which are tried: nothing is listed or
// made for somebody whom Zendesk takes for nobody.
func (o loginOptions) byBasic(ctx context.Context, p process, l *logins, account string) (*zendesk.API, error) {
	b, err := o.basic(ctx, p)
	if err != nil {
		return nil, err
	}
	host := l.Base.URL(account).Host
	api := &zendesk.API{Base: l.Base.URL(account), HTTP: l.HTTP, Basic: &b}
	me, err := api.Me(ctx)
	var said *zendesk.APIError
	switch {
	case errors.Is(err, zendesk.ErrAnonymous), errors.As(err, &said) && said.Status == http.StatusUnauthorized:
		return nil, refusedBasic(host, account, b.APIToken != "", l.Now())
	case err != nil:
		return nil, remoteError(host, err)
	case me.Role != "admin":
		return nil, asRefused(fmt.Errorf("%s is no admin of %s (%s): only an admin may see and make its OAuth clients", printable(me.Name), host, printable(me.Role)))
	}
	return api, nil
}

// refusedBasic says why credentials of HTTP Basic are not taken, and what to do without
// them. Which of its reasons it is, Zendesk does not tell.
func refusedBasic(host, account string, isToken bool, now time.Time) error {
	instead := fmt.Sprintf("`deskauth auth setup --account %s` signs in without", account)
	switch {
	case !now.Before(zendesk.APITokensEnd):
		return asRefused(fmt.Errorf("%s takes neither API tokens nor passwords any more: they ended on %s; %s", host, zendesk.APITokensEnd.Format(time.DateOnly), instead))
	case isToken:
		return asRefused(fmt.Errorf("%s does not take this API token with this email: it may be mistyped, inactive (unused for 30 days it is switched off), or token access may be off; none can be made since %s, and all end on %s; %s",
			host, zendesk.APITokensNew.Format(time.DateOnly), zendesk.APITokensEnd.Format(time.DateOnly), instead))
	}
	return asRefused(fmt.Errorf("%s does not take this password: it may be mistyped, or password access may be off, as it is where people sign in with two factors or elsewhere; %s", host, instead))
}
