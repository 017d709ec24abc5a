package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

func tokenSweepCommand(p process) *cobra.Command {
	var w whichLogin
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Revoke the tokens that `token create --for` made and that are due",
		Long: "Revoke the tokens that `deskauth token create --for` made here and that are due, at the\n" +
			"account that is named, or at all. What is gone already is no failure, so it may run as often\n" +
			"as one likes: by cron, every ten minutes. What a broker made it revokes itself; with --via, or\n" +
			"where the current login is by way of one, that is named.\n\n" +
			"Exit code 3: some could not be revoked; the next run tries them again.",
		Example: "  */10 * * * *  deskauth token sweep --no-input\n" +
			"  deskauth token sweep --dry-run",
		Args: noArgs,
	}
	w.flags(cmd.Flags())
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what is due, and revoke nothing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return w.run(cmd, p, func(ctx context.Context, p process) error { return w.sweep(ctx, p, dryRun) })
	}
	return cmd
}

// errPartly ends a command with exit code 3.
func errPartly(format string, args ...any) error {
	return coded{fmt.Errorf(format, args...), exitPartly}
}

func (w whichLogin) sweep(ctx context.Context, p process, dryRun bool) error {
	at, err := w.where(p)
	if err != nil {
		return err
	}
	keeping, closing, err := keepTime(ctx, p)
	if err != nil {
		return err
	}
	closing()
	account := ""
	if w.Account != "" {
		if account, err = at.Base.CleanSubdomain(w.Account); err != nil {
			return usagef("--account: %w", err)
		}
	}
	w.sayLentTokens(ctx, p)
	due, err := at.ledger().overdue(account, keeping.now())
	if err != nil {
		return err
	}
	if len(due) == 0 && (dryRun || isTerminal(p.Err)) { // cron would mail it each day
		fmt.Fprintln(p.Err, "No token is due.")
	}
	if dryRun {
		for _, e := range due {
			fmt.Fprintf(p.Out, "%d\t%s\t%s\t%s\t%s\n", e.Token, e.Account, e.Client, e.DueAt.UTC().Format("2006-01-02T15:04:05Z"), e.reason())
		}
		return nil
	}
	failed, tried := 0, 0
	for _, of := range byAccount(due) {
		w.Account, w.ZendeskURL = of[0].Account, at.Base.String()
		left, err := w.sweepAccount(ctx, p, at.ledger(), of)
		failed += left
		if tried += len(of); ctx.Err() != nil {
			fmt.Fprintf(p.Err, "Stopped: of %s due, %s left. The next run goes on with them.\n", numberOf(len(due), "token"), grouped(len(due)-tried+failed))
			return err
		}
		if err != nil {
			fmt.Fprintf(p.Err, "deskauth: %s\n", printableLines(err.Error()))
		}
	}
	if failed > 0 {
		return errPartly("%s of %d could not be revoked", numberOf(failed, "overdue token"), len(due))
	}
	return nil
}

func byAccount(all []ledgerEntry) (groups [][]ledgerEntry) {
	for _, e := range all {
		at := slices.IndexFunc(groups, func(g []ledgerEntry) bool { return g[0].Account == e.Account })
		if at < 0 {
			groups = append(groups, []ledgerEntry{e})
		} else {
			groups[at] = append(groups[at], e)
		}
	}
	return groups
}

// sweepAccount revokes what is due at an account. How many are left, and why none could
// be tried.
func (w whichLogin) sweepAccount(ctx context.Context, p process, l ledger, due []ledgerEntry) (left int, err error) {
	left = len(due)
	err = w.call(ctx, p, func(ctx context.Context, p process, c *caller) error {
		for _, e := range due {
			err := c.RevokeOAuthToken(ctx, e.Token)
			if err != nil && !notThere(err) {
				if err = c.fail(err); ctx.Err() != nil || errors.As(err, new(mustSignIn)) {
					return err
				}
				fmt.Fprintf(p.Err, "deskauth: token %d: %s\n", e.Token, printableLines(err.Error()))
				continue
			}
			how := "revoked"
			if err != nil {
				how = "was gone already"
			}
			now := c.time.now().UTC()
			if err := l.add(ledgerEntry{Token: e.Token, Account: e.Account, EndedAt: &now}); err != nil {
				return err
			}
			left--
			fmt.Fprintf(p.Err, "Token %d at %s, due %s: %s.\n", e.Token, c.host, stamp(e.DueAt), how)
		}
		return nil
	})
	return left, err
}

// warnOverdue says, to standard error, what should have been revoked.
func (w whichLogin) warnOverdue(ctx context.Context, p process) {
	at, err := w.where(p)
	if err != nil {
		return
	}
	keeping, closing, err := keepTime(ctx, p)
	if err != nil {
		return
	}
	closing()
	due, err := at.ledger().overdue("", keeping.now())
	if err != nil {
		fmt.Fprintf(p.Err, "deskauth: the ledger of tokens cannot be read: %v\n", err)
	}
	if len(due) > 0 {
		fmt.Fprintf(p.Err, "deskauth: warning: %s should have been revoked, the first at %s: run `deskauth token sweep`\n", numberOf(len(due), "token"), stamp(due[0].DueAt))
	}
}
