package brokerhttp_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/testlog"
)

// send asks the API with a key and a body.
func (a *apiSite) send(method, path, key, body string) response {
	a.t.Helper()
	req := a.request(method, path, body)
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	return a.do(a.newBrowser(), req)
}

// admin is a key that may look after clients.
func (a *apiSite) admin() string {
	a.t.Helper()
	return a.key(broker.Key{Can: []broker.Power{broker.Admin}})
}

// clientIn reads a client from an answer.
func clientIn(t *testing.T, resp response, status int) (c deskauth.OAuthClient) {
	t.Helper()
	if err := json.Unmarshal([]byte(resp.body), &c); err != nil || resp.StatusCode != status {
		t.Fatalf("%d %v: %s", resp.StatusCode, err, resp.body)
	}
	return c
}

func TestClientsOverHTTP(t *testing.T) {
	a := newAPISite(t)
	key := a.admin()
	testlog.Issued(t, "hush-of-globex")
	testlog.Issued(t, "new-of-globex")
	resp := a.send("POST", "/v1/clients", key, `{"account":"globex","identifier":"own","secret":"hush-of-globex"}`)
	c := clientIn(t, resp, 201)
	path := fmt.Sprintf("/v1/clients/%d", c.ID)
	if c.Account != "globex" || c.Product != "support" || c.Public || len(c.Secrets) != 1 || c.Secrets[0].AddedAt == nil ||
		c.Secrets[0].WorkedAt != nil || resp.Header.Get("Location") != path {
		t.Errorf("made %+v, %v", c, resp.Header)
	}
	if c = clientIn(t, a.send("POST", path+"/secrets", key, `{"secret":"new-of-globex"}`), 200); len(c.Secrets) != 2 || c.Secrets[0].Number != 2 {
		t.Errorf("rolled to %+v", c.Secrets)
	}
	if c = clientIn(t, a.send("POST", path+"/secrets", key, `{"secret":"new-of-globex","last":true}`), 200); c.Secrets[0].Number != 1 {
		t.Errorf("moved to %+v", c.Secrets)
	}
	if c = clientIn(t, a.ask("DELETE", path+"/secrets/1", key), 200); len(c.Secrets) != 1 {
		t.Errorf("left %+v", c.Secrets)
	}
	if c = clientIn(t, a.ask("DELETE", path+"/secrets/2?force=true", key), 200); !c.Public {
		t.Errorf("left %+v", c.Secrets)
	}
	if got := clientIn(t, a.ask("GET", path, key), 200); got.Identifier != "own" {
		t.Errorf("shown %+v", got)
	}

	// The list comes in parts.
	var seen []string
	for cursor, parts := "", 0; parts < 5; parts++ {
		var page deskauth.OAuthClientPage
		resp := a.ask("GET", "/v1/clients?limit=1&cursor="+cursor, key)
		if err := json.Unmarshal([]byte(resp.body), &page); err != nil || resp.StatusCode != 200 || len(page.Clients) != 1 {
			t.Fatalf("%d %v: %s", resp.StatusCode, err, resp.body)
		}
		seen = append(seen, page.Clients[0].Identifier)
		if page.NextCursor == nil {
			break
		}
		cursor = *page.NextCursor
	}
	if strings.Join(seen, " ") != "app own" {
		t.Errorf("listed %v", seen)
	}

	if resp := a.ask("DELETE", path, key); resp.StatusCode != 200 || resp.body != `{"connections_removed":0}`+"\n" {
		t.Errorf("removed: %d %s", resp.StatusCode, resp.body)
	}
	if resp := a.ask("DELETE", "/v1/clients/1?force=true", key); resp.StatusCode != 200 || resp.body != `{"connections_removed":1}`+"\n" {
		t.Errorf("removed with its connection: %d %s", resp.StatusCode, resp.body)
	}
}

func TestClientsRefused(t *testing.T) {
	a := newAPISite(t)
	key := a.admin()
	lend := a.key(broker.Key{Can: []broker.Power{broker.Lend, broker.Link, broker.GiveOut}})
	for _, c := range []struct {
		name, method, path, key, body string
		status                        int
		kind                          string
	}{
		{"no key", "GET", "/v1/clients", "", "", 401, "key_refused"},
		{"a key of a program", "GET", "/v1/clients", lend, "", 403, "forbidden"},
		{"it adds", "POST", "/v1/clients", lend, `{"identifier":"x"}`, 403, "forbidden"},
		{"it rolls", "POST", "/v1/clients/1/secrets", lend, `{"secret":"HUSH"}`, 403, "forbidden"},
		{"it removes", "DELETE", "/v1/clients/1", lend, "", 403, "forbidden"},
		{"it removes a secret", "DELETE", "/v1/clients/1/secrets/1", lend, "", 403, "forbidden"},
		{"a bad part", "GET", "/v1/clients?cursor=x", key, "", 400, "invalid"},
		{"a bad limit", "GET", "/v1/clients?limit=501", key, "", 400, "invalid"},
		{"no body", "POST", "/v1/clients", key, "", 400, "invalid"},
		{"no JSON", "POST", "/v1/clients", key, `identifier=HUSH`, 400, "invalid"},
		{"two of them", "POST", "/v1/clients", key, `{"identifier":"x"}{"secret":"HUSH"}`, 400, "invalid"},
		{"another type", "POST", "/v1/clients", key, `{"identifier":"x","secret":["HUSH"]}`, 400, "invalid"},
		{"a member too many", "POST", "/v1/clients", key, `{"identifier":"x","HUSH":"HUSH"}`, 400, "invalid"},
		{"a secret elsewhere", "POST", "/v1/clients", key, `{"identifier":"x","account":"HUSH HUSH"}`, 400, "invalid"},
		{"another product", "POST", "/v1/clients", key, `{"identifier":"x","product":"HUSH"}`, 400, "invalid"},
		{"no identifier", "POST", "/v1/clients", key, `{"secret":"HUSH"}`, 400, "invalid"},
		{"a large body", "POST", "/v1/clients", key, `{"identifier":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "too_large"},
		{"one that is there", "POST", "/v1/clients", key, `{"identifier":"app","secret":"HUSH"}`, 409, "client_exists"},
		{"no secret", "POST", "/v1/clients/1/secrets", key, `{}`, 400, "invalid"},
		{"two words", "POST", "/v1/clients/1/secrets", key, `{"secret":"HUSH HUSH"}`, 400, "invalid"},
		{"no such client to roll", "POST", "/v1/clients/99/secrets", key, `{"secret":"HUSH"}`, 404, "not_found"},
		{"no such client", "GET", "/v1/clients/99", key, "", 404, "not_found"},
		{"no number", "GET", "/v1/clients/app", key, "", 404, "not_found"},
		{"no such client to remove", "DELETE", "/v1/clients/99?force=true", key, "", 404, "not_found"},
		{"one in use", "DELETE", "/v1/clients/1", key, "", 409, "client_in_use"},
		{"perhaps by force", "DELETE", "/v1/clients/1?force=perhaps", key, "", 400, "invalid"},
		{"the only secret", "DELETE", "/v1/clients/1/secrets/1", key, "", 409, "only_secret"},
		{"no such secret", "DELETE", "/v1/clients/1/secrets/9", key, "", 404, "not_found"},
		{"another method", "PUT", "/v1/clients/1", key, "", 405, "method_not_allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp := a.send(c.method, c.path, c.key, c.body)
			var p struct{ Type string }
			if err := json.Unmarshal([]byte(resp.body), &p); err != nil || resp.StatusCode != c.status || p.Type != "urn:deskauth:problem:"+c.kind {
				t.Errorf("%d %v: %s", resp.StatusCode, err, resp.body)
			}
			if strings.Contains(resp.body, "HUSH") {
				t.Errorf("it is told: %s", resp.body)
			}
		})
	}
	form := a.request("POST", "/v1/clients", `{"identifier":"x"}`)
	form.Header.Set("Authorization", "Bearer "+key)
	form.Header.Set("Content-Type", "text/plain")
	if resp := a.do(a.newBrowser(), form); resp.StatusCode != 400 {
		t.Errorf("a form's body: %d", resp.StatusCode)
	}
	if all, err := a.broker.Clients(t.Context(), 0, 10); err != nil || len(all) != 1 || len(all[0].Secrets) != 1 {
		t.Errorf("left %+v, %v", all, err)
	}
}
