package brokerhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/testlog"
)

// apiSite is a site with one connection and a key.
type apiSite struct {
	*site
	broker *broker.Broker
	id     broker.ConnectionID
}

func newAPISite(t testing.TB) *apiSite { return newAPISiteWith(t, func(*site) {}) }

// newAPISiteWith is one whose connection is made after an edit.
func newAPISiteWith(t testing.TB, edit func(*site)) *apiSite {
	t.Helper()
	a := &apiSite{}
	a.site = newSite(t, func(c *brokerhttp.Config) { c.API, a.broker = true, c.Broker })
	edit(a.site)
	a.get(callback(a.depart()))
	all, err := a.broker.Connections(t.Context(), 0, 10)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d connections, %v", len(all), err)
	}
	a.id = all[0].ID
	return a
}

func (a *apiSite) key(k broker.Key) string {
	a.t.Helper()
	k.Name = "test"
	_, plain, err := a.broker.MakeKey(a.t.Context(), k)
	if err != nil {
		a.t.Fatal(err)
	}
	testlog.Issued(a.t, plain.Reveal())
	return plain.Reveal()
}

// ask asks the API with a key, without a cookie.
func (a *apiSite) ask(method, path, key string) response {
	a.t.Helper()
	req := a.request(method, path, "")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	return a.do(a.newBrowser(), req)
}

func TestLendOverHTTP(t *testing.T) {
	a := newAPISite(t)
	lend := []broker.Power{broker.Lend}
	key := a.key(broker.Key{Can: lend})
	token := fmt.Sprintf("/v1/connections/%d/token", a.id)
	resp := a.ask("GET", token+"?min_ttl=1m", key)
	var got deskauth.Token
	if err := json.Unmarshal([]byte(resp.body), &got); err != nil || resp.StatusCode != 200 || got.AccessToken != "acc3ss-of-ada" ||
		got.Generation != 1 || got.ExpiresAt == nil || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v: %s", resp.StatusCode, err, resp.body)
	}
	if got.Unmet {
		t.Errorf("a minute is not met: %s", resp.body)
	}
	// Its life is half an hour: more is not to be had, and is said not to be.
	for _, wish := range []string{"2h", "7200"} {
		if resp := a.ask("GET", token+"?min_ttl="+wish, key); resp.StatusCode != 200 || !strings.Contains(resp.body, `"min_ttl_unmet":true`) {
			t.Errorf("%s: %d %s", wish, resp.StatusCode, resp.body)
		}
	}
	if resp := a.ask("GET", token+"?min_ttl=soon", key); !strings.Contains(resp.body, "a number of seconds such as 90, or a text such as 90s or 6h") {
		t.Errorf("what is taken: %s", resp.body)
	}
	// A program inside a network need not know the public name.
	other := a.request("GET", token, "")
	other.Host = "127.0.0.1:" + a.url.Port()
	other.Header.Set("Authorization", "Bearer "+key)
	if resp := a.do(a.newBrowser(), other); resp.StatusCode != 200 {
		t.Errorf("by another name: %d", resp.StatusCode)
	}

	var c deskauth.Connection
	resp = a.ask("GET", fmt.Sprintf("/v1/connections/%d", a.id), key)
	if err := json.Unmarshal([]byte(resp.body), &c); err != nil || c.ID != int64(a.id) || c.Account != "acme" || c.User.ID != 7 ||
		strings.Contains(resp.body, "acc3ss") || strings.Contains(resp.body, "r3fresh") {
		t.Errorf("%d %v: %s", resp.StatusCode, err, resp.body)
	}
}

func TestAPIRefuses(t *testing.T) {
	a := newAPISite(t)
	lend, id := []broker.Power{broker.Lend}, fmt.Sprint(a.id)
	key := a.key(broker.Key{Can: lend})
	for _, c := range []struct {
		name, method, path, key string
		status                  int
		kind                    string
	}{
		{"no key", "GET", "/v1/connections/" + id + "/token", "", 401, "key_refused"},
		{"a wrong key", "GET", "/v1/connections/" + id + "/token", "deskauth_nothing", 401, "key_refused"},
		{"a key for something else", "GET", "/v1/connections/" + id + "/token", a.key(broker.Key{Can: []broker.Power{broker.Link}}), 403, "forbidden"},
		{"an admin's key", "GET", "/v1/connections/" + id, a.key(broker.Key{Can: []broker.Power{broker.Admin}}), 200, ""},
		{"no such connection", "GET", "/v1/connections/999/token", key, 404, "not_found"},
		{"no number", "GET", "/v1/connections/one/token", key, 404, "not_found"},
		{"a bad time", "GET", "/v1/connections/" + id + "/token?min_ttl=soon", key, 400, "invalid"},
		{"a time below nothing", "GET", "/v1/connections/" + id + "/token?min_ttl=-1s", key, 400, "invalid"},
		{"no generation", "GET", "/v1/connections/" + id + "/token?refused=last", key, 400, "invalid"},
		{"too long a time", "GET", "/v1/connections/" + id + "/token?min_ttl=99999h", key, 400, "invalid"},
		{"no such path", "GET", "/v1/nothing", key, 404, "no_such_path"},
		{"the root", "GET", "/v1", key, 404, "no_such_path"},
		{"a path to be cleaned", "GET", "/v1/connections//" + id, key, 404, "no_such_path"},
		{"a limit of none", "GET", "/v1/connections?limit=0", key, 400, "invalid"},
		{"too high a limit", "GET", "/v1/connections?limit=501", key, 400, "invalid"},
		{"no cursor of ours", "GET", "/v1/connections?cursor=7", key, 400, "invalid"},
		{"a list for another key", "GET", "/v1/connections", "deskauth_nothing", 401, "key_refused"},
		{"another method", "PUT", "/v1/connections/" + id, key, 405, "method_not_allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp := a.ask(c.method, c.path, c.key)
			if resp.StatusCode != c.status {
				t.Fatalf("%d: %s", resp.StatusCode, resp.body)
			}
			if c.kind == "" {
				return
			}
			var p struct {
				Type, Title string
				Status      int
				RequestID   string `json:"request_id"`
			}
			if err := json.Unmarshal([]byte(resp.body), &p); err != nil || p.Type != "urn:deskauth:problem:"+c.kind ||
				p.Status != c.status || p.Title == "" || p.RequestID == "" || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%v: %s", err, resp.body)
			}
			if (c.status == 401) != (resp.Header.Get("WWW-Authenticate") != "") || (c.status == 405) != (resp.Header.Get("Allow") != "") {
				t.Errorf("headers %v", resp.Header)
			}
		})
	}
}

// A key that reaches some connections does not learn which others there are.
func TestKeyReachesItsConnections(t *testing.T) {
	a := newAPISite(t)
	if _, err := a.broker.Disable(t.Context(), broker.AtCommand, a.id); err != nil {
		t.Fatal(err)
	}
	mine := a.key(broker.Key{Can: []broker.Power{broker.Lend}, Connections: []broker.ConnectionID{a.id}})
	resp := a.ask("GET", fmt.Sprintf("/v1/connections/%d/token", a.id), mine)
	var p struct {
		State, Reason string
		Connection    int64
	}
	if err := json.Unmarshal([]byte(resp.body), &p); err != nil || resp.StatusCode != http.StatusConflict ||
		p.State != "disabled" || p.Reason != "switched_off" || p.Connection != int64(a.id) {
		t.Errorf("%d: %s", resp.StatusCode, resp.body)
	}
	if resp := a.ask("GET", fmt.Sprintf("/v1/connections/%d", a.id+1), mine); resp.StatusCode != http.StatusNotFound {
		t.Errorf("another's: %d", resp.StatusCode)
	}
}

// A connection that heals by itself says when to come again, and not what Zendesk
// said.
func TestLendUnavailable(t *testing.T) {
	a := newAPISite(t)
	key := a.key(broker.Key{Can: []broker.Power{broker.Lend}})
	a.token = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90")
		http.Error(w, "the inner life of Zendesk", http.StatusTooManyRequests)
	}
	a.broker.Now = func() time.Time { return time.Now().Add(time.Hour) }
	resp := a.ask("GET", fmt.Sprintf("/v1/connections/%d/token", a.id), key)
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") != "90" ||
		!strings.Contains(resp.body, `"reason":"told_to_wait"`) || strings.Contains(resp.body, "inner life") {
		t.Errorf("%d %v: %s", resp.StatusCode, resp.Header, resp.body)
	}
}

// The API is served where it was asked for, and nowhere else.
func TestNoAPI(t *testing.T) {
	s := newSite(t, nil)
	if resp := s.get("/v1/connections/1/token"); resp.StatusCode != http.StatusNotFound || strings.Contains(resp.body, "problem") {
		t.Errorf("%d: %s", resp.StatusCode, resp.body)
	}
}

// Every part of a list, and nothing twice.
func TestListInParts(t *testing.T) {
	a := newAPISite(t)
	ids := []int64{int64(a.id)}
	for user := range 4 {
		a.me = func(w http.ResponseWriter, _ *http.Request) {
			answer(w, map[string]any{"user": map[string]any{"id": 100 + user, "name": "Pat", "role": "agent"}})
		}
		a.get(callback(a.depart()))
		ids = append(ids, ids[len(ids)-1]+1)
	}
	list := func(key, query string) (page deskauth.ConnectionPage) {
		t.Helper()
		resp := a.ask("GET", "/v1/connections"+query, key)
		if err := json.Unmarshal([]byte(resp.body), &page); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%d %v %s", resp.StatusCode, err, resp.body)
		}
		return page
	}
	some := []broker.ConnectionID{broker.ConnectionID(ids[4]), broker.ConnectionID(ids[1]), broker.ConnectionID(ids[2])}
	for name, c := range map[string]struct {
		key  string
		want []int64
	}{
		"all":  {a.key(broker.Key{Can: []broker.Power{broker.Lend}}), ids},
		"some": {a.key(broker.Key{Can: []broker.Power{broker.Lend}, Connections: some}), []int64{ids[1], ids[2], ids[4]}},
	} {
		for limit := 1; limit <= len(ids)+1; limit++ {
			var got []int64
			for cursor, parts := "", 0; parts == 0 || cursor != ""; parts++ {
				page := list(c.key, fmt.Sprintf("?limit=%d&cursor=%s", limit, cursor))
				for _, one := range page.Connections {
					got = append(got, one.ID)
				}
				if cursor = ""; page.NextCursor != nil {
					cursor = *page.NextCursor
				}
				if len(page.Connections) > limit || parts > len(ids) {
					t.Fatalf("%s by %d: a part of %d", name, limit, len(page.Connections))
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s by %d: %v, want %v", name, limit, got, c.want)
			}
		}
	}
	if page := list(a.key(broker.Key{Can: []broker.Power{broker.Lend}}), ""); len(page.Connections) != 5 || page.NextCursor != nil {
		t.Errorf("%d in one part, %v", len(page.Connections), page.NextCursor)
	}
}
