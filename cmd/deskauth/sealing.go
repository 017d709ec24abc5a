package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/seal"
)

func sealingCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sealing",
		Short: "Look after the keys that seal the broker's tokens",
		Long: "Look after the keys that seal the broker's tokens: beside brokers that run, or instead\n" +
			"of one. Name the same keys and the same database as the broker's.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(sealingStatusCommand(p), sealingRotateCommand(p), sealingDropCommand(p), sealingAddCommand(p))
	return cmd
}

func sealingStatusCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the keys by their ids, how much each seals, and which brokers have them",
		Args:  noArgs,
	}
	return besideBroker(p, cmd, &bureau{Seals: true}, func(ctx context.Context, b *broker.Broker, _ []string) error {
		return sealingStatus(ctx, b, p)
	})
}

func sealingStatus(ctx context.Context, b *broker.Broker, p process) error {
	k, err := b.Store.SealingKey(ctx)
	if err != nil {
		return err
	}
	counts, err := b.Store.SealedBy(ctx)
	if err != nil {
		return err
	}
	holders, err := b.Store.Keyholders(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\t"+strings.ToUpper(strings.Join(kindNames(), "\t"))+"\t")
	for _, id := range allKeys(b.Ring, k, counts) {
		fmt.Fprintf(w, "%d\t%s\t%s\n", id, strings.Join(sealedBy(counts, id), "\t"), strings.Join(standing(b.Ring, k, counts, id), ", "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "\nThe keys are in %s.\n", b.Source)
	for _, h := range holders {
		fmt.Fprintf(p.Out, "Broker %s has %s.\n", h.Name, keyNames(h.Keys))
	}
	return nil
}

func kindNames() (names []string) {
	for _, kind := range broker.SealedKinds {
		names = append(names, string(kind))
	}
	return names
}

// allKeys are those at hand, and those that something is sealed with.
func allKeys(ring *seal.Ring, k broker.SealingKey, counts []broker.SealedCount) []uint32 {
	all := ring.KeyIDs()
	add := func(id uint32) {
		if id != 0 && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	add(k.Current)
	add(k.Next)
	for _, c := range counts {
		add(c.Key)
	}
	return all
}

func sealedBy(counts []broker.SealedCount, id uint32) (cells []string) {
	for _, kind := range broker.SealedKinds {
		n := 0
		for _, c := range counts {
			if c.Kind == kind && c.Key == id {
				n += c.Count
			}
		}
		cells = append(cells, strconv.Itoa(n))
	}
	return cells
}

// standing is what there is to say of a key.
func standing(ring *seal.Ring, k broker.SealingKey, counts []broker.SealedCount, id uint32) (words []string) {
	switch id {
	case k.Current:
		words = append(words, "seals")
	case k.Next:
		words = append(words, "is being given out")
	default:
		if !slices.ContainsFunc(counts, func(c broker.SealedCount) bool { return c.Key == id }) {
			words = append(words, "seals nothing")
		}
	}
	if !ring.Has(id) {
		words = append(words, "missing")
	}
	return words
}

func keyNames(ids []uint32) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = strconv.FormatUint(uint64(id), 10)
	}
	if len(names) == 1 {
		return "key " + names[0]
	}
	return "keys " + strings.Join(names, ", ")
}

// rotating are the flags of what changes the keys.
type rotating struct {
	bureau
	Wait    time.Duration
	DropOld bool
}

const rotateWaitMost = 24 * time.Hour

func (o *rotating) check(context.Context, []string) error {
	if o.Wait <= 0 || o.Wait > rotateWaitMost {
		return usagef("--wait must be more than 0 and at most %v", rotateWaitMost)
	}
	return nil
}

func (o *rotating) options(p process) broker.RotateOptions {
	return broker.RotateOptions{Wait: o.Wait, DropOld: o.DropOld, Say: telling(p)}
}

func sealingRotateCommand(p process) *cobra.Command {
	o := rotating{bureau: bureau{Seals: true}}
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Seal everything with a new key, while brokers run",
		Long: "Make a new key, wait until every broker that runs has it, and seal everything with it.\n" +
			"Tokens are lent and renewed all the while. One that was cut off goes on where it\n" +
			"stood when it is run again. The old keys stay, for older backups of the database.",
		Example: "  deskauth sealing rotate\n  deskauth sealing rotate --drop-old",
		Args:    noArgs,
	}
	o.flags(cmd.Flags())
	cmd.Flags().DurationVar(&o.Wait, "wait", 2*time.Minute, "how long brokers that do not have the new key yet are waited for")
	cmd.Flags().BoolVar(&o.DropOld, "drop-old", false, "take the old keys away when nothing is sealed with them: older backups of the database do not open any more")
	return work[*broker.Broker]{Check: o.check, Open: o.open, Run: func(ctx context.Context, b *broker.Broker, _ []string) error {
		done, err := b.Rotate(ctx, o.options(p))
		if ctx.Err() != nil {
			fmt.Fprintln(p.Err, "Stopped. Nothing is lost: what is sealed with either key opens. Run it again, and it goes on where it stood.")
		}
		return rotated(p, b, done, err)
	}}.command(p, cmd)
}

func sealingDropCommand(p process) *cobra.Command {
	o := rotating{bureau: bureau{Seals: true}}
	cmd := &cobra.Command{
		Use:   "drop-old",
		Short: "Take away the keys with which nothing is sealed any more",
		Long: "Take away the keys with which nothing is sealed any more. Backups of the database from\n" +
			"before the rotation do not open without them.",
		Args: noArgs,
	}
	o.flags(cmd.Flags())
	cmd.Flags().DurationVar(&o.Wait, "wait", 2*time.Minute, "how long renewals under way are waited for")
	return work[*broker.Broker]{Check: o.check, Open: o.open, Run: func(ctx context.Context, b *broker.Broker, _ []string) error {
		done, err := b.DropOldKeys(ctx, o.options(p))
		return rotated(p, b, done, err)
	}}.command(p, cmd)
}

func rotated(p process, b *broker.Broker, done broker.Rotation, err error) error {
	if errors.Is(err, seal.ErrFixed) {
		return fmt.Errorf("%w: put the keys there that `deskauth sealing add` prints, then run this again", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "Everything is sealed with key %d: %d values sealed anew, %d looked at.\n", done.Key, done.Resealed, done.Verified)
	if len(done.Dropped) > 0 {
		fmt.Fprintf(p.Out, "Taken away: %s. Backups of the database from before do not open any more.\n", keyNames(done.Dropped))
	}
	if !done.Kept {
		fmt.Fprintf(p.Out, "The keys in %s are as they were: which of them seals, the database knows.\n", b.Source)
	}
	return nil
}

func sealingAddCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Print the keys and a new one, for keys that others put in their place",
		Long: "Print the sealing keys and a new one, as a key file has them. Nothing is changed. It is\n" +
			"for keys that deskauth cannot write: in a variable, or mounted by an orchestrator. Put\n" +
			"there what it prints, for every broker, then run `deskauth sealing rotate`.",
		Example: "  deskauth sealing add > keyring.json",
		Args:    noArgs,
	}
	return besideBroker(p, cmd, &bureau{Seals: true}, func(_ context.Context, b *broker.Broker, _ []string) error {
		next, err := b.Ring.WithNew()
		if err != nil {
			return err
		}
		keys, err := next.Reveal()
		if err != nil {
			return err
		}
		fmt.Fprintf(p.Err, "The keys in the clear, with the new key %d:\n", next.Newest())
		fmt.Fprintln(p.Out, strings.TrimSpace(keys.Reveal()))
		return nil
	})
}

// tellEvery bounds how often the progress of a step is told.
const tellEvery = 2 * time.Second

// telling tells a step when it begins and ends, and now and then between.
func telling(p process) func(broker.RotateStep) {
	var last broker.RotateStep
	var at time.Time
	return func(s broker.RotateStep) {
		if s.What == last.What && s.Done != s.Of && time.Since(at) < tellEvery || s == last {
			return
		}
		last, at = s, time.Now()
		if s.Of == 0 {
			fmt.Fprintln(p.Err, s.What)
			return
		}
		fmt.Fprintf(p.Err, "%s: %d of %d\n", s.What, s.Done, s.Of)
	}
}
