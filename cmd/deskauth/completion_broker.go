package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

// What a broker has, for a shell to offer: of a database of this machine, or, where --via
// names a broker, over its API.
//
//	--via URL ──► DESKAUTH_KEY, --key-file or a login's key that opens unasked ──► the API ─┐
//	                                                                                       ├─► numbers, and what is said beside them
//	--db sqlite:FILE ──► read, neither made nor migrated ──────────────────────────────────┘

// offer takes a word and what is said beside it, and tells whether another is wanted.
type offer = func(word, about string) (more bool)

// lookups tell a broker's records of one kind, far over its API and here of its file; nil:
// not there.
type lookups struct {
	far  func(context.Context, *deskauth.Client, offer) error
	here func(context.Context, broker.Store, offer) error
}

func (k known) ofBroker(l lookups) teller {
	return func(ctx context.Context, cmd *cobra.Command) (all []string, err error) {
		give := func(word, about string) bool {
			all = append(all, offered(word, about))
			return len(all) < completedMost
		}
		if flagText(cmd, "via") != "" {
			b, is, err := k.farFor(ctx, cmd)
			if err != nil || !is || l.far == nil {
				return nil, err
			}
			defer func() { _ = b.Close() }()
			err = l.far(ctx, b.Client, give)
			return all, err
		}
		if cmd.Flags().Lookup("db") == nil || l.here == nil {
			return nil, nil
		}
		dsn, err := withDefaultSQLite(flagText(cmd, "db"), "broker", k.p)
		if err != nil {
			return nil, err
		}
		err = inDatabase(ctx, dsn, func(s broker.Store) error { return l.here(ctx, s, give) })
		return all, err
	}
}

func flagText(cmd *cobra.Command, name string) string {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

// farFor is the broker that --via names, by the key that the command would use, if that is
// there unasked: a passphrase may be asked for, and a keychain may ask to be unlocked. Nor
// is a key read from a pipe, where it would be gone when the command wants it.
func (k known) farFor(ctx context.Context, cmd *cobra.Command) (b far, is bool, err error) {
	p := k.p
	p.In, p.Out, p.Err, p.NoInput = strings.NewReader(""), io.Discard, io.Discard, true
	o := remoteBroker{KeyFile: flagText(cmd, "key-file")}
	o.Via, o.Account = flagText(cmd, "via"), flagText(cmd, "account")
	if err := o.zcliPlace(p); err != nil {
		return far{}, false, err
	}
	if o.KeyFile != "" {
		if about, err := os.Stat(o.KeyFile); err != nil || !about.Mode().IsRegular() {
			return far{}, false, err
		}
	} else if lookup(p, variable("key")) == "" {
		root, err := k.root()
		if err != nil || !keysAreInFiles(root) {
			return far{}, false, err
		}
	}
	b, err = o.far(ctx, p)
	return b, err == nil, err
}

// keysAreInFiles tells whether the logins' keys are in a file, and no keychain is asked.
func keysAreInFiles(root string) bool {
	return slices.ContainsFunc([]string{plainKeys(root), lockedKeys(root)}, func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	})
}

// connectionsThat are those in a state that is wanted, by their numbers and, where a name
// will do, by the account of those that have it alone.
func (k known) connectionsThat(wanted func(state string) bool, byName bool) teller {
	tell := func(id int64, account, user, state string, give offer) bool {
		return !wanted(state) || give(strconv.FormatInt(id, 10), strings.Join([]string{account, user, state}, ", "))
	}
	return k.ofBroker(lookups{
		far: func(ctx context.Context, b *deskauth.Client, give offer) error {
			var some []deskauth.Connection
			for c, err := range b.Connections(ctx) {
				if err != nil {
					return err
				}
				if some = append(some, c); !tell(c.ID, c.Account, c.User.Name, string(c.State), give) {
					return nil // there may be others of the same account
				}
			}
			if byName {
				offerAccounts(some, wanted, give)
			}
			return nil
		},
		here: func(ctx context.Context, s broker.Store, give offer) error {
			some, err := s.Connections(ctx, 0, completedMost)
			for _, c := range some {
				if !tell(int64(c.ID), c.Account, c.User.Name, string(c.Shown()), give) {
					break
				}
			}
			return err
		},
	})
}

// offerAccounts offers the accounts that mean one connection, as pickConnection has it.
func offerAccounts(all []deskauth.Connection, wanted func(string) bool, give offer) {
	means := map[string]int{}
	for _, c := range all {
		names := []string{strings.ToLower(c.Account), strings.ToLower(c.User.Email), strings.ToLower(c.User.Name)}
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			means[name]++
		}
	}
	for _, c := range all {
		_, number := strconv.ParseInt(c.Account, 10, 64) // would be taken for one
		if means[strings.ToLower(c.Account)] == 1 && number != nil && wanted(string(c.State)) && !give(c.Account, c.User.Name) {
			return
		}
	}
}

func (k known) passesThat(wanted func(state string) bool) teller {
	tell := func(p deskauth.Pass, give offer) bool {
		return !wanted(p.State) || give(strconv.FormatInt(p.ID, 10), fmt.Sprintf("%s, ticket %d at %s, %s", p.Name, p.Ticket, p.Account, p.State))
	}
	return k.ofBroker(lookups{
		far: func(ctx context.Context, b *deskauth.Client, give offer) error {
			for p, err := range b.Passes(ctx) {
				if err != nil || !tell(p, give) {
					return err
				}
			}
			return nil
		},
		here: func(ctx context.Context, s broker.Store, give offer) error {
			some, err := s.Passes(ctx, 0, completedMost)
			for _, p := range some {
				if !tell(deskauth.Pass{ID: int64(p.ID), Name: p.Name, Ticket: p.Ticket, Account: p.Account, State: string(p.State(time.Now()))}, give) {
					break
				}
			}
			return err
		},
	})
}

// keys are those that have not ended.
func (k known) keys() teller {
	tell := func(one deskauth.Key, give offer) bool {
		return one.EndedAt != nil || give(strconv.FormatInt(one.ID, 10), one.Name+", "+strings.Join(one.Can, " "))
	}
	return k.ofBroker(lookups{
		far: func(ctx context.Context, b *deskauth.Client, give offer) error {
			for one, err := range b.Keys(ctx) {
				if err != nil || !tell(one, give) {
					return err
				}
			}
			return nil
		},
		here: func(ctx context.Context, s broker.Store, give offer) error {
			all, err := s.Keys(ctx)
			for _, one := range all {
				if !tell(brokerhttp.PublishedKey(one), give) {
					break
				}
			}
			return err
		},
	})
}

// links are those that are open. No command revokes one over the API.
func (k known) links() teller {
	return k.ofBroker(lookups{here: func(ctx context.Context, s broker.Store, give offer) error {
		some, err := s.Links(ctx, 0, 0, completedMost)
		for _, l := range some {
			about := cmp.Or(l.Account, "any account") + ", until " + l.Expires.UTC().Format(time.RFC3339)
			if l.State(time.Now()) == "open" && !give(strconv.FormatInt(int64(l.ID), 10), about) {
				break
			}
		}
		return err
	}})
}

// webhooksThat are those in a state that is wanted. No command works on one over the API.
func (k known) webhooksThat(wanted func(state string) bool) teller {
	return k.ofBroker(lookups{here: func(ctx context.Context, s broker.Store, give offer) error {
		some, err := s.Webhooks(ctx, 0, listMost)
		for _, one := range some {
			if wanted(string(one.State)) && !give(strconv.FormatInt(int64(one.ID), 10), hostOf(one.URL)+", "+string(one.State)) {
				break
			}
		}
		return err
	}})
}

// deliveries are those of a webhook.
func (k known) deliveries(of string) teller {
	return k.ofBroker(lookups{here: func(ctx context.Context, s broker.Store, give offer) error {
		id, err := number("WEBHOOK", of)
		if err != nil {
			return err
		}
		some, err := s.Deliveries(ctx, broker.WebhookID(id), listMost)
		for _, d := range some {
			shown := brokerhttp.PublishedDelivery(d)
			if !give(strconv.FormatInt(shown.ID, 10), shown.Type+", "+shown.State) {
				break
			}
		}
		return err
	}})
}

// ofBrokers are the arguments of commands that work on a broker.
func (k known) ofBrokers() map[string]offering {
	anyState := func(string) bool { return true }
	but := func(states ...string) func(string) bool {
		return func(s string) bool { return !slices.Contains(states, s) }
	}
	disabled := func(s string) bool { return s == string(deskauth.Disabled) }
	all := map[string]offering{
		"deskauth key end":             k.first(k.keys()),
		"deskauth pass get":            k.first(k.passesThat(anyState)),
		"deskauth broker link revoke":  k.first(k.links()),
		"deskauth broker webhook list": k.first(k.webhooksThat(anyState)),
	}
	for path, wanted := range map[string]func(string) bool{
		"get": anyState, "renew": but(string(deskauth.Disabled)), "disable": but(string(deskauth.Disabled)), "enable": disabled, "revoke": anyState, "link": anyState,
	} {
		all["deskauth connection "+path] = k.first(k.connectionsThat(wanted, true))
		all["deskauth broker connection "+path] = k.first(k.connectionsThat(wanted, false))
	}
	all["deskauth pass create"] = k.first(k.connectionsThat(anyState, true))
	all["deskauth broker pass create"] = k.first(k.connectionsThat(anyState, false))
	for _, path := range []string{"deskauth pass revoke", "deskauth broker pass revoke"} {
		all[path] = k.first(k.passesThat(but(string(broker.RevokedPass))))
	}
	for path, wanted := range map[string]func(string) bool{
		"roll": anyState, "remove": anyState, "test": anyState, "disable": but(string(broker.WebhookDisabled)), "enable": but(string(broker.WebhookOn), string(broker.WebhookOff)),
	} {
		all["deskauth broker webhook "+path] = k.first(k.webhooksThat(wanted))
	}
	all["deskauth broker webhook replay"] = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 1 {
			return k.now(k.deliveries(args[0]))(cmd, nil, typed)
		}
		return k.first(k.webhooksThat(anyState))(cmd, args, typed)
	}
	return all
}
