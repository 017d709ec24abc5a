package embedded_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/embedded"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
)

// A file that a program lends from is no other broker's: `deskauth broker` asks for the
// same hold, and does not start.
func TestFileIsHeld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "connections.db")
	p := newProgram(t, func(c *embedded.Config) { c.Path = path })
	hold := func() error {
		db, err := store.Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		return errors.Join(db.Hold(t.Context(), "broker"), db.Close())
	}
	if err := hold(); !errors.Is(err, store.ErrHeld) {
		t.Errorf("while it is open: %v", err)
	}
	if err := p.broker.Close(); err != nil {
		t.Fatal(err)
	}
	if err := hold(); err != nil {
		t.Errorf("when it was closed: %v", err)
	}
	p.open()
}

// Two programs on one file: the first lends from memory, and what the second does
// shows there at once.
func TestTwoOnOneFile(t *testing.T) {
	p := newProgram(t, func(c *embedded.Config) { c.Path = filepath.Join(t.TempDir(), "connections.db") })
	c, err := p.broker.ConnectClient(t.Context(), journey.Account)
	if err != nil {
		t.Fatal(err)
	}
	second, err := embedded.Open(t.Context(), p.config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	}()
	lent := func(b *embedded.Broker) error {
		t.Helper()
		var first string
		for range 3 {
			token, err := b.Token(t.Context(), c.ID)
			if err != nil {
				return err
			}
			if first == "" {
				first = token.AccessToken
			}
			if token.AccessToken != first {
				t.Errorf("lent %v, and another before", token)
			}
		}
		return nil
	}
	for range 3 {
		if err := errors.Join(lent(p.broker), lent(second)); err != nil {
			t.Fatal(err)
		}
		if err := second.Disable(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		var unusable *deskauth.Unusable
		if err := lent(p.broker); !errors.As(err, &unusable) || unusable.State != deskauth.Disabled {
			t.Fatalf("disabled by the other: %v", err)
		}
		if err := p.broker.Enable(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
	}
}
