package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
)

func backupCommand(p process) *cobra.Command {
	var o bureau
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a backup of the broker's database, while it runs",
		Long: "Write what the database holds at one moment to a new file, beside a broker that runs.\n" +
			"The sealing keys are not in it: keep them elsewhere. PostgreSQL has pg_dump.",
		Example: "  deskauth broker backup broker-monday.db",
		Args:    exactArgs("FILE"),
	}
	o.flags(cmd.Flags())
	return work[*store.DB]{
		Open: func(ctx context.Context, p process) (*store.DB, func(), error) {
			dsn, err := o.dsn(p)
			if err != nil {
				return nil, nil, err
			}
			db, err := openBeside(ctx, dsn)
			return db, func() { _ = db.Close() }, err
		},
		Run: func(ctx context.Context, db *store.DB, args []string) error {
			if err := db.Backup(ctx, args[0]); errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already: name a new file", args[0])
			} else if err != nil {
				return fmt.Errorf("back up: %w", err)
			}
			fmt.Fprintf(p.Out, "The backup is %s. What it holds is of use with the sealing keys alone, which are not in it.\n", args[0])
			return nil
		},
	}.command(p, cmd)
}

func restoreCommand(p process) *cobra.Command {
	o := bureau{Seals: true}
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make the broker's database of a backup",
		Long: "Make the database of a backup, where none is: it is looked through, and the sealing keys\n" +
			"must be its own. Connections that were renewed since the backup have tokens that\n" +
			"Zendesk has replaced: they become `reauthorize`, and their people sign in again.",
		Example: "  deskauth broker restore broker-monday.db --db sqlite:broker.db",
		Args:    exactArgs("FILE"),
	}
	o.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := fromEnvironment(cmd, p); err != nil {
			return err
		}
		return restore(cmd.Context(), o, p, args[0])
	}
	return cmd
}

func restore(ctx context.Context, o bureau, p process, backup string) error {
	dsn, err := withDefaultSQLite(o.DB, "broker", p)
	if err != nil {
		return err
	}
	to, isFile := strings.CutPrefix(dsn, "sqlite:")
	if !isFile {
		return fmt.Errorf("restore: %w", store.ErrEngine)
	}
	_, ring, err := o.Keys.there(ctx, p, sayKeeper(p))
	if err != nil {
		return err
	}
	connections := 0
	err = store.Restore(ctx, backup, to, func(ctx context.Context, db *store.DB) error {
		canary, err := db.Broker().Canary(ctx)
		if errors.Is(err, broker.ErrNotFound) {
			return nil // no broker has started on it
		} else if err != nil {
			return err
		}
		if err := ring.CheckCanary(canary); err != nil {
			return err
		}
		counts, err := db.Broker().SealedBy(ctx)
		for _, c := range counts {
			if c.Kind == broker.AccessTokens {
				connections += c.Count
			}
		}
		return err
	})
	switch {
	case errors.Is(err, store.ErrHeld):
		return fmt.Errorf("the database %s is in use by another deskauth broker: stop that first, or name another --db", to)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: nothing is overwritten: move it away, with its -wal and -shm, or name another --db", err)
	case err != nil:
		return err
	}
	fmt.Fprintf(p.Out, "%s is made of the backup, with %s. Those that were renewed since have tokens that Zendesk has replaced:\n"+
		"they become `reauthorize` when they are used, and their people sign in again.\n", to, numberOf(connections, "connection"))
	return nil
}
