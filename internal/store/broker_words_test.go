package store_test

import (
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// foundBy lists what a search finds.
func foundBy(t *testing.T, s broker.Store, words string) (ids []broker.ConnectionID) {
	t.Helper()
	all, err := s.FindConnections(t.Context(), broker.Filter{Words: words}, 1<<62, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids
}

// A connection is found by what its user is called now, as long as it is there.
func TestWordsFollowTheConnection(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		old := newActive(t, s, c, 7)
		if got := foundBy(t, s, "ada acm"); len(got) != 1 || got[0] != old.ID {
			t.Errorf("by its first name: %v", got)
		}
		pending, flow := newPending(t, s, c, "again")
		pending = withTokens(pending)
		if err := s.KeepTokens(t.Context(), pending); err != nil {
			t.Fatal(err)
		}
		next := withTokens(old)
		next.User.Name, next.User.Email = "Countess Lovelace", "lovelace@acme.example"
		if err := s.MergeConnection(t.Context(), next, broker.Connection{ID: pending.ID}, flow.ID, broker.Event{}); err != nil {
			t.Fatal(err)
		}
		if got := foundBy(t, s, "ada"); len(got) != 0 {
			t.Errorf("by a name that it has no more: %v", got)
		}
		if got := foundBy(t, s, "lovel"); len(got) != 1 || got[0] != old.ID {
			t.Errorf("by its new name: %v", got)
		}
		next.State = broker.Disabled
		if err := s.Condemn(t.Context(), next, broker.Event{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Remove(t.Context(), next, broker.Event{}); err != nil {
			t.Fatal(err)
		}
		if got := foundBy(t, s, "lovel"); len(got) != 0 {
			t.Errorf("after its removal: %v", got)
		}
	})
}

// Connections of before 0014 are found by their words, whatever letters these have.
func TestWordsThatWereThereBefore(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			dsn := storetest.Empty(t, engine)
			raw := before(t, dsn, engine, "broker", "0014_words.sql")
			storetest.Exec(t, raw, `INSERT INTO broker_clients (account, product, identifier, chosen_at, version) VALUES ('', 'support', 'app', 1, 1)`)
			for n, words := range []string{"École Élan elan@acme.example acme", ""} { // the second is pending
				storetest.Exec(t, raw, `INSERT INTO broker_connections (account, product, client_id, grant_type, user_id, user_name, user_email, user_role,
					state, reason, generation, scope_asked, scope_granted, access_key_id, refresh_key_id,
					access_issued_at, access_expires_at, refresh_expires_at, forced, created_at, renewed_at, last_used_at, failures, retry_at, claim_owner, claim_counter, words)
					VALUES ('acme', 'support', 1, 'authorization_code', $1, 'École Élan', 'elan@acme.example', '', 'active', '', 1, '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', 0, $2)`, n+1, words)
			}
			db, err := store.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			if err := db.MigrateBroker(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, words := range []string{"éco", "acme elan", "example"} {
				if got := foundBy(t, db.Broker(), words); len(got) != 1 || got[0] != 1 {
					t.Errorf("by %q: %v", words, got)
				}
			}
			if n := storetest.Count(t, raw, `SELECT count(*) FROM broker_settings`); n != 0 {
				t.Errorf("%d settings are left", n)
			}
		})
	}
}
