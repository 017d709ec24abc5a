package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth"
)

// elsewhere has a command that works on a database of this machine work on a broker
// elsewhere, where --via names one.
func elsewhere(p process, cmd *cobra.Command, do func(context.Context, far, []string) error) *cobra.Command {
	var o remoteBroker
	cmd.Flags().StringVar(&o.Via, "via", "", "not here, but at the broker at this `URL`, by a key that can admin")
	o.keyFlags(cmd.Flags())
	here := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.Via == "" && lookup(p, variable("via")) == "" {
			if o.KeyFile != "" {
				return usagef("--key-file is the key of a broker elsewhere: name that with --via")
			}
			return here(cmd, args)
		}
		return o.reach(cmd, p, func(ctx context.Context, _ process, b far) error { return do(ctx, b, args) })
	}
	return cmd
}

func (b far) createKey(ctx context.Context, name string, can []string, connections []int64, days int) error {
	made, err := b.MakeKey(ctx, deskauth.KeyRequest{Name: name, Can: can, Connections: connections, ExpiresIn: int64(days) * int64(aDay/time.Second)})
	if err != nil {
		return b.fail("keys", err)
	}
	fmt.Fprintf(b.p.Err, "Key %d, %q. It is not shown again:\n", made.ID, printable(made.Name))
	return tellSecret(b.p.Out, made.Secret)
}

func (b far) listKeys(ctx context.Context, out printing) error {
	all, err := allOf(b, "keys", b.Keys(ctx))
	if err != nil {
		return err
	}
	return printList(ctx, out, b.p, keyListing(all))
}

func keyListing(all []deskauth.Key) listing[deskauth.Key] {
	date := func(t *time.Time) string {
		if t == nil {
			return "never"
		}
		return t.UTC().Format(time.DateOnly)
	}
	return listing[deskauth.Key]{
		Name: "keys", Items: all,
		ID: func(k deskauth.Key) string { return strconv.FormatInt(k.ID, 10) },
		Columns: []column[deskauth.Key]{
			{"key", func(k deskauth.Key) string { return strconv.FormatInt(k.ID, 10) }},
			{"name", func(k deskauth.Key) string { return k.Name }},
			{"can", func(k deskauth.Key) string { return strings.Join(k.Can, ",") }},
			{"connections", func(k deskauth.Key) string {
				if len(k.Connections) == 0 {
					return "all"
				}
				return strings.Trim(strings.ReplaceAll(fmt.Sprint(k.Connections), " ", ","), "[]")
			}},
			{"created", func(k deskauth.Key) string { return date(&k.CreatedAt) }},
			{"last used", func(k deskauth.Key) string { return date(k.LastUsedAt) }},
			{"ends", func(k deskauth.Key) string {
				if k.EndedAt != nil {
					return "ended " + date(k.EndedAt)
				}
				return date(k.ExpiresAt)
			}},
		},
	}
}

func (b far) endKey(ctx context.Context, text string) error {
	id, err := number("KEY", text)
	if err != nil {
		return err
	}
	if err := b.EndKey(ctx, id); err != nil {
		return b.fail(fmt.Sprintf("key %d that has not ended", id), err)
	}
	fmt.Fprintf(b.p.Out, "Key %d has ended.\n", id)
	return nil
}
