package main

import (
	"fmt"
	"text/tabwriter"
)

// url is an account's root, as a browser of this machine reaches it.
func (run *runningIssuer) url(subdomain string) string {
	return fmt.Sprintf("%s://%s.%s:%s", run.edge.scheme(), subdomain, run.options.BaseDomains[0], run.port)
}

// announce prints where the issuer listens and, in a demo, whom one can sign in
// as.
func (run *runningIssuer) announce(p process) {
	fmt.Fprintln(p.Out, "deskauth issuer is ready: a local Zendesk. Press Ctrl-C to stop.")
	run.describe(p)
}

func (run *runningIssuer) describe(p process) {
	if len(run.accounts) == 0 {
		fmt.Fprintln(p.Out, "\nThere is no account yet: start with --seed FILE, or with --demo.")
		return
	}
	t := tabwriter.NewWriter(p.Out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "\nAccounts")
	for _, a := range run.accounts {
		fmt.Fprintf(t, "  %s\t%s\n", run.url(a.Subdomain), a.Name)
	}
	fmt.Fprintf(t, "  %s://127.0.0.1:%s\t%s, for programs that cannot resolve names below localhost\n", run.edge.scheme(), run.port, run.fallback())
	if run.options.Demo {
		run.describePeople(t)
	}
	_ = t.Flush()
	run.describeControls(p.Out)
}

func (run *runningIssuer) fallback() string {
	if run.options.DefaultAccount != "" {
		return run.options.DefaultAccount
	}
	return run.accounts[0].Subdomain
}

// describePeople lists whom one can sign in as. Passwords are printed of the
// built-in seed alone: they are public. Those of a file are its owner's.
func (run *runningIssuer) describePeople(t *tabwriter.Writer) {
	fmt.Fprintln(t, "\nSign in as (or pick a person on the sign-in page)")
	for _, a := range run.seed.Accounts {
		for _, u := range a.Users {
			password := ""
			if run.options.Seed == "" {
				password = u.Password.Reveal()
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", a.Account.Subdomain, u.Email, password, u.Name, u.Role)
		}
	}
}
