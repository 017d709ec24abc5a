package store

import (
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// How values look in a row: times are Unix microseconds (a zero time is NULL
// where the column allows it), truths 0 or 1, sets joined by a space and lists
// of addresses by a newline, since neither can hold it.

func micros(t time.Time) int64 { return t.UnixMicro() }

func orNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

func fromNull(us sql.NullInt64) time.Time {
	if !us.Valid {
		return time.Time{}
	}
	return fromMicros(us.Int64)
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func digestFrom(b []byte) (d secret.Digest) {
	copy(d[:], b)
	return d
}

func scopeFrom(s string) oauth.Scope { return oauth.ParseScope(s) }

func lines(list []string) string { return strings.Join(list, "\n") }

func linesFrom(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// found turns the driver's word for an empty result into the caller's.
func found(err, notFound error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return notFound
	}
	return err
}

// collect scans all rows by scan.
func collect[T any](rows *sql.Rows, err error, scan func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// scanner is what *sql.Row and *sql.Rows share.
type scanner interface{ Scan(dest ...any) error }
