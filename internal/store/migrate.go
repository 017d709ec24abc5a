package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// ErrNewer says that a newer deskauth has written the database. This one leaves
// it alone: what it does not know it would break.
var ErrNewer = errors.New("the database was written by a newer deskauth: run that version, or restore a backup")

// MigrateIssuer brings the tables of the issuer up to date.
func (d *DB) MigrateIssuer(ctx context.Context) error { return d.migrate(ctx, "issuer") }

// MigrateDesk brings the tables of the helpdesk up to date. They name users and
// accounts, so the issuer's tables come first.
func (d *DB) MigrateDesk(ctx context.Context) error { return d.migrate(ctx, "desk") }

// MigrateControl brings the tables of a demo's controls up to date.
func (d *DB) MigrateControl(ctx context.Context) error { return d.migrate(ctx, "control") }

// MigrateBroker brings the tables of the broker up to date.
func (d *DB) MigrateBroker(ctx context.Context) error { return d.migrate(ctx, "broker") }

// migrate runs the migrations of one part, forward only. The parts keep their
// versions apart, so that they can share a database or have two.
func (d *DB) migrate(ctx context.Context, part string) error {
	files, err := fs.Sub(migrations, "migrations/"+string(d.engine)+"/"+part)
	if err != nil {
		return err
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithTableName(part + "_migrations")}
	if d.engine == Postgres {
		// A row lock, because poolers that hand out another connection for each
		// transaction, and some PostgreSQL-like engines, have no advisory locks.
		locker, err := lock.NewPostgresTableLocker(
			lock.WithTableName("deskauth_migrating"),
			lock.WithTableLockTimeout(200*time.Millisecond, 600))
		if err != nil {
			return err
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, d.writes, files, options...)
	if err != nil {
		return fmt.Errorf("read the %s migrations: %w", part, err)
	}
	if pending, err := d.pendingMigrations(ctx, provider); err != nil || !pending {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the %s tables: %w", part, err)
	}
	return nil
}

// pendingMigrations looks before anything is locked or written.
func (d *DB) pendingMigrations(ctx context.Context, provider *goose.Provider) (bool, error) {
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return false, fmt.Errorf("read the version of the tables: %w", err)
	}
	if current > target {
		return false, ErrNewer
	}
	return current < target, nil
}
