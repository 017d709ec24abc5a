package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/secret"
)

func remotePassCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pass",
		Short: "Hand out passes of a broker elsewhere: links by which people send files to one ticket",
		Long: "Hand out passes of a broker that runs elsewhere, over its API: links by which people without an\n" +
			"account send files to one ticket. It takes a key that can pass. `deskauth broker pass` works on a\n" +
			"database of this machine.",
		Example: "  deskauth pass create acme 35 --name 'crash logs' --types .log --life 3d\n  deskauth pass revoke 7",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(remotePassCreate(p), remotePassList(p), remotePassGet(p), remotePassRevoke(p))
	return cmd
}

func remotePassCreate(p process) *cobra.Command {
	var o remoteBroker
	var out secretOutput
	var wish deskauth.PassRequest
	var life span
	cmd := &cobra.Command{
		Use:   "create CONNECTION TICKET",
		Short: "Make a pass for a ticket and print its link, once",
		Args:  exactArgs("CONNECTION", "TICKET"),
	}
	f := cmd.Flags()
	o.flags(f)
	out.flags(f, true)
	f.StringVar(&wish.Name, "name", "files", "what it is for; its holder and the ticket's readers see it")
	f.StringSliceVar(&wish.Can, "can", nil, "`actions`: upload, comment; may repeat (default both)")
	f.Lookup("can").DefValue = ""
	f.StringSliceVar(&wish.Types, "types", nil, "`types` of file, such as .log or image/*; may repeat (default any)")
	f.Lookup("types").DefValue = ""
	f.BoolVar(&wish.Public, "public", false, "make its comments public")
	f.IntVar(&wish.UsesMost, "uses", 10, "how often something may be sent")
	f.Var(&life, "life", "how `long` it lives, such as 72h or 7d (default as the broker has it)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.reach(cmd, p, func(ctx context.Context, p process, b far) error {
			if err := out.check(true); err != nil {
				return err
			}
			ticket, err := ticketNumber(args[1])
			if err != nil {
				return err
			}
			c, err := b.connection(ctx, args[0])
			if err != nil {
				return err
			}
			wish.Connection, wish.Ticket = c.ID, ticket
			if life > 0 {
				wish.ExpiresIn = time.Duration(life).String()
			}
			return b.makePass(ctx, out, wish)
		})
	}
	return cmd
}

func (b far) makePass(ctx context.Context, out secretOutput, wish deskauth.PassRequest) error {
	file, err := out.open()
	if err != nil {
		return err
	}
	defer file.discard()
	made, err := b.MakePass(ctx, wish)
	if err != nil {
		return b.fail(fmt.Sprintf("connection %d", wish.Connection), err)
	}
	fmt.Fprintf(b.p.Err, "Pass %d for ticket %d at %s, until %s. Its link is not shown again.\n", made.ID, made.Ticket, printable(made.Account), stamp(&made.ExpiresAt))
	print := func() error { return printList(ctx, out.printing, b.p, passListing([]deskauth.Pass{made.Pass})) }
	return out.say(ctx, b.p, file, secret.Of(made.Link), "the link", print, func() {})
}

func passListing(all []deskauth.Pass) listing[deskauth.Pass] {
	return listing[deskauth.Pass]{
		Name: "passes", Items: all,
		ID: func(p deskauth.Pass) string { return strconv.FormatInt(p.ID, 10) },
		Columns: []column[deskauth.Pass]{
			{"id", func(p deskauth.Pass) string { return strconv.FormatInt(p.ID, 10) }},
			{"name", func(p deskauth.Pass) string { return p.Name }},
			{"account", func(p deskauth.Pass) string { return p.Account }},
			{"ticket", func(p deskauth.Pass) string { return strconv.FormatInt(p.Ticket, 10) }},
			{"state", func(p deskauth.Pass) string { return p.State }},
			{"uses", func(p deskauth.Pass) string { return fmt.Sprintf("%d of %d", p.Uses, p.UsesMost) }},
			{"until", func(p deskauth.Pass) string { return p.ExpiresAt.UTC().Format(time.RFC3339) }},
		},
	}
}

func remotePassList(p process) *cobra.Command {
	var o remoteBroker
	var out printing
	cmd := &cobra.Command{Use: "list", Short: "List the passes of the connections that the key reaches", Args: noArgs}
	o.flags(cmd.Flags())
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return o.reach(cmd, p, func(ctx context.Context, p process, b far) error {
			if err := out.check(); err != nil {
				return err
			}
			all, err := allOf(b, "passes", b.Passes(ctx))
			if err != nil {
				return err
			}
			if len(all) == 0 {
				fmt.Fprintf(p.Err, "%s has handed out no pass of a connection that the key reaches.\n", b.host)
			}
			return printList(ctx, out, p, passListing(all))
		})
	}
	return cmd
}

func remotePassGet(p process) *cobra.Command {
	var o remoteBroker
	var out printing
	cmd := &cobra.Command{Use: "get PASS", Short: "Show a pass, and what was sent by it", Args: exactArgs("PASS")}
	o.flags(cmd.Flags())
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.reach(cmd, p, func(ctx context.Context, p process, b far) error {
			id, err := number("PASS", args[0])
			if err != nil {
				return err
			}
			if err := out.check(); err != nil {
				return err
			}
			one, err := b.Pass(ctx, id)
			if err != nil {
				return b.fail(fmt.Sprintf("pass %d", id), err)
			}
			return printRecord(ctx, out, p, one, args[0], func(w io.Writer) { tellPass(p, w, one) })
		})
	}
	return cmd
}

func tellPass(p process, w io.Writer, one deskauth.Pass) {
	fmt.Fprintln(w, bold(p, w, fmt.Sprintf("Pass %d, %s", one.ID, printable(one.Name))))
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-8s %s\n", name, printable(value))
		}
	}
	line("ticket", fmt.Sprintf("%d at %s", one.Ticket, one.Account))
	line("can", strings.Join(one.Can, " "))
	line("types", strings.Join(one.Types, " "))
	line("state", one.State)
	line("uses", fmt.Sprintf("%d of %d", one.Uses, one.UsesMost))
	line("until", stamp(&one.ExpiresAt))
	line("made by", one.MadeBy)
	for _, s := range one.Sendings {
		for _, f := range s.Files {
			line("sent", fmt.Sprintf("%s, %d bytes, %s, %s", f.Name, f.Size, s.State, stamp(&s.BeganAt)))
		}
	}
}

func remotePassRevoke(p process) *cobra.Command {
	var o remoteBroker
	var yes bool
	cmd := &cobra.Command{Use: "revoke PASS", Short: "Revoke a pass, by its number", Args: exactArgs("PASS")}
	o.flags(cmd.Flags())
	confirmFlag(cmd.Flags(), &yes)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.reach(cmd, p, func(ctx context.Context, p process, b far) error {
			id, err := number("PASS", args[0])
			if err != nil {
				return err
			}
			one, err := b.Pass(ctx, id)
			if err != nil {
				return b.fail(fmt.Sprintf("pass %d", id), err)
			}
			what := fmt.Sprintf("Pass %d, %q, for ticket %d at %s will be revoked; its link is good for nothing then.", id, printable(one.Name), one.Ticket, printable(one.Account))
			if err := confirm(ctx, p, yes, args[0], what); err != nil {
				return err
			}
			if err := b.RevokePass(ctx, id); err != nil {
				return b.fail(fmt.Sprintf("pass %d", id), err)
			}
			fmt.Fprintf(p.Out, "Pass %d is revoked.\n", id)
			return nil
		})
	}
	return cmd
}
