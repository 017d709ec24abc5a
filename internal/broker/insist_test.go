package broker

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// What is not stored yet is tried again until it is, or until that is past hope.
func TestPersist(t *testing.T) {
	away, full := errors.New("away"), errors.New("full")
	passes := func(err error) bool { return errors.Is(err, away) || errors.Is(err, context.DeadlineExceeded) }
	within := func(d, least, most time.Duration) bool { return d >= least && d <= most }
	for _, c := range []struct {
		name        string
		step        func(ctx context.Context, since time.Duration) error
		end         time.Duration // when the broker is closed; 0: never
		want        error
		least, most time.Duration
	}{
		{"at once", func(context.Context, time.Duration) error { return nil }, 0, nil, 0, 0},
		{"a conflict is an answer", func(context.Context, time.Duration) error { return ErrConflict }, 0, ErrConflict, 0, 0},
		{"away for five minutes", func(_ context.Context, since time.Duration) error {
			if since < 5*time.Minute {
				return away
			}
			return nil
		}, 0, nil, 5 * time.Minute, 5*time.Minute + insistPause},
		{"there for moments only", func(_ context.Context, since time.Duration) error {
			if since < time.Minute || since%(2*time.Second) < time.Second {
				return away
			}
			return nil
		}, 0, nil, time.Minute, time.Minute + 2*time.Second},
		{"away for ever", func(context.Context, time.Duration) error { return away }, 0, away, insistOnTokens, insistOnTokens + insistPause},
		{"an error that stays", func(context.Context, time.Duration) error { return full }, 0, full, insistUsual, insistUsual + insistPause},
		{"away, and the broker ends", func(context.Context, time.Duration) error { return away }, time.Minute, away, time.Minute + insistEnding, time.Minute + insistEnding + insistPause},
		{"a network that swallows all, for a minute", func(ctx context.Context, since time.Duration) error {
			if since < time.Minute {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}, 0, nil, time.Minute, time.Minute + insistTry + insistPause},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, ending := time.Now(), make(chan struct{})
				if c.end > 0 {
					time.AfterFunc(c.end, func() { close(ending) })
				}
				gone, leave := context.WithCancel(t.Context())
				leave() // whoever asked for it
				err := persist(gone, insistOnTokens, ending, passes, func(ctx context.Context) error { return c.step(ctx, time.Since(began)) })
				if took := time.Since(began); !errors.Is(err, c.want) || !within(took, c.least, c.most) {
					t.Errorf("%v after %v; want %v after %v to %v", err, took, c.want, c.least, c.most)
				}
			})
		})
	}
}
