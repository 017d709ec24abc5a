package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// Variables of Zendesk's own command line, which its users have set already. Our own
// flags and variables win over them.
const (
	zcliSubdomain    = "ZENDESK_SUBDOMAIN"
	zcliDomain       = "ZENDESK_DOMAIN"
	zcliToken        = "ZENDESK_OAUTH_TOKEN"
	zcliClientID     = "ZENDESK_OAUTH_CLIENT_ID"
	zcliClientSecret = "ZENDESK_OAUTH_CLIENT_SECRET"
	zcliEmail        = "ZENDESK_EMAIL"
	zcliAPIToken     = "ZENDESK_API_TOKEN"
	zcliPassword     = "ZENDESK_PASSWORD"
)

// zcliPlace fills in which account is meant, where nothing of ours says it.
func (w *whichLogin) zcliPlace(p process) error {
	if domain := lookup(p, zcliDomain); domain != "" && w.ZendeskURL == "" {
		w.ZendeskURL = "https://{subdomain}." + domain
		if _, err := zendesk.ParseBase(w.ZendeskURL); err != nil {
			return usagef("%s: %w", zcliDomain, err)
		}
	}
	if subdomain := lookup(p, zcliSubdomain); subdomain != "" && w.Account == "" {
		w.Account, w.fromZCLI = subdomain, true
	}
	return nil
}

// saysWhoWins warns where a variable names another account than that of the current
// login.
func (w whichLogin) saysWhoWins(p process, account string, all []broker.Connection, now current) {
	for _, c := range all {
		if w.fromZCLI && c.ID == now.Connection && c.Account != account {
			fmt.Fprintf(p.Err, "deskauth: %s names %s: it wins over the current login, at %s.\n", zcliSubdomain, account, c.Account)
		}
	}
}

// fromVariables is a token that the environment has, as Zendesk's own command line
// takes it. It wins over every login.
type fromVariables struct {
	base    zendesk.Base
	account string
	token   secret.Plain
}

func (w whichLogin) environment(p process) (v fromVariables, is bool, err error) {
	token, found := p.Lookup(zcliToken)
	if !found || token == "" {
		return v, false, nil
	}
	at, err := w.where(p)
	if err != nil {
		return v, false, err
	}
	if w.Account == "" {
		return v, false, usagef("%s is set and %s is not: it says which account the token is of", zcliToken, zcliSubdomain)
	}
	account, err := at.Base.CleanSubdomain(w.Account)
	if err != nil {
		return v, false, usagef("%s: %w", zcliSubdomain, err)
	}
	if _, err := os.Stat(at.db()); !errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(p.Err, "deskauth: %s is set: it wins over the logins that are kept.\n", zcliToken)
	}
	return fromVariables{at.Base, account, secret.Of(token)}, true, nil
}
