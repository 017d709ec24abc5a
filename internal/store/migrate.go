package store

import (
	"context"
	"database/sql"
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

// Migrations are the files that make all tables: migrations/ENGINE/PART/NNNN_NAME.sql.
func Migrations() fs.FS { return migrations }

// ErrNewer says that a newer deskauth has written the database. This one leaves
// it alone: what it does not know it would break.
var ErrNewer = errors.New("the database was written by a newer deskauth: run that version, or restore a backup")

// MigrateIssuer brings the tables of the issuer up to date.
func (d *DB) MigrateIssuer(ctx context.Context) error { return d.migrate(ctx, IssuerPart) }

// MigrateDesk brings the tables of the helpdesk up to date. They name users and
// accounts, so the issuer's tables come first.
func (d *DB) MigrateDesk(ctx context.Context) error { return d.migrate(ctx, "desk") }

// MigrateControl brings the tables of a demo's controls up to date.
func (d *DB) MigrateControl(ctx context.Context) error { return d.migrate(ctx, "control") }

// MigrateBroker brings the tables of the broker up to date. If the file is held for
// the broker, its connections are lent from memory from then on. The error may be
// *MovedAway, of a file whose tables are up to date and which nobody is to serve.
func (d *DB) MigrateBroker(ctx context.Context) error {
	if err := d.migrate(ctx, BrokerPart); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{d.fillWords, d.fillClientWords, d.movedAway} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if !d.held.Load() {
		return nil
	}
	return d.lendFromMemory(ctx)
}

// Parts of a database, by who serves them.
const (
	IssuerPart = "issuer"
	BrokerPart = "broker"
)

// Has tells whether the tables of a part have ever been made. What cannot be asked has
// none.
func (d *DB) Has(ctx context.Context, part string) bool {
	var at sql.NullInt64
	return d.reads.db.QueryRowContext(ctx, `SELECT max(version_id) FROM `+part+`_migrations`).Scan(&at) == nil
}

// migrate runs the migrations of one part, forward only. The parts keep their
// versions apart, so that they can share a database or have two.
func (d *DB) migrate(ctx context.Context, part string) error {
	files, err := fs.Sub(migrations, "migrations/"+string(d.engine)+"/"+part)
	if err != nil {
		return err
	}
	if d.upToDate(ctx, files, part) {
		return nil
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
	tables, err := d.forMigrations()
	if err != nil {
		return err
	}
	defer tables.close()
	provider, err := goose.NewProvider(dialect, tables.db, files, options...)
	if err != nil {
		return fmt.Errorf("read the %s migrations: %w", part, err)
	}
	return up(ctx, provider, part)
}

// upToDate tells whether the tables of a part are at the version of the newest
// file: nearly every start finds them so, and a query tells it sooner than goose,
// which wants a connection of its own. Whatever else there is, goose finds out.
func (d *DB) upToDate(ctx context.Context, files fs.FS, part string) bool {
	names, err := fs.Glob(files, "*.sql") // in order
	if err != nil || len(names) == 0 {
		return false
	}
	newest, err := goose.NumericComponent(names[len(names)-1])
	if err != nil {
		return false
	}
	var at sql.NullInt64
	err = d.reads.db.QueryRowContext(ctx, `SELECT max(version_id) FROM `+part+`_migrations`).Scan(&at)
	return err == nil && at.Valid && at.Int64 == newest
}

// up looks before anything is locked or written. Where there is no lock, on
// SQLite, of two processes that start together one fails, with nothing changed:
// it goes on from where the other came.
func up(ctx context.Context, provider *goose.Provider, part string) error {
	var failure error
	for reached := int64(-1); ; {
		current, target, err := provider.GetVersions(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("read the version of the %s tables: %w", part, err)
		case current > target:
			return ErrNewer
		case current == target:
			return nil
		case current == reached:
			return fmt.Errorf("migrate the %s tables: %w", part, failure)
		}
		reached = current
		_, failure = provider.Up(ctx)
	}
}

// migrationHandle is what migrations run on.
type migrationHandle struct {
	db    *sql.DB
	close func()
}

// forMigrations returns, for SQLite, a handle of its own: the writer keeps the
// only connection of the other once it has begun.
func (d *DB) forMigrations() (migrationHandle, error) {
	if d.engine == Postgres {
		if d.writes.Stats().MaxOpenConnections == 1 {
			return migrationHandle{}, errors.New("migrations need a pool of two connections or more: one for the lock, one for the tables")
		}
		return migrationHandle{d.writes, func() {}}, nil
	}
	db, err := sql.Open("sqlite", sqliteDSN(d.path, "_txlock=immediate"))
	if err != nil {
		return migrationHandle{}, fmt.Errorf("open database %s: %w", d.path, err)
	}
	db.SetMaxOpenConns(1)
	return migrationHandle{db, func() { db.Close() }}, nil
}
