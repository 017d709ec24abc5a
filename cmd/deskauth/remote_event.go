package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth"
)

func remoteEventCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "event",
		Short: "Look into the audit trail of a broker, and follow it",
		Long: "Look into the audit trail of a broker, over its API, and follow it. It takes a key that can\n" +
			"admin.",
		Example: "  deskauth event list --kind token_made\n  deskauth event follow --json=at,kind,by",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(remoteEventList(p), remoteEventFollow(p))
	return cmd
}

// eventWish is which events are asked for.
type eventWish struct {
	deskauth.EventFilter
	since span
}

func (w *eventWish) flags(f *pflag.FlagSet) {
	f.StringVar(&w.Kind, "kind", "", "of this `kind`, such as token_made")
	f.Int64Var(&w.Connection, "connection", 0, "of the connection of this `number`")
	f.Lookup("connection").DefValue = ""
	f.StringVar(&w.By, "by", "", "by `whom`, as an event has it, such as 'key 3'")
	f.Var(&w.since, "since", "of so `long` ago, such as 2h or 7d, and later")
}

func (w *eventWish) filter(now, otherwise time.Time) deskauth.EventFilter {
	f := w.EventFilter
	if f.Since = otherwise; w.since > 0 {
		f.Since = now.Add(-time.Duration(w.since))
	}
	return f
}

func eventListing(all []deskauth.Event) listing[deskauth.Event] {
	subject := func(e deskauth.Event) string {
		var words []string
		for _, of := range []struct {
			name string
			id   int64
		}{{"connection", e.Connection}, {"pass", e.Pass}, {"client", e.Client}} {
			if of.id != 0 {
				words = append(words, of.name+" "+strconv.FormatInt(of.id, 10))
			}
		}
		return strings.Join(words, ", ")
	}
	return listing[deskauth.Event]{
		Name: "events", Items: all,
		ID: func(e deskauth.Event) string { return strconv.FormatInt(e.ID, 10) },
		Columns: []column[deskauth.Event]{
			{"at", func(e deskauth.Event) string { return e.At.UTC().Format(time.RFC3339) }},
			{"kind", func(e deskauth.Event) string { return e.Kind }},
			{"result", func(e deskauth.Event) string { return e.Result }},
			{"by", func(e deskauth.Event) string { return e.By }},
			{"account", func(e deskauth.Event) string { return e.Account }},
			{"of", subject},
			{"detail", func(e deskauth.Event) string { return e.Detail }},
		},
	}
}

func remoteEventList(p process) *cobra.Command {
	var o remoteBroker
	var out printing
	var wish eventWish
	cmd := &cobra.Command{Use: "list", Short: "List events, the oldest first", Args: noArgs}
	o.flags(cmd.Flags())
	out.flags(cmd.Flags())
	wish.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return o.reach(cmd, p, func(ctx context.Context, p process, b far) error {
			if err := out.check(); err != nil {
				return err
			}
			keeping, closing, err := keepTime(ctx, p)
			if err != nil {
				return err
			}
			defer closing()
			all, err := allOf(b, "events", b.Events(ctx, wish.filter(keeping.now(), time.Time{})))
			if err != nil {
				return err
			}
			return printList(ctx, out, p, eventListing(all))
		})
	}
	return cmd
}

// followPause is between the times that a broker is asked for what is new.
const followPause = time.Second

func remoteEventFollow(p process) *cobra.Command {
	var o remoteBroker
	var out printing
	var wish eventWish
	cmd := &cobra.Command{
		Use:   "follow",
		Short: "Print events as they come, until Ctrl-C",
		Long: "Print events as they come, a line each, from now on or as long ago as --since says, until\n" +
			"Ctrl-C. While the broker is away it is asked again: no event is left out, and none comes twice.",
		Args: noArgs,
	}
	o.flags(cmd.Flags())
	out.flags(cmd.Flags())
	wish.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return o.reach(cmd, p, func(ctx context.Context, p process, b far) error {
			if err := out.check(); err != nil {
				return err
			}
			keeping, closing, err := keepTime(ctx, p)
			if err != nil {
				return err
			}
			defer closing()
			return b.follow(ctx, out, wish.filter(keeping.now(), keeping.now()))
		})
	}
	return cmd
}

func (b far) follow(ctx context.Context, out printing, f deskauth.EventFilter) error {
	lost := false
	for e, err := range b.FollowEvents(ctx, f, followPause) {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			err = b.fail("events", err)
			if codeOf(err) != exitUnavailable {
				return err
			}
			if !lost {
				fmt.Fprintf(b.p.Err, "deskauth: %s; it is asked again\n", printableLines(err.Error()))
			}
			lost = true
			continue
		}
		lost = false
		if err := b.tellEvent(ctx, out, e); err != nil {
			return err
		}
	}
	return errors.New("the events ended")
}

// tellEvent prints one, a line: as JSON an object by itself, which a program can read
// while others are to come.
func (b far) tellEvent(ctx context.Context, out printing, e deskauth.Event) error {
	if out.asJSON() {
		return printRecord(ctx, out, b.p, e, "", nil)
	}
	if out.Quiet {
		fmt.Fprintln(b.p.Out, e.ID)
		return nil
	}
	eventListing([]deskauth.Event{e}).lines(b.p.Out)
	return nil
}
