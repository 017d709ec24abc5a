package store_test

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
)

func TestSealingKeyMovesBySwaps(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, _ broker.Client) {
		ctx := t.Context()
		if _, err := s.SealingKey(ctx); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("before the first start: %v", err)
		}
		first := broker.SealingKey{Current: 1<<32 - 1}
		for _, offered := range []broker.SealingKey{first, {Current: 7}} {
			if kept, err := s.KeepSealingKey(ctx, offered); err != nil || kept != first {
				t.Fatalf("kept %+v, %v", kept, err)
			}
		}
		offer := broker.SealingKey{Current: first.Current, Next: 9, Asked: 1}
		if err := s.OfferKey(ctx, first, offer); err != nil {
			t.Fatal(err)
		}
		if err := s.OfferKey(ctx, first, offer); !errors.Is(err, broker.ErrConflict) {
			t.Errorf("offered twice: %v", err)
		}
		holders := []broker.Keyholder{{Name: "a", Keys: []uint32{1, 9}, Asked: 1}, {Name: "b", Keys: []uint32{1}}}
		for _, h := range []broker.Keyholder{holders[1], holders[0], holders[0]} {
			if err := s.HoldKeys(ctx, h); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Keyholders(ctx); err != nil || !cmp.Equal(got, holders) {
			t.Errorf("keyholders %+v, %v", got, err)
		}
		taken := broker.SealingKey{Current: 9, Asked: 1}
		for _, seen := range [][]broker.Keyholder{nil, holders[:1], {holders[0], {Name: "b", Keys: []uint32{1, 9}, Asked: 1}}} {
			if err := s.TakeKey(ctx, offer, taken, seen); !errors.Is(err, broker.ErrConflict) {
				t.Errorf("taken beside other keyholders than %+v: %v", seen, err)
			}
		}
		if now, err := s.SealingKey(ctx); err != nil || now != offer {
			t.Errorf("it is %+v, %v", now, err)
		}
		if err := s.TakeKey(ctx, offer, taken, holders); err != nil {
			t.Fatal(err)
		}
		if now, err := s.SealingKey(ctx); err != nil || now != taken {
			t.Errorf("it is %+v, %v", now, err)
		}
		if err := s.DropKeyholders(ctx, []string{"b", "nobody"}); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Keyholders(ctx); err != nil || !cmp.Equal(got, holders[:1]) {
			t.Errorf("keyholders %+v, %v", got, err)
		}
	})
}

// A value is replaced only where it is as it was when it was read.
func TestResealIsASwap(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, client broker.Client) {
		ctx := t.Context()
		pending, _ := newPending(t, s, client, "state")
		pending.Generation, pending.AccessIssued = 1, brokerNow
		pending.Access, pending.Refresh = broker.Sealed{Bytes: []byte("access"), Key: 1}, broker.Sealed{Bytes: []byte("refresh"), Key: 1}
		if err := s.KeepTokens(ctx, pending); err != nil {
			t.Fatal(err)
		}
		next := client
		next.Version++
		next.Secrets = []broker.ClientSecret{{Number: 1, Sealed: broker.Sealed{Bytes: []byte("first"), Key: 1}}, {Number: 2, Sealed: broker.Sealed{Bytes: []byte("second"), Key: 1}}}
		if err := s.ChangeClients(ctx, []broker.ClientChange{{From: client.Version, Next: next, Event: broker.Event{Kind: broker.ClientChanged}}}); err != nil {
			t.Fatal(err)
		}
		var all []broker.Resealed
		for _, kind := range broker.SealedKinds {
			for after := (broker.SealedRow{}); ; {
				page, err := s.SealedValues(ctx, kind, after, 1)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				after = page[0].SealedRow
				v := page[0]
				all = append(all, broker.Resealed{SealedValue: v, Next: broker.Sealed{Bytes: append(slices.Clone(v.Sealed.Bytes), '2'), Key: 2}})
			}
		}
		if len(all) != 5 || all[2].Kind != broker.Verifiers || all[2].State != secret.Of("state").Digest() {
			t.Fatalf("values: %+v", all)
		}
		moved := all[3] // renewed since it was read
		moved.Number--
		if n, err := s.Reseal(ctx, []broker.Resealed{all[0], all[1], all[2], moved, all[4]}); err != nil || n != 4 {
			t.Errorf("%d replaced, %v", n, err)
		}
		if n, err := s.Reseal(ctx, all); err != nil || n != 1 { // the one that is left
			t.Errorf("%d replaced, %v", n, err)
		}
		c, err := s.Connection(ctx, pending.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := []broker.Sealed{{Bytes: []byte("access2"), Key: 2}, {Bytes: []byte("refresh2"), Key: 2}}
		if d := cmp.Diff(want, []broker.Sealed{c.Access, c.Refresh}); d != "" {
			t.Error(d)
		}
		counts, err := s.SealedBy(ctx)
		if err != nil {
			t.Fatal(err)
		}
		wantCounts := []broker.SealedCount{{Kind: broker.ClientSecrets, Key: 2, Count: 2}, {Kind: broker.Verifiers, Key: 2, Count: 1}, {Kind: broker.RefreshTokens, Key: 2, Count: 1}, {Kind: broker.AccessTokens, Key: 2, Count: 1}}
		if d := cmp.Diff(wantCounts, counts); d != "" {
			t.Error(d)
		}
	})
}

var keyColumn = regexp.MustCompile(`(?m)^\s*(?:ALTER TABLE (\w+) ADD COLUMN )?(\w*key_id)\s+(?:INTEGER|BIGINT)`)

// keyColumns are the columns of a migration that hold the id of a sealing key.
func keyColumns(sql string) (all []string) {
	table := ""
	for line := range strings.Lines(sql) {
		if name, ok := strings.CutPrefix(line, "CREATE TABLE "); ok {
			table, _, _ = strings.Cut(name, " ")
		}
		if m := keyColumn.FindStringSubmatch(line); m != nil {
			if m[1] != "" {
				table = m[1]
			}
			all = append(all, table+"."+m[2])
		}
	}
	return all
}

// otherKeys are columns that are named alike and have no sealing key in them.
var otherKeys = []string{
	"broker_links.key_id", "broker_answers.key_id", // of the API
}

// Whatever is sealed is found by a rotation: every column that a key's id stands in
// belongs to a kind of sealed values.
func TestEverySealedColumnIsRotated(t *testing.T) {
	for _, engine := range []store.Engine{store.SQLite, store.Postgres} {
		var found []string
		err := fs.WalkDir(store.Migrations(), "migrations/"+string(engine), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(store.Migrations(), path)
			found = append(found, keyColumns(string(text))...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		found = slices.DeleteFunc(found, func(column string) bool { return slices.Contains(otherKeys, column) })
		slices.Sort(found)
		if d := cmp.Diff(store.SealedColumns(), found); d != "" {
			t.Errorf("%s: what a rotation seals anew (-), and what is sealed (+); see sealedColumns and broker.SealedKinds\n%s", engine, d)
		}
	}
	if got := keyColumns("ALTER TABLE broker_hooks ADD COLUMN secret_key_id BIGINT;\n"); !slices.Equal(got, []string{"broker_hooks.secret_key_id"}) {
		t.Errorf("a column made up is found as %q", got)
	}
}
