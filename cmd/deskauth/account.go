package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/issuerhttp"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/zendesk"
)

// office is the issuer's database, opened by a command beside or instead of the
// server: what is changed there, the server sees.
type office struct {
	DB   string
	Make bool // whether a database that is not there is made
}

func (o *office) flags(f *pflag.FlagSet) {
	f.StringVar(&o.DB, "db", "", "the issuer's database: sqlite:PATH or postgres://… (default a SQLite file in the user's state directory)")
	markSecret(f, "db")
}

// open opens the database with its tables up to date. It is closed by close.
func (o *office) open(ctx context.Context, p process) (_ *issuer.Issuer, closing func(), err error) {
	dsn, err := withDefaultSQLite(o.DB, "issuer", p)
	if err != nil {
		return nil, nil, err
	}
	if path, isFile := strings.CutPrefix(dsn, "sqlite:"); isFile && !o.Make {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("there is no database at %s: name the issuer's with --db or DESKAUTH_DB (that of `deskauth dev` is issuer.db in its --data directory), or begin with `deskauth account create`", path)
		}
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, nil, err
	}
	if db.Has(ctx, store.BrokerPart) && !db.Has(ctx, store.IssuerPart) {
		return nil, nil, errors.Join(errors.New("--db is a broker's database, and no issuer has used it: name the issuer's"), db.Close())
	}
	if err := db.MigrateIssuer(ctx); err != nil {
		_ = db.Close()
		return nil, nil, err
	}
	return &issuer.Issuer{
		Store: db.Issuer(), Passwords: issuer.NewPasswords(), Policies: issuerhttp.Policies(), Now: time.Now, Rand: rand.Reader,
	}, func() { _ = db.Close() }, nil
}

func accountCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account",
		Short: "Create and list the accounts of the issuer",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(accountCreateCommand(p), accountListCommand(p))
	return cmd
}

func accountCreateCommand(p process) *cobra.Command {
	o := office{Make: true}
	a := issuer.Account{PasswordAccess: true, TokenAccess: true}
	cmd := &cobra.Command{
		Use:     "create SUBDOMAIN",
		Short:   "Create an account",
		Long:    "Create an account. It has no users yet: add its first admin with\n`deskauth user create`.",
		Example: "  deskauth account create acme --name 'Acme Inc.'",
		Args:    exactArgs("SUBDOMAIN"),
	}
	f := cmd.Flags()
	o.flags(f)
	f.StringVar(&a.Name, "name", "", "what people call it (default the subdomain)")
	f.StringVar((*string)(&a.Era), "era", string(issuer.Enforced), "enforced: access tokens of its clients expire; legacy: they do not")
	f.StringVar((*string)(&a.BasicAuth), "basic-auth", string(issuer.BasicByDate), "by_date, allowed, creation_blocked or off: how far the removal of API tokens is")
	f.StringVar((*string)(&a.Chat), "chat", string(issuer.ChatWithSupport), "support, chat_only or off: which Chat it has")
	f.StringVar((*string)(&a.Plan), "plan", string(issuer.PlanNone), "none, team, growth, professional, enterprise or enterprise_plus: its rate limits")
	f.BoolVar(&a.PasswordGrant, "password-grant", false, "let the token endpoint take passwords, as it once did")
	return work[*issuer.Issuer]{
		Check: func(_ context.Context, args []string) error {
			a.Subdomain = args[0]
			return checkAccount(&a)
		},
		Open: o.open,
		Run: func(ctx context.Context, i *issuer.Issuer, _ []string) error {
			a, err := i.CreateAccount(ctx, a, issuer.By{})
			if err != nil {
				return err
			}
			fmt.Fprintf(p.Out, "Created account %s (%s).\n", a.Subdomain, a.Name)
			return nil
		},
	}.command(p, cmd)
}

// checkAccount checks what a person typed.
func checkAccount(a *issuer.Account) error {
	if err := zendesk.CheckSubdomain(a.Subdomain); err != nil {
		return usagef("SUBDOMAIN: %w", err)
	}
	if a.Name == "" {
		a.Name = a.Subdomain
	}
	for _, err := range []error{
		oneOf("era", a.Era, issuer.Enforced, issuer.Legacy),
		oneOf("basic-auth", a.BasicAuth, issuer.BasicByDate, issuer.BasicAllowed, issuer.BasicCreationBlocked, issuer.BasicOff),
		oneOf("chat", a.Chat, issuer.ChatWithSupport, issuer.ChatOnly, issuer.ChatOff),
		oneOf("plan", a.Plan, issuer.PlanNone, issuer.PlanTeam, issuer.PlanGrowth, issuer.PlanProfessional, issuer.PlanEnterprise, issuer.PlanEnterprisePlus),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func oneOf[T ~string](flag string, value T, words ...T) error {
	for _, w := range words {
		if value == w {
			return nil
		}
	}
	return usagef("--%s must be one of %v, not %q", flag, words, string(value))
}

func accountListCommand(p process) *cobra.Command {
	var o office
	cmd := &cobra.Command{Use: "list", Short: "List the accounts", Args: noArgs}
	o.flags(cmd.Flags())
	return work[*issuer.Issuer]{Open: o.open, Run: func(ctx context.Context, i *issuer.Issuer, _ []string) error {
		return listAccounts(ctx, i, p)
	}}.command(p, cmd)
}

func listAccounts(ctx context.Context, i *issuer.Issuer, p process) error {
	accounts, err := i.Store.Accounts(ctx)
	if err != nil {
		return err
	}
	t := newColumns(p.Out)
	fmt.Fprintln(t, "SUBDOMAIN\tNAME\tERA\tBASIC AUTH\tCHAT\tPLAN\tCREATED")
	for _, a := range accounts {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Subdomain, a.Name, a.Era, a.BasicAuth, a.Chat, a.Plan, a.Created.Format(time.RFC3339))
	}
	return t.Flush()
}

// exactArgs wants an argument for each name.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usagef("%s needs %s", cmd.CommandPath(), names[len(args)])
		}
		if len(args) > len(names) {
			return usagef("%s takes no more arguments: %q", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}
