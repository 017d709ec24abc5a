package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func doctorCommand(p process) *cobra.Command {
	var d doctor
	var out printing
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong with a login, its OAuth client, or this machine",
		Long: "Find out what is wrong with a login, its OAuth client, or this machine: each check says what\n" +
			"it found, and the command that mends it. Nothing is changed, but that an access token that is\n" +
			"over is renewed, as by any command.\n\n" +
			"  ok       nothing is wrong\n" +
			"  warning  it works, and not for ever or not for everything\n" +
			"  fault    it does not work, or soon will not\n" +
			"  skipped  it could not be looked at, and why\n\n" +
			"Exit code 3: there is a fault.",
		Example: "  deskauth doctor\n" +
			"  deskauth doctor --account acme --client-id deskauth_cli\n" +
			"  deskauth doctor --jq '.checks[] | select(.result == \"fault\") | .mend'",
		Args: noArgs,
	}
	f := cmd.Flags()
	d.flags(f)
	out.flags(f)
	f.StringVar(&d.ClientID, "client-id", "", "unique `identifier` of the OAuth client to look at (default that of the login)")
	f.BoolVar(&d.Offline, "offline", false, "ask nobody, and look at this machine alone")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return d.run(cmd, p, func(ctx context.Context, p process) error {
			if err := out.check(); err != nil {
				return err
			}
			facts, err := d.gather(ctx, p)
			if err != nil {
				return err
			}
			all := facts.decide()
			return errors.Join(printList(ctx, out, p, findingListing(p, all)), faulty(all))
		})
	}
	return cmd
}

// doctor looks at a login and what it rests on, in three steps:
//
//	gather ──► doctorFacts ──► decide, a function for each check ──► findings ──► told
//
// Only the first asks anybody anything. No check does, so each is a table in a test.
type doctor struct {
	whichLogin
	ClientID string
	Offline  bool
}

// health is what came of a check.
type health string

const (
	healthOK      health = "ok"
	healthWarning health = "warning"
	healthFault   health = "fault"
	healthSkipped health = "skipped"
)

// finding is what a check found, as --json tells it. Its names stay.
type finding struct {
	Check  string `json:"check"`
	Result health `json:"result"`
	Cause  string `json:"cause"`
	Mend   string `json:"mend,omitempty"` // the command that mends it; or what to do, where none does
}

func fine(format string, args ...any) finding {
	return finding{Result: healthOK, Cause: fmt.Sprintf(format, args...)}
}

func warning(mend, format string, args ...any) finding {
	return finding{Result: healthWarning, Cause: fmt.Sprintf(format, args...), Mend: mend}
}

func fault(mend, format string, args ...any) finding {
	return finding{Result: healthFault, Cause: fmt.Sprintf(format, args...), Mend: mend}
}

func skipped(why string) finding { return finding{Result: healthSkipped, Cause: why} }

// doctorChecks are all, in the order in which one rests on the others.
var doctorChecks = []struct {
	name   string
	decide func(doctorFacts) []finding
}{
	{"state directory", doctorFacts.checkState},
	{"keychain", doctorFacts.checkKeychain},
	{"network", doctorFacts.checkNetwork},
	{"clock", doctorFacts.checkClock},
	{"login", doctorFacts.checkLogin},
	{"broker logins", doctorFacts.checkBrokerLogins},
	{"lifetimes", doctorFacts.checkLifetimes},
	{"role", doctorFacts.checkRole},
	{"client", doctorFacts.checkClient},
	{"redirect addresses", doctorFacts.checkRedirects},
	{"scopes", doctorFacts.checkScopes},
	{"basic", doctorFacts.checkBasic},
	{"api tokens", doctorFacts.checkAPITokens},
	{"ledger", doctorFacts.checkLedger},
}

func (f doctorFacts) decide() (all []finding) {
	for _, c := range doctorChecks {
		for _, one := range c.decide(f) {
			one.Check = c.name
			all = append(all, one)
		}
	}
	return all
}

// faulty is an error where something does not work.
func faulty(all []finding) error {
	n := 0
	for _, one := range all {
		if one.Result == healthFault {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return errPartly("%s: what mends each stands beside it", numberOf(n, "fault"))
}

func findingListing(p process, all []finding) listing[finding] {
	l := listing[finding]{
		Name: "checks", Items: all,
		ID: func(f finding) string { return f.Check },
		Columns: []column[finding]{
			{"result", func(f finding) string { return string(f.Result) }},
			{"check", func(f finding) string { return f.Check }},
			{"cause", func(f finding) string { return f.Cause }},
			{"mend", func(f finding) string { return f.Mend }},
		},
	}
	if isTerminal(p.Out) { // a cause is too long for a column
		l.Told = func(w io.Writer, all []finding) { tellFindings(p, w, all) }
	}
	return l
}

func tellFindings(p process, w io.Writer, all []finding) {
	paint := map[health]func(process, io.Writer, string) string{healthOK: green, healthFault: red, healthWarning: bold}
	for _, f := range all {
		word := fmt.Sprintf("%-8s", f.Result)
		if with := paint[f.Result]; with != nil {
			word = with(p, w, word)
		}
		fmt.Fprintf(w, "%s %-19s %s\n", word, f.Check, printable(f.Cause))
		if f.Mend != "" {
			fmt.Fprintf(w, "%s %s\n", strings.Repeat(" ", 28), printable(f.Mend))
		}
	}
}
