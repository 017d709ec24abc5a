package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/web"
)

func passCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pass",
		Short: "Hand out links by which people send files to one ticket",
		Long: "Hand out passes: links by which people without an account send files to one ticket, or\n" +
			"write on it, through a connection. They work on the broker's database, beside a broker that runs.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(passCreateCommand(p), passListCommand(p), passRevokeCommand(p))
	return cmd
}

// passWish is a pass as the command line asks for it.
type passWish struct {
	can, types []string
	name       string
	public     bool
	uses       int
	fileMB     int
	allMB      int
	life       time.Duration
}

func passCreateCommand(p process) *cobra.Command {
	o, wish := bureau{Asks: true}, passWish{}
	cmd := &cobra.Command{
		Use:   "create CONNECTION TICKET",
		Short: "Make a pass for a ticket and print its link, once",
		Long: "Make a pass for a ticket and print its link, and a curl line. They are not stored and\n" +
			"cannot be shown again. Zendesk is asked whether the connection reaches the ticket.",
		Example: "  deskauth broker pass create 1 35 --name 'crash logs' --types .log,image/* --uses 3",
		Args:    exactArgs("CONNECTION", "TICKET"),
	}
	f := cmd.Flags()
	o.flags(f)
	f.StringVar(&wish.name, "name", "", "what it is for; its holder and the ticket's readers see it")
	f.StringSliceVar(&wish.can, "can", []string{string(broker.Upload), string(broker.Comment)}, "`actions`: upload, comment; may repeat")
	f.StringSliceVar(&wish.types, "types", nil, "`types` of file, such as .log or image/*; may repeat (default any)")
	untold(f, "types")
	f.BoolVar(&wish.public, "public", false, "make its comments public")
	f.IntVar(&wish.uses, "uses", 10, "how often something may be sent")
	f.IntVar(&wish.fileMB, "file-most", broker.PassFileMost/megabyte, "`MB` of a file")
	f.IntVar(&wish.allMB, "all-most", 500, "`MB` of all files together")
	f.DurationVar(&wish.life, "life", broker.PassLife, "how long it lives, at most 2160h")
	o.links(f)
	return work[*broker.Broker]{
		Check: func(context.Context, []string) error { return wish.check() },
		Open:  o.open,
		Run: func(ctx context.Context, b *broker.Broker, args []string) error {
			return createPass(ctx, b, p, wish, o.PublicURL, args)
		},
	}.command(p, cmd)
}

// megabyte is what sizes are given in, as they are shown.
const megabyte = 1_000_000

// check finds what would be taken for "not said".
func (w passWish) check() error {
	switch {
	case w.uses < 1:
		return usagef("--uses must be from 1 to %d", broker.PassUsesMost)
	case w.fileMB < 1:
		return usagef("--file-most must be from 1 to %d", broker.PassFileMost/megabyte)
	case w.allMB < 1:
		return usagef("--all-most must be from 1 to %d", broker.PassBytesMost/megabyte)
	case w.life <= 0:
		return usagef("--life must be more than nothing, and at most %v", broker.PassLifeMost)
	}
	return nil
}

func createPass(ctx context.Context, b *broker.Broker, p process, w passWish, at string, args []string) error {
	connection, err := number("CONNECTION", args[0])
	if err != nil {
		return err
	}
	ticket, err := number("TICKET", args[1])
	if err != nil {
		return err
	}
	want := broker.Pass{
		Name: w.name, Connection: broker.ConnectionID(connection), Ticket: ticket, Public: w.public, Types: w.types,
		UsesMost: w.uses, FileMost: int64(w.fileMB) * megabyte, BytesMost: int64(w.allMB) * megabyte,
		Expires: b.Now().Add(w.life).UTC().Truncate(time.Microsecond), Maker: broker.AtCommand,
	}
	for _, a := range w.can {
		want.Can = append(want.Can, broker.PassAction(a))
	}
	pass, plain, err := b.MakePass(ctx, want)
	var invalid *broker.Invalid
	switch {
	case errors.As(err, &invalid):
		return usagef("%w", err)
	case errors.Is(err, broker.ErrNotFound):
		return fmt.Errorf("there is no connection %d: see `deskauth broker connection list`", connection)
	case err != nil:
		return err
	}
	public, _ := url.Parse(at) // it was looked at before
	fmt.Fprintf(p.Err, "Pass %d, for ticket %d, until %s. It is not shown again:\n", pass.ID, pass.Ticket, pass.Expires.Format("2006-01-02 15:04 MST"))
	fmt.Fprintln(p.Out, brokerhttp.PassLink(public, plain))
	if pass.Allows(broker.Upload) {
		fmt.Fprintln(p.Out, brokerhttp.PassCurl(public, plain))
	}
	return nil
}

func passListCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the passes, those that are over included", Args: noArgs}
	return besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, _ []string) error {
		return listPasses(ctx, b, p)
	})
}

func listPasses(ctx context.Context, b *broker.Broker, p process) error {
	w := newColumns(p.Out)
	fmt.Fprintln(w, "PASS\tNAME\tCONNECTION\tACCOUNT\tTICKET\tSTATE\tUSES\tSENT\tUNTIL")
	for after := broker.PassID(0); ; {
		page, err := b.Passes(ctx, after, 500)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return w.Flush()
		}
		for _, one := range page {
			shown := brokerhttp.PublishedPass(b, one, nil)
			fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%d\t%s\t%d/%d\t%s\t%s\n", one.ID, printable(one.Name), one.Connection, one.Account, one.Ticket,
				shown.State, one.Uses, one.UsesMost, web.Bytes(one.Bytes), dayOf(one.Expires))
		}
		after = page[len(page)-1].ID
	}
}

func passRevokeCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "revoke PASS", Short: "Revoke a pass for good, by its number", Args: exactArgs("PASS")}
	return besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("PASS", args[0])
		if err != nil {
			return err
		}
		if _, err := b.RevokePass(ctx, broker.PassID(id), broker.AtCommand); errors.Is(err, broker.ErrNotFound) {
			return fmt.Errorf("there is no pass %s: see `deskauth broker pass list`", strconv.FormatInt(id, 10))
		} else if err != nil {
			return err
		}
		fmt.Fprintf(p.Out, "Pass %d is revoked.\n", id)
		return nil
	})
}
