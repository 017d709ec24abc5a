package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// Passes of some connections are listed in parts, in order, and none of another's.
func TestPassesOfConnections(t *testing.T) {
	eachDSN(t, func(t *testing.T, dsn string, db *store.DB) {
		s := db.Broker()
		raw := storetest.Raw(t, dsn)
		const passes = 20_000 // so many that PostgreSQL does not find it cheapest to read all
		var values []string
		digest := map[store.Engine]string{store.SQLite: `x'%016x'`, store.Postgres: `'\x%016x'`}[db.Engine()]
		for n := range passes { // of the connections 1 to 1000 in turns
			values = append(values, fmt.Sprintf(`(`+digest+`, 'a', %d, 'acme', 35, 'upload', 0, '', 1, 1, 1, 0, 0, 0, 1, 2, 0)`, n, n%1000+1))
		}
		for part := range slices.Chunk(values, 500) {
			storetest.Exec(t, raw, `INSERT INTO broker_passes (digest, name, connection_id, account, ticket, can, public, types,
				file_most, bytes_most, uses_most, bytes, uses, version, created_at, expires_at, revoked_at) VALUES `+strings.Join(part, `, `))
		}
		for name, tt := range map[string]struct {
			of   []broker.ConnectionID
			want []broker.PassID // the first
			all  int
		}{
			"of one":        {[]broker.ConnectionID{7}, []broker.PassID{7, 1007, 2007, 3007}, 20},
			"of three":      {[]broker.ConnectionID{9, 2, 700}, []broker.PassID{2, 9, 700, 1002}, 60},
			"of one twice":  {[]broker.ConnectionID{7, 7, 7}, []broker.PassID{7, 1007, 2007, 3007}, 20},
			"of none known": {[]broker.ConnectionID{77_777}, nil, 0},
		} {
			var got []broker.PassID
			after := broker.PassID(0)
			for {
				part, err := s.PassesOf(t.Context(), tt.of, after, 7)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range part {
					if !slices.Contains(tt.of, p.Connection) {
						t.Errorf("%s: pass %d is of connection %d", name, p.ID, p.Connection)
					}
					got, after = append(got, p.ID), p.ID
				}
				if len(part) < 7 {
					break
				}
			}
			if diff := cmp.Diff(tt.want, got[:min(4, len(got))]); diff != "" || len(got) != tt.all || !slices.IsSorted(got) {
				t.Errorf("%s: %d (-want +got):\n%s", name, len(got), diff)
			}
		}
		if db.Engine() == store.Postgres {
			storetest.Exec(t, raw, `ANALYZE broker_passes`)
		}
		plan := planOf(t, db, `SELECT id, name FROM broker_passes WHERE id > 0 AND connection_id IN (2, 9, 700, 700) ORDER BY id LIMIT 101`)
		if !strings.Contains(plan, "broker_passes_of_connection") {
			t.Errorf("passes of connections are not found by their index:\n%s", plan)
		}
	})
}
