package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

// clientSecretFrom is where a client's secret comes from: never from the command
// line, which every process sees.
type clientSecretFrom struct{ File string }

func (o *clientSecretFrom) flags(f *pflag.FlagSet) {
	f.StringVar(&o.File, "secret-file", "", "`file` that holds the secret (default standard input)")
}

func (o clientSecretFrom) read(ctx context.Context, p process) (secret.Plain, error) {
	if o.File != "" && o.File != "-" {
		return secret.FromFile(o.File)
	}
	if onTerminal(p.In) {
		return secret.Plain{}, usagef("a terminal would show the secret: pipe it in, or name a --secret-file")
	}
	b, err := readSome(ctx, p.In, passwordStdinMost)
	if ctx.Err() != nil {
		return secret.Plain{}, err
	} else if err != nil {
		return secret.Plain{}, fmt.Errorf("read the secret: %w", err)
	}
	s := secret.Of(strings.TrimRight(string(b), "\r\n"))
	if s.IsZero() {
		return s, usagef("there is no secret on standard input: pipe it in, or name a --secret-file")
	}
	return s, nil
}

// onTerminal tells whether somebody types what is read.
func onTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && f.Name() != os.DevNull
}

func clientImportCommand(p process) *cobra.Command {
	o := bureau{Seals: true}
	told := clientTold{process: p}
	var dry bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add many clients, and roll their secrets, from a CSV file",
		Long: "Add many clients, and roll their secrets, from a CSV file; - is standard input. Its first\n" +
			"line is account,product,identifier,secret. An account that is empty makes a global client,\n" +
			"a product that is empty Support, a secret that is empty a public client.\n\n" +
			"All lines are checked first, and all faults told; with one fault nothing is changed. What is\n" +
			"there already stays as it is; a client with another secret than the file's tries the file's\n" +
			"first, as by roll.",
		Example: "  deskauth broker client import clients.csv --dry-run",
		Args:    exactArgs("FILE"),
	}
	o.flags(cmd.Flags())
	told.flags(cmd)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and do nothing")
	return work[*broker.Broker]{Open: o.open, Run: func(ctx context.Context, b *broker.Broker, args []string) error {
		all, err := readClients(ctx, b, p, args[0])
		if err != nil {
			return err
		}
		fates, err := b.ImportClients(ctx, broker.AtCommand, all, dry)
		if err != nil {
			return asUsage(err)
		}
		return told.imported(fates, dry)
	}}.command(p, cmd)
}

func readClients(ctx context.Context, b *broker.Broker, p process, path string) ([]broker.NewClient, error) {
	in := p.In
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	all, err := answered(ctx, func() ([]broker.NewClient, error) { return b.ReadClients(in) }, func() {})
	if faults := (*broker.ClientFaults)(nil); errors.As(err, &faults) {
		return nil, fmt.Errorf("%s: nothing was changed:\n%w", path, err)
	} else if ctx.Err() != nil {
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// imported tells how many came to each fate.
func (o *clientTold) imported(all []broker.Fate, dry bool) error {
	count := map[broker.Fate]int{broker.Added: 0, broker.Replaced: 0, broker.Unchanged: 0}
	for _, f := range all {
		count[f]++
	}
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(map[string]any{
			"dry_run": dry, "added": count[broker.Added], "rolled": count[broker.Replaced], "unchanged": count[broker.Unchanged],
		})
	}
	would := ""
	if dry {
		would = "It would be so; nothing was changed. "
	}
	fmt.Fprintf(o.Out, "%sClients added: %d, rolled: %d, unchanged: %d.\n", would, count[broker.Added], count[broker.Replaced], count[broker.Unchanged])
	return nil
}
