package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/secret"
)

func clientCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "client",
		Short: "Add, list, roll and remove the OAuth clients that the broker uses",
		Long: "Add, list, roll and remove the OAuth clients that the broker uses, in its database: beside\n" +
			"a broker that runs, which uses what is changed at once, or instead of one. An account's own\n" +
			"client serves it; a global one serves every account that has none.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(clientAddCommand(p), clientListCommand(p), clientRollCommand(p), clientRemoveCommand(p), clientRetryCommand(p), clientImportCommand(p))
	return cmd
}

// clientTold is a command that tells what became of a client.
type clientTold struct {
	process
	JSON bool
}

func (o *clientTold) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print JSON")
}

func (o *clientTold) tell(ctx context.Context, b *broker.Broker, id broker.ClientID, format string, args ...any) error {
	if !o.JSON {
		fmt.Fprintf(o.Out, format+"\n", args...)
		return nil
	}
	c, err := b.ClientState(ctx, id)
	if err != nil {
		return err
	}
	return json.NewEncoder(o.Out).Encode(brokerhttp.PublishedClient(c))
}

// atStart is what a person must know who rolls the secret of a broker's own client.
const atStart = "\n\nA broker that is started with --client-secret-file tries that secret first: put the new one\n" +
	"there too before it starts again."

func clientAddCommand(p process) *cobra.Command {
	o := bureau{Seals: true}
	told := clientTold{process: p}
	var from clientSecretFrom
	var n broker.NewClient
	cmd := &cobra.Command{
		Use:   "add IDENTIFIER [SUBDOMAIN]",
		Short: "Add a client, for one account or for every one that has none of its own",
		Long: "Add a client as it is registered at Zendesk: its unique identifier, and the account that it\n" +
			"is at; without an account it is a global client. From now on people of that account sign in\n" +
			"through it; connections of another client stay with that one.",
		Example: "  deskauth broker client add acme_app acme --secret-file secret.txt\n" +
			"  deskauth broker client add zdg-our-app --public",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return exactArgs("IDENTIFIER")(cmd, args)
		},
	}
	o.flags(cmd.Flags())
	told.flags(cmd)
	from.flags(cmd.Flags())
	cmd.Flags().StringVar((*string)(&n.Product), "product", string(broker.Support), "support or chat")
	public := cmd.Flags().Bool("public", false, "it has no secret, and proves itself by PKCE alone")
	return work[*broker.Broker]{
		Check: func(ctx context.Context, args []string) (err error) {
			if n.Identifier = args[0]; len(args) == 2 {
				n.Account = args[1]
			}
			switch {
			case *public && from.File != "":
				return usagef("--public and --secret-file are given: keep one")
			case !*public:
				n.Secret, err = from.read(ctx, p)
			}
			return err
		},
		Open: o.open,
		Run: func(ctx context.Context, b *broker.Broker, _ []string) error {
			c, err := b.AddClient(ctx, broker.AtCommand, n)
			if there := (*broker.ClientThere)(nil); errors.As(err, &there) {
				return fmt.Errorf("%w: give it another secret by `deskauth broker client roll %d`", err, there.ID)
			} else if err != nil {
				return asUsage(err)
			}
			return told.tell(ctx, b, c.ID, "Client %d, %s, serves %s.", c.ID, c.Identifier, serves(c.Account))
		},
	}.command(p, cmd)
}

func serves(account string) string {
	if account == "" {
		return "every account that has no client of its own"
	}
	return account
}

// asUsage has what a person typed wrongly counted as such.
func asUsage(err error) error {
	if invalid := (*broker.Invalid)(nil); errors.As(err, &invalid) {
		return usagef("%w", err)
	}
	return err
}

func clientListCommand(p process) *cobra.Command {
	var o bureau
	told := clientTold{process: p}
	cmd := &cobra.Command{Use: "list", Short: "List the clients, and how their secrets fare", Args: noArgs}
	o.flags(cmd.Flags())
	told.flags(cmd)
	return work[broker.Store]{Open: o.look, Run: func(ctx context.Context, s broker.Store, _ []string) error {
		return told.list(ctx, s)
	}}.command(p, cmd)
}

func (o *clientTold) list(ctx context.Context, s broker.Store) error {
	w := newColumns(o.Out)
	if !o.JSON {
		fmt.Fprintln(w, "CLIENT\tACCOUNT\tPRODUCT\tIDENTIFIER\tSECRETS: NUMBER, ADDED, LAST WORKED\tCONNECTIONS\tREFUSED")
	}
	all := []deskauth.OAuthClient{}
	for after := broker.ClientID(0); ; {
		page, err := s.Clients(ctx, after, 500)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			all = append(all, brokerhttp.PublishedClient(c))
			if !o.JSON {
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", c.ID, orAll(c.Account), c.Product, printable(c.Identifier), secretsOf(c), c.Connections, refusals(c.Circuits))
			}
		}
		after = page[len(page)-1].ID
	}
	if o.JSON {
		return json.NewEncoder(o.Out).Encode(map[string]any{"clients": all})
	}
	return w.Flush()
}

func orAll(account string) string {
	if account == "" {
		return "(global)"
	}
	return account
}

func secretsOf(c broker.ClientState) string {
	if c.Public() {
		return "none: public"
	}
	var words []string
	for _, s := range c.Secrets {
		added := "?"
		if !s.Added.IsZero() {
			added = dayOf(s.Added)
		}
		words = append(words, fmt.Sprintf("%d %s %s", s.Number, added, dayOf(s.Worked)))
	}
	return strings.Join(words, "; ")
}

// refusedMost is how many accounts a line names: a global client may be refused by
// all of them.
const refusedMost = 3

func refusals(all []broker.Circuit) string {
	if len(all) == 0 {
		return "no"
	}
	var words []string
	for _, c := range all[:min(len(all), refusedMost)] {
		words = append(words, fmt.Sprintf("at %s since %s (%s)", c.Account, c.OpenedAt.Format("2006-01-02 15:04"), c.Reason))
	}
	if more := len(all) - refusedMost; more > 0 {
		words = append(words, "and "+strconv.Itoa(more)+" more")
	}
	return strings.Join(words, ", ")
}

func clientRollCommand(p process) *cobra.Command {
	o := bureau{Seals: true}
	told := clientTold{process: p}
	var from clientSecretFrom
	var roll broker.Roll
	var s secret.Plain
	cmd := &cobra.Command{
		Use:   "roll CLIENT",
		Short: "Give a client a new secret, which is tried before the old ones",
		Long: "Give a client a new secret, which is tried before the old ones: those stay until they are\n" +
			"dropped, so that nothing is lost whichever of the two Zendesk takes just now. A client that\n" +
			"was refused is tried again at once." + atStart,
		Example: "  deskauth broker client roll 3 --secret-file new.txt\n" +
			"  deskauth broker client roll 3 --secret-file new.txt --drop-old",
		Args: exactArgs("CLIENT"),
	}
	o.flags(cmd.Flags())
	told.flags(cmd)
	from.flags(cmd.Flags())
	cmd.Flags().BoolVar(&roll.Last, "last", false, "try the new secret when the old ones are refused")
	cmd.Flags().BoolVar(&roll.DropOld, "drop-old", false, "drop the old secrets")
	var id int64
	return work[*broker.Broker]{
		Check: func(ctx context.Context, args []string) (err error) {
			if id, err = number("CLIENT", args[0]); err == nil {
				s, err = from.read(ctx, p)
			}
			return err
		},
		Open: o.open,
		Run: func(ctx context.Context, b *broker.Broker, _ []string) error {
			c, err := b.RollSecret(ctx, broker.AtCommand, broker.ClientID(id), s, roll)
			if err != nil {
				return asUsage(noSuchClient(err, id))
			}
			return told.tell(ctx, b, c.ID, "Client %d, %s, tries %s.", c.ID, c.Identifier, inOrder(c.Secrets))
		},
	}.command(p, cmd)
}

func inOrder(all []broker.ClientSecret) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = "secret " + strconv.FormatInt(s.Number, 10)
	}
	return strings.Join(words, ", then ")
}

func noSuchClient(err error, id int64) error {
	if errors.Is(err, broker.ErrNotFound) {
		return fmt.Errorf("there is no client %d: see `deskauth broker client list`", id)
	}
	return err
}

func clientRemoveCommand(p process) *cobra.Command {
	var one int64
	var force bool
	cmd := &cobra.Command{
		Use:   "remove CLIENT",
		Short: "Remove a client, or one of its secrets",
		Long: "Remove a client, or with --secret one of its secrets. A client that connections are of is\n" +
			"removed with --force only, and they with it: nothing could renew them. Their tokens end at\n" +
			"Zendesk when their time is over; `deskauth broker connection revoke` ends them before.",
		Example: "  deskauth broker client remove 3 --secret 1",
		Args:    exactArgs("CLIENT"),
	}
	cmd.Flags().Int64Var(&one, "secret", -1, "`number` of the secret that is removed, instead of the client")
	untold(cmd.Flags(), "secret")
	cmd.Flags().BoolVar(&force, "force", false, "remove it with its connections; or its only secret, which makes it a public client")
	return besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("CLIENT", args[0])
		switch {
		case err != nil:
			return err
		case cmd.Flags().Changed("secret"):
			return removeSecret(ctx, b, p, id, one, force)
		}
		gone, err := b.RemoveClient(ctx, broker.AtCommand, broker.ClientID(id), force)
		if used := (*broker.ClientInUse)(nil); errors.As(err, &used) {
			return fmt.Errorf("%w; --force removes them too", err)
		} else if err != nil {
			return noSuchClient(err, id)
		}
		fmt.Fprintf(p.Out, "Client %d is removed.\n", id)
		if gone > 0 {
			fmt.Fprintf(p.Out, "Its connections (%d) are deleted here; their tokens were not revoked at Zendesk.\n", gone)
		}
		return nil
	})
}

func clientRetryCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "retry CLIENT ACCOUNT",
		Short:   "Have a client tried again at once at an account that refused it",
		Example: "  deskauth broker client retry 3 acme",
		Args:    exactArgs("CLIENT", "ACCOUNT"),
	}
	return besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("CLIENT", args[0])
		if err != nil {
			return err
		}
		if err := b.CloseCircuit(ctx, broker.AtCommand, broker.ClientID(id), args[1]); errors.Is(err, broker.ErrNotFound) {
			return fmt.Errorf("there is no client %d that %s refuses: see `deskauth broker client list`", id, printable(args[1]))
		} else if err != nil {
			return err
		}
		fmt.Fprintf(p.Out, "Client %d is tried again at %s.\n", id, args[1])
		return nil
	})
}

func removeSecret(ctx context.Context, b *broker.Broker, p process, id, one int64, force bool) error {
	c, err := b.RemoveSecret(ctx, broker.AtCommand, broker.ClientID(id), one, force)
	only := (*broker.OnlySecret)(nil)
	switch {
	case errors.Is(err, broker.ErrNotFound):
		return fmt.Errorf("there is no secret %d of a client %d: see `deskauth broker client list`", one, id)
	case errors.As(err, &only):
		return fmt.Errorf("%w; --force removes it", err)
	case err != nil:
		return err
	case c.Public():
		fmt.Fprintf(p.Out, "Client %d, %s, is a public client now.\n", c.ID, c.Identifier)
		return nil
	}
	fmt.Fprintf(p.Out, "Client %d, %s, tries %s.\n", c.ID, c.Identifier, inOrder(c.Secrets))
	return nil
}
