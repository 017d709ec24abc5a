package brokerhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/testlog"
)

// say sends JSON to the API with a key.
func (a *apiSite) say(method, path, key, body string) (response, map[string]any) {
	a.t.Helper()
	req := a.request(method, path, body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	resp := a.do(a.newBrowser(), req)
	var out map[string]any
	_ = json.Unmarshal([]byte(resp.body), &out) // an answer without a body has none
	if value, there := out["secret"].(string); there {
		testlog.Issued(a.t, value)
	}
	if value, there := out["url"].(string); there {
		if _, plain, link := strings.Cut(value, "/link/"); link {
			testlog.Issued(a.t, plain)
		}
	}
	return resp, out
}

func TestLinkOverHTTP(t *testing.T) {
	a := newAPISite(t)
	key := a.key(broker.Key{Can: []broker.Power{broker.Link}})
	resp, made := a.say("POST", "/v1/links", key, fmt.Sprintf(`{"connection":%d,"return_to":"/app","expires_in":600}`, a.id))
	if resp.StatusCode != http.StatusCreated || made["state"] != "open" || made["account"] != "acme" {
		t.Fatalf("%d %v", resp.StatusCode, made)
	}
	link, err := url.Parse(made["url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "HEAD", "GET"} {
		page := a.do(a.browser, a.request(method, link.Path, ""))
		if page.StatusCode != 200 || page.Header.Get("Referrer-Policy") != "no-referrer" ||
			method == "GET" && (!strings.Contains(page.body, "test asks you to allow") || !strings.Contains(page.body, "Ada <b>Admin</b>")) {
			t.Errorf("%s: %d %s", method, page.StatusCode, page.body)
		}
	}
	away := a.do(a.browser, a.request("POST", link.Path, "x=y"))
	to, err := url.Parse(away.Header.Get("Location"))
	if err != nil || away.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", away.StatusCode, away.body)
	}
	if arrived := a.get(callback(to.Query().Get("state"))); arrived.StatusCode != http.StatusSeeOther {
		t.Errorf("%d %s", arrived.StatusCode, arrived.body)
	}
	for _, method := range []string{"GET", "POST"} {
		if page := a.do(a.browser, a.request(method, link.Path, "")); page.StatusCode != http.StatusGone || !strings.Contains(page.body, "This link is over") {
			t.Errorf("%s: %d %s", method, page.StatusCode, page.body)
		}
	}
	if resp, list := a.say("GET", "/v1/links", key, ""); resp.StatusCode != 200 || !strings.Contains(resp.body, `"state":"spent"`) || strings.Contains(resp.body, "/link/") {
		t.Errorf("%d %v", resp.StatusCode, list)
	}
	if strings.Contains(a.log.String(), strings.TrimPrefix(link.Path, "/link/")) {
		t.Error("the log has the secret")
	}

	resp, open := a.say("POST", "/v1/links", key, `{"product":"support"}`)
	if resp.StatusCode != http.StatusCreated {
		t.Fatal(resp.body)
	}
	link, _ = url.Parse(open["url"].(string))
	for _, typed := range []string{"", "acme's"} {
		page := a.do(a.browser, a.request("POST", link.Path, url.Values{"subdomain": {typed}}.Encode()))
		if page.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page.body, `role="alert"`) {
			t.Errorf("%q: %d %s", typed, page.StatusCode, page.body)
		}
	}
	one := fmt.Sprintf("/v1/links/%v", open["id"])
	for _, want := range []int{http.StatusNoContent, http.StatusNotFound} {
		if resp, _ := a.say("DELETE", one, key, ""); resp.StatusCode != want {
			t.Errorf("%d %s", resp.StatusCode, resp.body)
		}
	}
	bound := a.key(broker.Key{Can: []broker.Power{broker.Link}, Connections: []broker.ConnectionID{a.id}})
	for _, c := range []struct {
		key, body string
		status    int
	}{
		{bound, `{}`, 403},
		{bound, `{"connection":99}`, 404},
		{key, `{"connection":-1}`, 404},
		{key, `{"expires_in":59}`, 400},
		{key, `{"expires_in":-1}`, 400},
		{key, `{"expires_in":9223372036854775807}`, 400},
		{key, `{"return_to":"https://evil.example"}`, 400},
		{key, `{"nothing":1}`, 400},
		{a.key(broker.Key{Can: []broker.Power{broker.Lend}}), `{}`, 403},
	} {
		if resp, _ := a.say("POST", "/v1/links", c.key, c.body); resp.StatusCode != c.status {
			t.Errorf("%s: %d %s", c.body, resp.StatusCode, resp.body)
		}
	}
}

func TestChangesOverHTTP(t *testing.T) {
	a := newAPISite(t)
	admin, lend := a.key(broker.Key{Can: []broker.Power{broker.Admin}}), a.key(broker.Key{Can: []broker.Power{broker.Lend}})
	one := fmt.Sprintf("/v1/connections/%d", a.id)
	for _, c := range []struct {
		method, path, key string
		status            int
		says              string
	}{
		{"POST", one + "/disable", lend, 403, "forbidden"},
		{"POST", one + "/renew", admin, 200, `"generation":2`},
		{"POST", one + "/disable", admin, 200, `"state":"disabled"`},
		{"POST", one + "/disable", admin, 200, `"state":"disabled"`},
		{"POST", one + "/renew", admin, 409, "switched_off"},
		{"POST", one + "/enable", admin, 200, `"state":"active"`},
		{"POST", "/v1/connections/99/enable", admin, 404, "not_found"},
		{"DELETE", one, admin, 502, "not_revoked"},
		{"GET", one, admin, 200, `"reason":"not_revoked"`},
		{"GET", "/v1/keys?limit=1", admin, 200, `"name":"test"`},
		{"GET", "/v1/keys", lend, 403, "forbidden"},
		{"DELETE", "/v1/keys/99", admin, 404, "not_found"},
		{"DELETE", "/v1/keys/x", admin, 404, "not_found"},
		{"GET", "/v1/events?kind=state_changed&connection=1&since=2020-01-01T00:00:00Z", admin, 200, "disabled: switched_off"},
		{"GET", "/v1/events?since=2999-01-01T00:00:00Z", admin, 200, `"events":[]`},
		{"GET", "/v1/events?since=yesterday", admin, 400, "since"},
		{"GET", "/v1/events?connection=x", admin, 400, "connection"},
		{"GET", "/v1/events?cursor=x", admin, 400, "cursor"},
		{"GET", "/v1/events", lend, 403, "forbidden"},
		{"GET", "/v1/events?account=%00", admin, 400, "NUL"},
		{"GET", "/v1/events?kind=%ff", admin, 400, "NUL"},
		{"DELETE", "/v1/clients/1/circuits/%00", admin, 404, "not_found"},
	} {
		if resp, _ := a.say(c.method, c.path, c.key, ""); resp.StatusCode != c.status || !strings.Contains(resp.body, c.says) {
			t.Errorf("%s %s: %d %s", c.method, c.path, resp.StatusCode, resp.body)
		}
	}
	// Zendesk lets go of it.
	a.api = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		http.Error(w, `{"error":"invalid_token"}`, http.StatusUnauthorized)
	}
	a.me = a.api
	if resp, _ := a.say("DELETE", one, admin, ""); resp.StatusCode != http.StatusNoContent {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	if resp, _ := a.say("GET", one, admin, ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("afterwards: %d", resp.StatusCode)
	}

	resp, made := a.say("POST", "/v1/keys", admin, `{"name":"reports","can":["lend"],"expires_in":60}`)
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	if resp := a.ask("GET", "/v1/connections", made["secret"].(string)); resp.StatusCode != 200 {
		t.Errorf("the key: %d", resp.StatusCode)
	}
	if resp, _ := a.say("DELETE", fmt.Sprintf("/v1/keys/%v", made["id"]), admin, ""); resp.StatusCode != http.StatusNoContent {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	for _, body := range []string{`{"name":"x"}`, `{"name":"x","can":["fly"]}`, `{"name":"x","can":["lend"],"expires_in":-1}`, `{"name":"x","can":["lend"],"connections":[99]}`} {
		if resp, _ := a.say("POST", "/v1/keys", admin, body); resp.StatusCode != 400 {
			t.Errorf("%s: %d", body, resp.StatusCode)
		}
	}
}
