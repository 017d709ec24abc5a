package broker

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// Idempotency keys (draft-ietf-httpapi-idempotency-key-header): a request that is sent
// again because its answer was lost must not be carried out again.
//
//	BeginAnswer ──► a row that says "under way" ──► the request is carried out ──► KeepAnswer
//	      │ there is one                                                    └──► DropAnswer: not final
//	      └──► the answer again, or why not
//
// The row comes first. So after a crash in between it is there, without an answer: what
// was done is not known, and nobody does it a second time by this key.

// AnswerID is the number of an answer.
type AnswerID int64

// Answer is what came of a request that carried an idempotency key.
type Answer struct {
	ID          AnswerID
	Key         KeyID         // of the API; another's idempotency keys are its own
	Name        secret.Digest // of the idempotency key
	Fingerprint [sha256.Size]byte
	Begun       time.Time
	Expires     time.Time
	Status      int // 0: under way, or broken off
	Sealed      Sealed
}

const (
	// answerLife is how long an answer is given again.
	answerLife = 24 * time.Hour
	// answerWait is for how long a request may be under way. The longest waits for
	// several answers of Zendesk's.
	answerWait = 5 * time.Minute
)

// Why an idempotency key cannot be used.
var (
	ErrUnderWay   = errors.New("the first request with this idempotency key is still under way")
	ErrBrokenOff  = errors.New("the first request with this idempotency key was broken off: what it did is not known; look, and use another idempotency key")
	ErrOtherUsing = errors.New("this idempotency key came with another request before")
)

// Again decides what a request is told that comes with the answer's idempotency key;
// nil: what is kept.
func (a Answer) Again(now time.Time, fingerprint [sha256.Size]byte) error {
	switch {
	case a.Fingerprint != fingerprint:
		return ErrOtherUsing
	case a.Status != 0:
		return nil
	case now.Before(a.Begun.Add(answerWait)):
		return ErrUnderWay
	}
	return ErrBrokenOff
}

func (a Answer) place() string { return fmt.Sprintf("broker_answers/%d/answer", a.ID) }

// BeginAnswer notes that a request is carried out; or returns the answer that is kept,
// with its body, where there is one. The error may be ErrUnderWay, ErrBrokenOff or
// ErrOtherUsing.
func (b *Broker) BeginAnswer(ctx context.Context, key KeyID, name secret.Plain, fingerprint [sha256.Size]byte) (a Answer, kept secret.Plain, err error) {
	for range moveTries {
		now := b.now()
		a, err = b.Store.AddAnswer(ctx, Answer{Key: key, Name: name.Digest(), Fingerprint: fingerprint, Begun: now, Expires: now.Add(answerLife)})
		if !errors.Is(err, ErrConflict) {
			return a, secret.Plain{}, err
		}
		a, err = b.Store.Answer(ctx, key, name.Digest())
		if errors.Is(err, ErrNotFound) { // dropped in between
			continue
		} else if err != nil {
			return a, secret.Plain{}, err
		}
		if err := a.Again(now, fingerprint); err != nil {
			return a, secret.Plain{}, err
		}
		kept, err = b.open(ctx, a.Sealed, a.place())
		return a, kept, err
	}
	return a, secret.Plain{}, ErrUnderWay
}

// KeepAnswer keeps a final answer, sealed, because it may hold a secret.
func (b *Broker) KeepAnswer(ctx context.Context, a Answer, status int, body secret.Plain) error {
	var err error
	if a.Sealed, err = b.seal(ctx, body, a.place()); err != nil {
		return err
	}
	a.Status = status
	return b.Store.KeepAnswer(context.WithoutCancel(ctx), a)
}

// DropAnswer forgets a request whose answer is not final, so that it can be sent again.
func (b *Broker) DropAnswer(ctx context.Context, a Answer) error {
	return b.Store.DropAnswer(context.WithoutCancel(ctx), a.ID)
}
