package brokerhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/testlog"
)

func (a *apiSite) sayOnce(name, path, key, body string) response {
	a.t.Helper()
	req := a.request("POST", path, body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header["Idempotency-Key"] = []string{name}
	resp := a.do(a.newBrowser(), req)
	if _, rest, found := strings.Cut(resp.body, `"secret":"`); found {
		secret, _, _ := strings.Cut(rest, `"`)
		testlog.Issued(a.t, secret)
	}
	return resp
}

// A request that is sent again is answered again, secret and all, and not carried out.
func TestIdempotencyKey(t *testing.T) {
	a := newAPISite(t)
	admin, other := a.key(broker.Key{Can: []broker.Power{broker.Admin}}), a.key(broker.Key{Can: []broker.Power{broker.Admin}})
	count := func() int {
		all, err := a.broker.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	before := count()
	const body = `{"name":"reports","can":["lend"]}`
	first := a.sayOnce(`"8e03978e"`, "/v1/keys", admin, body)
	again := a.sayOnce("8e03978e", "/v1/keys", admin, body)
	if first.StatusCode != http.StatusCreated || again.StatusCode != http.StatusCreated || again.body != first.body ||
		again.Header.Get("Idempotency-Replayed") != "true" || again.Header.Get("Content-Type") != "application/json" || count() != before+1 {
		t.Errorf("%d, then %d; %d keys", first.StatusCode, again.StatusCode, count()-before)
	}
	if resp := a.sayOnce("8e03978e", "/v1/keys", admin, strings.Replace(body, "reports", "others", 1)); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("another body: %d %s", resp.StatusCode, resp.body)
	}
	if resp := a.sayOnce("8e03978e", "/v1/links", admin, body); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("another path: %d %s", resp.StatusCode, resp.body)
	}
	if resp := a.sayOnce("8e03978e", "/v1/keys", other, body); resp.StatusCode != http.StatusCreated || resp.body == first.body {
		t.Errorf("another key of the API: %d", resp.StatusCode)
	}
	for _, status := range []int{400, 400} { // a refusal is final too
		if resp := a.sayOnce("wrong", "/v1/keys", admin, `{"name":""}`); resp.StatusCode != status || !strings.Contains(resp.body, "urn:deskauth:problem:invalid") {
			t.Errorf("%d %s", resp.StatusCode, resp.body)
		}
	}
	for _, name := range []string{"", `"`, "ä", strings.Repeat("x", 256)} {
		if resp := a.sayOnce(name, "/v1/keys", admin, body); resp.StatusCode != 400 {
			t.Errorf("%q: %d", name, resp.StatusCode)
		}
	}
	// Many at once: it is carried out once.
	before = count()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if resp := a.sayOnce("at once", "/v1/keys", admin, body); resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusConflict {
				t.Errorf("%d %s", resp.StatusCode, resp.body)
			}
		})
	}
	wg.Wait()
	if n := count() - before; n != 1 {
		t.Errorf("%d keys were made", n)
	}
}

// What Zendesk could not do just now may be asked again by the same key.
func TestIdempotencyKeyIsFreeAfterAFailure(t *testing.T) {
	a := newAPISite(t)
	admin, works := a.key(broker.Key{Can: []broker.Power{broker.Admin}}), a.token
	a.token = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "later", http.StatusServiceUnavailable) }
	path := fmt.Sprintf("/v1/connections/%d/renew", a.id)
	if resp := a.sayOnce("x", path, admin, ""); resp.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	a.token = works
	if resp := a.sayOnce("x", path, admin, ""); resp.Header.Get("Idempotency-Replayed") != "" || strings.Contains(resp.body, "under_way") {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
}

// What Zendesk may have done, though nobody heard so, is not done a second time.
func TestIdempotencyKeyAfterALostAnswer(t *testing.T) {
	a := newPassAPISite(t)
	admin, made := a.key(broker.Key{Can: []broker.Power{broker.Admin}}), 0
	a.api = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			made++
			panic(http.ErrAbortHandler)
		}
		answer(w, map[string]any{"clients": []any{map[string]any{"id": 7, "identifier": "reports", "kind": "confidential"}}})
	}
	path := fmt.Sprintf("/v1/connections/%d/tokens", a.id)
	for range 2 {
		resp := a.sayOnce("lost", path, admin, `{"client":"reports","scope":["read"],"for":"2h"}`)
		if resp.StatusCode != http.StatusBadGateway || !strings.Contains(resp.body, "urn:deskauth:problem:in_doubt") {
			t.Errorf("%d %s", resp.StatusCode, resp.body)
		}
	}
	if made != 1 {
		t.Errorf("Zendesk was asked %d times", made)
	}
}

// Whoever leaves before the answer is the one for whom it is kept.
func TestIdempotencyKeyOfACallerWhoLeaves(t *testing.T) {
	a := newAPISite(t)
	admin, works := a.key(broker.Key{Can: []broker.Power{broker.Admin}}), a.token
	asked, answer := make(chan struct{}), make(chan struct{})
	a.token = func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-answer
		works(w, r)
	}
	path := fmt.Sprintf("/v1/connections/%d/renew", a.id)
	ctx, leave := context.WithCancel(t.Context())
	req := a.request("POST", path, "").WithContext(ctx)
	req.Header.Set("Authorization", "Bearer "+admin)
	req.Header.Set("Idempotency-Key", "left")
	go func() {
		<-asked
		leave()
	}()
	if resp, err := a.newBrowser().Do(req); err == nil {
		t.Errorf("answered %d before Zendesk had", resp.StatusCode)
		_ = resp.Body.Close()
	}
	close(answer)
	resp := a.sayOnce("left", path, admin, "")
	for resp.StatusCode == http.StatusConflict && strings.Contains(resp.body, "under_way") {
		resp = a.sayOnce("left", path, admin, "")
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Idempotency-Replayed") != "true" || !strings.Contains(resp.body, `"generation":2`) {
		t.Errorf("%d %v %s", resp.StatusCode, resp.Header, resp.body)
	}
}

func FuzzIdempotencyKey(f *testing.F) {
	a := newAPISite(f)
	key := a.key(broker.Key{Can: []broker.Power{broker.Admin}})
	f.Add(`"8e03978e-40d5-43dd-bc93-6894a57f9324"`)
	f.Add("\"\"")
	f.Add("\xff\"\\")
	f.Fuzz(func(t *testing.T, name string) {
		if w := a.serve(t, "POST", "/v1/keys", "{}", "Idempotency-Key", name, "Authorization", "Bearer "+key); w.Code != http.StatusBadRequest {
			t.Fatalf("%q: %d", name, w.Code)
		}
	})
}
