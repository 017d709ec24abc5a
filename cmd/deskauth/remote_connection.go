package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/slip"
	"github.com/deskauth/deskauth/oauth"
)

func remoteConnectionCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "connection",
		Short: "See, renew, disable and revoke the connections of a broker elsewhere",
		Long: "See, renew, disable and revoke the connections of a broker that runs elsewhere, over its API.\n" +
			"A connection is named by its number, its account, or its user's address. Changes take a key\n" +
			"that can admin. `deskauth broker connection` works on a database of this machine.",
		Example: "  deskauth connection list --via https://connect.example.com --key-file admin.key\n" +
			"  deskauth connection renew acme\n" +
			"  deskauth connection link acme",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(remoteConnectionList(p), remoteConnectionGet(p),
		remoteConnectionChange(p, "renew", "Renew a connection now, which ends its token", "renewed", (*deskauth.Client).Renew, ""),
		remoteConnectionChange(p, "disable", "Keep a connection, and neither lend nor renew its tokens", "disabled", (*deskauth.Client).Disable, ""),
		remoteConnectionChange(p, "enable", "Use a connection again that was disabled", "enabled", (*deskauth.Client).Enable, ""),
		remoteConnectionChange(p, "revoke", "End a connection at Zendesk, make sure it is gone, and delete it", "revoked at Zendesk and deleted", (*deskauth.Client).Revoke, "will be revoked at Zendesk and deleted; its user has to authorize anew."),
		remoteConnectionLink(p))
	return cmd
}

func remoteConnectionList(p process) *cobra.Command {
	var o remoteBroker
	var out printing
	cmd := &cobra.Command{
		Use: "list", Short: "List the connections that the key reaches", Args: noArgs,
		Example: "  deskauth connection list\n  deskauth connection list --jq '.connections[] | select(.state != \"active\") | .id'",
	}
	o.flags(cmd.Flags())
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return o.reach(cmd, p, func(ctx context.Context, p process, b far) error {
			if err := out.check(); err != nil {
				return err
			}
			all, err := allOf(b, "connections", b.Connections(ctx))
			if err != nil {
				return err
			}
			if len(all) == 0 {
				fmt.Fprintf(p.Err, "%s has no connection that the key reaches.\n", b.host)
			}
			return printList(ctx, out, p, listing[deskauth.Connection]{
				Name: "connections", Items: all,
				ID: func(c deskauth.Connection) string { return strconv.FormatInt(c.ID, 10) },
				Columns: []column[deskauth.Connection]{
					{"id", func(c deskauth.Connection) string { return strconv.FormatInt(c.ID, 10) }},
					{"account", func(c deskauth.Connection) string { return c.Account }},
					{"product", func(c deskauth.Connection) string { return c.Product }},
					{"user", func(c deskauth.Connection) string { return cmp.Or(c.User.Name, strconv.FormatInt(c.User.ID, 10)) }},
					{"role", func(c deskauth.Connection) string { return c.User.Role }},
					{"state", func(c deskauth.Connection) string { return stateWords(string(c.State), c.Reason) }},
					{"scopes", func(c deskauth.Connection) string { return c.Scope.String() }},
				},
			})
		})
	}
	return cmd
}

func stateWords(state, reason string) string {
	return strings.TrimSuffix(state+", "+reason, ", ")
}

func remoteConnectionGet(p process) *cobra.Command {
	var o remoteBroker
	var out printing
	cmd := &cobra.Command{Use: "get CONNECTION", Short: "Show a connection", Args: exactArgs("CONNECTION")}
	o.flags(cmd.Flags())
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.reach(cmd, p, func(ctx context.Context, p process, b far) error {
			if err := out.check(); err != nil {
				return err
			}
			c, err := b.connection(ctx, args[0])
			if err != nil {
				return err
			}
			return printRecord(ctx, out, p, c, strconv.FormatInt(c.ID, 10), func(w io.Writer) { tellConnection(p, w, c) })
		})
	}
	return cmd
}

func tellConnection(p process, w io.Writer, c deskauth.Connection) {
	fmt.Fprintln(w, bold(p, w, fmt.Sprintf("Connection %d", c.ID)))
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-10s %s\n", name, printable(value))
		}
	}
	line("account", c.URL)
	line("product", c.Product)
	line("user", loginStatus{Name: c.User.Name, UserID: c.User.ID, Email: c.User.Email, Role: c.User.Role}.who())
	line("state", stateWords(string(c.State), c.Reason))
	line("scopes", c.Scope.String())
	line("missing", c.Missing.String())
	line("token", until(c.ExpiresAt, "does not expire"))
	line("renewable", until(c.RefreshExpiresAt, "yes"))
	line("renewed", fmt.Sprintf("%d times, last %s", max(c.Generation-1, 0), stamp(&c.RenewedAt)))
}

// connection is the one that is meant: by its number, or of an account or a user where
// that is one alone.
func (b far) connection(ctx context.Context, named string) (deskauth.Connection, error) {
	if id, err := strconv.ParseInt(named, 10, 64); err == nil && id > 0 {
		c, err := b.Connection(ctx, id)
		return c, b.fail("connection "+named, err)
	}
	all, err := allOf(b, "connections", b.Connections(ctx))
	if err != nil {
		return deskauth.Connection{}, err
	}
	c, err := pickConnection(all, named)
	if err != nil && codeOf(err) == exitNotFoundAt {
		err = asNotFound(fmt.Errorf("%s has %w", b.host, err))
	}
	return c, err
}

// pickConnection decides which one is meant by an account, an address or a user's name.
// What could mean several means none.
func pickConnection(all []deskauth.Connection, named string) (deskauth.Connection, error) {
	var meant []deskauth.Connection
	var near []string
	for _, c := range all {
		names := []string{c.Account, c.User.Email, c.User.Name}
		if slices.ContainsFunc(names, func(n string) bool { return n != "" && strings.EqualFold(n, named) }) {
			meant = append(meant, c)
		} else if len(named) > slip.Farthest && slip.Letters(strings.ToLower(named), c.Account) <= slip.Farthest {
			near = append(near, c.Account)
		}
	}
	switch len(meant) {
	case 1:
		return meant[0], nil
	case 0:
		slices.Sort(near)
		return deskauth.Connection{}, asNotFound(fmt.Errorf("no connection %q%s", named, slip.DidYouMean(slices.Compact(near))))
	}
	var which []string
	for _, c := range meant {
		which = append(which, fmt.Sprintf("%d (%s, %s)", c.ID, c.Account, printable(cmp.Or(c.User.Email, c.User.Name))))
	}
	return deskauth.Connection{}, usagef("%q could be any of %s: name one by its number", named, strings.Join(which, ", "))
}

// remoteConnectionChange is a command that changes a connection; what is lost by it has to
// be confirmed.
func remoteConnectionChange(p process, name, short, done string, change func(*deskauth.Client, context.Context, int64) error, lost string) *cobra.Command {
	var o remoteBroker
	var yes bool
	cmd := &cobra.Command{Use: name + " CONNECTION", Short: short, Args: exactArgs("CONNECTION")}
	o.flags(cmd.Flags())
	if lost != "" {
		confirmFlag(cmd.Flags(), &yes)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.reach(cmd, p, func(ctx context.Context, p process, b far) error {
			c, err := b.connection(ctx, args[0])
			if err != nil {
				return err
			}
			who := fmt.Sprintf("connection %d of %s at %s", c.ID, printable(cmp.Or(c.User.Name, "its client")), printable(hostOf(c.URL)))
			if lost != "" {
				if err := confirm(ctx, p, yes, c.Account, capital(who)+" "+lost); err != nil {
					return err
				}
			}
			if err := change(b.Client, ctx, c.ID); err != nil {
				if ctx.Err() != nil {
					fmt.Fprintf(p.Err, "%s goes on with what it was asked: `deskauth connection get %d` shows what became of it.\n", b.host, c.ID)
				}
				return b.fail(fmt.Sprintf("connection %d", c.ID), err)
			}
			fmt.Fprintf(p.Out, "%s is %s.\n", capital(who), done)
			return nil
		})
	}
	return cmd
}

func remoteConnectionLink(p process) *cobra.Command {
	var o remoteBroker
	var life span
	var scope, at string
	cmd := &cobra.Command{
		Use:   "link [CONNECTION]",
		Short: "Make a link by which a person authorizes a connection again, or makes a new one",
		Long: "Make a link by which a person authorizes a connection again, or, where none is named, makes a\n" +
			"new one, and print it, once. It takes a key that can connect.",
		Example: "  deskauth connection link acme --life 3d\n  deskauth connection link --at globex",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes one connection at most", cmd.CommandPath())
			}
			return nil
		},
	}
	o.flags(cmd.Flags())
	cmd.Flags().Var(&life, "life", "how `long` it lives: 10m to 7d (default a day)")
	cmd.Flags().StringVar(&scope, "scope", "", "`scopes` to ask for, separated by spaces (default the connection's, else the broker's)")
	cmd.Flags().StringVar(&at, "at", "", "`subdomain` to sign in at, for a new one (default the person says it)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.reach(cmd, p, func(ctx context.Context, p process, b far) error {
			wish := deskauth.LinkRequest{Account: at, Scope: oauth.ParseScope(scope), ExpiresIn: int64(life) / 1e9}
			if len(args) == 1 {
				id, err := strconv.ParseInt(args[0], 10, 64)
				if err != nil {
					c, err := b.connection(ctx, args[0])
					if err != nil {
						return err
					}
					id = c.ID
				}
				wish.Connection = id
			}
			made, err := b.MakeLink(ctx, wish)
			if err != nil {
				return b.fail("connection "+strings.Join(args, ""), err)
			}
			fmt.Fprintf(p.Err, "Link %d, until %s. It is not shown again:\n", made.ID, stamp(&made.ExpiresAt))
			return tellSecret(p.Out, made.URL)
		})
	}
	return cmd
}
