package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/oauth"
)

func linkCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link",
		Short: "Make links by which people connect, or authorize a connection again",
		Long: "Make links by which people connect, or authorize a connection again. Each is for one\n" +
			"sign-in, and opening it does nothing. They work on the broker's database, beside a broker that runs.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(linkCreateCommand(p), linkListCommand(p), linkRevokeCommand(p))
	return cmd
}

func linkCreateCommand(p process) *cobra.Command {
	o, wish, scope := bureau{}, broker.NewLink{}, ""
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a link and print it, once",
		Long: "Make a link and print it. It is not stored and cannot be shown again.\n\n" +
			"With --connection only the person of that connection can use it.",
		Example: "  deskauth broker link create --connection 7 --life 72h\n" +
			"  deskauth broker link create --account acme --scope 'tickets:read users:read'",
		Args: noArgs,
	}
	f := cmd.Flags()
	f.Int64Var((*int64)(&wish.Connection), "connection", 0, "the `connection` that is to be authorized again (default a new one)")
	untold(f, "connection")
	f.StringVar(&wish.Account, "account", "", "the `subdomain` to sign in at (default the connection's, else the person says it)")
	f.StringVar((*string)(&wish.Product), "product", "", "support or chat (default the connection's, else support)")
	f.StringVar(&scope, "scope", "", "`scopes` to ask for, separated by spaces (default the connection's, else read)")
	f.DurationVar(&wish.Life, "life", broker.LinkUsual, "how long it lives: 10m to 168h")
	f.StringVar(&wish.ReturnTo, "return-to", "", "a `path` of the broker's own site to go to afterwards")
	o.links(f)
	o.flags(f)
	return work[*broker.Broker]{Open: o.open, Run: func(ctx context.Context, b *broker.Broker, _ []string) error {
		wish.Scope = oauth.ParseScope(scope)
		if wish.Connection < 0 || wish.Life <= 0 {
			return usagef("--connection is a number of `deskauth broker connection list`, and --life is 10m to 168h")
		}
		return createLink(ctx, b, p, wish)
	}}.command(p, cmd)
}

func createLink(ctx context.Context, b *broker.Broker, p process, wish broker.NewLink) error {
	made, err := b.MakeLink(ctx, broker.AtCommand, wish)
	var invalid *broker.Invalid
	switch {
	case errors.As(err, &invalid) && invalid.Field == "expires_in":
		return usagef("--life is %v to %v", broker.LinkShortest, broker.LinkLongest)
	case errors.As(err, &invalid):
		return usagef("%w", err)
	case errors.Is(err, broker.ErrNotFound):
		return fmt.Errorf("there is no connection %d: see `deskauth broker connection list`", wish.Connection)
	case err != nil:
		return err
	}
	fmt.Fprintf(p.Err, "Link %d, until %s. It is not shown again:\n", made.ID, made.Expires.Format("2006-01-02 15:04 MST"))
	fmt.Fprintln(p.Out, made.URL.Reveal())
	return nil
}

func linkListCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the links, those that are over included for an hour", Args: noArgs}
	return besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, _ []string) error {
		return listLinks(ctx, b, p)
	})
}

func listLinks(ctx context.Context, b *broker.Broker, p process) error {
	w := newColumns(p.Out)
	fmt.Fprintln(w, "LINK\tCONNECTION\tACCOUNT\tPRODUCT\tSCOPE\tSTATE\tBY\tUNTIL")
	for after := broker.LinkID(0); ; {
		page, err := b.Links(ctx, 0, after, 500)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return w.Flush()
		}
		for _, l := range page {
			connection := "new"
			if l.Connection != 0 {
				connection = strconv.FormatInt(int64(l.Connection), 10)
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.ID, connection, l.Account, l.Product, l.Scope, l.State(b.Now()),
				printable(l.Maker), l.Expires.UTC().Format(time.RFC3339))
		}
		after = page[len(page)-1].ID
	}
}

func linkRevokeCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "revoke LINK", Short: "Revoke an open link, by its number", Args: exactArgs("LINK")}
	return besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("LINK", args[0])
		if err != nil {
			return err
		}
		if err := b.RevokeLink(ctx, broker.AtCommand, 0, broker.LinkID(id)); errors.Is(err, broker.ErrNotFound) {
			return fmt.Errorf("there is no open link %d: see `deskauth broker link list`", id)
		} else if err != nil {
			return err
		}
		fmt.Fprintf(p.Out, "Link %d is revoked.\n", id)
		return nil
	})
}
