package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/zendesk"
)

// apiTokenRecord is an API token of the account as --json tells it.
type apiTokenRecord struct {
	ID          int64      `json:"id"`
	Description string     `json:"description"`
	Active      bool       `json:"active"`
	CreatedAt   *time.Time `json:"created_at"`
	LastUsedAt  *time.Time `json:"last_used_at"` // null: never
}

// migrationStatus is how far the move is, as --json tells it.
type migrationStatus struct {
	Ends      time.Time        `json:"ends"` // when API tokens end
	DaysLeft  int              `json:"days_left"`
	ScannedAt *time.Time       `json:"scanned_at"` // null: never
	Open      int              `json:"open"`
	Moved     int              `json:"moved"`
	Done      int              `json:"done"`
	Uses      []trackedUse     `json:"uses"`
	Account   string           `json:"account,omitempty"` // whose API tokens these are
	APITokens []apiTokenRecord `json:"api_tokens"`
	Why       string           `json:"api_tokens_unknown,omitempty"` // why they are not known
	Clients   int              `json:"oauth_clients"`
}

func migrateStatusCommand(p process) *cobra.Command {
	var m migration
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "List what uses API tokens, and the account's API tokens, with when they were used",
		Example: "  deskauth migrate api-tokens status\n  deskauth migrate api-tokens status --offline --jq '.uses[] | select(.state == \"open\") | .file'",
		Args:    noArgs,
	}
	cmd.Flags().BoolVar(&m.Offline, "offline", false, "do not ask Zendesk")
	return m.command(p, cmd, func(ctx context.Context, p process, file string, _ []string) error {
		g, err := readProgress(file)
		if err != nil {
			return err
		}
		s, err := m.status(ctx, p, g)
		if err != nil {
			return err
		}
		return printRecord(ctx, m.printing, p, s, "", func(w io.Writer) { tellMigration(p, w, s) })
	})
}

// status is what is known here, and what the account says, where it may be asked.
func (m migration) status(ctx context.Context, p process, g movement) (s migrationStatus, err error) {
	keeping, closing, err := keepTime(ctx, p)
	if err != nil {
		return s, err
	}
	closing()
	s = migrationStatus{
		Ends: zendesk.APITokensEnd, DaysLeft: daysUntil(zendesk.APITokensEnd, keeping.now()), ScannedAt: timeOrNil(g.ScannedAt),
		Open: g.count(useOpen), Moved: g.count(useMoved), Done: g.count(useDone),
		Uses: append([]trackedUse{}, g.Uses...), APITokens: []apiTokenRecord{},
	}
	if m.Offline {
		s.Why = "--offline"
		return s, nil
	}
	err = m.call(ctx, p, func(ctx context.Context, _ process, c *caller) error {
		s.Account = c.account
		for t, err := range c.APITokens(ctx) {
			if err != nil {
				return c.fail(err)
			}
			s.APITokens = append(s.APITokens, apiTokenRecord{t.ID, t.Description, t.Active, atOrNil(t.CreatedAt), atOrNil(t.LastUsedAt)})
		}
		clients, err := c.clients(ctx)
		s.Clients = len(clients)
		return err
	})
	switch {
	case errors.As(err, new(usage)), ctx.Err() != nil:
		return s, err
	case err != nil: // what the scan found is worth telling all the same
		s.Why, _ = withMend(err)
	}
	return s, nil
}

func tellMigration(p process, w io.Writer, s migrationStatus) {
	if s.DaysLeft > 0 {
		fmt.Fprintf(w, "API tokens end on %s, in %s.\n", s.Ends.Format(time.DateOnly), numberOf(s.DaysLeft, "day"))
	} else {
		fmt.Fprintf(w, "API tokens ended on %s.\n", s.Ends.Format(time.DateOnly))
	}
	if s.ScannedAt == nil {
		fmt.Fprintln(w, "Nothing was scanned yet: deskauth migrate api-tokens scan DIR…")
	} else {
		fmt.Fprintf(w, "Of %s that a scan found, last at %s: %s open, %s moved, %s done.\n", numberOf(len(s.Uses), "use"), stamp(s.ScannedAt), grouped(s.Open), grouped(s.Moved), grouped(s.Done))
		for _, u := range s.Uses {
			if u.State != useDone {
				fmt.Fprintf(w, "  %s  %-5s  %s:%d  %s, %s\n", u.ID, u.State, printable(nearPath(u.File)), u.Line, u.Kind, u.Sure)
			}
		}
	}
	if s.Why != "" {
		fmt.Fprintf(w, "The account's API tokens are not known: %s.\n", printable(s.Why))
		return
	}
	fmt.Fprintf(w, "%s has %s and %s.\n", printable(s.Account), numberOf(len(s.APITokens), "API token"), numberOf(s.Clients, "OAuth client"))
	for _, t := range s.lastUsedFirst() {
		state, used := "active", "never used"
		if !t.Active {
			state = "inactive"
		}
		if t.LastUsedAt != nil {
			used = "last used at " + stamp(t.LastUsedAt)
		}
		fmt.Fprintf(w, "  %d  %-8s  %s  %s\n", t.ID, state, printable(t.Description), used)
	}
}

// lastUsedFirst are the API tokens in the order in which somebody should care.
func (s migrationStatus) lastUsedFirst() []apiTokenRecord {
	all := slices.Clone(s.APITokens)
	at := func(t apiTokenRecord) time.Time {
		if t.LastUsedAt == nil {
			return time.Time{}
		}
		return *t.LastUsedAt
	}
	slices.SortStableFunc(all, func(a, b apiTokenRecord) int { return at(b).Compare(at(a)) })
	return all
}

func migrateCheckCommand(p process) *cobra.Command {
	var m migration
	unused := span(14 * aDay)
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Tell whether API tokens can be switched off",
		Long: "Tell whether API tokens can be switched off: the places of the last scan are scanned again and\n" +
			"nothing is open, and no API token of the account was used for a while. The plan is not\n" +
			"changed.\n\n" +
			"Exit code 3: they cannot yet.",
		Example: "  deskauth migrate api-tokens check\n  deskauth migrate api-tokens check --unused-for 30d --json",
		Args:    noArgs,
	}
	cmd.Flags().Var(&unused, "unused-for", "not used for so `long`, such as 14d")
	cmd.Flags().Lookup("unused-for").DefValue = "14d"
	cmd.Flags().BoolVar(&m.Offline, "offline", false, "do not ask Zendesk")
	return m.command(p, cmd, func(ctx context.Context, p process, file string, _ []string) error {
		g, err := readProgress(file)
		if err != nil {
			return err
		}
		if len(g.Places) > 0 {
			if g, _, err = rescan(ctx, file, nil, time.Now()); err != nil {
				return err
			}
		}
		s, err := m.status(ctx, p, g)
		if err != nil {
			return err
		}
		keeping, closing, err := keepTime(ctx, p)
		if err != nil {
			return err
		}
		closing()
		all := s.ready(keeping.now(), time.Duration(unused))
		err = printList(ctx, m.printing, p, findingListing(p, all))
		if n := len(slices.DeleteFunc(slices.Clone(all), func(f finding) bool { return f.Result != healthFault })); n > 0 {
			return errors.Join(err, errPartly("API tokens cannot be switched off yet"))
		}
		return err
	})
}

// ready decides whether API tokens can be switched off. What is not known is no reason to.
func (s migrationStatus) ready(now time.Time, unused time.Duration) []finding {
	named := func(check string, f finding) finding { f.Check = check; return f }
	sources := fine("nothing that was scanned uses API tokens: %s moved, %s done", grouped(s.Moved), grouped(s.Done))
	switch {
	case s.ScannedAt == nil:
		sources = fault("deskauth migrate api-tokens scan DIR…", "nothing was scanned yet")
	case s.Open > 0:
		sources = fault("deskauth migrate api-tokens plan", "%s open", numberOf(s.Open, "use")+" still")
	}
	var active, used int
	var last time.Time
	for _, t := range s.APITokens {
		if t.Active {
			active++
		}
		if t.LastUsedAt != nil && t.LastUsedAt.After(last) {
			last = *t.LastUsedAt
		}
		if t.LastUsedAt != nil && now.Sub(*t.LastUsedAt) < unused {
			used++
		}
	}
	use := fine("no API token of the account was used for %s", about(unused))
	switch {
	case s.Why != "":
		use = fault("deskauth auth status", "the account's API tokens are not known: %s", s.Why)
	case used > 0:
		use = fault("deskauth migrate api-tokens status", "%s of the account used within %s, the last at %s", numberOf(used, "API token"), about(unused), stamp(&last))
	case active > 0:
		use = warning("switch them off in the Admin Center: Apps and integrations > APIs > API tokens", "%s still active, and unused for %s", numberOf(active, "API token"), about(unused))
	}
	days := fine("%s left, until %s", numberOf(s.DaysLeft, "day"), s.Ends.Format(time.DateOnly))
	if s.DaysLeft <= 0 {
		days = warning("", "API tokens ended on %s", s.Ends.Format(time.DateOnly))
	}
	return []finding{named("sources", sources), named("use", use), named("days left", days)}
}
