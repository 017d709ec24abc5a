package main

import (
	"context"
	"errors"
	"time"

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
	grow(cmd, p, branch{"login", authLoginCommand}, branch{"setup", authSetupCommand}, branch{"status", authStatusCommand},
		branch{"token", authTokenCommand}, branch{"switch", authSwitchCommand}, branch{"logout", authLogoutCommand})
	for _, c := range cmd.Commands() {
		do := c.RunE
		c.RunE = func(cmd *cobra.Command, args []string) error { return localError(do(cmd, args)) }
	}
	return cmd
}

// endingLeft bounds how long a command, once it has done what it was asked for, tries to
// end tokens that an earlier sign-in left behind.
const endingLeft = 3 * time.Second

// endLeft ends at Zendesk what it did not take the end of when somebody signed in again:
// the broker's chores do that, and a command has none. Nothing fails by it. `auth token`
// leaves it to the others: scripts wait for that.
func (l *logins) endLeft(ctx context.Context) {
	if ctx.Err() != nil { // whoever waits waits no more
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endingLeft)
	defer cancel()
	_ = l.ReleaseLeft(ctx) // another command tries again
}

// whichLogin says which login a command is about.
type whichLogin struct {
	manner
	Account      string
	ZendeskURL   string
	AllowHTTP    bool
	AllowPrivate bool
	Via          string // URL of a broker

	fromZCLI bool // the account is from ZENDESK_SUBDOMAIN
	streams  bool // what is sent or answered may take long
}

func (w *whichLogin) flags(f *pflag.FlagSet) {
	w.whichFlags(f)
	w.manner.flags(f)
}

// run carries a command out, once its flags are complete.
func (w *whichLogin) run(cmd *cobra.Command, p process, do func(context.Context, process) error) error {
	if err := fromEnvironment(cmd, p); err != nil {
		return err
	}
	if err := w.zcliPlace(p); err != nil {
		return err
	}
	ctx, cancel, p, err := w.begin(cmd.Context(), p)
	if err != nil {
		return err
	}
	defer cancel()
	err = do(ctx, p)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return err
}

func (w *whichLogin) whichFlags(f *pflag.FlagSet) {
	f.StringVar(&w.Account, "account", "", "`subdomain` of the account (default that of the current login)")
	f.StringVar(&w.Via, "via", "", "by way of the broker at this `URL`")
	f.StringVar(&w.ZendeskURL, "zendesk-url", "", "where Zendesk's accounts are; http://{subdomain}.localhost:4000 is the local one (default where the current login is, else "+defaultZendesk+")")
	f.BoolVar(&w.AllowHTTP, "zendesk-plain-http", false, "allow a --zendesk-url of plain HTTP that is not this machine")
	f.BoolVar(&w.AllowPrivate, "zendesk-private", false, "allow a --zendesk-url that leads to private addresses")
}
