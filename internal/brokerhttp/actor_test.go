package brokerhttp_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

// quietRoutes change what leaves no event: why.
var quietRoutes = map[string]string{
	"POST /v1/connections/{id}/renew":                   "attempts are the record of renewals",
	"POST /v1/webhooks/{id}/test":                       "the delivery is its own record",
	"POST /v1/webhooks/{id}/deliveries/{number}/replay": "the delivery is its own record",
	"POST /v1/device_authorization":                     "nobody has allowed it yet",
	"POST /v1/token":                                    "it has no key: TestDeviceIsAllowed looks who allowed it",
}

// Whatever a program changes is told with the key that did it, on every route there is.
func TestEveryChangeHasItsActor(t *testing.T) {
	p := newPassSite(t, anyWish)
	key, plain, err := p.broker.MakeKey(t.Context(), broker.Key{Name: "actor", Can: broker.Powers()})
	if err != nil {
		t.Fatal(err)
	}
	var done []string
	last := map[string]any{}
	for _, c := range []struct {
		route, body string // {id} is of the last answer that had one, {number} of a secret or delivery
	}{
		{"POST /v1/links", `{}`},
		{"DELETE /v1/links/{id}", ``},
		{"POST /v1/keys", `{"name":"reports","can":["lend"]}`},
		{"DELETE /v1/keys/{id}", ``},
		{"POST /v1/passes", fmt.Sprintf(anyWish, p.id)},
		{"DELETE /v1/passes/{id}", ``},
		{"POST /v1/clients", `{"account":"umbrella","product":"support","identifier":"other","secret":"0ne-secret"}`},
		{"POST /v1/clients/{id}/secrets", `{"secret":"an0ther-secret"}`},
		{"DELETE /v1/clients/{id}/secrets/{number}", ``},
		{"DELETE /v1/clients/{id}/circuits/{account}", ``},
		{"DELETE /v1/clients/{id}", ``},
		{"POST /v1/webhooks", `{"url":"https://hooks.example.com/"}`},
		{"POST /v1/webhooks/{id}/secrets", ``},
		{"POST /v1/webhooks/{id}/disable", ``},
		{"POST /v1/webhooks/{id}/enable", ``},
		{"DELETE /v1/webhooks/{id}", ``},
		{"POST /v1/connections/{id}/tokens", `{"client":"reports","scope":["read"],"for":"2h"}`},
		{"DELETE /v1/connections/{id}/tokens/{number}", ``},
		{"POST /v1/connections/{id}/disable", ``},
		{"POST /v1/connections/{id}/enable", ``},
		{"DELETE /v1/connections/{id}", ``},
		{"DELETE /v1/keys/current", ``},
	} {
		done = append(done, c.route)
		if strings.Contains(c.route, "/circuits/") {
			refused := broker.Circuit{Client: broker.ClientID(last["id"].(float64)), Account: "umbrella", Failures: 1}
			if err := p.broker.Store.OpenCircuit(t.Context(), refused, broker.Event{}); err != nil {
				t.Fatal(err)
			}
		}
		before, err := p.broker.Events(t.Context(), broker.EventFilter{}, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		method, path, _ := strings.Cut(c.route, " ")
		id := fmt.Sprint(last["id"])
		if strings.Contains(path, "/connections/") {
			id = fmt.Sprint(p.id)
		}
		path = strings.NewReplacer("{id}", id, "{number}", "1", "{account}", "umbrella").Replace(path)
		resp, out := p.say(method, path, plain.Reveal(), c.body)
		if out["id"] != nil && !strings.Contains(path, "/secrets/") {
			last = out
		}
		if resp.StatusCode >= 300 && c.route != "DELETE /v1/connections/{id}" { // Zendesk here lets go of nothing
			t.Fatalf("%s: %d %s", c.route, resp.StatusCode, resp.body)
		}
		after, err := p.broker.Events(t.Context(), broker.EventFilter{}, before[len(before)-1].ID, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(after) == 0 {
			t.Errorf("%s: no event tells of it", c.route)
		}
		for _, e := range after {
			if e.By != key.Actor() {
				t.Errorf("%s: %s is by %q", c.route, e.Kind, e.By)
			}
		}
	}
	for _, route := range brokerhttp.APIRoutes() {
		changes := !strings.HasPrefix(route, http.MethodGet+" ") && strings.Contains(route, " /v1/") && !strings.Contains(route, "/proxy/")
		if quiet := quietRoutes[route] != ""; changes && !quiet && !slices.Contains(done, route) {
			t.Errorf("%s is not looked at", route)
		}
	}
}
