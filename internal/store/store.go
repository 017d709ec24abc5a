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
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the "sqlite" driver

	"github.com/deskauth/deskauth/internal/issuer"
)

// Engine names a kind of database.
type Engine string

// The engines that deskauth runs on.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine    Engine
	path      string  // SQLite alone
	writes    *sql.DB // SQLite: the only connection that writes; PostgreSQL: the pool
	reads     reader
	queue     chan *pending // SQLite alone: steps that wait for the writer
	ended     chan struct{} // SQLite alone: closed when the writer has ended
	close     func() error
	recent    issuerRecent
	presented *together[tokenKey, issuer.Token] // PostgreSQL alone
	held      atomic.Bool                       // SQLite alone: this process is the broker of the file
	lent      lent
}

// Open opens the database that dsn names, without touching its tables:
// "sqlite:PATH" (created when missing, readable by its owner alone) or a
// postgres:// URL. The caller closes it.
func Open(ctx context.Context, dsn string) (*DB, error) {
	switch scheme, rest, _ := strings.Cut(dsn, ":"); scheme {
	case "sqlite":
		return openSQLite(ctx, rest)
	case "postgres", "postgresql":
		return openPostgres(ctx, dsn)
	default:
		// The text may be a password that was given in the wrong place.
		return nil, errors.New("unknown database: expected sqlite:PATH or postgres://…")
	}
}

// FromPostgres uses a pool that the caller opened and goes on owning.
func FromPostgres(pool *sql.DB) *DB {
	return &DB{engine: Postgres, writes: pool, reads: postgresReader(pool), presented: presentedTokens(), close: func() error { return nil }}
}

// Engine tells which kind of database this is.
func (d *DB) Engine() Engine { return d.engine }

// Close waits for the steps that were handed in and closes the database.
func (d *DB) Close() error { return d.close() }

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	if err := d.reads.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fmt.Errorf("the database does not answer: %w", oneLine{err})
	}
	return nil
}

// oneLine is an error of pgx, which has a line for every address it tried.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }

func (e oneLine) Unwrap() error { return e.error }

// sqliteCacheKiB is the page cache of the connection that writes (design §5).
const sqliteCacheKiB = 65536

// sqliteReaderPages is that of a connection that reads. Each commit of the writer
// makes a reader drop its whole cache, page by page: a large one costs more to
// empty and to fill again than the operating system's cache, from which it fills.
// So many pages SQLite allocates in one go.
const sqliteReaderPages = 20

func openSQLite(ctx context.Context, path string) (*DB, error) {
	path = strings.TrimPrefix(path, "//")
	if path == "" {
		return nil, errors.New("the SQLite database needs a path: sqlite:PATH")
	}
	if strings.HasPrefix(path, ":") {
		return nil, errors.New("the SQLite database needs a file: in memory, its readers would not see what is written")
	}
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	writes, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	writes.SetMaxOpenConns(1)
	writes.SetMaxIdleConns(1)
	// A file that is no database, or a damaged one, shows here and not at the
	// first request.
	var tables int
	if err := writes.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		_ = writes.Close()
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	readers, err := sql.Open("sqlite", sqliteDSN(path, "_pragma=query_only(1)", fmt.Sprintf("_pragma=cache_size(%d)", sqliteReaderPages)))
	if err != nil {
		_ = writes.Close()
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	readers.SetMaxOpenConns(4)
	readers.SetMaxIdleConns(4)
	d := &DB{
		engine: SQLite, path: path, writes: writes,
		reads: reader{db: readers, prepared: &statements{on: readers}},
		queue: make(chan *pending, 1024), ended: make(chan struct{}),
	}
	stop := make(chan struct{})
	go d.commitGroups(stop)
	d.close = sync.OnceValue(func() error {
		close(stop)
		<-d.ended
		d.reads.prepared.close()
		return errors.Join(readers.Close(), writes.Close())
	})
	return d, nil
}

// sqliteDSN sets what each connection needs. FULL, because an authorization
// server must not forget a revocation or a replaced token when the power goes.
// No mmap: it made reads under writes slower by an order of magnitude.
func sqliteDSN(path string, more ...string) string {
	pragmas := []string{
		"_pragma=busy_timeout(5000)",
		"_pragma=journal_mode(WAL)",
		"_pragma=synchronous(FULL)",
		"_pragma=foreign_keys(1)",
		fmt.Sprintf("_pragma=cache_size(-%d)", sqliteCacheKiB),
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	return u.String() + "?" + strings.Join(append(pragmas, more...), "&")
}

// createPrivate makes the file, or makes one that is there private, so that SQLite does
// not create one that others may read: it holds names and digests.
//
// A file that is there is not opened: to close it again would take away every lock that
// this process has on it by another handle (fcntl), of those in -shm too, and whoever
// opens the database then takes the log for nobody's.
func createPrivate(path string) error {
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("open database: %w", err)
		}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		var f *os.File
		if f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err == nil {
			err = f.Close()
		}
	case err == nil && info.IsDir():
		err = &fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
	}
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	for _, beside := range []string{"", "-wal", "-shm"} { // SQLite gives new ones the mode of the file
		keepPrivate(path + beside)
	}
	return nil
}

// keepPrivate takes from others what they may do to a file that is there already, as
// after a copy. Only its owner can; for anybody else it stays as its owner wants it.
func keepPrivate(name string) {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		_ = os.Chmod(name, 0o600)
	}
}

// postgresConns bounds the pool of a process: more connections than a database
// has cores make it slower, and replicas share its limit.
const postgresConns = 16

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// pgx repeats the text, which may hold a password.
		return nil, errors.New("the database address is not a valid postgres:// URL")
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = postgresConns
	}
	config.MaxConns = max(config.MaxConns, 2) // a migration needs two: for the lock, and for the tables
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	d := &DB{engine: Postgres, writes: db, reads: postgresReader(db), presented: presentedTokens()}
	d.close = sync.OnceValue(func() error { err := db.Close(); pool.Close(); return err })
	if err := d.Ping(ctx); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("open database %s:%d/%s: %w", config.ConnConfig.Host, config.ConnConfig.Port, config.ConnConfig.Database, err)
	}
	return d, nil
}
