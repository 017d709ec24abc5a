package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

func connectionCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "connection",
		Short: "List, add, disable and revoke the broker's connections",
		Long: "List, add, disable and revoke the broker's connections, in its database: beside a broker\n" +
			"that runs, or instead of one.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(connectionListCommand(p), connectionImportCommand(p), connectionClientCommand(p),
		connectionChangeCommand(p, &bureau{}, "disable", "Keep a connection, and neither lend nor renew its tokens",
			func(ctx context.Context, b *broker.Broker, id broker.ConnectionID) (string, error) {
				c, err := b.Disable(ctx, broker.AtCommand, id)
				return fmt.Sprintf("Connection %d is %s.", id, c.State), err
			}),
		connectionChangeCommand(p, &bureau{}, "enable", "Use a connection again that was disabled",
			func(ctx context.Context, b *broker.Broker, id broker.ConnectionID) (string, error) {
				c, err := b.Enable(ctx, broker.AtCommand, id)
				return fmt.Sprintf("Connection %d is %s.", id, c.State), err
			}),
		connectionChangeCommand(p, &bureau{Asks: true}, "revoke", "End a connection at Zendesk, make sure it is gone, and delete it",
			func(ctx context.Context, b *broker.Broker, id broker.ConnectionID) (string, error) {
				return fmt.Sprintf("Connection %d is revoked at Zendesk and deleted.", id), b.Revoke(ctx, broker.AtCommand, id)
			}))
	return cmd
}

// besideBroker is a command that works on the broker's database.
func besideBroker(p process, cmd *cobra.Command, o *bureau, run func(ctx context.Context, b *broker.Broker, args []string) error) *cobra.Command {
	o.flags(cmd.Flags())
	return work[*broker.Broker]{Open: o.open, Run: run}.command(p, cmd)
}

func connectionListCommand(p process) *cobra.Command {
	var o bureau
	cmd := &cobra.Command{Use: "list", Short: "List the connections", Args: noArgs}
	o.flags(cmd.Flags())
	return work[broker.Store]{Open: o.look, Run: func(ctx context.Context, s broker.Store, _ []string) error {
		return listConnections(ctx, s, p)
	}}.command(p, cmd)
}

func listConnections(ctx context.Context, s broker.Store, p process) error {
	w := newColumns(p.Out)
	fmt.Fprintln(w, "CONNECTION\tACCOUNT\tPRODUCT\tUSER\tNAME\tROLE\tSTATE\tREASON")
	for after := broker.ConnectionID(0); ; {
		page, err := s.Connections(ctx, after, 500)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return w.Flush()
		}
		for _, c := range page {
			fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", c.ID, c.Account, c.Product, c.User.ID, printable(c.User.Name), c.User.Role, c.Shown(), c.Reason)
		}
		after = page[len(page)-1].ID
	}
}

// printable keeps a name that somebody chose from steering the terminal, or from
// breaking the table.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, name)
}

// printableLines is printable for a text of several lines.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(strings.ReplaceAll(line, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

func connectionImportCommand(p process) *cobra.Command {
	var access, refresh, product, scope string
	var rotate bool
	cmd := &cobra.Command{
		Use:   "import SUBDOMAIN",
		Short: "Take over tokens that a program has",
		Long: "Take over tokens that a program has. They must have been issued to the client that this\n" +
			"broker was started with: only it can renew them. Zendesk is asked whose they are.\n\n" +
			"With --rotate they are renewed at once, so that no other copy of them is good any more;\n" +
			"that also takes a pair whose access token is over.",
		Example: "  deskauth broker connection import acme --access-token-file access.txt --refresh-token-file refresh.txt --rotate",
		Args:    exactArgs("SUBDOMAIN"),
	}
	cmd.Flags().StringVar(&access, "access-token-file", "", "`file` with the access token; or the variable DESKAUTH_ACCESS_TOKEN")
	cmd.Flags().StringVar(&refresh, "refresh-token-file", "", "`file` with the refresh token; or the variable DESKAUTH_REFRESH_TOKEN; none if there is none")
	cmd.Flags().StringVar(&product, "product", string(broker.Support), "support or chat")
	cmd.Flags().StringVar(&scope, "scope", "", "`scopes` that the program needs, to say what is missing (default as granted)")
	cmd.Flags().BoolVar(&rotate, "rotate", false, "renew the tokens at once")
	return besideBroker(p, cmd, &bureau{Asks: true}, func(ctx context.Context, b *broker.Broker, args []string) error {
		account, err := subdomainOf(b, args[0])
		if err != nil {
			return err
		}
		r := broker.Import{Account: account, Product: broker.Product(product), Scope: oauth.ParseScope(scope), Rotate: rotate}
		if r.Access, err = secretFlag(p, "access-token", access); err != nil {
			return err
		}
		if r.Refresh, err = secretFlag(p, "refresh-token", refresh); err != nil {
			return err
		}
		c, err := b.Import(ctx, broker.AtCommand, r)
		return connected(p, c, err)
	})
}

func connectionClientCommand(p process) *cobra.Command {
	var product, scope string
	cmd := &cobra.Command{
		Use:   "client SUBDOMAIN",
		Short: "Connect the client itself, by its own credentials",
		Long: "Connect the client itself, by the client credentials grant: its calls are those of the\n" +
			"admin who made it. No browser is needed, and no refresh token is involved.",
		Example: "  deskauth broker connection client acme --scope 'tickets:read users:read'",
		Args:    exactArgs("SUBDOMAIN"),
	}
	cmd.Flags().StringVar(&product, "product", string(broker.Support), "support or chat")
	cmd.Flags().StringVar(&scope, "scope", "read", "`scopes` to ask for, separated by spaces")
	return besideBroker(p, cmd, &bureau{Asks: true}, func(ctx context.Context, b *broker.Broker, args []string) error {
		if err := checkScope(scope); err != nil {
			return err
		}
		account, err := subdomainOf(b, args[0])
		if err != nil {
			return err
		}
		c, err := b.ConnectClient(ctx, broker.AtCommand, broker.ForClient{Account: account, Product: broker.Product(product), Scope: oauth.ParseScope(scope)})
		return connected(p, c, err)
	})
}

func subdomainOf(b *broker.Broker, typed string) (string, error) {
	account, err := b.Base.CleanSubdomain(typed)
	if err != nil {
		return "", usagef("SUBDOMAIN: %w", err)
	}
	return account, nil
}

// connected says what there is now, and what was asked for and is not there.
func connected(p process, c broker.Connection, err error) error {
	var invalid *broker.Invalid
	var failure *broker.Failure
	switch {
	case errors.As(err, &invalid):
		return usagef("%w", err)
	case errors.As(err, &failure) && failure.Kind == broker.TokensOver:
		return fmt.Errorf("%s does not take these tokens: they are over, or another account's; a refresh token may still be good with --rotate", failure.Account)
	case errors.As(err, &failure) && c.ID == 0:
		return notConnected(failure)
	case err != nil && c.ID == 0:
		return err
	}
	fmt.Fprintf(p.Out, "Connection %d: user %d at %s, %s.\n", c.ID, c.User.ID, c.Account, c.State)
	if missing := c.Missing(); !missing.IsEmpty() {
		fmt.Fprintf(p.Out, "Asked for and not granted: %s.\n", missing)
	}
	if err != nil {
		return fmt.Errorf("the tokens were taken over, and could not be renewed: %w", err)
	}
	return nil
}

// notConnected is a failure in the words of a command: nobody signed in here.
func notConnected(f *broker.Failure) error {
	text, there := map[broker.Kind]string{
		broker.Unreachable:     "%s does not answer",
		broker.AnsweredWrongly: "%s gave no answer that makes sense",
		broker.NoSuchClient:    "the broker's client is not known at %s",
		broker.NoSuchAccount:   "nobody has the account %s",
		broker.ScopeNotAllowed: "%s does not let the client ask for these scopes",
		broker.ClientRefused:   "%s does not accept the client's identifier and secret",
		broker.Anonymous:       "%s says that the tokens are nobody's",
		broker.NotServed:       "%s is a name of Zendesk's own, and no account",
	}[f.Kind]
	if !there {
		text = "%s refused"
	}
	text = fmt.Sprintf(text, f.Account)
	if f.Kind == broker.NoSuchAccount {
		return asNotFound(errors.New(text + ": is its subdomain right? Nothing was connected"))
	}
	if f.Err != nil {
		return fmt.Errorf("%s; nothing was connected: %w", text, f.Err)
	}
	return errors.New(text + "; nothing was connected")
}

func connectionChangeCommand(p process, o *bureau, name, short string, change func(context.Context, *broker.Broker, broker.ConnectionID) (string, error)) *cobra.Command {
	cmd := &cobra.Command{Use: name + " CONNECTION", Short: short, Args: exactArgs("CONNECTION")}
	return besideBroker(p, cmd, o, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("CONNECTION", args[0])
		if err != nil {
			return err
		}
		said, err := change(ctx, b, broker.ConnectionID(id))
		if errors.Is(err, broker.ErrNotFound) {
			return fmt.Errorf("there is no connection %d: see `deskauth broker connection list`", id)
		} else if err != nil {
			return err
		}
		fmt.Fprintln(p.Out, said)
		return nil
	})
}

// useChatClient sets the client for Chat, where one is given.
func useChatClient(ctx context.Context, b *broker.Broker, id string, s secret.Plain) error {
	if id == "" {
		return nil
	}
	var secrets []secret.Plain
	if !s.IsZero() {
		secrets = append(secrets, s)
	}
	return b.UseClient(ctx, broker.AtCommand, "", broker.Chat, id, secrets...)
}
