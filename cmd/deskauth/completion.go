package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
)

// What a shell offers while somebody types, from what this machine knows, and where the
// line names a broker with --via, from what that one knows: nobody else is asked over a
// network, no person is, and what cannot be told at once is not offered.

// completionTime bounds it: a shell stands still for as long.
const completionTime = time.Second

// completes gives one list to every command and flag that wants one.
func completes(root *cobra.Command, p process, typed []string) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if own, _, err := root.Find([]string{"completion"}); err == nil && own != root {
		own.Short = "Print the script by which your shell completes commands, accounts and ids"
		own.Args, own.RunE = noArgs, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		own.Long = completionHelp
		for _, shell := range own.Commands() {
			shell.Args = noArgs
		}
	}
	if len(typed) == 0 || !strings.HasPrefix(typed[0], cobra.ShellCompRequestCmd) {
		return // no shell asks
	}
	k := known{p}
	for _, cmd := range allCommands(root) {
		for name, offers := range k.flags(cmd) {
			if cmd.Flags().Lookup(name) == nil {
				continue
			}
			if _, there := cmd.GetFlagCompletionFunc(name); !there {
				_ = cmd.RegisterFlagCompletionFunc(name, offers) // the flag is there, and has none
			}
		}
		if offers := k.arguments()[cmd.CommandPath()]; offers != nil && cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = offers
		}
	}
}

const completionHelp = `Print the script by which your shell completes commands, flags, accounts, ids and fields.

  bash        source <(deskauth completion bash)       (it wants the package bash-completion)
              for good: deskauth completion bash > ~/.local/share/bash-completion/completions/deskauth
  zsh         source <(deskauth completion zsh)
              for good: deskauth completion zsh > "${fpath[1]}/_deskauth"
  fish        deskauth completion fish | source
              for good: deskauth completion fish > ~/.config/fish/completions/deskauth.fish
  powershell  deskauth completion powershell | Out-String | Invoke-Expression
              for good: add that line to $PROFILE

What is offered is what this machine knows. Only a broker that --via or DESKAUTH_VIA names is
asked over a network, for a second at most, by the key in DESKAUTH_KEY or --key-file or that of
a login. Nobody is asked for a passphrase, no keychain is opened, and no secret is offered.`

func allCommands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		all = append(all, allCommands(c)...)
	}
	return all
}

// known is what this machine knows without asking a person.
type known struct{ p process }

type (
	offering = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)
	teller   = func(context.Context, *cobra.Command) ([]string, error)
)

func (k known) flags(cmd *cobra.Command) map[string]offering {
	texts := func(all ...string) offering {
		return cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp)
	}
	all := map[string]offering{
		"log-level": texts("debug", "info", "warn", "error"), "log-format": texts("text", "json"),
		"method": texts("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"),
		"via":    k.now(k.brokers), "zendesk-url": k.now(k.zendesks),
	}
	if isLogin := cmd.Flags().Lookup("via"); isLogin != nil {
		all["account"] = k.now(k.accounts)
		all["client"] = k.now(k.clients)
	}
	if records[cmd.CommandPath()] != nil {
		all["json"] = k.fields
	}
	numbers := k.now(k.connectionsThat(func(string) bool { return true }, false))
	all["connection"], all["connections"] = numbers, commas(numbers)
	return all
}

func (k known) arguments() map[string]offering {
	all := k.ofBrokers()
	all["deskauth help"] = topicsAndCommands
	all["deskauth auth switch"] = k.first(k.accounts)
	all["deskauth token get"] = k.first(k.tokens)
	all["deskauth token revoke"] = k.now(k.tokens)
	for _, verb := range []string{"get", "update", "roll-secret", "delete"} {
		all["deskauth client "+verb] = k.first(k.clients)
	}
	return all
}

// first offers for the first argument alone.
func (k known) first(tell teller) offering {
	each := k.now(tell)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return each(cmd, args, typed)
	}
}

// now offers what is told in time.
func (k known) now(tell teller) offering {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(context.Background(), completionTime)
		defer cancel()
		told := make(chan []string, 1)
		go func() {
			if fromEnvironment(cmd, k.p) != nil {
				told <- nil
				return
			}
			all, _ := tell(ctx, cmd) // what was told before it failed
			told <- all
		}()
		var all []string
		select {
		case all = <-told:
		case <-ctx.Done():
		}
		all = slices.DeleteFunc(all, func(one string) bool {
			word, _, _ := strings.Cut(one, "\t")
			return !offerable().MatchString(word) || !strings.HasPrefix(word, typed) || slices.Contains(args, word)
		})
		slices.Sort(all)
		return slices.Compact(all), cobra.ShellCompDirectiveNoFileComp
	}
}

// offerable is what may stand in somebody's command line though they did not type it: a
// shell puts in what is offered, and does not quote it. Some names are other people's.
var offerable = compiledLater(`^[\pL\pN._:/@%+,={}-]+$`)

// offered is a word and what is said beside it, which somebody else may have chosen.
func offered(word, about string) string {
	return printable(word) + "\t" + printable(about)
}

// topicsAndCommands are what there is help about.
func topicsAndCommands(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	about, _, err := cmd.Root().Find(args)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var all []string
	for _, c := range about.Commands() {
		if (c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand()) && strings.HasPrefix(c.Name(), typed) {
			all = append(all, offered(c.Name(), c.Short))
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

func (k known) root() (string, error) {
	dir, err := stateDir(k.p)
	return filepath.Join(dir, "logins"), err
}

// inDatabase reads one that is there. It is neither made nor migrated.
func inDatabase(ctx context.Context, dsn string, read func(broker.Store) error) error {
	path, file := strings.CutPrefix(dsn, "sqlite:")
	if !file { // it is asked over a network
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return err
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return read(db.Broker())
}

// completedMost is how many a shell is offered.
const completedMost = 500

// logins calls each with the logins that are kept here, of every Zendesk.
func (k known) logins(ctx context.Context, each func(broker.Connection)) error {
	root, err := k.root()
	if err != nil {
		return err
	}
	files, err := fs.Glob(os.DirFS(root), "*/logins.db") // root may have signs of a pattern in it
	for _, file := range files {
		err = errors.Join(err, inDatabase(ctx, "sqlite:"+filepath.Join(root, file), func(s broker.Store) error {
			some, err := s.Connections(ctx, 0, completedMost)
			for _, c := range some {
				each(c)
			}
			return err
		}))
	}
	return err
}

func (k known) accounts(ctx context.Context, _ *cobra.Command) (all []string, err error) {
	err = k.logins(ctx, func(c broker.Connection) { all = append(all, offered(c.Account, person(c))) })
	root, bad := k.root()
	if bad != nil {
		return all, bad
	}
	via, bad := viaLogins(root)
	for _, v := range via {
		all = append(all, offered(v.Account, v.Person+", by way of "+hostOf(v.Broker)))
	}
	return all, errors.Join(err, bad)
}

// clients are those by which somebody signed in here, or made a token.
func (k known) clients(context.Context, *cobra.Command) (all []string, err error) {
	err = k.ledgers(func(e ledgerEntry) { all = append(all, offered(e.Client, "at "+e.Account)) })
	return all, err
}

// tokens are those that were made here and live.
func (k known) tokens(context.Context, *cobra.Command) (all []string, err error) {
	err = k.ledgers(func(e ledgerEntry) {
		all = append(all, offered(strconv.FormatInt(e.Token, 10), strings.Trim(fmt.Sprintf("of %s at %s, %s", e.Client, e.Account, e.reason()), ", ")))
	})
	return all, err
}

func (k known) ledgers(each func(ledgerEntry)) error {
	root, err := k.root()
	if err != nil {
		return err
	}
	files, err := fs.Glob(os.DirFS(root), "*/ledger.jsonl")
	for _, file := range files {
		living, bad := ledger{filepath.Join(root, file)}.living()
		for _, e := range living {
			each(e)
		}
		err = errors.Join(err, bad)
	}
	return err
}

func (k known) brokers(context.Context, *cobra.Command) (all []string, err error) {
	root, err := k.root()
	if err != nil {
		return nil, err
	}
	via, err := viaLogins(root)
	for _, v := range via {
		all = append(all, offered(v.Broker, v.Account))
	}
	return all, err
}

func (k known) zendesks(context.Context, *cobra.Command) ([]string, error) {
	root, err := k.root()
	if err != nil {
		return nil, err
	}
	now, err := loginPlace{Root: root}.current()
	return []string{now.Zendesk, defaultZendesk, "http://{subdomain}.localhost:4000"}, err
}

// records are what commands print as JSON.
var records = map[string]reflect.Type{
	"deskauth auth status":   reflect.TypeFor[loginStatus](),
	"deskauth client list":   reflect.TypeFor[clientRecord](),
	"deskauth client get":    reflect.TypeFor[clientRecord](),
	"deskauth client create": reflect.TypeFor[clientRecord](),
	"deskauth client update": reflect.TypeFor[clientRecord](),
	"deskauth token list":    reflect.TypeFor[tokenRecord](),
	"deskauth token get":     reflect.TypeFor[tokenRecord](),
	"deskauth token create":  reflect.TypeFor[tokenRecord](),
	"deskauth ticket attach": reflect.TypeFor[attached](),
	"deskauth ticket logs":   reflect.TypeFor[attached](),
	"deskauth doctor":        reflect.TypeFor[finding](),
	"deskauth key list":      reflect.TypeFor[deskauth.Key](),

	"deskauth connection list": reflect.TypeFor[deskauth.Connection](),
	"deskauth connection get":  reflect.TypeFor[deskauth.Connection](),
	"deskauth pass create":     reflect.TypeFor[deskauth.Pass](),
	"deskauth pass list":       reflect.TypeFor[deskauth.Pass](),
	"deskauth pass get":        reflect.TypeFor[deskauth.Pass](),
	"deskauth event list":      reflect.TypeFor[deskauth.Event](),
	"deskauth event follow":    reflect.TypeFor[deskauth.Event](),

	"deskauth migrate api-tokens scan":   reflect.TypeFor[trackedUse](),
	"deskauth migrate api-tokens plan":   reflect.TypeFor[scriptPlan](),
	"deskauth migrate api-tokens status": reflect.TypeFor[migrationStatus](),
	"deskauth migrate api-tokens check":  reflect.TypeFor[finding](),
}

// fields are those of --json.
func (k known) fields(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return commas(func(_ *cobra.Command, before []string, typed string) (all []string, _ cobra.ShellCompDirective) {
		for _, name := range jsonNames(records[cmd.CommandPath()]) {
			if strings.HasPrefix(name, typed) && !slices.Contains(before, name) {
				all = append(all, name)
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	})(cmd, args, typed)
}

// commas offers one word after the other between commas.
func commas(each offering) offering {
	return func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before, last := "", typed
		if i := strings.LastIndexByte(typed, ','); i >= 0 {
			before, last = typed[:i+1], typed[i+1:]
		}
		all, how := each(cmd, strings.Split(before, ","), last)
		for i := range all {
			all[i] = before + all[i]
		}
		return all, how | cobra.ShellCompDirectiveNoSpace
	}
}
