package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// away tells whether an error says that the database cannot be reached now: the
// connection was refused, cut off or ended, or there are too many. A statement that
// it refused is another matter, and so is a caller that left. What was under way when
// a connection broke may have been committed.
func away(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		// PostgreSQL's documentation, appendix A: 08 is a connection that failed, 57P
		// (but for 57P04, a database that was dropped) a server that ends or begins, and
		// 53300 one with too many connections.
		code := refused.Code
		return strings.HasPrefix(code, "08") || code == "57P01" || code == "57P02" || code == "57P03" || code == "53300"
	}
	var connecting *pgconn.ConnectError
	var network *net.OpError
	left := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	// What was not sent, for the connection had been closed by then, is safe to retry.
	return errors.As(err, &connecting) || errors.As(err, &network) || !left && pgconn.SafeToRetry(err) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, errClosed)
}

func (s issuerStore) Away(err error) bool { return away(err) }

func (s brokerStore) Away(err error) bool { return away(err) }
