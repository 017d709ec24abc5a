package issuer

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/deskauth/deskauth/internal/secret"
)

func TestPasswords(t *testing.T) {
	p := NewPasswords()
	hash, err := p.Hash(t.Context(), secret.Of("correct horse"))
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(hash, err)
	}
	for _, tt := range []struct {
		name, password, hash string
		want, fails          bool
	}{
		{"right", "correct horse", hash, true, false},
		{"wrong", "correct horse ", hash, false, false},
		{"empty", "", hash, false, false},
		{"nobody's hash", "correct horse", "", false, false},
		{"nobody's hash, empty password", "", "", false, false},
		{"broken hash", "correct horse", "$argon2id$nonsense", false, true},
	} {
		got, err := p.Verify(t.Context(), secret.Of(tt.password), tt.hash)
		if got != tt.want || (err != nil) != tt.fails {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
}

// An unknown user must cost what a known one does: the hash that stands for them
// is a real one, with the same parameters.
func TestNobodyCostsTheSame(t *testing.T) {
	for _, p := range []*Passwords{NewPasswords(), CheapPasswords()} {
		hash, err := p.Hash(t.Context(), secret.Of("correct horse"))
		if err != nil {
			t.Fatal(err)
		}
		known, _, _, err := argon2id.DecodeHash(hash)
		if err != nil {
			t.Fatal(err)
		}
		unknown, _, _, err := argon2id.DecodeHash(p.nobody())
		if err != nil || *unknown != *known {
			t.Errorf("nobody's hash: %+v, want %+v, %v", unknown, known, err)
		}
	}
}

func TestPasswordsAreBounded(t *testing.T) {
	p := &Passwords{cost: passwordParams, running: make(chan struct{}, 1), waiting: make(chan struct{}, 1)}
	leave, err := p.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var waiter sync.WaitGroup
	waiter.Go(func() {
		if _, err := p.Verify(ctx, secret.Of("x"), ""); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that gave up: %v", err)
		}
	})
	for len(p.waiting) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("nobody waits")
		}
		runtime.Gosched()
	}
	if _, err := p.Verify(t.Context(), secret.Of("x"), ""); !errors.Is(err, ErrBusy) {
		t.Errorf("one more than may wait: %v", err)
	}
	if _, err := p.Hash(t.Context(), secret.Of("x")); !errors.Is(err, ErrBusy) {
		t.Errorf("one more than may wait: %v", err)
	}
	cancel()
	waiter.Wait()
	leave()
	if _, err := p.Verify(t.Context(), secret.Of("x"), ""); err != nil {
		t.Error("after all have left:", err)
	}
}
