package embedded_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/embedded"
	"github.com/deskauth/deskauth/internal/testlog"
)

// A trail of more than one part is read whole, in its order, and a loop may leave it.
func TestEventsOfManyParts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "connections.db")
	p := newProgram(t, func(c *embedded.Config) { c.Path = path })
	ctx := t.Context()
	const keys = 251 // each has two lines, and a part 500
	for n := range keys {
		k, err := p.broker.MakeKey(ctx, deskauth.KeyRequest{Name: fmt.Sprint("key ", n), Can: []string{"lend"}})
		if err != nil {
			t.Fatal(err)
		}
		testlog.Issued(t, k.Secret)
		if err := p.broker.EndKey(ctx, k.ID); err != nil {
			t.Fatal(err)
		}
	}
	got, err := all(p.broker.Events(ctx, deskauth.EventFilter{By: "broker"}))
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for i, e := range got {
		if i > 0 && e.ID <= got[i-1].ID {
			t.Fatalf("event %d comes after %d", e.ID, got[i-1].ID)
		}
		if e.Kind == "key_made" {
			if made++; e.Detail != fmt.Sprint("key ", made-1) {
				t.Fatalf("the key made as number %d is %q", made, e.Detail)
			}
		}
	}
	if made != keys {
		t.Errorf("%d of %d keys are in the trail", made, keys)
	}
	for e, err := range p.broker.Events(ctx, deskauth.EventFilter{}) {
		if err != nil || e.ID != 1 {
			t.Errorf("the first event is %d, %v", e.ID, err)
		}
		break
	}
}
