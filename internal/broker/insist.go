package broker

import (
	"context"
	"errors"
	"time"
)

// What exists nowhere else is stored again and again, whatever becomes of whoever
// asked for it: a database that is away must not cost a token.
const (
	// insistPause is the longest wait between two tries. A database that is there for
	// moments only must be met in one of them.
	insistPause = 500 * time.Millisecond

	// insistTry bounds one try: a network that swallows everything answers never.
	insistTry = 10 * time.Second

	// insistUsual is for what is not a token, and for errors that time does not mend.
	insistUsual = 30 * time.Second

	// insistOnTokens is for those: a process that lives can wait for its database.
	insistOnTokens = 15 * time.Minute

	// insistEnding is what is left of that when the broker is being closed.
	insistEnding = 30 * time.Second
)

// insist stores what can be had again, if with trouble.
func insist(ctx context.Context, step func(context.Context) error) error {
	return persist(ctx, insistUsual, nil, func(error) bool { return true }, step)
}

// keepAtAll stores tokens, or what became of an attempt to get some.
func (b *Broker) keepAtAll(ctx context.Context, step func(context.Context) error) error {
	passes := func(err error) bool { return b.Store.Away(err) || errors.Is(err, context.DeadlineExceeded) }
	return persist(ctx, insistOnTokens, b.ending, passes, step)
}

// persist tries for `most`; after an error that does not pass, and once `ending` is
// closed, no longer than the times for those. ErrConflict is an answer.
func persist(ctx context.Context, most time.Duration, ending <-chan struct{}, passes func(error) bool, step func(context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	began := time.Now()
	until := began.Add(most)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, insistPause) {
		err := try(ctx, step)
		if err == nil || errors.Is(err, ErrConflict) {
			return err
		}
		now := time.Now()
		if now.After(until) || !passes(err) && now.Sub(began) > insistUsual {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ending:
			ending, until = nil, earlier(until, now.Add(insistEnding))
		}
	}
}

func try(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, insistTry)
	defer cancel()
	return step(ctx)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
