package issuer

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUses(t *testing.T) {
	a, b := TokenRef{1, 1}, TokenRef{1, 2}
	var u Uses
	if got := u.take(); len(got) != 0 {
		t.Errorf("at first: %v", got)
	}
	u.note(a, noon.Add(time.Second))
	u.note(a, noon) // told late: an older use changes nothing
	u.note(b, noon)
	taken := u.take()
	if diff := cmp.Diff(map[TokenRef]time.Time{a: noon.Add(time.Second), b: noon}, taken); diff != "" {
		t.Error("gathered (-want +got):\n" + diff)
	}
	if got := u.take(); len(got) != 0 {
		t.Errorf("taken twice: %v", got)
	}
	u.note(a, noon.Add(time.Hour))
	u.note(b, noon.Add(-time.Hour))
	u.putBack(taken)
	if diff := cmp.Diff(map[TokenRef]time.Time{a: noon.Add(time.Hour), b: noon}, u.take()); diff != "" {
		t.Error("put back, with what came meanwhile (-want +got):\n" + diff)
	}
	var none *Uses
	none.note(a, noon)
	if err := (&Issuer{}).FlushUses(t.Context()); err != nil {
		t.Error("an issuer that gathers no uses:", err)
	}
}

func TestNormalEmail(t *testing.T) {
	for in, want := range map[string]string{
		" Ada@ACME.Example\n": "ada@acme.example",
		"ada@acme.example":    "ada@acme.example",
		"":                    "",
		// What no column of text may hold is another name, and nobody's.
		"ada\x00@acme.example": "ada\ufffd@acme.example",
		"ada\xff@acme.example": "ada\ufffd@acme.example",
	} {
		if got := NormalEmail(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
