package seal

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

const place = "broker_connections/17/refresh"

// open is a ring in a file of its own.
func open(t *testing.T) *Ring {
	t.Helper()
	ring, err := OpenFile(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func mustSeal(t *testing.T, ring *Ring, plain, boundTo string) []byte {
	t.Helper()
	sealed, err := ring.Seal([]byte(plain), boundTo)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// checkClosed wants err to be ErrSealed, on one line, without the plain text.
func checkClosed(t *testing.T, what string, plain []byte, err error) {
	t.Helper()
	if !errors.Is(err, ErrSealed) || plain != nil {
		t.Errorf("%s: opened as %q, %v; want ErrSealed", what, plain, err)
		return
	}
	if msg := err.Error(); strings.Contains(msg, "token-text") || strings.Contains(msg, "\n") {
		t.Errorf("%s: error %q", what, msg)
	}
}

func TestSealedOpens(t *testing.T) {
	ring := open(t)
	for _, plain := range []string{"", "t", "token-text", strings.Repeat("token", 10_000)} {
		sealed := mustSeal(t, ring, plain, place)
		got, err := ring.Open(sealed, place)
		if err != nil || string(got) != plain {
			t.Errorf("%d bytes: opened as %d bytes, %v", len(plain), len(got), err)
		}
		if len(plain) > 1 && bytes.Contains(sealed, []byte(plain)) {
			t.Errorf("%d bytes: sealed in the clear", len(plain))
		}
	}
}

func TestTwoSealsDiffer(t *testing.T) {
	ring := open(t)
	if bytes.Equal(mustSeal(t, ring, "token-text", place), mustSeal(t, ring, "token-text", place)) {
		t.Error("equal tokens can be told by their seals: the nonce repeats")
	}
}

func TestOpensAtItsPlaceOnly(t *testing.T) {
	ring := open(t)
	sealed := mustSeal(t, ring, "token-text", place)
	for _, other := range []string{
		"", "broker_connections/18/refresh", "broker_connections/17/access",
		"broker_connections/17/refres", place + "/", place + "\x00",
	} {
		plain, err := ring.Open(sealed, other)
		checkClosed(t, "at "+other, plain, err)
	}
	if _, err := ring.Seal([]byte("token-text"), ""); err == nil {
		t.Error("sealed for no place, which opens anywhere")
	}
}

func TestOtherKeysDoNotOpen(t *testing.T) {
	plain, err := open(t).Open(mustSeal(t, open(t), "token-text", place), place)
	checkClosed(t, "other ring", plain, err)
}

func TestAlteredDoesNotOpen(t *testing.T) {
	ring := open(t)
	sealed := mustSeal(t, ring, "token-text", place)
	for n := range sealed {
		plain, err := ring.Open(sealed[:n], place)
		checkClosed(t, "truncated", plain, err)
	}
	for i := range sealed {
		for bit := range 8 {
			altered := bytes.Clone(sealed)
			altered[i] ^= 1 << bit
			plain, err := ring.Open(altered, place)
			checkClosed(t, "flipped", plain, err)
		}
	}
	plain, err := ring.Open(append(bytes.Clone(sealed), 0), place)
	checkClosed(t, "lengthened", plain, err)
}

func TestCanary(t *testing.T) {
	ring, other := open(t), open(t)
	sealed, err := ring.Canary()
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.CheckCanary(sealed); err != nil {
		t.Errorf("own canary: %v", err)
	}
	err = other.CheckCanary(sealed)
	if !errors.Is(err, ErrSealed) || !strings.Contains(err.Error(), "these sealing keys do not open this database") {
		t.Errorf("another ring's canary: %v", err)
	}
	if err := ring.CheckCanary(nil); !errors.Is(err, ErrSealed) {
		t.Errorf("no canary: %v", err)
	}
	impostor := mustSeal(t, ring, "another text", canaryPlace)
	if err := ring.CheckCanary(impostor); !errors.Is(err, ErrSealed) {
		t.Errorf("another text as canary: %v", err)
	}
}
