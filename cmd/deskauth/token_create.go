package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// tokenWish is a token as the command line asks for it.
type tokenWish struct {
	client string
	scopes []string
	ticket int64
	why    string
	life   span
}

func tokenCreateCommand(p process) *cobra.Command {
	var w whichLogin
	var out secretOutput
	var wish tokenWish
	cmd := &cobra.Command{
		Use:   "create --client CLIENT --scope SCOPE",
		Short: "Make an OAuth token without a sign-in, and print it, once",
		Long: "Make an OAuth token without a sign-in. It acts as you, with the scopes that you name, and\n" +
			"is printed once, alone on standard output, or written to a file with --output-file.\n\n" +
			"Zendesk lets such a token live until somebody revokes it. With --for it is noted here when it\n" +
			"is due, and with --ticket and --why what it is for; `deskauth token sweep` revokes what is due,\n" +
			"and has to be run, by cron for one. `deskauth auth status` warns of what is overdue. By way of\n" +
			"a broker (--via) the broker makes it with --for, notes it, and revokes it when it is due.",
		Example: "  deskauth token create --client order_sync --scope tickets:read --ticket 4711 --for 2h > token.txt\n" +
			"  deskauth token create --client order_sync --scope read --why 'nightly export' --output-file token.txt",
		Args: noArgs,
	}
	f := cmd.Flags()
	w.flags(f)
	out.flags(f, true)
	f.StringVar(&wish.client, "client", "", "the OAuth `client`: its identifier, name or number")
	f.StringSliceVar(&wish.scopes, "scope", nil, "`scopes`, such as tickets:read; may repeat")
	untold(f, "scope")
	f.Int64Var(&wish.ticket, "ticket", 0, "the `number` of the ticket that it is for; noted here")
	untold(f, "ticket")
	f.StringVar(&wish.why, "why", "", "what it is for; noted here")
	f.Var(&wish.life, "for", "how `long` it is needed, such as 2h or 7d; noted here (default until it is revoked)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return w.run(cmd, p, func(ctx context.Context, p process) error {
			if err := wish.check(); err != nil {
				return err
			}
			if err := out.check(true); err != nil {
				return err
			}
			at, err := w.where(p)
			if err != nil {
				return err
			}
			return w.call(ctx, p, func(ctx context.Context, p process, c *caller) error {
				if c.via != nil {
					at.Base = c.base
				}
				return c.makeToken(ctx, p, out, wish, at.ledger())
			})
		})
	}
	return cmd
}

func (w *tokenWish) check() error {
	var all []string
	for _, one := range w.scopes {
		all = append(all, strings.Fields(one)...)
	}
	w.scopes = all
	switch {
	case w.client == "":
		return usagef("--client is missing: the OAuth client that the token is of; see `deskauth client list`")
	case len(w.scopes) == 0:
		return usagef("--scope is missing: what the token may do, such as tickets:read")
	case w.ticket < 0:
		return usagef("--ticket must be the number of a ticket, not %d", w.ticket)
	}
	return doubtScopes(w.scopes)
}

func (c *caller) makeToken(ctx context.Context, p process, out secretOutput, wish tokenWish, l ledger) error {
	of, err := c.clientNamed(ctx, wish.client)
	if err != nil {
		return err
	}
	if outside := zendesk.Within(wish.scopes, of.AllowedScopes); !outside.IsEmpty() {
		return usagef("the client %s may not have the scope %s: its allowed scopes are %s", of.Identifier, outside, strings.Join(of.AllowedScopes, " "))
	}
	if _, unknown := zendesk.Split(wish.scopes); !unknown.IsEmpty() {
		// Zendesk makes such a token (facts §3.1).
		fmt.Fprintf(p.Err, "deskauth: warning: this program knows no scope %s: if Zendesk has none either, the token opens nothing by it.\n", printable(unknown.String()))
	}
	file, err := out.open()
	if err != nil {
		return err
	}
	defer file.discard()
	if c.via != nil && wish.life > 0 {
		return c.makeLentToken(ctx, p, out, wish, of, file)
	}
	notes, err := l.open()
	if err != nil {
		return fmt.Errorf("no token was made, for it could not be noted: %w", err)
	}
	defer notes.Close()
	t, err := c.CreateOAuthToken(ctx, of.ID, wish.scopes...)
	if err != nil {
		c.unseen(p, err, fmt.Sprintf("the token was made could not be seen: `deskauth token list --client %s` shows one that nobody has, to be revoked", of.Identifier))
		return c.fail(err)
	}
	e := wish.entry(t, c.account, of.Identifier, c.time.now())
	if err := notes.add(e); err != nil {
		// One that nobody remembers is worse than none.
		ended := c.RevokeOAuthToken(context.WithoutCancel(ctx), t.ID)
		if ended != nil {
			return fmt.Errorf("token %d was made, and could neither be noted (%w) nor revoked: run `deskauth token revoke %d`", t.ID, err, t.ID)
		}
		return fmt.Errorf("token %d was made and revoked again, for it could not be noted: %w", t.ID, err)
	}
	c.sayMade(p, t, e)
	return c.tellMade(ctx, p, out, t, file)
}

// tellMade tells a token that was made, once.
func (c *caller) tellMade(ctx context.Context, p process, out secretOutput, t zendesk.OAuthToken, file *secretFile) error {
	named, err := c.named(ctx, []zendesk.OAuthToken{t})
	if err != nil {
		named = []tokenRecord{{ID: t.ID, ClientID: t.ClientID, UserID: t.UserID, Scopes: t.Scopes}}
	}
	print := func() error { return printList(ctx, out.printing, p, c.tokenListing(p, named)) }
	return out.say(ctx, p, file, secret.Of(t.FullToken), "the token", print, func() {})
}

func (w tokenWish) entry(t zendesk.OAuthToken, account, client string, now time.Time) ledgerEntry {
	now = now.UTC().Truncate(time.Second)
	e := ledgerEntry{Token: t.ID, Account: account, Client: client, Ticket: w.ticket, Why: w.why, MadeAt: &now}
	if w.life > 0 {
		due := now.Add(time.Duration(w.life))
		e.DueAt = &due
	}
	return e
}

// sayMade says what is to be known of a new token, to standard error.
func (c *caller) sayMade(p process, t zendesk.OAuthToken, e ledgerEntry) {
	fmt.Fprintf(p.Err, "Made token %d of %s at %s, with %s.\n", t.ID, printable(e.Client), c.host, cmpScope(slices.Clone(t.Scopes)))
	switch {
	case t.ExpiresAt != nil:
		fmt.Fprintf(p.Err, "It expires at %s.\n", stamp(atOrNil(t.ExpiresAt)))
	case e.DueAt == nil:
		fmt.Fprintf(p.Err, "It lives until it is revoked: `deskauth token revoke %d`.\n", t.ID)
		return
	}
	if e.DueAt != nil {
		fmt.Fprintf(p.Err, "It is due at %s, and nothing revokes it then but `deskauth token sweep`. A line for cron:\n", stamp(e.DueAt))
		fmt.Fprintf(p.Err, "  */10 * * * *  deskauth token sweep --account %s%s --no-input\n", c.account, c.zendeskFlag())
	}
}

// zendeskFlag is --zendesk-url, where the account is not at zendesk.com.
func (c *caller) zendeskFlag() string {
	if c.base.String() == defaultZendesk {
		return ""
	}
	return " --zendesk-url '" + c.base.String() + "'"
}
