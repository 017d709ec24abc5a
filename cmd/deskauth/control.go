package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/seed"
)

// controlCommand steers a demo issuer that runs on this machine.
func controlCommand(p process) *cobra.Command {
	c := &controlling{process: p}
	cmd := &cobra.Command{
		Use:   "control",
		Short: "Steer a demo issuer: its clock, its faults, its journal and its state",
		Long: "Steer a demo issuer that runs on this machine (`deskauth dev`, `deskauth issuer --demo`):\n" +
			"let tokens expire, lose answers, look at what was decided, and put it all back.\n\n" +
			"A broker or command that is started with DESKAUTH_CLOCK=127.0.0.1:4001 keeps the same\n" +
			"time as the issuer whose controls are there. Of these flags, --control alone has a variable.",
		Example: "  deskauth control clock advance 29m\n" +
			"  deskauth control fault add drop_after_commit --route 'POST /oauth/tokens' --count 1\n" +
			"  deskauth control journal mark before\n" +
			"  deskauth control journal assert --event refresh.replayed --since before --count 0",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&c.address, "control", "127.0.0.1:4001", "`address` of the issuer's controls")
	cmd.PersistentFlags().BoolVar(&c.json, "json", false, "print JSON")
	cmd.AddCommand(clockCommand(c), faultCommand(c), journalCommand(c), snapshotCommand(c),
		c.command("seed FILE", "Plant the accounts of a YAML file where they are missing", c.plantSeed),
		c.command("reset", "Put everything back to how the issuer was started", func(*cobra.Command, []string) error {
			return c.done(http.MethodPost, "/reset", nil, "Everything is as it was when the issuer was started.")
		}),
		c.command("state", "Print everything that is stored as JSON, without secrets", func(*cobra.Command, []string) error {
			return c.print("/state")
		}),
	)
	return cmd
}

// controlling is one use of the controls.
type controlling struct {
	process
	address string
	json    bool

	cmd    *cobra.Command
	client *control.Client
}

// command makes one that asks the controls. It takes the arguments that use names;
// those in brackets may be left out.
func (c *controlling) command(use, short string, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	most := strings.Count(use, " ")
	least := most - strings.Count(use, " [")
	return &cobra.Command{
		Use: use, Short: short,
		Args: func(cmd *cobra.Command, given []string) error {
			if len(given) < least || len(given) > most {
				return usagef("expected `%s`", cmd.UseLine())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			// The address alone: --seed and --status have other meanings elsewhere.
			if address := cmd.Flags().Lookup("control"); !address.Changed {
				if err := fillIn(cmd.Flags(), address, c.process); err != nil {
					return err
				}
			}
			if c.client, err = control.Dial(c.address); err != nil {
				return usagef("--control: %w", err)
			}
			defer c.client.Close()
			c.cmd = cmd
			return run(cmd, args)
		},
	}
}

func (c *controlling) do(method, path string, in, out any) error {
	return c.mistake(c.client.Do(c.cmd.Context(), method, path, in, out))
}

// done asks for a change that has no answer, and says that it is made.
func (c *controlling) done(method, path string, in any, said string) error {
	err := c.do(method, path, in, nil)
	if err == nil {
		fmt.Fprintln(c.Err, said)
	}
	return err
}

// flagOf are the flags of what the controls call otherwise.
var flagOf = map[string]string{"user_id": "user", "grant_type": "grant"}

// argumentOf are the fields that stand on the command line without a flag.
var argumentOf = map[string]string{"now": "TIME", "by": "DURATION", "rate": "TIMES", "kind": "KIND", "name": "NAME"}

// mistake is what the controls refuse, in the words of whoever typed it.
func (c *controlling) mistake(err error) error {
	var refused *control.Refusal
	if !errors.As(err, &refused) {
		return err
	}
	name := strings.ReplaceAll(cmp.Or(flagOf[refused.Field], refused.Field), "_", "-")
	switch argument := argumentOf[refused.Field]; {
	case refused.Field == "event":
		return usagef("--event: there is no such event: `deskauth control journal events` lists them all")
	case c.cmd.Flags().Lookup(name) != nil:
		return usagef("%s", sentence("--"+name, refused.Why))
	case argument != "":
		return usagef("%s", sentence(argument, refused.Why))
	default:
		return err
	}
}

// sentence joins a name and what is wrong with it.
func sentence(name, why string) string {
	if strings.HasPrefix(why, "is ") || strings.HasPrefix(why, "of ") || strings.HasPrefix(why, "are ") {
		return name + " " + why
	}
	return name + ": " + why
}

// print copies an answer to standard output.
func (c *controlling) print(path string) error {
	body, err := c.client.Open(c.cmd.Context(), http.MethodGet, path, nil)
	if err != nil {
		return c.mistake(err)
	}
	defer body.Close()
	_, err = io.Copy(c.Out, body)
	return err
}

// show prints v as JSON if that was asked for, else as words do.
func (c *controlling) show(v any, words func()) error {
	if !c.json {
		words()
		return nil
	}
	return json.NewEncoder(c.Out).Encode(v)
}

func (c *controlling) plantSeed(_ *cobra.Command, args []string) error {
	yaml, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	if _, err := seed.Parse(args[0], yaml); err != nil { // here, where the file has its name
		return err
	}
	var answer struct {
		Notes []string `json:"notes"`
	}
	if err := c.do(http.MethodPost, "/seed", map[string]string{"yaml": string(yaml)}, &answer); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	for _, note := range answer.Notes {
		fmt.Fprintln(c.Err, note)
	}
	return nil
}

// snapshotCommand keeps snapshots in files of whoever takes them.
func snapshotCommand(c *controlling) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Save everything that is stored to a file, and restore it",
		Long: "Save everything that an issuer has stored to a file, and restore it later, on another\n" +
			"database too. The file holds signing keys and hashes of passwords: keep it to yourself.",
		Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var force bool
	save := c.command("save FILE", "Save everything to a file", func(_ *cobra.Command, args []string) error {
		return c.saveSnapshot(args[0], force)
	})
	save.Flags().BoolVar(&force, "force", false, "write over a file that is there")
	cmd.AddCommand(
		save,
		c.command("restore FILE", "Put a file's rows in the place of all that is there", func(_ *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			if !json.Valid(data) {
				return fmt.Errorf("%s is not a snapshot: it is no JSON", args[0])
			}
			return c.done(http.MethodPut, "/snapshot", json.RawMessage(data), "Everything is as it was in "+args[0]+".")
		}),
	)
	return cmd
}

// saveSnapshot writes over a file only if that was said: it may be the one state that
// somebody wanted to come back to.
func (c *controlling) saveSnapshot(path string, force bool) (err error) {
	if _, err := os.Lstat(path); err == nil && !force {
		return fmt.Errorf("%s is there already: name another file, or say --force", path)
	}
	body, err := c.client.Open(c.cmd.Context(), http.MethodGet, "/snapshot", nil)
	if err != nil {
		return err
	}
	defer body.Close()
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, how, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	if err = errors.Join(err, f.Close()); err == nil {
		fmt.Fprintf(c.Err, "Saved to %s.\n", path)
	}
	return err
}

// orDash is what a table shows of an empty value.
func orDash(s string) string {
	if strings.TrimSpace(s) == "" {
		return "-"
	}
	return s
}
