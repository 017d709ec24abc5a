package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/oauth"
)

func faultCommand(c *controlling) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fault",
		Short: "Disturb requests: late, lost, refused, changed",
		Args:  noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(addFaultCommand(c),
		c.command("list", "List the faults, and how often each fired", c.listFaults),
		c.command("remove ID|all", "Remove a fault, or all of them", func(_ *cobra.Command, args []string) error {
			path, said := "/faults", "All faults are removed."
			if args[0] != "all" {
				if strings.Trim(args[0], "0123456789") != "" {
					return usagef("%q is not the number of a fault: `deskauth control fault list` shows them", args[0])
				}
				path += "/" + args[0]
				said = "Fault " + args[0] + " is removed."
			}
			return c.done(http.MethodDelete, path, nil, said)
		}),
	)
	return cmd
}

// faultKinds says each in a line, for the help.
var faultKinds = []struct {
	kind control.Kind
	does string
}{
	{control.Latency, "waits --delay, then serves the request"},
	{control.RefuseBeforeCommit, "cuts the connection; nothing happened"},
	{control.DropAfterCommit, "serves the request, then cuts the connection: the answer is lost"},
	{control.TooManyRequests, "answers 429, with Retry-After unless --retry-after is -1"},
	{control.ServerError, "answers --status, 503 unless said otherwise"},
	{control.HTML, "answers a page, with --status 200 unless said otherwise"},
	{control.MalformedJSON, "serves the request, and answers half of the body"},
	{control.SlowBody, "serves the request, and takes --delay to send the body"},
	{control.NarrowedScope, "a new token has at most --scope"},
	{control.ShortenedLife, "a new token lives at most --access-life, --refresh-life"},
	{control.RevokeNow, "revokes the token that the request presents"},
	{control.DeleteClient, "deletes the client that makes the request"},
	{control.SuspendUser, "suspends the user whose token or code the request presents"},
}

func addFaultCommand(c *controlling) *cobra.Command {
	var f faultFlags
	cmd := c.command("add KIND", "Add a fault", func(_ *cobra.Command, args []string) error {
		rule := f.fault(control.Kind(args[0]))
		if !slices.Contains(control.Kinds(), rule.Kind) {
			return usagef("there is no fault %q: `deskauth control fault add --help` lists them", args[0])
		}
		if err := c.do(http.MethodPost, "/faults", rule, &rule); err != nil {
			return err
		}
		return c.show(rule, func() { fmt.Fprintln(c.Out, rule.ID) })
	})
	var kinds strings.Builder
	for _, k := range faultKinds {
		fmt.Fprintf(&kinds, "  %-21s %s\n", k.kind, k.does)
	}
	cmd.Long = "Add a fault and print its number. It disturbs the requests that match every flag given,\n" +
		"--count of them, with --probability.\n\nKinds:\n" + strings.TrimSuffix(kinds.String(), "\n")
	cmd.Example = "  deskauth control fault add drop_after_commit --route 'POST /oauth/tokens' --grant refresh_token --count 1\n" +
		"  deskauth control fault add latency --delay 3s --probability 0.1 --seed 7\n" +
		"  deskauth control fault add shortened_life --client my_app --access-life 5s"
	f.flags(cmd.Flags())
	return cmd
}

// faultFlags are those of `fault add`.
type faultFlags struct {
	rule                           control.Fault
	product, grant                 string
	delay, accessLife, refreshLife time.Duration
}

func (f *faultFlags) flags(s *pflag.FlagSet) {
	s.StringVar(&f.rule.Route, "route", "", "a path, or method and path, such as 'POST /oauth/tokens', /api/v2/ or '/api/v2/tickets/{id}'")
	s.StringVar(&f.rule.Account, "account", "", "`subdomain`")
	s.StringVar(&f.product, "product", "", "support or chat")
	s.StringVar(&f.rule.Client, "client", "", "`identifier` of the client")
	s.StringVar(&f.grant, "grant", "", "grant_type of a token request")
	s.StringVar(&f.rule.Token, "token", "", "`hint` of an access or refresh token, as lists of tokens show it")
	s.Float64Var(&f.rule.Probability, "probability", 0, "from 0 to 1 (default always)")
	s.IntVar(&f.rule.Count, "count", 0, "how many requests (default no end)")
	s.Uint64Var(&f.rule.Seed, "seed", 0, "`number` that makes the dice of --probability fall the same way again (default the fault's)")
	s.DurationVar(&f.delay, "delay", 0, "of latency and slow_body")
	s.IntVar(&f.rule.Status, "status", 0, "of server_error and html")
	s.IntVar(&f.rule.RetryAfter, "retry-after", 0, "`seconds`; -1 for no such header (default 1)")
	s.StringVar(&f.rule.Scope, "scope", "", "`scopes` of narrowed_scope")
	s.DurationVar(&f.accessLife, "access-life", 0, "of shortened_life")
	s.DurationVar(&f.refreshLife, "refresh-life", 0, "of shortened_life")
}

func (f *faultFlags) fault(k control.Kind) control.Fault {
	rule := f.rule
	rule.Kind, rule.Product, rule.Grant = k, issuer.Product(f.product), oauth.GrantType(f.grant)
	rule.Delay = control.Duration(f.delay)
	rule.AccessLife, rule.RefreshLife = control.Duration(f.accessLife), control.Duration(f.refreshLife)
	return rule
}

func (c *controlling) listFaults(*cobra.Command, []string) error {
	var answer struct {
		Faults []control.Fault `json:"faults"`
	}
	if err := c.do(http.MethodGet, "/faults", nil, &answer); err != nil {
		return err
	}
	return c.show(answer, func() {
		t := newColumns(c.Out)
		fmt.Fprintln(t, "ID\tKIND\tROUTE\tWHO\tHOW OFTEN\tFIRED")
		for _, f := range answer.Faults {
			who := strings.Join(slices.DeleteFunc([]string{
				f.Account, string(f.Product), f.Client, string(f.Grant), f.Token,
			}, func(s string) bool { return s == "" }), " ")
			fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%d\n", f.ID, f.Kind, orDash(f.Route), orDash(who), howOften(f), f.Fired)
		}
		_ = t.Flush()
	})
}

func howOften(f control.Fault) string {
	often := "always"
	if f.Probability > 0 {
		often = fmt.Sprintf("%g %%", f.Probability*100)
	}
	if f.Count > 0 {
		often += fmt.Sprintf(", %d at most", f.Count)
	}
	return often
}
