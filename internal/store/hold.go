package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrHeld says that another process holds what Hold was asked for.
var ErrHeld = errors.New("in use by another process")

// Hold keeps the file at path, which is made if it is missing, for this process
// alone until release is called or the process ends, however that comes: it is a lock
// of the operating system's, taken by SQLite, which knows how to on each of them. It
// returns ErrHeld where another process, or another call, has it. The file stays: who
// removed it could remove the lock that somebody else has just taken.
func Hold(ctx context.Context, path string) (release func() error, err error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	// A transaction that writes nothing leaves nothing behind, and is not waited for.
	db, err := sql.Open("sqlite", u.String()+"?_txlock=exclusive&_pragma=busy_timeout(0)")
	if err != nil {
		return nil, fmt.Errorf("hold %s: %w", path, err)
	}
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		_ = db.Close()
		var lite *sqlite.Error
		if errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY {
			return nil, fmt.Errorf("hold %s: %w", path, ErrHeld)
		}
		return nil, fmt.Errorf("hold %s: %w", path, err)
	}
	return sync.OnceValue(func() error { return errors.Join(tx.Rollback(), db.Close()) }), nil
}

// brokerKind is the kind of server that lends connections.
const brokerKind = "broker"

// Hold keeps the database for one server of a kind, such as "broker", until Close.
// A file of SQLite is not for replicas: each lends and decides by what it remembers.
// It returns ErrHeld where another has it. PostgreSQL is for as many as there are.
func (d *DB) Hold(ctx context.Context, kind string) error {
	if d.engine != SQLite {
		return nil
	}
	// Whoever comes by a link meets the same lock.
	path, err := filepath.EvalSymlinks(d.path)
	if err != nil {
		return fmt.Errorf("hold %s: %w", d.path, err)
	}
	release, err := Hold(ctx, path+"."+kind+".lock")
	if err != nil {
		return err
	}
	closed := d.close
	d.close = sync.OnceValue(func() error {
		d.lendNoMore()
		return errors.Join(closed(), release())
	})
	if kind == brokerKind {
		d.held.Store(true)
	}
	return nil
}
