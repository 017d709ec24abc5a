package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/zendesk"
)

// revocationRecord is what became of a revocation, as --json tells it. Its names stay.
type revocationRecord struct {
	Account string `json:"account"`
	Tokens  int    `json:"tokens"`
	Revoked int    `json:"revoked"`
	Gone    int    `json:"gone"` // already, when they were asked for
	Failed  int    `json:"failed"`
	Left    int    `json:"left"` // not tried
	Seconds int64  `json:"seconds"`
	// EstimatedSeconds is what the plan said; 0: nobody could tell.
	EstimatedSeconds int64  `json:"estimated_seconds"`
	Report           string `json:"report"`
}

// carryOut revokes what was planned, several at once.
func (c *caller) carryOut(ctx context.Context, p process, out printing, wish revokeWish, plan []tokenRecord, r *report) error {
	begun, estimate := c.time.now(), c.takes(wish, len(plan))
	bar := progress(p, len(plan))
	var others, own []tokenRecord
	for _, t := range plan {
		if t.Own {
			own = append(own, t)
		} else {
			others = append(others, t)
		}
	}
	err := c.revokeAll(ctx, wish.atOnce, others, r, bar)
	if err == nil && wish.verify {
		err = c.verify(ctx, r)
	}
	if err == nil && len(own) > 0 {
		err = c.revokeOwn(ctx, own[0], r)
		_ = bar.Add(1)
	}
	_ = bar.Exit()
	saved := r.close()
	r.f = nil
	record := c.summary(r, c.time.now().Sub(begun))
	record.EstimatedSeconds = wholeSeconds(estimate)
	if err != nil {
		c.sayStopped(p, record)
		return err
	}
	return errors.Join(saved, c.sayRevoked(ctx, p, out, record, r))
}

// progress is a bar on standard error, where somebody looks at it.
func progress(p process, n int) *progressbar.ProgressBar {
	to := p.Err
	if !isTerminal(p.Err) {
		to = io.Discard
	}
	bar := progressbar.NewOptions(n, progressbar.OptionSetWriter(to), progressbar.OptionSetDescription("revoking"),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(24), progressbar.OptionOnCompletion(func() { fmt.Fprintln(to) }))
	_ = bar.RenderBlank() // the first may have to wait for the account's limit
	return bar
}

// revokeAll revokes tokens by so many workers. It ends early when the command does, when
// the report cannot be written, and when the login is over: all the rest would fail alike.
func (c *caller) revokeAll(ctx context.Context, atOnce int, all []tokenRecord, r *report, bar *progressbar.ProgressBar) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	todo := make(chan int64)
	results := make(chan result)
	var workers sync.WaitGroup
	for range min(atOnce, len(all)) {
		workers.Go(func() {
			for id := range todo {
				one, err := c.revokeOne(ctx, id)
				if err != nil {
					stop(err)
					return
				}
				results <- one
			}
		})
	}
	go func() {
		defer close(todo)
		for _, t := range all {
			if c.pace.wait(ctx) != nil {
				return
			}
			select {
			case todo <- t.ID:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() { workers.Wait(); close(results) }()
	for one := range results {
		if err := r.add(one); err != nil {
			stop(err)
		}
		_ = bar.Add(1)
	}
	return context.Cause(ctx)
}

// revokeOne revokes one token. An error ends all.
func (c *caller) revokeOne(ctx context.Context, id int64) (result, error) {
	err := c.RevokeOAuthToken(ctx, id)
	one := result{ID: id, Result: revoked, At: c.time.now().UTC()}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return one, context.Cause(ctx)
	case notThere(err):
		one.Result = gone
	default:
		err = c.fail(err)
		if errors.As(err, new(mustSignIn)) {
			return one, err
		}
		one.Result, one.Why = failed, err.Error()
	}
	return one, nil
}

// revokeOwn ends the login by which all the others were ended.
func (c *caller) revokeOwn(ctx context.Context, t tokenRecord, r *report) error {
	if err := c.pace.wait(ctx); err != nil {
		return err
	}
	if c.via != nil {
		return c.revokeLent(ctx, t, r)
	}
	if c.logins == nil {
		one, err := c.revokeOne(ctx, t.ID)
		return errors.Join(err, r.add(one))
	}
	one := result{ID: t.ID, Result: revoked, At: c.time.now().UTC()}
	if err := c.logins.Revoke(ctx, broker.AtCommand, c.connection.ID); ctx.Err() != nil {
		return context.Cause(ctx)
	} else if err != nil {
		one.Result, one.Why = failed, c.logins.explain(c.connection, err).Error()
	}
	return r.add(one)
}

// fewChecks is up to how many tokens are looked at one by one; more are looked for in the
// list of all.
const fewChecks = 100

// checks is about how many requests it takes to look.
func checks(tokens int) int {
	if tokens <= fewChecks {
		return tokens
	}
	return tokens/zendesk.MaxPageSize + 1
}

// verify looks whether those are gone that were said to be.
func (c *caller) verify(ctx context.Context, r *report) error {
	var said []int64
	for id, one := range r.Ended {
		if one.Result.done() {
			said = append(said, id)
		}
	}
	alive := map[int64]bool{}
	if len(said) <= fewChecks {
		for _, id := range said {
			if err := c.pace.wait(ctx); err != nil {
				return err
			}
			_, err := c.OAuthToken(ctx, id)
			if err != nil && !notThere(err) {
				return c.fail(err)
			}
			alive[id] = err == nil
		}
	} else {
		for t, err := range c.OAuthTokens(ctx, zendesk.TokenFilter{All: true, IncludeExpired: true}) {
			if err != nil {
				return c.fail(err)
			}
			alive[t.ID] = true
		}
	}
	slices.Sort(said)
	for _, id := range said {
		if alive[id] {
			if err := r.add(result{ID: id, Result: failed, Why: "Zendesk said that it is revoked, and shows it still", At: c.time.now().UTC()}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *caller) summary(r *report, took time.Duration) revocationRecord {
	n := r.counts()
	all := n[revoked] + n[gone] + n[failed]
	return revocationRecord{
		Account: c.account, Tokens: len(r.Plan), Revoked: n[revoked], Gone: n[gone], Failed: n[failed], Left: len(r.Plan) - all,
		Seconds: wholeSeconds(took), Report: r.Name,
	}
}

func wholeSeconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }

// sayStopped says what was done and how to go on.
func (c *caller) sayStopped(p process, s revocationRecord) {
	fmt.Fprintf(p.Err, "Stopped: of %s, %s revoked, %s gone already, %s failed, %s left. One that was under way may be gone too.\n",
		numberOf(s.Tokens, "token"), grouped(s.Revoked), grouped(s.Gone), grouped(s.Failed), grouped(s.Left))
	if s.Report != "" {
		fmt.Fprintf(p.Err, "Go on with: deskauth token revoke --resume %s\n", s.Report)
	}
}

func (c *caller) sayRevoked(ctx context.Context, p process, out printing, s revocationRecord, r *report) error {
	err := printRecord(ctx, out, p, s, s.Report, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s revoked, %s gone already, %s failed; took %s\n", numberOf(s.Tokens, "token"), grouped(s.Revoked), grouped(s.Gone), grouped(s.Failed),
			about(time.Duration(s.Seconds)*time.Second))
	})
	if s.Failed == 0 {
		return err
	}
	shown := 0
	for _, t := range r.Plan {
		if one := r.Ended[t.ID]; one.Result == failed && shown < 5 {
			fmt.Fprintf(p.Err, "deskauth: token %d: %s\n", t.ID, printable(one.Why))
			shown++
		}
	}
	again := ""
	if s.Report != "" {
		again = "; try them again with `deskauth token revoke --resume " + s.Report + "`"
	}
	return errors.Join(err, errPartly("%s could not be revoked%s", numberOf(s.Failed, "token"), again))
}
