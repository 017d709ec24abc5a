package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

func keyCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make, list and end the keys by which programs use the broker",
		Long: "Make, list and end the keys by which programs use the broker: in its database on this machine, or\n" +
			"with --via at a broker elsewhere, by a key of it that can admin.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(keyCreateCommand(p), keyListCommand(p), keyEndCommand(p))
	return cmd
}

func keyCreateCommand(p process) *cobra.Command {
	var o bureau
	var can []string
	var connections []int64
	var days int
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a key and print it, once",
		Long: "Make a key and print it. It is not stored and cannot be shown again.\n\n" +
			"A program sends it as a bearer: curl -H \"Authorization: Bearer $KEY\"\n" +
			"http://localhost:4002/v1/connections/1/token",
		Example: "  deskauth key create reports --connections 1,2",
		Args:    exactArgs("NAME"),
	}
	o.flags(cmd.Flags())
	cmd.Flags().StringSliceVar(&can, "can", []string{string(broker.Lend)}, "`powers`: lend, connect, pass, admin; may repeat")
	cmd.Flags().Int64SliceVar(&connections, "connections", nil, "`numbers` of the connections that it reaches; may repeat (default all)")
	untold(cmd.Flags(), "connections")
	cmd.Flags().IntVar(&days, "expires-in", 0, "`days` until it ends; 0: never")
	return elsewhere(p, work[*broker.Broker]{
		Check: func(context.Context, []string) error {
			if days < 0 || days > eventsKeepMost {
				return usagef("--expires-in must be a number of days from 1 to %d, or 0 for never", eventsKeepMost)
			}
			return nil
		},
		Open: o.open,
		Run: func(ctx context.Context, b *broker.Broker, args []string) error {
			return createKey(ctx, b, p, newKey(args[0], can, connections), days)
		},
	}.command(p, cmd), func(ctx context.Context, b far, args []string) error {
		return b.createKey(ctx, args[0], can, connections, days)
	})
}

func newKey(name string, can []string, connections []int64) broker.Key {
	k := broker.Key{Name: name, Maker: broker.AtCommand}
	for _, power := range can {
		k.Can = append(k.Can, broker.Power(power))
	}
	for _, id := range connections {
		k.Connections = append(k.Connections, broker.ConnectionID(id))
	}
	return k
}

func createKey(ctx context.Context, b *broker.Broker, p process, k broker.Key, days int) error {
	if days > 0 {
		k.Expires = b.Now().Add(time.Duration(days) * day).UTC().Truncate(time.Microsecond)
	}
	k, plain, err := b.MakeKey(ctx, k)
	if invalid := (*broker.Invalid)(nil); errors.As(err, &invalid) {
		return usagef("%w", err)
	} else if err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "Key %d, %q. It is not shown again:\n", k.ID, k.Name)
	fmt.Fprintln(p.Out, plain.Reveal())
	return nil
}

func keyListCommand(p process) *cobra.Command {
	var o bureau
	var out printing
	cmd := &cobra.Command{Use: "list", Short: "List the keys, those that ended included", Args: noArgs}
	o.flags(cmd.Flags())
	out.flags(cmd.Flags())
	check := func(context.Context, []string) error { return out.check() }
	return elsewhere(p, work[broker.Store]{Check: check, Open: o.look, Run: func(ctx context.Context, s broker.Store, _ []string) error {
		return listKeys(ctx, s, p, out)
	}}.command(p, cmd), func(ctx context.Context, b far, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		return b.listKeys(ctx, out)
	})
}

func listKeys(ctx context.Context, s broker.Store, p process, out printing) error {
	keys, err := s.Keys(ctx)
	if err != nil {
		return err
	}
	var all []deskauth.Key
	for _, k := range keys {
		all = append(all, brokerhttp.PublishedKey(k))
	}
	l := keyListing(all)
	l.Told = func(w io.Writer, _ []deskauth.Key) { tellKeys(w, keys) }
	return printList(ctx, out, p, l)
}

func tellKeys(out io.Writer, keys []broker.Key) {
	w := newColumns(out)
	fmt.Fprintln(w, "KEY\tNAME\tCAN\tCONNECTIONS\tCREATED\tLAST USED\tENDS")
	for _, k := range keys {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, powers(k.Can), reach(k.Connections), dayOf(k.Created), dayOf(k.LastUsed), endOf(k))
	}
	_ = w.Flush()
}

func powers(can []broker.Power) string {
	words := make([]string, len(can))
	for i, power := range can {
		words[i] = string(power)
	}
	return strings.Join(words, ",")
}

func reach(ids []broker.ConnectionID) string {
	if len(ids) == 0 {
		return "all"
	}
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatInt(int64(id), 10)
	}
	return strings.Join(words, ",")
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.DateOnly)
}

func endOf(k broker.Key) string {
	if !k.Ended.IsZero() {
		return "ended " + dayOf(k.Ended)
	}
	return dayOf(k.Expires)
}

func keyEndCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "end KEY", Short: "End a key for good, by its number", Args: exactArgs("KEY")}
	return elsewhere(p, besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("KEY", args[0])
		if err != nil {
			return err
		}
		if err := b.EndKey(ctx, broker.AtCommand, broker.KeyID(id)); errors.Is(err, broker.ErrNotFound) {
			return fmt.Errorf("there is no key %d that has not ended: see `deskauth key list`", id)
		} else if err != nil {
			return err
		}
		fmt.Fprintf(p.Out, "Key %d has ended; a running broker refuses it within a second.\n", id)
		return nil
	}), func(ctx context.Context, b far, args []string) error { return b.endKey(ctx, args[0]) })
}

// number reads an argument that is the number of something.
func number(name, text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, usagef("%s must be a number, not %q", name, text)
	}
	return id, nil
}
