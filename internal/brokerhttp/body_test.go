package brokerhttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

// What is wrong with a body is said of the member that it is in, without its value.
func TestBodiesAreRefusedByMember(t *testing.T) {
	a := newAPISite(t)
	key := a.key(broker.Key{Can: []broker.Power{broker.Admin, broker.Link, broker.GiveOut}})
	for _, c := range []struct{ path, body, field, says string }{
		{"links", `{"account":"acme","scopes":["read"]}`, "scopes", "did you mean scope?"},
		{"links", `{"sekret":"hunter2hunter2"}`, "sekret", "the members are connection, account, product, scope, return_to, expires_in"},
		{"links", `{"deskauth_Zq7hunter2":true}`, "body", "a member that is not known"},
		{"links", `{"account":7}`, "account", "it is text"},
		{"links", `{"connection":"1"}`, "connection", "it is a whole number"},
		{"links", `{"connection":1e999}`, "connection", "it is a whole number"},
		{"links", `{"scope":"hunter2hunter2"}`, "scope", "it is a list"},
		{"links", `{"scope":[7]}`, "scope", "it is text"},
		{"links", `{"expires_in":"hunter2hunter2"}`, "expires_in", "a number of seconds"},
		{"links", `{"expires_in":{}}`, "expires_in", "a number of seconds"},
		{"links", `{"expires_in":9223372036854775807}`, "expires_in", "a number of seconds"},
		{"links", `{`, "body", "ends too soon"},
		{"links", ``, "body", "empty"},
		{"links", `[]`, "body", "a JSON object"},
		{"links", `{"account":hunter2hunter2}`, "body", "byte 12"},
		{"links", `{} {}`, "body", "behind its end"},
		{"passes", `{"conection":1}`, "conection", "did you mean connection?"},
		{"passes", `{"public":"yes"}`, "public", "true or false"},
		{"passes", `{"expires_in":"soon"}`, "expires_in", "such as 3600, or a text such as 90m"},
		{"keys", `{"name":"x","can":"lend"}`, "can", "it is a list"},
		{"keys", `{"name":"x","can":["lend"],"expires":60}`, "expires", "did you mean expires_in?"},
		{"clients", `{"client_secret":"hunter2hunter2"}`, "client_secret", "account, product, identifier, secret"},
		{"webhooks", `{"uri":"x"}`, "uri", "did you mean url?"},
	} {
		resp, said := a.say("POST", "/v1/"+c.path, key, c.body)
		if detail, _ := said["detail"].(string); resp.StatusCode != http.StatusBadRequest || said["field"] != c.field || !strings.Contains(detail, c.says) {
			t.Errorf("%s %s: %d %s", c.path, c.body, resp.StatusCode, resp.body)
		}
		if strings.Contains(resp.body, "hunter2") {
			t.Errorf("%s %s: a value is repeated: %s", c.path, c.body, resp.body)
		}
	}
	for _, kind := range []string{"", "text/plain", ";"} {
		req := a.request("POST", "/v1/links", `{}`)
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("Content-Type", kind)
		if resp := a.do(a.newBrowser(), req); resp.StatusCode != http.StatusBadRequest || !strings.Contains(resp.body, "send Content-Type: application/json") {
			t.Errorf("%q: %d %s", kind, resp.StatusCode, resp.body)
		}
	}
}

// A life is a number of seconds wherever one is asked for, and may be a text.
func TestLivesAreSeconds(t *testing.T) {
	p := newPassSite(t, anyWish)
	key := p.apiSite.key(broker.Key{Can: []broker.Power{broker.Admin, broker.Link, broker.GiveOut}})
	for path, rest := range map[string]string{
		"links": ``, "keys": `"name":"x","can":["lend"],`, "passes": fmt.Sprintf(`"name":"x","connection":%d,"ticket":35,`, p.id),
	} {
		for _, life := range []string{`7200`, `"7200"`, `"2h"`, `"120m"`} {
			resp, made := p.say("POST", "/v1/"+path, key, `{`+rest+`"expires_in":`+life+`}`)
			if resp.StatusCode != http.StatusCreated {
				t.Errorf("%s for %s: %d %s", path, life, resp.StatusCode, resp.body)
				continue
			}
			created, bad := time.Parse(time.RFC3339, fmt.Sprint(made["created_at"]))
			ends, worse := time.Parse(time.RFC3339, fmt.Sprint(made["expires_at"]))
			if lives := ends.Sub(created).Round(time.Minute); bad != nil || worse != nil || lives != 2*time.Hour {
				t.Errorf("%s for %s: it lives for %s, %v, %v", path, life, lives, bad, worse)
			}
		}
	}
}

// A parameter that was mistyped is no filter that finds nothing.
func TestUnknownParametersAreRefused(t *testing.T) {
	a := newAPISite(t)
	key := a.key(broker.Key{Can: []broker.Power{broker.Admin, broker.Link, broker.GiveOut}})
	for _, c := range []struct{ target, field, says string }{
		{"connections?limt=3", "limt", "did you mean limit?"},
		{"connections?state=bogus", "state", "the parameters are limit, cursor"},
		{"events?limt=3", "limt", "did you mean limit?"},
		{"events?kind=bogus", "kind", "they are connected, "},
		{"events?kind=link_mad", "kind", "did you mean link_made?"},
		{"events?deskauth_Zq7hunter2=1", "query", "not known"},
		{"passes?ticket=35", "ticket", "not known"},
		{fmt.Sprintf("connections/%d/token?min_tl=10m", a.id), "min_tl", "did you mean min_ttl?"},
		{"connections?limit=%zz", "query", "name=value"},
		{"connections?limit=1;cursor=", "query", "name=value"},
	} {
		resp, said := a.say("GET", "/v1/"+c.target, key, "")
		if detail, _ := said["detail"].(string); resp.StatusCode != http.StatusBadRequest || said["field"] != c.field || !strings.Contains(detail, c.says) {
			t.Errorf("%s: %d %s", c.target, resp.StatusCode, resp.body)
		}
		if strings.Contains(resp.body, "hunter2") {
			t.Errorf("%s: it is repeated: %s", c.target, resp.body)
		}
	}
}

// Who brings no key, one without its scheme, or a wrong one, is told which.
func TestKeysAreRefusedByWhatIsWrong(t *testing.T) {
	a := newAPISite(t)
	key := a.key(broker.Key{Can: []broker.Power{broker.Lend}})
	for header, says := range map[string]string{
		"": "there is none: send Authorization: Bearer KEY", key: "no bearer: send Authorization: Bearer KEY", "Basic eDp5": "no bearer: send",
		"Bearer " + key + "x": "it is no key of this broker's, or it has ended",
	} {
		req := a.request("GET", "/v1/connections", "")
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		resp := a.do(a.newBrowser(), req)
		if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(resp.body, "urn:deskauth:problem:key_refused") || !strings.Contains(resp.body, says) || strings.Contains(resp.body, key) {
			t.Errorf("%q: %d %s", strings.ReplaceAll(header, key, "KEY"), resp.StatusCode, resp.body)
		}
	}
}
