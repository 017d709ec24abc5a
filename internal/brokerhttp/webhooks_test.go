package brokerhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/testlog"
)

func TestWebhooksOverHTTP(t *testing.T) {
	a := newAPISite(t)
	key := a.key(broker.Key{Can: []broker.Power{broker.Admin}})
	got := make(chan string, 10)
	status := http.StatusNoContent
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Webhook-Id")
		w.WriteHeader(status)
	}))
	defer receiver.Close()

	resp := a.send("POST", "/v1/webhooks", key, fmt.Sprintf(`{"url":%q,"types":["pass.used","connection.in_doubt"]}`, receiver.URL))
	var hook deskauth.Webhook
	if err := json.Unmarshal([]byte(resp.body), &hook); err != nil || resp.StatusCode != 201 || !strings.HasPrefix(hook.Secret, "whsec_") ||
		resp.Header.Get("Location") != fmt.Sprintf("/v1/webhooks/%d", hook.ID) || len(hook.Types) != 2 {
		t.Fatalf("%d %v: %s", resp.StatusCode, err, resp.body)
	}
	testlog.Issued(t, hook.Secret)
	at := fmt.Sprintf("/v1/webhooks/%d", hook.ID)
	resp = a.send("POST", at+"/test", key, "")
	var d deskauth.Delivery
	if err := json.Unmarshal([]byte(resp.body), &d); err != nil || resp.StatusCode != 202 || d.Type != "webhook.test" {
		t.Fatalf("%d %v: %s", resp.StatusCode, err, resp.body)
	}
	if err := a.broker.Deliver(t.Context()); err != nil || <-got != d.MessageID {
		t.Errorf("sent %v", err)
	}
	replay := fmt.Sprintf("%s/deliveries/%d/replay", at, d.ID)
	if resp := a.send("POST", replay, key, ""); resp.StatusCode != 202 {
		t.Errorf("%d: %s", resp.StatusCode, resp.body)
	}
	status = http.StatusGone
	if err := a.broker.Deliver(t.Context()); err != nil || <-got != d.MessageID {
		t.Errorf("sent again %v", err)
	}
	for _, path := range []string{replay, at + "/test"} {
		if resp := a.send("POST", path, key, ""); resp.StatusCode != 409 || !strings.Contains(resp.body, "webhook_gone") {
			t.Errorf("after 410: %d: %s", resp.StatusCode, resp.body)
		}
	}
	resp = a.ask("GET", at, key)
	var detail deskauth.WebhookDetail
	if err := json.Unmarshal([]byte(resp.body), &detail); err != nil || resp.StatusCode != 200 || detail.State != "gone" || len(detail.Deliveries) != 1 ||
		detail.Deliveries[0].Reason != "gone" || strings.Contains(resp.body, "whsec_") {
		t.Errorf("%d %v: %s", resp.StatusCode, err, resp.body)
	}
	resp = a.send("POST", at+"/secrets", key, "")
	var rolled deskauth.Webhook
	if err := json.Unmarshal([]byte(resp.body), &rolled); err != nil || resp.StatusCode != 200 || rolled.Secret == "" || rolled.Secret == hook.Secret || len(rolled.Secrets) != 2 {
		t.Errorf("%d %v", resp.StatusCode, err)
	}
	testlog.Issued(t, rolled.Secret)
	if resp := a.ask("GET", "/v1/webhooks", key); resp.StatusCode != 200 || strings.Contains(resp.body, "whsec_") {
		t.Errorf("%d: %s", resp.StatusCode, resp.body)
	}
	for _, want := range []int{204, 404} {
		if resp := a.ask("DELETE", at, key); resp.StatusCode != want {
			t.Errorf("%d: %s", resp.StatusCode, resp.body)
		}
	}
}

func TestWebhooksRefuse(t *testing.T) {
	a := newAPISite(t)
	admin, lend := a.key(broker.Key{Can: []broker.Power{broker.Admin}}), a.key(broker.Key{Can: []broker.Power{broker.Lend, broker.Link, broker.GiveOut}})
	for _, c := range []struct {
		name, method, path, key, body string
		status                        int
	}{
		{"a key that cannot admin", "POST", "/v1/webhooks", lend, `{"url":"https://example.com/"}`, 403},
		{"a list for it", "GET", "/v1/webhooks", lend, "", 403},
		{"no address", "POST", "/v1/webhooks", admin, `{}`, 400},
		{"plain HTTP", "POST", "/v1/webhooks", admin, `{"url":"http://example.com/"}`, 400},
		{"another type", "POST", "/v1/webhooks", admin, `{"url":"https://example.com/","types":["all"]}`, 400},
		{"another member", "POST", "/v1/webhooks", admin, `{"url":"https://example.com/","secret":"x"}`, 400},
		{"no JSON", "POST", "/v1/webhooks", admin, `url=x`, 400},
		{"none of that number", "GET", "/v1/webhooks/99", admin, "", 404},
		{"no number", "GET", "/v1/webhooks/x", admin, "", 404},
		{"none to roll", "POST", "/v1/webhooks/99/secrets", admin, "", 404},
		{"none to test", "POST", "/v1/webhooks/99/test", admin, "", 404},
		{"none to replay", "POST", "/v1/webhooks/99/deliveries/1/replay", admin, "", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			if resp := a.send(c.method, c.path, c.key, c.body); resp.StatusCode != c.status {
				t.Errorf("%d: %s", resp.StatusCode, resp.body)
			}
		})
	}
}
