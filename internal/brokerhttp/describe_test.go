package brokerhttp_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/apidoc/contract"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

// apiContract is what every answer of the API is held against.
var apiContract = sync.OnceValue(func() *contract.Contract {
	c, err := contract.New(brokerhttp.Description())
	if err != nil {
		panic(err) // TestDescription says it better
	}
	return c
})

// described holds the exchanges of a site's API against its description.
type described struct {
	next http.RoundTripper
	s    *site
}

func (d described) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.GetBody != nil {
		if body, err := r.GetBody(); err == nil {
			sent, _ = io.ReadAll(body)
		}
	}
	resp, err := d.next.RoundTrip(r)
	kind := ""
	if err == nil {
		kind = resp.Header.Get("Content-Type")
	}
	// A site without an API answers with its page.
	api := kind != "text/html; charset=utf-8" && (strings.HasPrefix(r.URL.Path, "/v1/") || strings.HasPrefix(r.URL.Path, "/pass/files/") && r.Method == http.MethodPut || r.URL.Path == "/openapi.yaml")
	// What Zendesk answers through the proxy is not ours, and may be endless.
	if err != nil || !api || strings.Contains(r.URL.Path, "/proxy/") && kind != "application/problem+json" {
		return resp, err
	}
	e := contract.Exchange{Request: r, Sent: sent, Status: resp.StatusCode, Header: resp.Header}
	e.Body, err = io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(e.Body))
	for _, fault := range apiContract().Check(e) {
		d.s.t.Errorf("against the description: %s %s: %s", r.Method, r.URL.Path, fault)
	}
	return resp, nil
}

// A reader that others wrote finds the description valid.
func TestDescription(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(brokerhttp.Description())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
}

// It has every route, and no other.
func TestDescriptionHasEveryRoute(t *testing.T) {
	var described []string
	for _, o := range apiContract().Operations() {
		described = append(described, o.Method+" "+o.Path)
	}
	served := brokerhttp.APIRoutes()
	slices.Sort(described)
	slices.Sort(served)
	if diff := cmp.Diff(served, described); diff != "" {
		t.Error("(-served +described):\n" + diff)
	}
}

func TestDescriptionIsServed(t *testing.T) {
	a := newAPISite(t)
	resp := a.ask("GET", "/openapi.yaml", "")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/yaml" || !strings.HasPrefix(resp.body, "openapi: 3.1.0\n") {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	again := a.request("GET", "/openapi.yaml", "")
	again.Header.Set("If-None-Match", resp.Header.Get("ETag"))
	if resp := a.do(a.newBrowser(), again); resp.StatusCode != http.StatusNotModified {
		t.Errorf("again: %d", resp.StatusCode)
	}
	if resp := a.ask("POST", "/openapi.yaml", ""); resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") == "" {
		t.Errorf("POST: %d", resp.StatusCode)
	}
	pages := newSite(t, nil)
	if resp := pages.get("/openapi.yaml"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("without an API: %d", resp.StatusCode)
	}
}

// An answer that the description does not have is found.
func TestDescriptionIsHeld(t *testing.T) {
	req, err := http.NewRequest(http.MethodGet, "http://localhost/v1/connections/1/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]contract.Exchange{
		"another status":  {Status: 418},
		"another type":    {Status: 200, Header: http.Header{"Content-Type": {"text/plain"}, "Cache-Control": {"no-store"}}},
		"without a token": {Status: 200, Header: http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}}, Body: []byte(`{"generation":1,"expires_at":null}`)},
		"kept by caches":  {Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"access_token":"x","generation":1,"expires_at":null}`)},
		"no problem":      {Status: 404, Header: http.Header{"Content-Type": {"application/problem+json"}}, Body: []byte(`{"type":"urn:deskauth:problem:other"}`)},
	} {
		if e.Header == nil {
			e.Header = http.Header{}
		}
		e.Request = req
		if len(apiContract().Check(e)) == 0 {
			t.Errorf("%s: passes", name)
		}
	}
}
