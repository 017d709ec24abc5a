package load

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Script is what one connection says. It is used by one goroutine.
type Script interface {
	// Next appends the next request, whole, to b.
	Next(b []byte) []byte
	// Answered looks at an answer; an error ends the run. body is reused.
	Answered(status int, body []byte) error
}

// Result is what a run of all connections came to.
type Result struct {
	Answers int
	Took    time.Duration // from the first request to the last answer
	sorted  []time.Duration
}

// PerSecond is the rate of answers.
func (r Result) PerSecond() float64 { return float64(r.Answers) / r.Took.Seconds() }

// Quantile is the time that a share q of the answers took at most; zero when
// there were none.
func (r Result) Quantile(q float64) time.Duration {
	if len(r.sorted) == 0 {
		return 0
	}
	return r.sorted[min(int(q*float64(len(r.sorted))), len(r.sorted)-1)]
}

// Run keeps one connection to addr for each script busy for as long as d, and
// lets the requests that are then under way be answered.
func Run(ctx context.Context, addr string, d time.Duration, scripts []Script) (Result, error) {
	return RunAt(ctx, addr, d, 0, scripts)
}

// RunAt is Run at a rate: all connections together begin so many requests a second,
// evenly, if the answers let them. A request that was due while another was not
// answered is as old as its turn: a server that stands still for a moment does not
// get off lightly. Zero is as fast as it goes.
func RunAt(ctx context.Context, addr string, d time.Duration, perSecond int, scripts []Script) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	took := make([][]time.Duration, len(scripts))
	start := time.Now()
	for n, s := range scripts {
		all.Go(func() {
			var err error
			turns := turns{next: start}
			if perSecond > 0 {
				turns.every = time.Duration(len(scripts)) * time.Second / time.Duration(perSecond)
				turns.next = start.Add(turns.every * time.Duration(n) / time.Duration(len(scripts)))
			}
			if took[n], err = talk(ctx, addr, start.Add(d), turns, s); err != nil {
				cancel(fmt.Errorf("connection %d: %w", n, err))
			}
		})
	}
	all.Wait()
	r := Result{Took: time.Since(start), sorted: slices.Concat(took...)}
	r.Answers = len(r.sorted)
	slices.Sort(r.sorted)
	return r, context.Cause(ctx)
}

// patience bounds the wait for one answer: what takes longer hangs.
const patience = 30 * time.Second

// turns are when a connection's requests are due.
type turns struct {
	next  time.Time
	every time.Duration // 0: at once
}

// begin waits for the next turn and returns since when the request is under way. One
// that had to be waited for begins when the wait is over: how late a timer fires is
// not the server's doing.
func (t *turns) begin(now time.Time) time.Time {
	if t.every == 0 {
		return now
	}
	due := t.next
	t.next = due.Add(t.every)
	if !now.Before(due) {
		return due
	}
	time.Sleep(due.Sub(now))
	return time.Now()
}

// talk is one connection, until the time is over.
func talk(ctx context.Context, addr string, until time.Time, t turns, s Script) (took []time.Duration, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	_ = conn.SetDeadline(until.Add(patience))
	in := bufio.NewReaderSize(conn, 16<<10)
	var request, body []byte
	for now := time.Now(); now.Before(until) && ctx.Err() == nil; {
		begun := t.begin(now)
		request = s.Next(request[:0])
		if _, err := conn.Write(request); err != nil {
			return took, err
		}
		var status int
		if status, body, err = readAnswer(in, body[:0]); err != nil {
			return took, err
		}
		now = time.Now()
		took = append(took, now.Sub(begun))
		if err := s.Answered(status, body); err != nil {
			return took, err
		}
	}
	return took, nil
}
