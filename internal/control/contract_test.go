package control_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/apidoc"
	"github.com/deskauth/deskauth/internal/apidoc/contract"
	"github.com/deskauth/deskauth/internal/control"
)

// Each control is in the description, and whatever is in the description is one.
func TestDescriptionHasEveryControl(t *testing.T) {
	served := (&control.Controls{}).Patterns()
	var told []string
	for _, o := range contract.Control().Operations() {
		told = append(told, o.Method+" "+o.Path)
	}
	slices.Sort(served)
	slices.Sort(told)
	if diff := cmp.Diff(served, told); diff != "" {
		t.Errorf("the controls and the description differ (-served +told):\n%s", diff)
	}
	kinds := contract.Control().Enum("FaultKind")
	var all []string
	for _, k := range control.Kinds() {
		all = append(all, string(k))
	}
	if diff := cmp.Diff(all, kinds); diff != "" {
		t.Errorf("the kinds of faults differ (-known +told):\n%s", diff)
	}
}

// asked is controls whose every answer is held against the description.
type asked struct {
	t       *testing.T
	url     string
	client  *http.Client
	visited map[string]bool // operations that took a request
}

func newAsked(t *testing.T) *asked {
	t.Helper()
	c, server := controls(t)
	c.Seed = func(_ context.Context, yaml []byte) ([]string, error) {
		if len(yaml) == 0 {
			return nil, errors.New("the file is empty")
		}
		return []string{"user ada differs"}, nil
	}
	done := make(chan struct{})
	close(done) // what follows the journal ends with the first page of it
	c.Done = done
	transport := contract.Control().Watch(http.DefaultTransport, func() testing.TB { return t })
	return &asked{t, server.URL, &http.Client{Transport: transport}, map[string]bool{}}
}

func (a *asked) do(method, path, body string, want int, words string, header ...string) string {
	a.t.Helper()
	var in io.Reader
	if method == http.MethodPost || method == http.MethodPut {
		in = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, in)
	if err != nil {
		a.t.Fatal(err)
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	resp, err := a.client.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if resp.StatusCode != want || !strings.Contains(string(got), words) {
		a.t.Errorf("%s %s %s: %d %.300s, want %d with %q", method, path, body, resp.StatusCode, got, want, words)
	}
	if resp.StatusCode/100 == 2 {
		o, _ := contract.Control().Find(method, r.URL)
		a.visited[o.ID] = true
	}
	return string(got)
}

// Every control is asked what it takes, and what it does not.
func TestControlsKeepTheirDescription(t *testing.T) {
	a := newAsked(t)
	a.do("GET", "/", "", 200, `"name":"deskauth control"`)
	if got := a.do("GET", apidoc.Path, "", 200, ""); got != string(apidoc.Control()) {
		t.Error("it is another description")
	}
	a.do("GET", "/clock", "", 200, `"steered":false`)
	a.do("PUT", "/clock", `{"now":"2026-11-22T10:00:00Z","rate":60}`, 200, `"steered":true`)
	a.do("PUT", "/clock", `{"now":null,"rate":1.5}`, 200, `"rate":1.5`)
	for _, body := range []string{`{}`, ``, `null`, `{"now":"noon"}`, `{"rate":"fast"}`, `{"rate":-1}`, `{"then":1}`, `[]`, `{`, `{} {}`, `{"now":"9999999-01-01T00:00:00Z"}`, `{"rate":1e300}`} {
		a.do("PUT", "/clock", body, 422, `"error"`)
	}
	a.do("POST", "/clock/advance", `{"by":"29m"}`, 200, `"steered":true`)
	for _, body := range []string{`{"by":"soon"}`, `{"by":29}`, `{"for":"1m"}`, `{"by":"9999999h"}`, `{"by":"1h"`} {
		a.do("POST", "/clock/advance", body, 422, `"error"`)
	}
	a.do("POST", "/clock/freeze", ``, 200, `"frozen":true`)
	a.do("DELETE", "/clock", "", 200, `"steered":false`)

	a.do("POST", "/faults", `{"kind":"drop_after_commit","route":"POST /oauth/tokens","count":1}`, 200, `"fired":0`)
	a.do("POST", "/faults", `{"kind":"shortened_life","access_life":"1m30s","product":"chat","probability":0.5,"seed":7}`, 200, `"access_life":"1m30s"`)
	a.do("POST", "/faults", `{"kind":"latency","delay":"1s","id":99,"fired":3}`, 200, `"id":3`)
	for _, body := range []string{
		``, `{}`, `{"kind":"fire"}`, `{"kind":"html","account":"acme"}`, `{"kind":"html","route":"no path"}`, `{"kind":"html","probability":2}`, `{"kind":"html","count":-1}`,
		`{"kind":"latency","delay":"1y"}`, `{"kind":"html","status":"404"}`, `{"kind":"html","product":"sell"}`, `{"kind":"html","more":1}`, `[{}]`,
	} {
		a.do("POST", "/faults", body, 422, `"error"`)
	}
	a.do("GET", "/faults", "", 200, `"drop_after_commit"`)
	a.do("DELETE", "/faults/2", "", 204, "")
	for _, id := range []string{"2", "x", "-1", "99999999999999999999"} {
		a.do("DELETE", "/faults/"+id, "", 404, `"error"`)
	}
	a.do("DELETE", "/faults", "", 204, "")

	a.do("POST", "/journal/marks", `{"name":"before"}`, 200, `"name":"before"`)
	a.do("POST", "/journal/marks", ``, 200, `"mark"`)
	a.do("POST", "/journal/marks", `{"name":1}`, 422, `"error"`)
	a.do("GET", "/journal", "", 200, `"clock.changed"`)
	a.do("GET", "/journal?since=before&event=fault.&account=&product=&client=&user_id=&token=&request_id=&fault=1&route=/&status=4xx", "", 200, `"entries":[]`)
	a.do("GET", "/journal?follow=true", "", 200, `"event":"fault.added"`)
	for _, query := range []string{"since=nowhere", "since=-1", "event=x", "user_id=x", "fault=1.5", "status=teapot", "status=600"} {
		a.do("GET", "/journal?"+query, "", 422, `"error"`)
		a.do("GET", control.LivePath+"?"+query, "", 422, "<html")
		a.do("GET", control.StreamPath+"?"+query, "", 422, `"error"`)
	}
	a.do("GET", "/journal/events", "", 200, `"refresh.replayed"`)
	a.do("GET", control.LivePath, "", 200, "<html")
	a.do("GET", control.StreamPath, "", 200, "event: clock")

	a.do("POST", "/seed", `{"yaml":"accounts: []"}`, 200, "user ada differs")
	a.do("POST", "/seed", `{}`, 422, "the file is empty")
	a.do("POST", "/seed", `{"yaml":1}`, 422, `"error"`)
	saved := a.do("GET", "/snapshot", "", 200, `"tables"`)
	a.do("PUT", "/snapshot", saved, 204, "")
	for _, body := range []string{``, `{}`, `{"format":1}`, `{"format":2,"tables":[]}`, strings.Replace(saved, "desk_tickets", "desk_tick", 1), `{"format":1,"tables":[{"name":"desk_tickets","columns":["id"],"rows":[[1.5]]}]}`} {
		a.do("PUT", "/snapshot", body, 422, `"error"`)
	}
	a.do("GET", "/state", "", 200, `"issuer":{"accounts":[`)
	a.do("POST", "/reset", ``, 204, "")

	for _, o := range contract.Control().Operations() {
		if !a.visited[o.ID] {
			t.Errorf("%s was not asked", o.ID)
		}
	}
}

// What there is not, and what a web page could send.
func TestControlsElsewhere(t *testing.T) {
	a := newAsked(t)
	for _, o := range contract.Control().Operations() {
		path := strings.NewReplacer("{$}", "", "{id}", "1").Replace(o.Path)
		a.do(o.Method, path, "{}", 403, "for programs of this machine", "Origin", "https://evil.example")
		for _, method := range []string{"PATCH", "OPTIONS"} {
			a.do(method, path, "", 404, "there is no such control")
		}
		if o.Method == http.MethodPost || o.Method == http.MethodPut {
			a.do(o.Method, path, "{}", 415, "Content-Type must be application/json", "Content-Type", "text/plain")
		}
	}
	a.do("GET", "/nothing", "", 404, "there is no such control")
	a.do("PUT", "/faults", "{}", 404, "there is no such control")
	a.do("HEAD", "/clock", "", 200, "")
	a.do("GET", apidoc.Path, "", 200, "openapi: 3.1.0", "If-None-Match", `"another"`)
}
