package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/zendesk"
)

// Many tokens are revoked so:
//
//	IDs, or --all and filters ─▶ plan: how many, whose, how long ─▶ typed ─▶ report
//	report ─▶ workers, at the account's pace ─▶ a line each ─▶ --verify ─▶ own token ─▶ summary
//	--resume FILE ──┘                     Ctrl-C, kill: FILE says what is left
type revokeWish struct {
	tokenFilter
	all, yes, dryRun, verify bool
	report, resume           string
	rate, atOnce             int
}

func tokenRevokeCommand(p process) *cobra.Command {
	var w whichLogin
	var out printing
	var wish revokeWish
	cmd := &cobra.Command{
		Use:   "revoke ID... | --all [filters] | --resume FILE",
		Short: "Revoke OAuth tokens: some by number, or all that filters leave",
		Long: "Revoke OAuth tokens, and their refresh tokens with them: some by number, or with --all those\n" +
			"that filters leave. First it shows how many and whose, and how long it takes; then it asks.\n\n" +
			"It keeps to nine tenths of the account's rate limit, and waits when Zendesk says so. Your own\n" +
			"token goes last. A report says what became of each, as it goes: after Ctrl-C, a crash or\n" +
			"failures, --resume goes on where it stood.\n\n" +
			"Exit code 3: some could not be revoked.",
		Example: "  deskauth token revoke 4711 4712\n" +
			"  deskauth token revoke --all --client order_sync --unused-for 90d\n" +
			"  deskauth token revoke --all --user ada@acme.example --dry-run\n" +
			"  deskauth token revoke --all --unused-for 1y --yes --verify --report gone.jsonl\n" +
			"  deskauth token revoke --resume gone.jsonl",
	}
	f := cmd.Flags()
	w.flags(f)
	out.flags(f)
	wish.tokenFilter.flags(f)
	confirmFlag(f, &wish.yes)
	f.BoolVar(&wish.all, "all", false, "all that the filters leave")
	withoutVariable(f, "all")
	f.BoolVar(&wish.dryRun, "dry-run", false, "show the plan and list the tokens, and revoke nothing")
	f.BoolVar(&wish.verify, "verify", false, "look afterwards whether they are gone")
	f.StringVar(&wish.report, "report", "", "the `file` that says what became of each (default in the state directory, for more than one)")
	f.StringVar(&wish.resume, "resume", "", "go on with what a report `file` leaves")
	f.IntVar(&wish.rate, "rate", 0, "requests a `minute` (default nine tenths of the account's limit)")
	untold(f, "rate")
	f.IntVar(&wish.atOnce, "at-once", 8, "`requests` at once")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return w.run(cmd, p, func(ctx context.Context, p process) error {
			ids, err := wish.check(args)
			if err != nil {
				return err
			}
			if err := out.check(); err != nil {
				return err
			}
			var r *report
			if wish.resume != "" {
				if r, err = w.resume(wish.resume); err != nil {
					return err
				}
				defer func() { _ = r.close() }()
			}
			return w.call(ctx, p, func(ctx context.Context, p process, c *caller) error {
				return c.revoke(ctx, p, out, wish, ids, r)
			})
		})
	}
	return cmd
}

func (w revokeWish) check(args []string) ([]int64, error) {
	switch {
	case w.resume != "" && (len(args) > 0 || w.all || !w.isEmpty() || w.report != "" || w.dryRun):
		return nil, usagef("--resume says which tokens: leave out the rest")
	case w.resume != "":
	case w.all && len(args) > 0:
		return nil, usagef("both --all and numbers are given: keep one")
	case len(args) > 0 && !w.isEmpty():
		return nil, usagef("numbers say which tokens: leave out the filters, or name none and add --all")
	case len(args) == 0 && !w.all && !w.isEmpty():
		return nil, usagef("filters need --all beside them: it says that many tokens are meant")
	case len(args) == 0 && !w.all:
		return nil, usagef("which tokens? Name them by number, or say --all")
	}
	switch {
	case w.rate < 0:
		return nil, usagef("--rate must be more than nothing")
	case w.atOnce < 1 || w.atOnce > 64:
		return nil, usagef("--at-once must be from 1 to 64")
	}
	return tokenIDs(args)
}

// resume opens a report, whose account is meant then.
func (w *whichLogin) resume(name string) (*report, error) {
	r, err := openReport(name)
	if err != nil {
		return nil, err
	}
	if w.Account != "" && w.Account != r.Account && !w.fromZCLI {
		return nil, usagef("--resume: %s is of %s, not of %s", name, r.Account, w.Account)
	}
	w.Account, w.ZendeskURL, w.fromZCLI = r.Account, r.Zendesk, false
	w.Via = cmp.Or(w.Via, r.Via)
	return r, nil
}

func (c *caller) revoke(ctx context.Context, p process, out printing, wish revokeWish, ids []int64, r *report) error {
	c.pace.choose(wish.rate)
	c.Retry.Most = manyTries
	var plan []tokenRecord
	var err error
	switch {
	case r != nil:
		if plan, err = c.stillOwn(ctx, r.left()); err != nil {
			return err
		}
		sayDone(p, r)
	case wish.all:
		plan, err = c.tokens(ctx, wish.tokenFilter)
	default:
		plan, err = c.byNumber(ctx, ids)
	}
	if err != nil {
		return err
	}
	if len(plan) == 0 {
		fmt.Fprintln(p.Err, "There is nothing to revoke.")
		return nil
	}
	c.sayPlan(p, wish, plan)
	if wish.dryRun {
		return printList(ctx, out, p, c.tokenListing(p, plan))
	}
	if err := confirm(ctx, p, wish.yes, c.account, numberOf(len(plan), "token")+" at "+c.host+" will be revoked; nothing brings them back."); err != nil {
		return err
	}
	if r == nil {
		if r, err = c.report(p, wish, plan); err != nil {
			return err
		}
		defer func() { _ = r.close() }()
	}
	return c.carryOut(ctx, p, out, wish, plan, r)
}

func (c *caller) report(p process, wish revokeWish, plan []tokenRecord) (r *report, err error) {
	now := c.time.now().UTC()
	name, head := wish.report, reportHead{Account: c.account, Zendesk: c.base.String(), At: now}
	if c.via != nil {
		head.Via = c.via.login.Broker
	}
	if name == "" && len(plan) > 1 {
		if name, err = usualReport(p, c.account, time.Now()); err != nil {
			return nil, err
		}
	}
	if name == "" {
		return &report{Plan: plan, Ended: map[int64]result{}}, nil
	}
	if r, err = newReport(name, head, plan); err == nil {
		fmt.Fprintf(p.Err, "Report: %s\n", name)
	}
	return r, err
}

// byNumber are the tokens with these numbers. One that is not there may be mistyped: then
// nothing is revoked at all.
func (c *caller) byNumber(ctx context.Context, ids []int64) ([]tokenRecord, error) {
	var all []zendesk.OAuthToken
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		t, err := c.token(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return c.named(ctx, all)
}

// stillOwn marks the token of this command anew: it may have been renewed meanwhile.
func (c *caller) stillOwn(ctx context.Context, all []tokenRecord) ([]tokenRecord, error) {
	own, err := c.ownToken(ctx)
	for i := range all {
		all[i].Own = own.ID != 0 && all[i].ID == own.ID
	}
	return all, c.fail(err)
}

func sayDone(p process, r *report) {
	n := r.counts()
	fmt.Fprintf(p.Err, "Of %s in %s: %s revoked, %s gone already, %s failed.\n", numberOf(r.Tokens, "token"), r.Name, grouped(n[revoked]), grouped(n[gone]), grouped(n[failed]))
}

// sayPlan says what is about to happen, to standard error.
func (c *caller) sayPlan(p process, wish revokeWish, plan []tokenRecord) {
	own := false
	clients, owners := map[string]int{}, map[string]int{}
	for _, t := range plan {
		clients[t.of()]++
		owners[t.who()]++
		own = own || t.Own
	}
	fmt.Fprintf(p.Err, "%s\n", bold(p, p.Err, "Revoke "+numberOf(len(plan), "token")+" at "+c.host))
	line := func(name, value string) { fmt.Fprintf(p.Err, "  %-9s %s\n", name, printable(value)) }
	line("clients", tally(clients))
	line("owners", tally(owners))
	limit := "the account names none"
	if c.pace.limit > 0 {
		limit = fmt.Sprintf("%d requests a minute", c.pace.limit)
	}
	line("limit", limit)
	if d := c.takes(wish, len(plan)); d > 0 {
		line("takes", fmt.Sprintf("about %s, at %d requests a minute", about(d), c.pace.perMinute()))
	}
	switch {
	case own && c.via != nil:
		line("own", "the token that "+hostOf(c.via.login.Broker)+" lends is among them: it goes last, and its connection needs a person then")
	case own:
		line("own", "your own token is among them: it goes last, and you are signed out then")
	}
}

// takes is how long so many tokens take; 0: nobody can tell.
func (c *caller) takes(wish revokeWish, tokens int) time.Duration {
	if wish.verify {
		tokens += checks(tokens)
	}
	return c.pace.takes(tokens)
}

// tally is "order_sync 9,990, other 8, and 12 more".
func tally(counts map[string]int) string {
	const most = 5
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	var words []string
	for _, name := range names[:min(len(names), most)] {
		words = append(words, name+" "+grouped(counts[name]))
	}
	if more := len(names) - most; more > 0 {
		words = append(words, "and "+strconv.Itoa(more)+" more")
	}
	return strings.Join(words, ", ")
}
