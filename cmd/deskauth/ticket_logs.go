package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// logsOptions are the flags of `deskauth ticket logs`.
type logsOptions struct {
	attachOptions
	Sets   string
	Output string
	Yes    bool
}

func ticketLogsCommand(p process) *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use:   "logs TICKET SET",
		Short: "Gather a set of logs, blank what is secret in them, and send them to a ticket",
		Long: "Gather a named set of logs into a zip file, with tokens, keys, passwords and addresses of\n" +
			"people and machines blanked, show what there is, ask, and send it to a ticket in one comment.\n" +
			"A value that is blanked keeps a number, so that a reader can tell two of them apart.\n\n" +
			"Sets are named in logs.yaml in the user's configuration directory:\n\n" + logSetsExample + "\n" +
			"With --output the file is written and nothing is sent: look into it, then attach it. No\n" +
			"pattern knows everything.",
		Example: "  deskauth ticket logs 4711 app --comment 'From this morning.'\n" +
			"  deskauth ticket logs --pass app\n" +
			"  deskauth ticket logs --output app.zip app",
		Args: func(cmd *cobra.Command, args []string) error {
			want := 2
			if o.Pass || o.Output != "" {
				want = 1
			}
			if len(args) != want {
				return usagef("%s needs %s", cmd.CommandPath(), []string{1: "the name of a set", 2: "a ticket and the name of a set"}[want])
			}
			return nil
		},
	}
	f := cmd.Flags()
	o.attachOptions.flags(f)
	f.StringVar(&o.Sets, "sets", "", "`file` that names the sets (default logs.yaml in the user's configuration directory)")
	f.StringVar(&o.Output, "output", "", "write the zip `file`, and send nothing")
	withoutVariable(f, "output")
	f.BoolVarP(&o.Yes, "yes", "y", false, "send without asking")
	withoutVariable(f, "yes")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.run(cmd, p, func(ctx context.Context, p process) error {
			if err := o.printing.check(); err != nil {
				return err
			}
			return o.logs(ctx, p, args)
		})
	}
	return cmd
}

func (o logsOptions) logs(ctx context.Context, p process, args []string) error {
	name := args[len(args)-1]
	if len(args) == 2 {
		if _, err := ticketNumber(args[0]); err != nil {
			return err
		}
	}
	set, err := findLogSet(p, o.Sets, name)
	if err != nil {
		return err
	}
	files, without, err := set.files(time.Now())
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "deskauth-logs-*") // mode 0700
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, archiveName(name))
	all, err := set.write(ctx, path, files)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "%s:\n", filepath.Base(path))
	tellGathered(p.Err, all, without)
	if !slices.ContainsFunc(all, func(g gathered) bool { return g.Left == "" }) {
		return asNotFound(fmt.Errorf("the set %s has nothing to send", name))
	}
	if o.Output != "" {
		return o.keep(p, path)
	}
	if err := o.agreed(ctx, p, path, args); err != nil {
		return err
	}
	o.Comment = cmp.Or(o.Comment, map[bool]string{true: "Logs: " + name}[o.CommentFile == ""])
	o.gathered = true
	return o.attach(ctx, p, append(slices.Clone(args[:len(args)-1]), path))
}

// archiveName is a name of a file for that of a set.
func archiveName(set string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, set)
	return clean + "-" + time.Now().UTC().Format("2006-01-02") + ".zip"
}

func (s logSet) write(ctx context.Context, path string, files []string) (all []gathered, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	all, err = s.archive(ctx, f, files)
	return all, errors.Join(err, f.Close())
}

// keep puts the archive where it was asked for, over nothing.
func (o logsOptions) keep(p process, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(o.Output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usagef("--output: %s is there already", o.Output)
	} else if err != nil {
		return usagef("--output: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(o.Output)
		return err
	}
	fmt.Fprintf(p.Err, "Nothing was sent. Look into it, then `deskauth ticket attach TICKET %s`.\n", shellWord(o.Output))
	return nil
}

// agreed asks whether that may be sent.
func (o logsOptions) agreed(ctx context.Context, p process, path string, args []string) error {
	if o.Yes {
		return nil
	}
	if !atTerminal(p) {
		return usagef("nobody is there to look at it: run it with --yes to send, or with --output to look first")
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	to := "the ticket of the pass"
	if len(args) == 2 {
		to = "ticket " + args[0]
	}
	said, err := ask(ctx, p, fmt.Sprintf("Send this, %s, to %s? [y/N] ", sizeText(info.Size()), to))
	if err != nil {
		return err
	}
	if said = strings.ToLower(said); said != "y" && said != "yes" {
		return errors.New("nothing was sent")
	}
	return nil
}
