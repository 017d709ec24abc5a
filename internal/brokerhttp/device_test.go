package brokerhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/testlog"
)

// post sends a form to the API, without a key and without a cookie.
func (a *apiSite) post(path string, form url.Values, header ...string) (response, map[string]any) {
	a.t.Helper()
	req := a.request("POST", path, form.Encode())
	for n := 0; n < len(header); n += 2 {
		req.Header.Set(header[n], header[n+1])
	}
	resp := a.do(a.newBrowser(), req)
	var body map[string]any
	if err := json.Unmarshal([]byte(resp.body), &body); err != nil {
		a.t.Fatalf("%s answered %d: %s", path, resp.StatusCode, resp.body)
	}
	for _, name := range []string{"device_code", "access_token"} {
		if value, there := body[name].(string); there {
			testlog.Issued(a.t, value)
		}
	}
	return resp, body
}

func (a *apiSite) device(form url.Values) response {
	a.t.Helper()
	return a.do(a.browser, a.request("POST", "/device", form.Encode()))
}

// The library of most Go programs, from the first question to the call that its key is
// for, and a person in a browser between.
func TestDeviceOfXOAuth2(t *testing.T) {
	a := newAPISite(t)
	config := oauth2.Config{ClientID: "deskauth-cli", Scopes: []string{"read"}, Endpoint: oauth2.Endpoint{
		DeviceAuthURL: a.url.String() + "/v1/device_authorization", TokenURL: a.url.String() + "/v1/token", AuthStyle: oauth2.AuthStyleInParams,
	}}
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, a.newBrowser())
	codes, err := config.DeviceAuth(ctx, oauth2.SetAuthURLParam("account", "acme"))
	if err != nil {
		t.Fatal(err)
	}
	testlog.Issued(t, codes.DeviceCode)
	if codes.Interval != 5 || time.Until(codes.Expiry) < 9*time.Minute || codes.VerificationURI != a.url.String()+"/device" {
		t.Errorf("%+v", codes)
	}

	link, err := url.Parse(codes.VerificationURIComplete)
	if err != nil {
		t.Fatal(err)
	}
	box := a.get(link.RequestURI())
	if box.StatusCode != 200 || !strings.Contains(box.body, `value="`+codes.UserCode+`"`) || strings.Contains(box.body, "deskauth-cli") {
		t.Fatalf("%d: %s", box.StatusCode, box.body)
	}
	typed := strings.ToLower(strings.ReplaceAll(codes.UserCode, "-", " "))
	ask := a.device(url.Values{"user_code": {typed}})
	for _, said := range []string{"deskauth-cli", codes.UserCode, "acme.localhost", "127.0.0.1", "1 second", "sent you the code"} {
		if !strings.Contains(ask.body, said) {
			t.Errorf("the page does not say %q: %d %s", said, ask.StatusCode, ask.body)
		}
	}
	away := a.device(url.Values{"user_code": {codes.UserCode}, "decision": {"allow"}})
	to, err := url.Parse(away.Header.Get("Location"))
	if err != nil || away.StatusCode != http.StatusSeeOther || to.Query().Get("scope") != "read" {
		t.Fatalf("%d to %v: %s", away.StatusCode, to, away.body)
	}
	arrived := a.get(callback(to.Query().Get("state")))
	if result := a.get(arrived.Header.Get("Location")); !strings.Contains(result.body, "deskauth-cli is connected") {
		t.Errorf("%d: %s", result.StatusCode, result.body)
	}

	codes.Interval = 1 // it has not asked yet
	token, err := config.DeviceAccessToken(ctx, codes)
	if err != nil {
		t.Fatal(err)
	}
	testlog.Issued(t, token.AccessToken)
	if token.TokenType != "Bearer" || time.Until(token.Expiry) < 89*24*time.Hour || token.Extra("connection") != float64(a.id) {
		t.Errorf("%+v", token)
	}
	if resp := a.ask("GET", "/v1/connections/1/token", token.AccessToken); resp.StatusCode != 200 {
		t.Errorf("its key: %d", resp.StatusCode)
	}
	if resp := a.ask("GET", "/v1/clients", token.AccessToken); resp.StatusCode != http.StatusForbidden {
		t.Errorf("more than its key: %d", resp.StatusCode)
	}
	if resp := a.ask("DELETE", "/v1/keys/current", token.AccessToken); resp.StatusCode != http.StatusNoContent {
		t.Errorf("its end: %d %s", resp.StatusCode, resp.body)
	}
	if resp := a.ask("DELETE", "/v1/keys/current", token.AccessToken); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("its end, again: %d %s", resp.StatusCode, resp.body)
	}
	for _, hidden := range []string{codes.UserCode, typed, url.QueryEscape(typed)} {
		if strings.Contains(a.log.String(), hidden) {
			t.Error("the log has the code")
		}
	}
}

func TestDeviceWaitsAndIsDenied(t *testing.T) {
	a := newAPISite(t)
	_, codes := a.post("/v1/device_authorization", url.Values{"client_id": {"cli"}, "scope": {"read write"}})
	question := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {"cli"}, "device_code": {codes["device_code"].(string)}}
	for _, want := range []string{"authorization_pending", "slow_down"} {
		if resp, body := a.post("/v1/token", question); resp.StatusCode != 400 || body["error"] != want || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v, want %s", resp.StatusCode, body, want)
		}
	}
	code := codes["user_code"].(string)
	for _, typed := range []string{"", "acme's"} {
		again := a.device(url.Values{"user_code": {code}, "decision": {"allow"}, "subdomain": {typed}})
		if again.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(again.body, `role="alert"`) || !strings.Contains(again.body, code) {
			t.Errorf("at %q: %d %s", typed, again.StatusCode, again.body)
		}
	}
	cross := a.request("POST", "/device", url.Values{"user_code": {code}, "decision": {"deny"}}.Encode())
	cross.Header.Set("Sec-Fetch-Site", "cross-site")
	if resp := a.do(a.browser, cross); resp.StatusCode != http.StatusForbidden {
		t.Errorf("by another site: %d", resp.StatusCode)
	}
	if said := a.device(url.Values{"user_code": {code}, "decision": {"deny"}}); said.StatusCode != 200 || !strings.Contains(said.body, "cli gets nothing") {
		t.Errorf("%d %s", said.StatusCode, said.body)
	}
	if resp, body := a.post("/v1/token", question); resp.StatusCode != 400 || body["error"] != "access_denied" {
		t.Errorf("%d %v", resp.StatusCode, body)
	}
	for _, form := range []url.Values{{"user_code": {code}}, {"user_code": {code}, "decision": {"allow"}}, {"user_code": {strings.Repeat("B", 99)}}, {}} {
		if resp := a.device(form); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(resp.body, "No program waits") {
			t.Errorf("%v: %d %s", form, resp.StatusCode, resp.body)
		}
	}
	for range 10 {
		a.device(url.Values{"user_code": {"BBBB-BBBB"}})
	}
	if resp := a.device(url.Values{"user_code": {"BBBB-BBBB"}}); resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" {
		t.Errorf("guessing on: %d", resp.StatusCode)
	}
}

// GET and HEAD decide nothing, whatever came with the address.
func TestDevicePageChangesNothing(t *testing.T) {
	a := newAPISite(t)
	_, codes := a.post("/v1/device_authorization", url.Values{"client_id": {"cli"}})
	for _, method := range []string{"GET", "HEAD"} {
		for _, query := range []string{"?decision=allow&subdomain=acme&user_code=", "?decision=deny&user_code="} {
			if resp := a.do(a.browser, a.request(method, "/device"+query+codes["user_code"].(string), "")); resp.StatusCode != 200 {
				t.Errorf("%s: %d", method, resp.StatusCode)
			}
		}
	}
	if d, err := a.broker.DeviceOf(t.Context(), codes["user_code"].(string), ""); err != nil || d.State != broker.DeviceOpen {
		t.Errorf("%+v, %v", d, err)
	}
	if resp := newSite(t, nil).get("/device"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("without an API: %d", resp.StatusCode)
	}
}

func TestDeviceRequestsRefused(t *testing.T) {
	a := newAPISite(t)
	grant := "urn:ietf:params:oauth:grant-type:device_code"
	for name, c := range map[string]struct {
		path   string
		form   url.Values
		header []string
		status int
		code   string
	}{
		"no client":       {"/v1/device_authorization", url.Values{"scope": {"read"}}, nil, 400, "invalid_request"},
		"a secret":        {"/v1/device_authorization", url.Values{"client_id": {"x"}, "client_secret": {"y"}}, nil, 401, "invalid_client"},
		"twice":           {"/v1/device_authorization", url.Values{"client_id": {"x", "y"}}, nil, 400, "invalid_request"},
		"JSON":            {"/v1/device_authorization", url.Values{"client_id": {"x"}}, []string{"Content-Type", "application/json"}, 400, "invalid_request"},
		"a long body":     {"/v1/device_authorization", url.Values{"client_id": {strings.Repeat("x", 70<<10)}}, nil, 400, "invalid_request"},
		"no such account": {"/v1/device_authorization", url.Values{"client_id": {"x"}, "account": {"-"}}, nil, 400, "invalid_request"},
		"a scope":         {"/v1/device_authorization", url.Values{"client_id": {"x"}, "scope": {`"`}}, nil, 400, "invalid_scope"},
		"another site":    {"/v1/device_authorization", url.Values{"client_id": {"x"}}, []string{"Origin", "https://evil.example"}, 400, "invalid_request"},
		"another's page":  {"/v1/token", url.Values{"client_id": {"x"}, "grant_type": {grant}}, []string{"Sec-Fetch-Site", "cross-site"}, 400, "invalid_request"},
		"no grant":        {"/v1/token", url.Values{"client_id": {"x"}}, nil, 400, "invalid_request"},
		"another grant":   {"/v1/token", url.Values{"client_id": {"x"}, "grant_type": {"password"}}, nil, 400, "unsupported_grant_type"},
		"no code":         {"/v1/token", url.Values{"client_id": {"x"}, "grant_type": {grant}}, nil, 400, "invalid_request"},
		"unknown":         {"/v1/token", url.Values{"client_id": {"x"}, "grant_type": {grant}, "device_code": {"y"}}, nil, 400, "invalid_grant"},
		"named by Basic":  {"/v1/token", url.Values{"grant_type": {grant}, "device_code": {"y"}}, []string{"Authorization", "Basic eDo="}, 400, "invalid_grant"},
	} {
		if resp, body := a.post(c.path, c.form, c.header...); resp.StatusCode != c.status || body["error"] != c.code {
			t.Errorf("%s: %d %v", name, resp.StatusCode, body)
		}
	}
	for range 50 {
		a.post("/v1/device_authorization", url.Values{"client_id": {"x"}})
	}
	if resp, body := a.post("/v1/device_authorization", url.Values{"client_id": {"x"}}); resp.StatusCode != 429 || body["error"] != "temporarily_unavailable" {
		t.Errorf("the 51st: %d %v", resp.StatusCode, body)
	}
	if resp := a.ask("GET", "/v1/token", ""); resp.StatusCode != 405 || resp.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d", resp.StatusCode)
	}
}

// Whoever allows a program signs in to nothing else.
func TestDeviceIsNotTheProgramsOwnSignIn(t *testing.T) {
	var b *broker.Broker
	s := newSite(t, func(c *brokerhttp.Config) {
		b, c.API = c.Broker, true
		c.OnConnected = func(http.ResponseWriter, *http.Request, broker.Connection, string) {
			t.Error("somebody was signed in")
		}
	})
	codes, err := b.AskDevice(t.Context(), broker.AskDevice{Program: "cli"})
	if err != nil {
		t.Fatal(err)
	}
	away := s.do(s.browser, s.request("POST", "/device", url.Values{"user_code": {codes.UserCode.Reveal()}, "decision": {"allow"}, "subdomain": {"acme"}}.Encode()))
	to, err := url.Parse(away.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	if page := s.get(s.get(callback(to.Query().Get("state"))).Header.Get("Location")); !strings.Contains(page.body, "cli is connected") {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	var failure *broker.Failure
	if _, err := b.Result(t.Context(), 99, codes.UserCode); errors.As(err, &failure) {
		t.Error(err)
	}
}
