package issuer

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func TestES256(t *testing.T) {
	key, err := newES256Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte("header.claims")
	first, err := es256{key}.SignPayload(payload, jose.ES256)
	if err != nil || len(first) != 64 {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	digest := sha256.Sum256(payload)
	if !ecdsa.Verify(&key.PublicKey, digest[:], new(big.Int).SetBytes(first[:32]), new(big.Int).SetBytes(first[32:])) {
		t.Error("the signature does not verify")
	}
	if again, err := (es256{key}).SignPayload(payload, jose.ES256); err != nil || !bytes.Equal(again, first) {
		t.Errorf("signed again, another signature (%v)", err)
	}
	if _, err := (es256{key}).SignPayload(payload, jose.ES384); err == nil {
		t.Error("it signs by another algorithm")
	}
}

// Every draw is a key, the extremes too.
func TestES256KeyOfExtremes(t *testing.T) {
	for _, b := range []byte{0x00, 0x01, 0x7f, 0xff} {
		key, err := newES256Key(bytes.NewReader(bytes.Repeat([]byte{b}, 40)))
		if err != nil {
			t.Errorf("%#x: %v", b, err)
			continue
		}
		if again, err := newES256Key(bytes.NewReader(bytes.Repeat([]byte{b}, 40))); err != nil || !again.Equal(key) {
			t.Errorf("%#x: another key the second time (%v)", b, err)
		}
	}
	if _, err := newES256Key(bytes.NewReader(make([]byte, 39))); err == nil {
		t.Error("a key of too little")
	}
}
