package issuer

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUses(t *testing.T) {
	a, b, key := TokenRef{1, 1, 1}, TokenRef{1, 1, 2}, APITokenRef{1, 1}
	var u Uses
	if tokens, apiTokens := u.take(); len(tokens)+len(apiTokens) != 0 {
		t.Errorf("at first: %v, %v", tokens, apiTokens)
	}
	u.note(a, noon.Add(time.Second))
	u.note(a, noon) // told late: an older use changes nothing
	u.note(b, noon)
	u.noteAPIToken(key, noon.Add(time.Minute))
	u.noteAPIToken(key, noon)
	taken, takenKeys := u.take()
	if diff := cmp.Diff(map[TokenRef]time.Time{a: noon.Add(time.Second), b: noon}, taken); diff != "" {
		t.Error("gathered (-want +got):\n" + diff)
	}
	if diff := cmp.Diff(map[APITokenRef]time.Time{key: noon.Add(time.Minute)}, takenKeys); diff != "" {
		t.Error("gathered of API tokens (-want +got):\n" + diff)
	}
	if tokens, apiTokens := u.take(); len(tokens)+len(apiTokens) != 0 {
		t.Errorf("taken twice: %v, %v", tokens, apiTokens)
	}
	u.note(a, noon.Add(time.Hour))
	u.note(b, noon.Add(-time.Hour))
	u.putBack(taken, takenKeys)
	tokens, apiTokens := u.take()
	if diff := cmp.Diff(map[TokenRef]time.Time{a: noon.Add(time.Hour), b: noon}, tokens); diff != "" {
		t.Error("put back, with what came meanwhile (-want +got):\n" + diff)
	}
	if diff := cmp.Diff(map[APITokenRef]time.Time{key: noon.Add(time.Minute)}, apiTokens); diff != "" {
		t.Error("put back of API tokens (-want +got):\n" + diff)
	}
	var none *Uses
	none.note(a, noon)
	none.noteAPIToken(key, noon)
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
