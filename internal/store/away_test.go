package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func TestAway(t *testing.T) {
	s := storetest.Open(t, storetest.DSN(t, store.SQLite)).Issuer()
	state := func(code string) error { return &pgconn.PgError{Code: code} }
	for _, c := range []struct {
		err  error
		want bool
	}{
		{state("08006"), true},
		{state("57P01"), true},
		{state("57P03"), true},
		{state("53300"), true},
		{state("57P04"), false}, // the database was dropped
		{state("57014"), false}, // a statement was cancelled
		{state("53100"), false}, // the disk is full
		{state("23505"), false},
		{state("42601"), false},
		{fmt.Errorf("step: %w", &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}), true},
		{fmt.Errorf("begin: %w", driver.ErrBadConn), true},
		{io.ErrUnexpectedEOF, true},
		{sql.ErrConnDone, true},
		{io.EOF, false}, // of a body, it may be
		{context.Canceled, false},
		{context.DeadlineExceeded, false},
		{issuer.ErrNotFound, false},
		{issuer.ErrConflict, false},
		{errors.New("disk I/O error"), false},
		{nil, false},
	} {
		if got := s.Away(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

// What a cut cable brings is told from all else, whatever was going on, and it passes.
func TestAwayWhenPostgresIsCutOff(t *testing.T) {
	line, dsn := storetest.NewLine(t, storetest.DSN(t, store.Postgres))
	db := storetest.Open(t, dsn)
	s, b := db.Issuer(), db.Broker()
	steps := map[string]func() error{
		"read": func() error { _, err := s.Accounts(t.Context()); return err },
		"write": func() error {
			_, err := s.AddAccount(t.Context(), issuer.Account{Subdomain: "x" + time.Now().Format("150405.000000")}, issuer.Event{})
			return err
		},
		"broker": func() error { return b.MoveZendesk(t.Context(), "somewhere") },
	}
	line.Cut(time.Hour)
	for name, step := range steps {
		for range 3 { // a connection that was open, and a new one
			if err := step(); !s.Away(err) || !b.Away(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	line.Cut(0)
	for name, step := range steps {
		for err := step(); err != nil; err = step() {
			if !s.Away(err) {
				t.Fatalf("%s, afterwards: %v", name, err)
			}
		}
	}
	// A step under way when the server ends every session.
	raw := storetest.Raw(t, dsn)
	_ = storetest.Count(t, raw, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err := steps["read"](); err != nil && !s.Away(err) {
		t.Errorf("after the sessions were ended: %v", err)
	}
}
