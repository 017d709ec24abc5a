package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Help topics: `deskauth help exit-codes`.
func topics() []*cobra.Command {
	topic := func(name, short, long string) *cobra.Command {
		c := &cobra.Command{Use: name, Short: short, Long: strings.TrimSpace(long)}
		c.SetHelpTemplate("{{.Long}}\n")
		return c
	}
	return []*cobra.Command{
		topic("environment", "Variables that are read", environmentTopic),
		topic("exit-codes", "What the exit code says", exitTopic()),
		topic("formatting", "Tables, JSON, jq and templates", formattingTopic),
		topic("security", "Where secrets come from, are kept and are shown", securityTopic),
	}
}

// exitCodes are all of those of deskauth's own. `deskauth run` has its program's.
var exitCodes = []struct {
	code    int
	meaning string
}{
	{exitOK, "done"},
	{exitFailure, "it was tried and did not work"},
	{exitUsage, "the command line is wrong, or an answer is needed and nobody can be asked; nothing was tried"},
	{exitPartly, "of many things, some failed"},
	{exitSignIn, "somebody must sign in (again)"},
	{exitNotFoundAt, "there is no such thing: account, client, token"},
	{exitRefused, "the other side refuses it: a role, a scope, a setting"},
	{exitUnavailable, "the other side cannot be reached, or says \"later\""},
	{exitInterrupted, "Ctrl-C"},
	{exitTerminated, "ended by SIGTERM"},
}

func exitTopic() string {
	var b strings.Builder
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "%5d  %s\n", e.code, e.meaning)
	}
	b.WriteString("\nServers that are asked to end (Ctrl-C, SIGTERM) end in order, with code 0. `deskauth run` ends\n" +
		"with its program's code.")
	return b.String()
}

const environmentTopic = `
Every flag has a variable: --listen is DESKAUTH_LISTEN. A flag wins over its variable. A
variable that holds a secret has a twin whose name ends in _FILE and that names a file.

  DESKAUTH_CLIENT_SECRET    secret of the OAuth client
  DESKAUTH_API_TOKEN        an admin's API token, for ` + "`auth login --api-token`" + `
  DESKAUTH_PASSWORD         or password
  DESKAUTH_PASSPHRASE       opens the key of the logins, where no keychain has it
  DESKAUTH_VIA              a broker elsewhere, as --via
  DESKAUTH_KEY              a key of it, where no login there is kept
  DESKAUTH_PASS_LINK        the link of a pass, for ` + "`ticket attach --pass`" + `
  DESKAUTH_CLOCK            address of a demo's controls, whose time is kept

Of Zendesk's own command line. deskauth's own flags and variables win over them:

  ZENDESK_SUBDOMAIN              --account
  ZENDESK_DOMAIN                 the zendesk.com of --zendesk-url
  ZENDESK_OAUTH_TOKEN            an access token; wins over every login
  ZENDESK_OAUTH_CLIENT_ID        --client-id
  ZENDESK_OAUTH_CLIENT_SECRET    secret of the OAuth client
  ZENDESK_EMAIL                  --email
  ZENDESK_API_TOKEN              as DESKAUTH_API_TOKEN
  ZENDESK_PASSWORD               as DESKAUTH_PASSWORD

Of the system:

  XDG_STATE_HOME              where logins and data are kept (default ~/.local/state)
  HTTPS_PROXY, NO_PROXY       how Zendesk is reached
  SSL_CERT_FILE               authorities that are trusted
  BROWSER                     the program that opens addresses
  NO_COLOR, CLICOLOR=0        no colours; CLICOLOR_FORCE=1: always
`

const formattingTopic = `
Lists are tables on a terminal. To a program they are lines of fields between tabs, without
titles; with --quiet, ids alone.

  --json               an object, such as {"logins": [...]}; times in RFC 3339, UTC
  --json=FIELD,...     of these fields
  --jq EXPRESSION      what jq makes of that JSON: texts as they are, one on a line
  --template TEMPLATE  what a Go template makes of it, with the functions json and join

  deskauth auth status --jq '.logins[] | select(.sign_in_needed) | .account'
  deskauth auth status --template '{{range .logins}}{{.account}} {{.role}}{{"\n"}}{{end}}'

Names of fields stay. Data goes to standard output, everything else to standard error.
`

const securityTopic = `
No flag takes a secret, for every process sees a command line. Secrets come from variables,
from the files that their _FILE twins name, from standard input or a hidden question.

Logins are kept sealed in the state directory. Their key is in the system's keychain; where
there is none, in a file that a passphrase opens; with --insecure-storage, in a plain file
of mode 0600. ` + "`deskauth auth status`" + ` says which. An admin's API token or password, given to
` + "`auth login --api-token`" + `, is kept nowhere.

` + "`deskauth auth token`" + ` alone prints a token, to standard output. No message, log or --debug
line has one.
`
