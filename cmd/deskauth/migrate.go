package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/zendesk"
)

func migrateCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use: "migrate", Short: "Move to OAuth what goes by API tokens", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	tokens := &cobra.Command{
		Use:   "api-tokens",
		Short: "Find what uses API tokens, plan its move to OAuth, and see how far it is",
		Long: "Find what uses API tokens, plan its move to OAuth, and see how far it is. Nobody can make an\n" +
			"API token since " + zendesk.APITokensNew.Format(time.DateOnly) + ", and all end on " + zendesk.APITokensEnd.Format(time.DateOnly) + ".\n\n" +
			"  scan DIR…   finds the uses in scripts, settings and pipelines\n" +
			"  plan        says of each file which client, grant and scopes it needs, and the commands\n" +
			"  status      lists the uses and the account's API tokens: what is open, moved, done\n" +
			"  mark        notes what a scan cannot see\n" +
			"  check       tells whether API tokens can be switched off\n\n" +
			"What was found is kept in a file, without what is secret in it.",
		Example: "  deskauth migrate api-tokens scan ~/scripts ~/src/app\n" +
			"  deskauth migrate api-tokens plan\n" +
			"  deskauth migrate api-tokens check --unused-for 14d",
		Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	tokens.AddCommand(migrateScanCommand(p), migratePlanCommand(p), migrateStatusCommand(p), migrateMarkCommand(p), migrateCheckCommand(p))
	cmd.AddCommand(tokens)
	return cmd
}

// migration is a command of the move: which account, and where progress is kept.
type migration struct {
	whichLogin
	printing
	Plan    string
	Offline bool
}

func (m *migration) command(p process, cmd *cobra.Command, do func(ctx context.Context, p process, file string, args []string) error) *cobra.Command {
	m.whichLogin.flags(cmd.Flags())
	m.printing.flags(cmd.Flags())
	cmd.Flags().StringVar(&m.Plan, "plan", "", "`file` where progress is kept (default api-tokens.json in the state directory)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return m.run(cmd, p, func(ctx context.Context, p process) error {
			if err := m.check(); err != nil {
				return err
			}
			file, err := progressFile(p, m.Plan)
			if err != nil {
				return err
			}
			return do(ctx, p, file, args)
		})
	}
	return cmd
}

func migrateScanCommand(p process) *cobra.Command {
	var m migration
	cmd := &cobra.Command{
		Use:   "scan [DIR…]",
		Short: "Find what uses API tokens in sources and settings",
		Long: "Find what uses API tokens in sources and settings: Basic authentication in curl lines and\n" +
			"programs, options of client libraries, variables in .env files and pipelines. Without a\n" +
			"directory those of the last scan are scanned again; what is gone there is done.\n\n" +
			"It reads texts of up to 1 MB, follows no links, and passes over .git, node_modules, vendor\n" +
			"and the like. What is secret in a line is neither shown nor kept.",
		Example: "  deskauth migrate api-tokens scan ~/scripts ~/src/app/.env\n  deskauth migrate api-tokens scan",
		Args:    cobra.ArbitraryArgs,
	}
	return m.command(p, cmd, func(ctx context.Context, p process, file string, args []string) error {
		g, found, err := rescan(ctx, file, args, time.Now())
		if err != nil {
			return err
		}
		if err := g.write(file); err != nil {
			return localError(err)
		}
		var open []trackedUse
		for _, u := range g.Uses {
			if u.State == useOpen {
				open = append(open, u)
			}
		}
		err = printList(ctx, m.printing, p, useListing(open))
		fmt.Fprintf(p.Err, "%s read, %s passed over: %s open, %s moved, %s done; kept in %s.\n", numberOf(found.Files, "file"), grouped(found.Passed),
			grouped(len(open)), grouped(g.count(useMoved)), grouped(g.count(useDone)), printable(file))
		if found.Cut {
			fmt.Fprintln(p.Err, "deskauth: warning: there is more than a scan looks at: name smaller directories.")
		}
		return err
	})
}

// rescan scans places, or those of the last scan, and says what came of it.
func rescan(ctx context.Context, file string, args []string, now time.Time) (g movement, found scanned, err error) {
	if g, err = readProgress(file); err != nil {
		return g, found, err
	}
	var places []string
	for _, arg := range args {
		place, err := filepath.EvalSymlinks(arg)
		if err == nil {
			place, err = filepath.Abs(place)
		}
		if err != nil {
			return g, found, usagef("%s cannot be scanned: %w", printable(arg), errors.Unwrap(err))
		}
		places = append(places, place)
	}
	again := len(places) == 0
	if again {
		if places = g.Places; len(places) == 0 {
			return g, found, usagef("nothing was scanned yet: name the directories of scripts and settings")
		}
	}
	look := places
	if again { // a place that is gone has nothing left
		look = slices.DeleteFunc(slices.Clone(places), func(place string) bool { _, err := os.Stat(place); return os.IsNotExist(err) })
	}
	if found, err = scan(ctx, look); err != nil {
		return g, found, err
	}
	return g.after(found, places, now.UTC().Truncate(time.Second)), found, nil
}

func useListing(all []trackedUse) listing[trackedUse] {
	return listing[trackedUse]{
		Name: "uses", Items: all,
		ID: func(u trackedUse) string { return u.ID },
		Columns: []column[trackedUse]{
			{"id", func(u trackedUse) string { return u.ID }},
			{"state", func(u trackedUse) string { return string(u.State) }},
			{"where", func(u trackedUse) string { return nearPath(u.File) + ":" + strconv.Itoa(u.Line) }},
			{"kind", func(u trackedUse) string { return u.Kind }},
			{"sure", func(u trackedUse) string { return string(u.Sure) }},
			{"line", func(u trackedUse) string { return u.Text }},
		},
	}
}

// nearPath is a path as seen from where one is, where that is shorter.
func nearPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(here); err == nil {
		here = real
	}
	if rel, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

func migratePlanCommand(p process) *cobra.Command {
	var m migration
	cmd := &cobra.Command{
		Use:   "plan [FILE…]",
		Short: "Say how each file is moved to OAuth: client, grant, scopes, commands",
		Long: "Say how each file that a scan found is moved to OAuth: which kind of client it needs and by\n" +
			"which grant, which scopes, by the paths of the API that stand in it, and the commands that\n" +
			"make the client and get the token. What a person runs acts as that person; anything else is\n" +
			"a robot, whose client acts for itself.",
		Example: "  deskauth migrate api-tokens plan\n  deskauth migrate api-tokens plan export.sh --json",
		Args:    cobra.ArbitraryArgs,
	}
	return m.command(p, cmd, func(ctx context.Context, p process, file string, args []string) error {
		g, err := readProgress(file)
		if err != nil {
			return err
		}
		all, err := g.plans(args, m.accountFlags(p))
		if err != nil {
			return err
		}
		return printList(ctx, m.printing, p, listing[scriptPlan]{
			Name: "plans", Items: all, ID: func(s scriptPlan) string { return s.File },
			Told: func(w io.Writer, all []scriptPlan) { tellPlans(p, w, all) },
		})
	})
}

// accountFlags are those by which the commands of a plan mean the same account.
func (m migration) accountFlags(p process) string {
	at, err := m.where(p)
	if err != nil || m.Account == "" {
		return ""
	}
	return strings.TrimPrefix(m.signInLine(at), "deskauth auth login")
}

// plans are those of some files, named as people name them; none: of all that are open.
func (g movement) plans(files []string, which string) (all []scriptPlan, err error) {
	of := map[string][]trackedUse{}
	var order []string
	for _, u := range g.Uses {
		if len(of[u.File]) == 0 {
			order = append(order, u.File)
		}
		of[u.File] = append(of[u.File], u)
	}
	for _, name := range files {
		if path, err := filepath.Abs(name); err != nil || len(of[path]) == 0 && !slices.ContainsFunc(order, func(f string) bool { return nearPath(f) == name }) {
			return nil, asNotFound(fmt.Errorf("no scan found API tokens in %s", printable(name)))
		}
	}
	for _, file := range order {
		p := planOf(file, of[file], g.Scripts[file], which)
		if len(files) == 0 && p.Open > 0 || slices.ContainsFunc(files, func(name string) bool {
			path, err := filepath.Abs(name)
			return nearPath(file) == name || err == nil && path == file
		}) {
			all = append(all, p)
		}
	}
	return all, nil
}

func tellPlans(p process, w io.Writer, all []scriptPlan) {
	for n, one := range all {
		if n > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, bold(p, w, printable(nearPath(one.File))))
		line := func(name, value string) { fmt.Fprintf(w, "  %-8s %s\n", name, printable(value)) }
		line("client", one.Kind)
		line("grant", one.Grant)
		scopes := strings.Join(one.Scopes, " ")
		if one.Guessed {
			scopes += ", a guess: nothing in the file says what it calls"
		}
		line("scopes", scopes)
		for _, c := range one.Calls {
			line("", "/api/v2/"+c.Path+" needs "+c.scope())
		}
		for _, change := range one.Changes {
			line("change", change)
		}
		for _, command := range one.Commands {
			fmt.Fprintf(w, "  $ %s\n", printable(command))
		}
	}
	if len(all) == 0 {
		fmt.Fprintln(w, "Nothing is open.")
	}
}

func migrateMarkCommand(p process) *cobra.Command {
	var m migration
	var as, note string
	cmd := &cobra.Command{
		Use:   "mark ID… --as STATE",
		Short: "Note of uses what a scan cannot see",
		Long: "Note of uses what a scan cannot see: that one is moved though its line is still there, is\n" +
			"done, or is open after all.",
		Example: "  deskauth migrate api-tokens mark 3f2a1b9c --as moved --note 'only the old branch has it'",
		Args:    cobra.MinimumNArgs(1),
	}
	cmd.Flags().StringVar(&as, "as", "", "`state`: open, moved or done")
	cmd.Flags().StringVar(&note, "note", "", "why")
	return m.command(p, cmd, func(_ context.Context, p process, file string, args []string) error {
		if state := useState(as); state != useOpen && state != useMoved && state != useDone {
			return usagef("--as must be open, moved or done, not %q", as)
		}
		g, err := readProgress(file)
		if err != nil {
			return err
		}
		if g, err = g.mark(args, useState(as), note, time.Now().UTC().Truncate(time.Second)); err != nil {
			return err
		}
		return localError(g.write(file))
	})
}
