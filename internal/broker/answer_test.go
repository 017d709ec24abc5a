package broker_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

func TestAnswers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		name, one, other := secret.Of("a name"), [32]byte{1}, [32]byte{2}
		a, _, err := h.BeginAnswer(t.Context(), 5, name, one)
		if err != nil {
			t.Fatal(err)
		}
		wants := func(what string, fingerprint [32]byte, want error) {
			t.Helper()
			if _, _, err := h.BeginAnswer(t.Context(), 5, name, fingerprint); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		}
		wants("at once", one, broker.ErrUnderWay)
		wants("with another body", other, broker.ErrOtherUsing)
		// Its process was killed: it is not carried out a second time, and says so.
		h.clock.move(5 * time.Minute)
		wants("after a crash", one, broker.ErrBrokenOff)
		if err := h.KeepAnswer(t.Context(), a, 201, secret.Of("the an5wer")); err != nil { // it was only slow
			t.Fatal(err)
		}
		kept, text, err := h.BeginAnswer(t.Context(), 5, name, one)
		if err != nil || kept.Status != 201 || text.Reveal() != "the an5wer" || bytes.Contains(kept.Sealed.Bytes, []byte("an5wer")) {
			t.Errorf("%+v, %v", kept, err)
		}
		if err := h.KeepAnswer(t.Context(), a, 400, secret.Of("another")); !errors.Is(err, broker.ErrConflict) {
			t.Errorf("twice: %v", err)
		}
		h.clock.move(24 * time.Hour)
		if a, _, err = h.BeginAnswer(t.Context(), 5, name, other); err != nil || a.Status != 0 {
			t.Errorf("a day later: %+v, %v", a, err)
		}
		if err := h.DropAnswer(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if a, _, err = h.BeginAnswer(t.Context(), 5, name, one); err != nil || a.Status != 0 {
			t.Errorf("after it was dropped: %+v, %v", a, err)
		}
		h.clock.move(48 * time.Hour)
		if err := h.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Store.Answer(t.Context(), 5, name.Digest()); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("it is left: %v", err)
		}
	})
}
