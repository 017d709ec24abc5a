package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func authCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "auth",
		Short: "Sign in at Zendesk, and see who is signed in",
		Long: "Sign in at Zendesk, and see who is signed in. Logins are kept sealed in the user's state\n" +
			"directory and renewed in time, by whichever command comes first: a network that fails, a\n" +
			"crash or two hundred commands at once sign nobody out.\n\n" +
			"Exit code 4: somebody must sign in again.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(authLoginCommand(p), authStatusCommand(p), authTokenCommand(p), authSwitchCommand(p), authLogoutCommand(p))
	return cmd
}

// whichLogin says which login a command is about.
type whichLogin struct {
	Account      string
	ZendeskURL   string
	AllowHTTP    bool
	AllowPrivate bool
}

func (w *whichLogin) flags(f *pflag.FlagSet) {
	f.StringVar(&w.Account, "account", "", "`subdomain` of the account (default that of the current login)")
	f.StringVar(&w.ZendeskURL, "zendesk-url", "", "where Zendesk's accounts are; http://{subdomain}.localhost:4000 is the local one (default where the current login is, else "+defaultZendesk+")")
	f.BoolVar(&w.AllowHTTP, "zendesk-plain-http", false, "allow a --zendesk-url of plain HTTP that is not this machine")
	f.BoolVar(&w.AllowPrivate, "zendesk-private", false, "allow a --zendesk-url that leads to private addresses")
}

// mustSignIn is an error that a sign-in mends.
type mustSignIn struct{ error }

func (m mustSignIn) Unwrap() error { return m.error }
