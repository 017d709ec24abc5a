package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

func webhookCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhook",
		Short: "Add, list, roll, remove and replay webhooks, which are told what happens",
		Long: "Add, list, roll, remove and replay webhooks: addresses that the broker tells, as Standard Webhooks\n" +
			"describes, which connections came, were renewed or need a person. These commands work in its\n" +
			"database; it is the broker that sends, within a second.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(webhookAddCommand(p), webhookListCommand(p), webhookRollCommand(p), webhookRemoveCommand(p),
		webhookTurnCommand(p, "disable", "Have a webhook told nothing, until it is enabled", "told nothing", (*broker.Broker).DisableWebhook),
		webhookTurnCommand(p, "enable", "Have a webhook told again what happens", "told what happens", (*broker.Broker).EnableWebhook),
		webhookTestCommand(p), webhookReplayCommand(p))
	return cmd
}

const webhookPrivateUsage = "allow webhooks of plain HTTP and of private addresses"

func webhookAddCommand(p process) *cobra.Command {
	o := bureau{Seals: true}
	var n broker.NewWebhook
	cmd := &cobra.Command{
		Use:   "add URL",
		Short: "Add a webhook and print the secret that its receiver verifies by, once",
		Long: "Add a webhook and print the secret that its receiver verifies by. It is not shown again.\n\n" +
			"The address is https, or http on this machine. --webhook-private allows others; the broker\n" +
			"must be started with it too.",
		Example: "  deskauth broker webhook add https://example.com/hooks --types connection.reauthorize,connection.in_doubt",
		Args:    exactArgs("URL"),
	}
	o.flags(cmd.Flags())
	cmd.Flags().StringSliceVar(&n.Types, "types", nil, "`types` that it is told of; may repeat (default all)")
	cmd.Flags().BoolVar(&o.PrivateWebhooks, "webhook-private", false, webhookPrivateUsage)
	return work[*broker.Broker]{
		Check: func(_ context.Context, args []string) error { n.URL = args[0]; return nil },
		Open:  o.open,
		Run: func(ctx context.Context, b *broker.Broker, _ []string) error {
			w, plain, err := b.AddWebhook(ctx, broker.AtCommand, n)
			if err != nil {
				return asUsage(err)
			}
			fmt.Fprintf(p.Err, "Webhook %d. Its secret is not shown again:\n", w.ID)
			fmt.Fprintln(p.Out, plain.Reveal())
			return nil
		},
	}.command(p, cmd)
}

func webhookListCommand(p process) *cobra.Command {
	var o bureau
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [WEBHOOK]",
		Short: "List the webhooks, or what one was told last",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return exactArgs("WEBHOOK")(cmd, args)
		},
	}
	o.flags(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return work[broker.Store]{Open: o.look, Run: func(ctx context.Context, s broker.Store, args []string) error {
		if len(args) == 0 {
			return listWebhooks(ctx, s, p, asJSON)
		}
		id, err := number("WEBHOOK", args[0])
		if err != nil {
			return err
		}
		return listDeliveries(ctx, s, p, broker.WebhookID(id), asJSON)
	}}.command(p, cmd)
}

// listMost is more than there can be of webhooks, and what is shown of deliveries.
const listMost = 100

func listWebhooks(ctx context.Context, s broker.Store, p process, asJSON bool) error {
	all, err := s.Webhooks(ctx, 0, listMost)
	if err != nil {
		return err
	}
	shown := []deskauth.Webhook{}
	w := newColumns(p.Out)
	fmt.Fprintln(w, "WEBHOOK\tSTATE\tCREATED\tADDRESS\tTYPES")
	for _, one := range all {
		out := brokerhttp.PublishedWebhook(one)
		shown = append(shown, out)
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", out.ID, out.State, dayOf(out.CreatedAt), printable(out.URL), strings.Join(out.Types, ","))
	}
	if asJSON {
		return json.NewEncoder(p.Out).Encode(map[string]any{"webhooks": shown})
	}
	return w.Flush()
}

func listDeliveries(ctx context.Context, s broker.Store, p process, id broker.WebhookID, asJSON bool) error {
	if _, err := s.Webhook(ctx, id); err != nil {
		return noSuchWebhook(err, id)
	}
	all, err := s.Deliveries(ctx, id, listMost)
	if err != nil {
		return err
	}
	shown := []deskauth.Delivery{}
	w := newColumns(p.Out)
	fmt.Fprintln(w, "DELIVERY\tTYPE\tAT\tSTATE\tTRIES\tLAST ANSWER")
	for _, one := range all {
		out := brokerhttp.PublishedDelivery(one)
		shown = append(shown, out)
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\n", out.ID, out.Type, out.At.Format("2006-01-02 15:04:05"), out.State, out.Tries, lastAnswer(out))
	}
	if asJSON {
		return json.NewEncoder(p.Out).Encode(map[string]any{"deliveries": shown})
	}
	return w.Flush()
}

func lastAnswer(d deskauth.Delivery) string {
	switch {
	case d.LastAt == nil:
		return "none yet"
	case d.Status == 0:
		return d.Reason
	case d.Reason == "":
		return fmt.Sprint(d.Status)
	}
	return fmt.Sprintf("%d %s", d.Status, d.Reason)
}

func noSuchWebhook(err error, id broker.WebhookID) error {
	if errors.Is(err, broker.ErrNotFound) {
		return fmt.Errorf("there is no webhook %d: see `deskauth broker webhook list`", id)
	}
	return err
}

func webhookRollCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "roll WEBHOOK",
		Short: "Give a webhook a new secret and print it; for a day the old one signs too",
		Args:  exactArgs("WEBHOOK"),
	}
	return besideBroker(p, cmd, &bureau{Seals: true}, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("WEBHOOK", args[0])
		if err != nil {
			return err
		}
		_, plain, err := b.RollWebhook(ctx, broker.AtCommand, broker.WebhookID(id))
		if err != nil {
			return noSuchWebhook(err, broker.WebhookID(id))
		}
		fmt.Fprintf(p.Err, "The new secret of webhook %d is not shown again:\n", id)
		fmt.Fprintln(p.Out, plain.Reveal())
		return nil
	})
}

func webhookRemoveCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "remove WEBHOOK", Short: "Remove a webhook, and what it was still to be told", Args: exactArgs("WEBHOOK")}
	return besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("WEBHOOK", args[0])
		if err != nil {
			return err
		}
		if err := b.RemoveWebhook(ctx, broker.AtCommand, broker.WebhookID(id)); err != nil {
			return noSuchWebhook(err, broker.WebhookID(id))
		}
		fmt.Fprintf(p.Out, "Webhook %d is removed.\n", id)
		return nil
	})
}

// webhookTurnCommand has a webhook told something, or nothing.
func webhookTurnCommand(p process, verb, short, so string, turn func(*broker.Broker, context.Context, broker.Actor, broker.WebhookID) (broker.Webhook, error)) *cobra.Command {
	cmd := &cobra.Command{Use: verb + " WEBHOOK", Short: short, Args: exactArgs("WEBHOOK")}
	return besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("WEBHOOK", args[0])
		if err != nil {
			return err
		}
		if _, err := turn(b, ctx, broker.AtCommand, broker.WebhookID(id)); err != nil {
			return noSuchWebhook(err, broker.WebhookID(id))
		}
		fmt.Fprintf(p.Out, "Webhook %d is %s from now on.\n", id, so)
		return nil
	})
}

func webhookTestCommand(p process) *cobra.Command {
	cmd := &cobra.Command{Use: "test WEBHOOK", Short: "Have a webhook sent a notice of no change", Args: exactArgs("WEBHOOK")}
	return besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("WEBHOOK", args[0])
		if err != nil {
			return err
		}
		d, err := b.TestWebhook(ctx, broker.WebhookID(id))
		if err != nil {
			return noSuchWebhook(err, broker.WebhookID(id))
		}
		fmt.Fprintf(p.Out, "Delivery %d to webhook %d is sent by the broker, within a second.\n", d.ID, id)
		return nil
	})
}

func webhookReplayCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay WEBHOOK DELIVERY",
		Short: "Have a delivery sent again, with the id that it had",
		Args:  exactArgs("WEBHOOK", "DELIVERY"),
	}
	return besideBroker(p, cmd, &bureau{}, func(ctx context.Context, b *broker.Broker, args []string) error {
		id, err := number("WEBHOOK", args[0])
		if err != nil {
			return err
		}
		delivery, err := number("DELIVERY", args[1])
		if err != nil {
			return err
		}
		if _, err := b.Replay(ctx, broker.WebhookID(id), broker.DeliveryID(delivery)); errors.Is(err, broker.ErrNotFound) {
			return fmt.Errorf("there is no delivery %d of a webhook %d: see `deskauth broker webhook list %d`", delivery, id, id)
		} else if err != nil {
			return err
		}
		fmt.Fprintf(p.Out, "Delivery %d to webhook %d is sent again by the broker, within a second.\n", delivery, id)
		return nil
	})
}
