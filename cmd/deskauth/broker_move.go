package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/store"
)

func moveCommand(p process) *cobra.Command {
	var from, to string
	var back bool
	cmd := &cobra.Command{
		Use:   "move",
		Short: "Move the broker's database from SQLite to PostgreSQL",
		Long: "Copy every row of the broker's tables from a SQLite file to PostgreSQL, in one\n" +
			"transaction, and look at each row there. Stop the broker first: the file is held, and\n" +
			"nothing may be renewed meanwhile. The sealing keys stay as they are.\n\n" +
			"The file is marked, and no broker serves it any more: each would end the tokens that\n" +
			"the other renews. --back takes the mark away. A move that was cut off is run again.",
		Example: "  deskauth broker move --from sqlite:broker.db --to postgres://deskauth@db.example/deskauth\n" +
			"  deskauth broker move --back --from sqlite:broker.db",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd, p); err != nil {
				return err
			}
			if back {
				if to != "" {
					return usagef("--back takes no --to: what is there stays as it is")
				}
				return moveBack(cmd.Context(), from, p)
			}
			return move(cmd.Context(), from, to, p)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the SQLite database: sqlite:PATH (default that of the user's state directory)")
	cmd.Flags().StringVar(&to, "to", "", "the PostgreSQL database: postgres://…")
	markSecret(cmd.Flags(), "to")
	cmd.Flags().BoolVar(&back, "back", false, "serve the SQLite database again, as it was when it was moved")
	return cmd
}

func move(ctx context.Context, from, to string, p process) error {
	if to == "" {
		return usagef("--to is missing: the PostgreSQL database that it moves to, postgres://…")
	}
	if strings.HasPrefix(to, "sqlite:") || notFile(from) {
		return usagef("--from is sqlite:PATH and --to is postgres://…: %w", store.ErrMoveEngines)
	}
	source, dsn, err := heldFile(ctx, from, p)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := openBeside(ctx, to)
	if err != nil {
		return err
	}
	defer func() { _ = target.Close() }()
	moved, err := store.MoveBroker(ctx, source, target, to, time.Now())
	if errors.Is(err, store.ErrMovedBefore) {
		fmt.Fprintf(p.Out, "All rows were moved there before. Start the broker with that --db and the same sealing keys.\n")
		return nil
	} else if err != nil {
		return err
	}
	rows := 0
	for _, t := range moved {
		rows += t.Rows
		fmt.Fprintf(p.Out, "%s: %d rows, each as it was\n", strings.TrimPrefix(t.Table, "broker_"), t.Rows)
	}
	fmt.Fprintf(p.Out, "\n%d rows are moved. Start the broker with that --db and the same sealing keys. No broker serves %s\n"+
		"any more: both would renew the same tokens, and each would end the other's. Put the file away, or delete it.\n", rows, dsn)
	return nil
}

func notFile(dsn string) bool { return dsn != "" && !strings.HasPrefix(dsn, "sqlite:") }

// heldFile opens a broker's SQLite database that no broker serves, though it may be
// marked as moved.
func heldFile(ctx context.Context, from string, p process) (_ *store.DB, dsn string, err error) {
	if dsn, err = (&bureau{DB: from}).dsn(p); err != nil {
		return nil, dsn, err
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, dsn, err
	}
	if err = db.Hold(ctx, "broker"); errors.Is(err, store.ErrHeld) {
		err = fmt.Errorf("the database %s is in use by another deskauth broker: stop that first", strings.TrimPrefix(dsn, "sqlite:"))
	} else if err == nil {
		err = db.MigrateBroker(ctx)
	}
	if away := (*store.MovedAway)(nil); err == nil || errors.As(err, &away) {
		return db, dsn, nil
	}
	return nil, dsn, errors.Join(err, db.Close())
}

// moveBack has a file served again.
func moveBack(ctx context.Context, from string, p process) error {
	if notFile(from) {
		return usagef("--from is the SQLite database that was moved, sqlite:PATH")
	}
	source, dsn, err := heldFile(ctx, from, p)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	was, err := source.MoveBack(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", dsn, err)
	}
	fmt.Fprintf(p.Out, "%s can be served again, as it was on %s. What a broker at %s has renewed since, and who connected there,\n"+
		"is not in it: those connections will need their person. Never start a broker there again: each would end the other's tokens.\n",
		dsn, was.At.UTC().Format("2006-01-02 15:04 UTC"), was.To)
	return nil
}
