package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// Whoever is removed is an operator no more, in the session that they have too.
func TestRemoveOperator(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, now := db.Broker(), time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		i := broker.Invitation{Digest: secret.Of("invitation").Digest(), Expires: now.Add(time.Hour)}
		session := broker.Session{Digest: secret.Of("session").Digest(), Account: "acme", User: broker.User{ID: 7, Name: "Ada"}, Created: now, Checked: now}
		if err := errors.Join(s.KeepInvitation(t.Context(), i), s.AddFirst(t.Context(), i, session, broker.Event{})); err != nil {
			t.Fatal(err)
		}
		if v, err := s.Session(t.Context(), session.Digest); err != nil || !v.Named {
			t.Fatalf("let in: %+v %v", v, err)
		}
		e := broker.Event{At: now, Kind: broker.OperatorGone, By: broker.AtCommand, Account: "acme", Detail: "7"}
		for _, err := range []error{s.RemoveOperator(t.Context(), "globex", 7, e), s.RemoveOperator(t.Context(), "acme", 8, e)} {
			if !errors.Is(err, broker.ErrNotFound) {
				t.Errorf("somebody else: %v", err)
			}
		}
		if err := s.RemoveOperator(t.Context(), "acme", 7, e); err != nil {
			t.Fatal(err)
		}
		if v, err := s.Session(t.Context(), session.Digest); err != nil || v.Named {
			t.Errorf("removed: %+v %v", v, err)
		}
		if all, err := s.Events(t.Context(), broker.EventFilter{Kind: broker.OperatorGone}, 0, 10); err != nil || len(all) != 1 {
			t.Errorf("it is told once: %v %v", all, err)
		}
	})
}
