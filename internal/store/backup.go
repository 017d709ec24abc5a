package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// ErrEngine says that something is for the other kind of database.
var ErrEngine = errors.New("only a SQLite database is backed up so: for PostgreSQL use pg_dump and pg_restore")

// Backup writes what the database holds at one moment to a new file, while others read
// and write it. The file is the owner's alone. It returns an error that is fs.ErrExist
// where there is one already.
func (d *DB) Backup(ctx context.Context, path string) error {
	if d.engine != SQLite {
		return ErrEngine
	}
	return intoNew(path, func(part string) error { return vacuumInto(ctx, sqliteDSN(d.path), part) })
}

// Restore makes the file `to`, which must not be there, of a backup. Before it has its
// name it is looked through and its tables are brought up to date; then check may
// refuse it. It returns ErrHeld while a broker has that name, ErrNewer where a newer
// deskauth wrote the backup.
func Restore(ctx context.Context, backup, to string, check func(context.Context, *DB) error) error {
	if _, err := os.Stat(backup); err != nil {
		return fmt.Errorf("backup %s: %w", backup, cause(err))
	}
	// A broker that runs has its file's name, even when somebody removed the file.
	release, err := Hold(ctx, to+"."+brokerKind+".lock")
	if err != nil {
		return err
	}
	defer func() { _ = release() }()
	for _, left := range []string{"-wal", "-shm"} { // SQLite would take them for the new file's
		if _, err := os.Stat(to + left); err == nil {
			return fmt.Errorf("%s: %w", to+left, fs.ErrExist)
		}
	}
	return intoNew(to, func(part string) error {
		u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: backup}).EscapedPath()}
		if err := vacuumInto(ctx, u.String()+"?_pragma=busy_timeout(5000)&_pragma=query_only(0)", part); err != nil {
			return fmt.Errorf("backup %s: %w", backup, err)
		}
		db, err := openSQLite(ctx, part)
		if err != nil {
			return err
		}
		err = db.sound(ctx, backup)
		if err == nil {
			err = db.MigrateBroker(ctx)
		}
		if err == nil {
			err = check(ctx, db)
		}
		return errors.Join(err, db.Close())
	})
}

// sound tells whether a file is whole, and a broker's.
func (d *DB) sound(ctx context.Context, name string) error {
	var found string
	if err := d.reads.db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil || found != "ok" {
		return fmt.Errorf("backup %s: it is damaged: %s", name, found)
	}
	var n int
	if err := d.reads.db.QueryRowContext(ctx, `SELECT count(*) FROM broker_migrations`).Scan(&n); err != nil {
		return fmt.Errorf("backup %s: it is not a broker's database", name)
	}
	return nil
}

func vacuumInto(ctx context.Context, dsn, path string) error {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, path)
	return errors.Join(err, db.Close())
}

// intoNew has a file made beside path, and gives it that name when it is complete.
func intoNew(path string, fill func(part string) error) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600; VACUUM INTO takes an empty file
	if err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	part := f.Name()
	defer func() {
		for _, end := range []string{"", "-wal", "-shm", "-journal"} {
			_ = os.Remove(part + end)
		}
	}()
	if err := f.Close(); err != nil {
		return err
	}
	if err := fill(part); err != nil {
		return err
	}
	if f, err = os.OpenFile(part, os.O_RDWR, 0); err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Link(part, path) // a rename would overwrite what came in the meantime
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	return nil
}

// cause drops the path that os puts into its errors; ours name it already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		return l.Err
	}
	return err
}
