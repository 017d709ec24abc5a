package brokerhttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
)

// webhookRoutes are those by which an admin's program looks after webhooks.
var webhookRoutes = []apiRoute{
	{http.MethodGet, apiPath + "/webhooks", broker.Admin, (*site).listWebhooks},
	{http.MethodPost, apiPath + "/webhooks", broker.Admin, (*site).addWebhook},
	{http.MethodGet, apiPath + "/webhooks/{id}", broker.Admin, (*site).showWebhook},
	{http.MethodDelete, apiPath + "/webhooks/{id}", broker.Admin, (*site).removeWebhook},
	{http.MethodPost, apiPath + "/webhooks/{id}/secrets", broker.Admin, (*site).rollWebhook},
	{http.MethodPost, apiPath + "/webhooks/{id}/disable", broker.Admin, turning((*broker.Broker).DisableWebhook)},
	{http.MethodPost, apiPath + "/webhooks/{id}/enable", broker.Admin, turning((*broker.Broker).EnableWebhook)},
	{http.MethodPost, apiPath + "/webhooks/{id}/test", broker.Admin, (*site).testWebhook},
	{http.MethodPost, apiPath + "/webhooks/{id}/deliveries/{number}/replay", broker.Admin, (*site).replay},
}

// errNoWebhook says that there is no webhook, or no delivery, of the number in the path.
var errNoWebhook = errors.New("there is no such webhook")

func ofWebhook(err error) error {
	if errors.Is(err, broker.ErrNotFound) {
		return errNoWebhook
	}
	return err
}

// webhookProblem is what problemOf says of webhooks.
func webhookProblem(err error) (p problem, ofWebhook bool) {
	var ended *broker.WebhookEnded
	switch {
	case errors.Is(err, errNoWebhook):
		return problem{Type: "not_found", Title: "There is no such webhook, or it has no such delivery", Status: http.StatusNotFound}, true
	case errors.As(err, &ended):
		return problem{Type: "webhook_gone", Title: "The webhook is told nothing any more", Status: http.StatusConflict, Detail: ended.Error()}, true
	}
	return problem{}, false
}

// webhook is the number in the path.
func (u use) webhook() (broker.WebhookID, error) {
	id, err := strconv.ParseInt(u.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, errNoWebhook
	}
	httpd.Note(u.Context(), slog.Int64("webhook", id))
	return broker.WebhookID(id), nil
}

func (s *site) listWebhooks(w http.ResponseWriter, u use) error {
	list := func(after broker.WebhookID, limit int) ([]broker.Webhook, error) {
		return s.Broker.Webhooks(u.Context(), after, limit)
	}
	all, next, err := part(u, list, func(w broker.Webhook) broker.WebhookID { return w.ID })
	if err != nil {
		return err
	}
	page := deskauth.WebhookPage{Webhooks: []deskauth.Webhook{}, NextCursor: next}
	for _, one := range all {
		page.Webhooks = append(page.Webhooks, PublishedWebhook(one))
	}
	return writeJSON(w, http.StatusOK, page)
}

func (s *site) addWebhook(w http.ResponseWriter, u use) error {
	var body struct {
		URL   string
		Types []string
	}
	if err := readBody(u.Request, &body); err != nil {
		return err
	}
	added, plain, err := s.Broker.AddWebhook(u.Context(), u.key.Actor(), broker.NewWebhook{URL: body.URL, Types: body.Types})
	if err != nil {
		return err
	}
	w.Header().Set("Location", apiPath+"/webhooks/"+strconv.FormatInt(int64(added.ID), 10))
	return writeJSON(w, http.StatusCreated, withSecret(added, plain))
}

// withSecret shows the secret, this once.
func withSecret(w broker.Webhook, plain secret.Plain) deskauth.Webhook {
	out := PublishedWebhook(w)
	out.Secret = plain.Reveal()
	return out
}

func (s *site) showWebhook(w http.ResponseWriter, u use) error {
	id, err := u.webhook()
	if err != nil {
		return err
	}
	one, last, err := s.Broker.Webhook(u.Context(), id)
	if err != nil {
		return ofWebhook(err)
	}
	out := deskauth.WebhookDetail{Webhook: PublishedWebhook(one), Deliveries: []deskauth.Delivery{}}
	for _, d := range last {
		out.Deliveries = append(out.Deliveries, PublishedDelivery(d))
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *site) removeWebhook(w http.ResponseWriter, u use) error {
	id, err := u.webhook()
	if err != nil {
		return err
	}
	if err := s.Broker.RemoveWebhook(u.Context(), u.key.Actor(), id); err != nil {
		return ofWebhook(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *site) rollWebhook(w http.ResponseWriter, u use) error {
	id, err := u.webhook()
	if err != nil {
		return err
	}
	rolled, plain, err := s.Broker.RollWebhook(u.Context(), u.key.Actor(), id)
	if err != nil {
		return ofWebhook(err)
	}
	return writeJSON(w, http.StatusOK, withSecret(rolled, plain))
}

// turning is a route that has a webhook told something, or nothing.
func turning(turn func(*broker.Broker, context.Context, broker.Actor, broker.WebhookID) (broker.Webhook, error)) func(*site, http.ResponseWriter, use) error {
	return func(s *site, w http.ResponseWriter, u use) error {
		id, err := u.webhook()
		if err != nil {
			return err
		}
		one, err := turn(s.Broker, u.Context(), u.key.Actor(), id)
		if err != nil {
			return ofWebhook(err)
		}
		return writeJSON(w, http.StatusOK, PublishedWebhook(one))
	}
}

func (s *site) testWebhook(w http.ResponseWriter, u use) error {
	id, err := u.webhook()
	if err != nil {
		return err
	}
	d, err := s.Broker.TestWebhook(u.Context(), id)
	if err != nil {
		return ofWebhook(err)
	}
	return writeJSON(w, http.StatusAccepted, PublishedDelivery(d))
}

func (s *site) replay(w http.ResponseWriter, u use) error {
	id, err := u.webhook()
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(u.PathValue("number"), 10, 64)
	if err != nil {
		return errNoWebhook
	}
	d, err := s.Broker.Replay(u.Context(), id, broker.DeliveryID(number))
	if err != nil {
		return ofWebhook(err)
	}
	return writeJSON(w, http.StatusAccepted, PublishedDelivery(d))
}

// PublishedWebhook is a webhook as other programs see it.
func PublishedWebhook(w broker.Webhook) deskauth.Webhook {
	out := deskauth.Webhook{
		ID: int64(w.ID), URL: w.URL, Types: []string{}, State: string(w.State), Dropped: w.Dropped, CreatedAt: w.Created, Secrets: []deskauth.WebhookSecret{},
	}
	for _, t := range w.Types {
		out.Types = append(out.Types, string(t))
	}
	slices.Sort(out.Types)
	for _, s := range w.Signing(time.Now()) {
		out.Secrets = append(out.Secrets, deskauth.WebhookSecret{Number: s.Number, AddedAt: s.Added, EndsAt: orNil(s.Ends)})
	}
	return out
}

// PublishedDelivery is a delivery as other programs see it.
func PublishedDelivery(d broker.Delivery) deskauth.Delivery {
	return deskauth.Delivery{
		ID: int64(d.ID), MessageID: d.Message, Type: string(d.Type), At: d.At, State: string(d.State), Tries: d.Tries,
		NextAt: orNil(d.Next), LastAt: orNil(d.Last), Status: d.Status, Reason: d.Reason,
	}
}
