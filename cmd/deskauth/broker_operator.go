package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
)

func operatorCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "operator",
		Short: "List and remove the operators that a printed link let in",
		Long: "List and remove the operators that are stored by name: those whom a printed link let in. The\n" +
			"admins of the accounts that --operators names are none of these. It works on the broker's\n" +
			"database, beside a broker that runs.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{Use: "list", Short: "List the operators that are stored by name", Args: noArgs}
	remove := &cobra.Command{
		Use: "remove ACCOUNT USER", Short: "Remove an operator, by account and number of the user", Args: exactArgs("ACCOUNT", "USER"),
		Example: "  deskauth broker operator remove acme 7",
	}
	cmd.AddCommand(
		besideBroker(p, list, &bureau{}, func(ctx context.Context, b *broker.Broker, _ []string) error { return listOperators(ctx, b, p) }),
		besideBroker(p, remove, &bureau{}, func(ctx context.Context, b *broker.Broker, args []string) error {
			return removeOperator(ctx, b, p, args)
		}))
	return cmd
}

func listOperators(ctx context.Context, b *broker.Broker, p process) error {
	all, err := b.StoredOperators(ctx)
	if err != nil {
		return err
	}
	w := newColumns(p.Out)
	fmt.Fprintln(w, "ACCOUNT\tUSER\tNAME\tSINCE")
	for _, o := range all {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", o.Account, o.User.ID, printable(o.User.Name), dayOf(o.Since))
	}
	return w.Flush()
}

func removeOperator(ctx context.Context, b *broker.Broker, p process, args []string) error {
	user, err := number("USER", args[1])
	if err != nil {
		return err
	}
	if err := b.RemoveOperator(ctx, args[0], user, broker.AtCommand); errors.Is(err, broker.ErrNotFound) {
		return fmt.Errorf("user %d of %s is no operator by name: see `deskauth broker operator list`", user, args[0])
	} else if err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "User %d of %s is no operator any more.\n", user, args[0])
	return nil
}
