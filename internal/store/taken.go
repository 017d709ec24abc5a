package store

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/deskauth/deskauth/internal/issuer"
)

// taken turns a violated UNIQUE into issuer.ErrTaken. Nothing else of the step
// that met it counts.
func taken(err error) error {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &pg) && pg.Code == "23505",
		errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
		return issuer.ErrTaken
	default:
		return err
	}
}
