package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/store"
)

func moveCommand(p process) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "move",
		Short: "Move the broker's database from SQLite to PostgreSQL",
		Long: "Copy every row of the broker's tables from a SQLite file to PostgreSQL, in one\n" +
			"transaction, and look at each row there. Stop the broker first: the file is held, and\n" +
			"nothing may be renewed meanwhile. The sealing keys stay as they are.",
		Example: "  deskauth broker move --from sqlite:broker.db --to postgres://deskauth@db.example/deskauth",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd, p); err != nil {
				return err
			}
			return move(cmd.Context(), from, to, p)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the SQLite database: sqlite:PATH (default that of the user's state directory)")
	cmd.Flags().StringVar(&to, "to", "", "the PostgreSQL database: postgres://…")
	markSecret(cmd.Flags(), "to")
	return cmd
}

func move(ctx context.Context, from, to string, p process) error {
	if to == "" {
		return usagef("--to is missing: the PostgreSQL database that it moves to, postgres://…")
	}
	if strings.HasPrefix(to, "sqlite:") || from != "" && !strings.HasPrefix(from, "sqlite:") {
		return usagef("--from is sqlite:PATH and --to is postgres://…: %w", store.ErrMoveEngines)
	}
	dsn, err := (&bureau{DB: from}).dsn(p)
	if err != nil {
		return err
	}
	source, err := store.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	if err := source.Hold(ctx, "broker"); errors.Is(err, store.ErrHeld) {
		return fmt.Errorf("the database %s is in use by another deskauth broker: stop that first", strings.TrimPrefix(dsn, "sqlite:"))
	} else if err != nil {
		return err
	}
	if err := source.MigrateBroker(ctx); err != nil {
		return err
	}
	target, err := openBeside(ctx, to)
	if err != nil {
		return err
	}
	defer func() { _ = target.Close() }()
	moved, err := store.MoveBroker(ctx, source, target)
	if err != nil {
		return err
	}
	rows := 0
	for _, t := range moved {
		rows += t.Rows
		fmt.Fprintf(p.Out, "%s: %d rows, each as it was\n", strings.TrimPrefix(t.Table, "broker_"), t.Rows)
	}
	fmt.Fprintf(p.Out, "\n%d rows are moved. Start the broker with that --db and the same sealing keys, and never again with %s:\n"+
		"both would renew the same tokens, and each would end the other's. Put the file away, or delete it.\n", rows, dsn)
	return nil
}
