package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/deskauth/deskauth/internal/secret"
)

// Steering is what an operator does on the pages to clients, keys and webhooks: the use
// cases of each, for whoever may, and the trail says who it was.
//
//	Broker.Steer ──► Viewer: an operator? ──► what cannot be done is told ──► Ordered ──► the use case
type Steering struct {
	b  *Broker
	by Viewer
}

// Steer is for an operator; the error is ErrForbidden for others.
func (b *Broker) Steer(v Viewer) (Steering, error) {
	if !v.Operates() {
		return Steering{}, ErrForbidden
	}
	return Steering{b, v}, nil
}

// note writes down what was asked for, and by whom, before it is done.
func (s Steering) note(ctx context.Context, what string, c Client) error {
	return s.b.Store.AddEvent(ctx, Event{
		At: s.b.now(), Kind: Ordered, By: s.by.Actor(), Account: c.Account, Client: c.ID, Detail: what,
	})
}

// noteOf is note for a client that there is.
func (s Steering) noteOf(ctx context.Context, what string, id ClientID) error {
	c, err := s.b.ClientState(ctx, id)
	if err != nil {
		return err
	}
	return s.note(ctx, what+" "+c.Identifier, c.Client)
}

// AddClient is Broker.AddClient.
func (s Steering) AddClient(ctx context.Context, n NewClient) (Client, error) {
	n, err := n.clean(s.b.Base)
	if err != nil {
		return Client{}, err
	}
	switch there, err := s.b.Store.ClientNamed(ctx, n.Account, n.Product, n.Identifier); {
	case err == nil && !there.ChosenAt.IsZero():
		return Client{}, &ClientThere{there.ID}
	case err != nil && !errors.Is(err, ErrNotFound):
		return Client{}, err
	}
	if err := s.note(ctx, "add client "+n.Identifier, Client{Account: n.Account}); err != nil {
		return Client{}, err
	}
	return s.b.AddClient(ctx, s.by.Actor(), n)
}

// RollSecret is Broker.RollSecret.
func (s Steering) RollSecret(ctx context.Context, id ClientID, plain secret.Plain, r Roll) (Client, error) {
	if err := checkSecret(plain); err != nil {
		return Client{}, err
	}
	if err := s.noteOf(ctx, "roll the secret of client", id); err != nil {
		return Client{}, err
	}
	return s.b.RollSecret(ctx, s.by.Actor(), id, plain, r)
}

// MoveSecret is Broker.MoveSecret.
func (s Steering) MoveSecret(ctx context.Context, id ClientID, number int64, r Roll) (Client, error) {
	if err := s.noteOf(ctx, fmt.Sprintf("move secret %d of client", number), id); err != nil {
		return Client{}, err
	}
	return s.b.MoveSecret(ctx, s.by.Actor(), id, number, r)
}

// RemoveSecret is Broker.RemoveSecret. The only one of a client is not removed here:
// that would make it another kind of client.
func (s Steering) RemoveSecret(ctx context.Context, id ClientID, number int64) (Client, error) {
	c, err := s.b.ClientState(ctx, id)
	if err != nil {
		return Client{}, err
	}
	if next, there := c.Without(number); there && next.Public() {
		return Client{}, &OnlySecret{id}
	}
	if err := s.noteOf(ctx, fmt.Sprintf("remove secret %d of client", number), id); err != nil {
		return Client{}, err
	}
	return s.b.RemoveSecret(ctx, s.by.Actor(), id, number, false)
}

// RemoveClient is Broker.RemoveClient, with the connections that are of it: who asks
// for it was told how many those are.
func (s Steering) RemoveClient(ctx context.Context, id ClientID) (gone int, err error) {
	if err := s.noteOf(ctx, "remove client", id); err != nil {
		return 0, err
	}
	return s.b.RemoveClient(ctx, s.by.Actor(), id, true)
}

// MakeKey is Broker.MakeKey. A key reaches what its powers and connections say, which
// is never more than an operator does. Its own event says who made it.
func (s Steering) MakeKey(ctx context.Context, k Key) (Key, secret.Plain, error) {
	k.Maker = s.by.Actor()
	return s.b.MakeKey(ctx, k)
}

// EndKey is Broker.EndKey.
func (s Steering) EndKey(ctx context.Context, id KeyID) error {
	if k, err := s.b.KeyShown(ctx, s.by, id); err != nil {
		return err
	} else if !k.Ended.IsZero() {
		return ErrNotFound
	}
	if err := s.note(ctx, fmt.Sprintf("revoke key %d", id), Client{}); err != nil {
		return err
	}
	return s.b.EndKey(ctx, s.by.Actor(), id)
}

// AddWebhook is Broker.AddWebhook.
func (s Steering) AddWebhook(ctx context.Context, n NewWebhook) (Webhook, secret.Plain, error) {
	if _, err := s.b.checkWebhook(ctx, n); err != nil {
		return Webhook{}, secret.Plain{}, err
	}
	if err := s.note(ctx, "add a webhook", Client{}); err != nil {
		return Webhook{}, secret.Plain{}, err
	}
	return s.b.AddWebhook(ctx, s.by.Actor(), n)
}

// noteHook is note for a webhook that there is.
func (s Steering) noteHook(ctx context.Context, what string, id WebhookID) error {
	if _, err := s.b.Store.Webhook(ctx, id); err != nil {
		return err
	}
	return s.note(ctx, fmt.Sprintf("%s webhook %d", what, id), Client{})
}

// RemoveWebhook is Broker.RemoveWebhook.
func (s Steering) RemoveWebhook(ctx context.Context, id WebhookID) error {
	if err := s.noteHook(ctx, "remove", id); err != nil {
		return err
	}
	return s.b.RemoveWebhook(ctx, s.by.Actor(), id)
}

// RollWebhook is Broker.RollWebhook.
func (s Steering) RollWebhook(ctx context.Context, id WebhookID) (Webhook, secret.Plain, error) {
	if err := s.noteHook(ctx, "roll the secret of", id); err != nil {
		return Webhook{}, secret.Plain{}, err
	}
	return s.b.RollWebhook(ctx, s.by.Actor(), id)
}

// DisableWebhook is Broker.DisableWebhook. Its own event says who did it, as
// EnableWebhook's and CloseCircuit's do.
func (s Steering) DisableWebhook(ctx context.Context, id WebhookID) error {
	_, err := s.b.DisableWebhook(ctx, s.by.Actor(), id)
	return err
}

// EnableWebhook is Broker.EnableWebhook.
func (s Steering) EnableWebhook(ctx context.Context, id WebhookID) error {
	_, err := s.b.EnableWebhook(ctx, s.by.Actor(), id)
	return err
}

// CloseCircuit is Broker.CloseCircuit.
func (s Steering) CloseCircuit(ctx context.Context, id ClientID, account string) error {
	return s.b.CloseCircuit(ctx, s.by.Actor(), id, account)
}

// TestWebhook is Broker.TestWebhook.
func (s Steering) TestWebhook(ctx context.Context, id WebhookID) (Delivery, error) {
	if err := s.noteHook(ctx, "test", id); err != nil {
		return Delivery{}, err
	}
	return s.b.TestWebhook(ctx, id)
}

// Replay is Broker.Replay.
func (s Steering) Replay(ctx context.Context, webhook WebhookID, id DeliveryID) (Delivery, error) {
	if _, err := s.b.Store.Delivery(ctx, webhook, id); err != nil {
		return Delivery{}, err
	}
	if err := s.noteHook(ctx, fmt.Sprintf("send delivery %d again to", id), webhook); err != nil {
		return Delivery{}, err
	}
	return s.b.Replay(ctx, webhook, id)
}
