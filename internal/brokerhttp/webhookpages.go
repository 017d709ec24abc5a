package brokerhttp

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// webhookPages are those of the webhooks.
var webhookPages = []boardRoute{
	{web.PathWebhooks, operators, serving{"GET": (*site).webhookList, "POST": (*site).webhookAdded}},
	{web.PathWebhooksLive, operators, serving{"GET": (*site).webhooksLive}},
	{web.PathWebhooks + "/{id}/live", operators, serving{"GET": (*site).webhookLive}},
	{web.PathWebhooks + "/{id}", operators, serving{"GET": (*site).webhookPage, "POST": (*site).webhookOrdered}},
	{web.PathWebhooks + "/{id}/remove", operators, serving{"GET": (*site).webhookAsked, "POST": (*site).webhookRemoved}},
}

func (s *site) hooks(v visit) web.Hooks { return web.Hooks{Board: s.boardPage(v), Clock: time.Now()} }

// webhookList is GET /webhooks.
func (s *site) webhookList(w http.ResponseWriter, v visit) error {
	p, err := s.webhooksListed(v)
	if err != nil {
		return err
	}
	web.Render(w, http.StatusOK, p)
	return nil
}

func (s *site) webhooksListed(v visit) (web.Webhooks, error) {
	all, err := s.Broker.AllWebhooks(v.Context(), v.viewer)
	p := web.Webhooks{Hooks: s.hooks(v), Stream: web.PathWebhooksLive}
	for _, one := range all {
		row := webhookRow(one.Webhook)
		row.Last = deliveryRow(one.Last)
		p.Rows = append(p.Rows, row)
	}
	return p, err
}

func webhookRow(w broker.Webhook) web.WebhookRow {
	row := web.WebhookRow{ID: int64(w.ID), URL: w.URL, Gone: w.State != broker.WebhookOn, Why: string(w.State), Dropped: w.Dropped, Created: w.Created}
	for _, t := range w.Types {
		row.Types = append(row.Types, string(t))
	}
	slices.Sort(row.Types)
	return row
}

func deliveryRow(d broker.Delivery) web.DeliveryRow {
	return web.DeliveryRow{
		ID: int64(d.ID), Type: string(d.Type), At: d.At, State: string(d.State), Tries: d.Tries,
		Status: d.Status, Reason: d.Reason, Last: d.Last, Next: d.Next,
	}
}

// webhookAdded is POST /webhooks: its answer shows the secret.
func (s *site) webhookAdded(w http.ResponseWriter, v visit) error {
	p := web.NewWebhook{Board: s.boardPage(v), Address: v.PostForm.Get(web.FieldURL), Types: v.PostForm[web.FieldTypes]}
	steering, err := s.Broker.Steer(v.viewer)
	if err != nil {
		return err
	}
	added, plain, err := steering.AddWebhook(v.Context(), broker.NewWebhook{URL: strings.TrimSpace(p.Address), Types: p.Types})
	if invalid := (*broker.Invalid)(nil); errors.As(err, &invalid) {
		p.Wrong = invalid.Field
		web.Render(w, http.StatusUnprocessableEntity, p)
		return nil
	} else if err != nil {
		return err
	}
	web.Render(w, http.StatusOK, web.Shown{Board: p.Board, Webhook: int64(added.ID), Name: added.URL, Secret: plain.Reveal()})
	return nil
}

// webhookPage is GET /webhooks/{id}.
func (s *site) webhookPage(w http.ResponseWriter, v visit) error {
	if v.PathValue("id") == fresh {
		web.Render(w, http.StatusOK, web.NewWebhook{Board: s.boardPage(v)})
		return nil
	}
	p, err := s.webhookOf(v)
	if err != nil {
		return err
	}
	web.Render(w, http.StatusOK, p)
	return nil
}

// webhookOf is the page of the webhook of the path.
func (s *site) webhookOf(v visit) (web.Webhook, error) {
	id, err := v.number("id")
	if err != nil {
		return web.Webhook{}, err
	}
	one, last, err := s.Broker.WebhookShown(v.Context(), v.viewer, broker.WebhookID(id))
	if err != nil {
		return web.Webhook{}, err
	}
	p := web.Webhook{Hooks: s.hooks(v), Row: webhookRow(one)}
	p.Stream = p.Row.Path() + "/live"
	for _, secret := range one.Signing(p.Clock) {
		p.Secrets = append(p.Secrets, web.SigningSecret{Number: secret.Number, Added: secret.Added, Ends: secret.Ends})
	}
	for _, d := range last {
		p.Deliveries = append(p.Deliveries, deliveryRow(d))
	}
	return p, nil
}

// webhookOrdered is POST /webhooks/{id}: a test, a delivery once more, or a new secret,
// which the answer shows.
func (s *site) webhookOrdered(w http.ResponseWriter, v visit) error {
	p, err := s.webhookOf(v)
	if err != nil {
		return err
	}
	steering, err := s.Broker.Steer(v.viewer)
	if err != nil {
		return err
	}
	id, done := broker.WebhookID(p.Row.ID), web.WebhookTested
	switch web.Order(v.PostForm.Get(web.FieldOrder)) {
	case web.OrderRoll:
		_, plain, err := steering.RollWebhook(v.Context(), id)
		if err != nil {
			return err
		}
		web.Render(w, http.StatusOK, web.Shown{Board: p.Board, Webhook: p.Row.ID, Name: p.Row.URL, Secret: plain.Reveal()})
		return nil
	case web.OrderTest:
		_, err = steering.TestWebhook(v.Context(), id)
	case web.OrderStop:
		done, err = web.WebhookStopped, steering.DisableWebhook(v.Context(), id)
	case web.OrderStart:
		done, err = web.WebhookStarted, steering.EnableWebhook(v.Context(), id)
	case web.OrderReplay:
		done = web.WebhookReplayed
		number, bad := strconv.ParseInt(v.PostForm.Get(web.FieldID), 10, 64)
		if bad != nil {
			return broker.ErrNotFound
		}
		_, err = steering.Replay(v.Context(), id, broker.DeliveryID(number))
	default:
		return broker.ErrNotFound
	}
	if ended := (*broker.WebhookEnded)(nil); errors.As(err, &ended) {
		p.Not, p.Row.Gone, p.Row.Why = true, true, string(ended.State)
		web.Render(w, http.StatusConflict, p)
		return nil
	} else if err != nil {
		return err
	}
	return see(w, web.Within(p.Row.Path(), web.FieldDone, string(done)))
}

// webhookAsked is GET /webhooks/{id}/remove: whether somebody is sure.
func (s *site) webhookAsked(w http.ResponseWriter, v visit) error {
	p, err := s.webhookOf(v)
	if err != nil {
		return err
	}
	web.Render(w, http.StatusOK, web.RemoveWebhook{Hooks: p.Hooks, Row: p.Row})
	return nil
}

// webhookRemoved is POST /webhooks/{id}/remove.
func (s *site) webhookRemoved(w http.ResponseWriter, v visit) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	steering, err := s.Broker.Steer(v.viewer)
	if err == nil {
		err = steering.RemoveWebhook(v.Context(), broker.WebhookID(id))
	}
	if err != nil {
		return err
	}
	return see(w, web.Within(web.PathWebhooks, web.FieldDone, string(web.WebhookRemoved)))
}
