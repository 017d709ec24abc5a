package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
)

// members are the users of one account of an office.
type members struct {
	office
	Account string
}

func (m *members) flags(f *pflag.FlagSet) {
	m.office.flags(f)
	f.StringVar(&m.Account, "account", "", "`subdomain` of the account (default the only one)")
}

// membership is an account, and the issuer that it is of.
type membership struct {
	*issuer.Issuer
	account issuer.Account
}

// open opens the database and finds the account.
func (m *members) open(ctx context.Context, p process) (_ membership, closing func(), err error) {
	i, closing, err := m.office.open(ctx, p)
	if err != nil {
		return membership{}, nil, err
	}
	a, err := m.find(ctx, i)
	if err != nil {
		closing()
		return membership{}, nil, err
	}
	return membership{i, a}, closing, nil
}

func (m *members) find(ctx context.Context, i *issuer.Issuer) (issuer.Account, error) {
	if m.Account != "" {
		a, err := i.Store.Account(ctx, m.Account)
		if errors.Is(err, issuer.ErrNotFound) {
			return a, fmt.Errorf("there is no account %s: see `deskauth account list`", m.Account)
		}
		return a, err
	}
	accounts, err := i.Store.Accounts(ctx)
	switch {
	case err != nil:
		return issuer.Account{}, err
	case len(accounts) == 0:
		return issuer.Account{}, errors.New("there is no account yet: see `deskauth account create`")
	case len(accounts) > 1:
		return issuer.Account{}, usagef("there are %d accounts: name one with --account", len(accounts))
	}
	return accounts[0], nil
}

func (m membership) user(ctx context.Context, email string) (issuer.User, error) {
	u, err := m.Store.UserByEmail(ctx, m.account.ID, issuer.NormalEmail(email))
	if errors.Is(err, issuer.ErrNotFound) || err == nil && u.Erased {
		return u, fmt.Errorf("account %s has no user %s", m.account.Subdomain, email)
	}
	return u, err
}

func userCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Create and change the users of an account of the issuer",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(userCreateCommand(p), userListCommand(p), userSetPasswordCommand(p), userSuspendCommand(p), userRoleCommand(p), userDeleteCommand(p))
	return cmd
}

// passwordFrom is where a password comes from: never from the command line,
// which every process sees.
type passwordFrom struct {
	File string
}

func (o *passwordFrom) flags(f *pflag.FlagSet, usual string) {
	f.StringVar(&o.File, "password-file", usual, "`file` that holds the password; - for standard input")
}

// passwordStdinMost bounds what is taken for a password.
const passwordStdinMost = 64 << 10

func (o passwordFrom) read(ctx context.Context, p process) (secret.Plain, error) {
	if o.File != "-" {
		return secret.FromFile(o.File)
	}
	if f, ok := p.In.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return secret.Plain{}, usagef("a terminal would show the password: pipe it in, or name a --password-file")
		}
	}
	b, err := readSome(ctx, p.In, passwordStdinMost+1)
	switch {
	case ctx.Err() != nil:
		return secret.Plain{}, err
	case err != nil:
		return secret.Plain{}, fmt.Errorf("read the password: %w", err)
	case len(b) > passwordStdinMost:
		return secret.Plain{}, errors.New("the password on standard input is too long: is it the right one?")
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if text == "" {
		return secret.Plain{}, errors.New("the password on standard input is empty")
	}
	return secret.Of(text), nil
}

func userCreateCommand(p process) *cobra.Command {
	var m members
	var from passwordFrom
	var u issuer.NewUser
	cmd := &cobra.Command{
		Use:   "create EMAIL",
		Short: "Create a user",
		Long: "Create a user. Without --password-file they cannot sign in by password; in a demo they\n" +
			"can still be picked.",
		Example: "  deskauth user create ada@acme.example --name 'Ada Admin' --role admin --password-file -",
		Args:    exactArgs("EMAIL"),
	}
	f := cmd.Flags()
	m.flags(f)
	from.flags(f, "")
	f.StringVar(&u.Name, "name", "", "their name (default what stands before the @)")
	f.StringVar((*string)(&u.Role), "role", string(issuer.EndUser), "admin, agent or end-user")
	return work[membership]{
		Check: func(ctx context.Context, args []string) (err error) {
			if err := oneOf("role", u.Role, issuer.Admin, issuer.Agent, issuer.EndUser); err != nil {
				return err
			}
			u.Email = args[0]
			if u.Name == "" {
				u.Name, _, _ = strings.Cut(u.Email, "@")
			}
			if from.File != "" {
				u.Password, err = from.read(ctx, p)
			}
			return err
		},
		Open: m.open,
		Run: func(ctx context.Context, of membership, _ []string) error {
			made, err := of.CreateUser(ctx, of.account, u, issuer.By{})
			if err != nil {
				return err
			}
			fmt.Fprintf(p.Out, "Created %s %s in account %s.\n", made.Role, made.Email, of.account.Subdomain)
			return nil
		},
	}.command(p, cmd)
}

// userPage is how many users are read at once.
const userPage = 100

func userListCommand(p process) *cobra.Command {
	var m members
	cmd := &cobra.Command{Use: "list", Short: "List the users of an account", Args: noArgs}
	m.flags(cmd.Flags())
	return work[membership]{Open: m.open, Run: func(ctx context.Context, of membership, _ []string) error {
		return of.listUsers(ctx, p)
	}}.command(p, cmd)
}

func (m membership) listUsers(ctx context.Context, p process) error {
	t := newColumns(p.Out)
	fmt.Fprintln(t, "ID\tEMAIL\tNAME\tROLE\tSTATE\tCREATED")
	r := issuer.Range{Limit: userPage}
	for more := true; more; {
		page, err := m.Store.UserPage(ctx, m.account.ID, r)
		if err != nil {
			return err
		}
		for _, u := range page.Items {
			fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\n", u.ID, u.Email, u.Name, u.Role, state(u), u.Created.Format(time.RFC3339))
			r.After = int64(u.ID)
		}
		more = page.More
	}
	return t.Flush()
}

func state(u issuer.User) string {
	switch {
	case u.Suspended:
		return "suspended"
	case u.PasswordHash == "":
		return "no password"
	default:
		return "active"
	}
}

// changing is a command that changes one user, named by their email.
func changing(p process, cmd *cobra.Command, arguments []string, change func(ctx context.Context, of membership, u issuer.User, args []string) (told string, err error)) *cobra.Command {
	var m members
	m.flags(cmd.Flags())
	cmd.Args = exactArgs(arguments...)
	return work[membership]{Open: m.open, Run: func(ctx context.Context, of membership, args []string) error {
		u, err := of.user(ctx, args[0])
		if err != nil {
			return err
		}
		told, err := change(ctx, of, u, args)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.Out, "%s of account %s: %s.\n", u.Email, of.account.Subdomain, told)
		return nil
	}}.command(p, cmd)
}

func userSetPasswordCommand(p process) *cobra.Command {
	var from passwordFrom
	cmd := changing(p, &cobra.Command{
		Use:   "set-password EMAIL",
		Short: "Give a user another password",
		Long:  "Give a user another password, read from standard input or a file. Their sessions end;\ntheir tokens live on.",
		Example: "  printf %s \"$PASSWORD\" | deskauth user set-password ada@acme.example\n" +
			"  deskauth user set-password ada@acme.example --password-file new.txt",
	}, []string{"EMAIL"}, func(ctx context.Context, of membership, u issuer.User, _ []string) (string, error) {
		password, err := from.read(ctx, p)
		if err != nil {
			return "", err
		}
		return "the password was changed", of.SetPassword(ctx, of.account, u.ID, password, issuer.By{})
	})
	from.flags(cmd.Flags(), "-")
	return cmd
}

func userSuspendCommand(p process) *cobra.Command {
	undo := false
	cmd := changing(p, &cobra.Command{
		Use:   "suspend EMAIL",
		Short: "Suspend a user, or let them in again",
		Long:  "Suspend a user: they cannot sign in, and their tokens open nothing for as long.",
	}, []string{"EMAIL"}, func(ctx context.Context, of membership, u issuer.User, _ []string) (string, error) {
		suspended := !undo
		_, err := of.UpdateUser(ctx, of.account, u.ID, issuer.UserChange{Suspended: &suspended}, issuer.By{})
		if undo {
			return "no longer suspended", err
		}
		return "suspended", err
	})
	cmd.Flags().BoolVar(&undo, "undo", false, "let them in again")
	return cmd
}

func userRoleCommand(p process) *cobra.Command {
	return changing(p, &cobra.Command{
		Use:   "role EMAIL ROLE",
		Short: "Give a user another role: admin, agent or end-user",
		Long:  "Give a user another role: admin, agent or end-user. Their tokens open what it opens, at once.",
	}, []string{"EMAIL", "ROLE"}, func(ctx context.Context, of membership, u issuer.User, args []string) (string, error) {
		role := issuer.Role(args[1])
		_, err := of.UpdateUser(ctx, of.account, u.ID, issuer.UserChange{Role: &role}, issuer.By{})
		return "the role is " + args[1], err
	})
}

func userDeleteCommand(p process) *cobra.Command {
	return changing(p, &cobra.Command{
		Use:   "delete EMAIL",
		Short: "Delete a user, and end their sessions and tokens",
		Long:  "Delete a user: their name, email and password go, their sessions and tokens end. Clients that\nthey made stay, but can no longer act in their name.",
	}, []string{"EMAIL"}, func(ctx context.Context, of membership, u issuer.User, _ []string) (string, error) {
		return "deleted", of.DeleteUser(ctx, of.account, u.ID, issuer.By{})
	})
}
