package apihttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

const (
	invalidEndpoint = `{"error":"InvalidEndpoint","description":"Not found"}`
	internalError   = `{"status":500,"error":"Internal Server Error"}`
)

func TestRoutesAndSuffix(t *testing.T) {
	route := func(method, path, says string) apihttp.Route {
		return apihttp.Route{Method: method, Path: path, Anonymous: true, Serve: func(_ context.Context, r apihttp.Request) (apihttp.Response, error) {
			return apihttp.Response{Body: says + r.PathValue("id")}, nil
		}}
	}
	w := newWorld(t, route("GET", "/api/v2/things", "all"), route("POST", "/api/v2/things", "made"),
		route("GET", "/api/v2/things/{id}", "one "), route("GET", "/api/v2/things/current", "current"))
	for _, c := range []struct {
		method, target string
		status         int
		body           string
	}{
		{"GET", "/api/v2/things", 200, `"all"`},
		{"GET", "/api/v2/things.json", 200, `"all"`},
		{"POST", "/api/v2/things.json", 200, `"made"`},
		{"GET", "/api/v2/things/7", 200, `"one 7"`},
		{"GET", "/api/v2/things/7.json", 200, `"one 7"`},
		{"GET", "/api/v2/things/current.json?x=1", 200, `"current"`},
		{"HEAD", "/api/v2/things.json", 200, ``},
		{"DELETE", "/api/v2/things", 404, invalidEndpoint},
		{"GET", "/api/v2/things/", 404, invalidEndpoint},
		{"GET", "/api/v2/things.xml", 404, invalidEndpoint},
		{"GET", "/api/v2/things.JSON", 404, invalidEndpoint},
		{"GET", "/api/v2", 404, invalidEndpoint},
		{"OPTIONS", "/api/v2/things", 404, invalidEndpoint}, // no preflight
	} {
		t.Run(c.method+" "+c.target, func(*testing.T) { w.call(c.method, c.target, "").want(c.status, c.body) })
	}
}

// A route's rules are checked before it is asked.
func TestRules(t *testing.T) {
	asked := 0
	serve := func(_ context.Context, r apihttp.Request) (apihttp.Response, error) {
		asked++
		return apihttp.Response{Body: string(r.Caller.Via)}, nil
	}
	w := newWorld(t,
		apihttp.Route{Method: "GET", Path: "/api/v2/open", Scopes: []string{"groups:read", "read"}, Anonymous: true, Serve: serve},
		apihttp.Route{Method: "GET", Path: "/api/v2/closed", Scopes: []string{"groups:read", "read"}, Serve: serve},
		apihttp.Route{Method: "POST", Path: "/api/v2/closed", Scopes: []string{"write"}, Serve: serve},
		apihttp.Route{Method: "GET", Path: "/api/v2/forgotten", Serve: serve})
	read, groups, write := w.token("read"), w.token("groups"), w.token("write")
	const forbidden = `{"error":"Forbidden","description":"You are missing the following required scopes: `
	for _, c := range []struct {
		method, path, bearer string
		status               int
		body                 string
	}{
		{"GET", "/api/v2/open", "", 200, `""`},
		{"GET", "/api/v2/open", read, 200, `"bearer"`},
		{"GET", "/api/v2/open", write, 403, forbidden + `groups:read, read"}`}, // worse off than nobody, as at Zendesk
		{"GET", "/api/v2/closed", "", 401, `{"error":"Couldn't authenticate you"}`},
		{"GET", "/api/v2/closed", read, 200, `"bearer"`},
		{"GET", "/api/v2/closed", groups, 200, `"bearer"`},
		{"GET", "/api/v2/closed", write, 403, forbidden + `groups:read, read"}`},
		{"POST", "/api/v2/closed", write, 200, `"bearer"`},
		{"POST", "/api/v2/closed", read, 403, forbidden + `write"}`},
		{"GET", "/api/v2/forgotten", read, 403, forbidden + `"}`}, // a route without scopes is closed, not open
	} {
		before := asked
		w.call(c.method, c.path, c.bearer).want(c.status, c.body)
		if served := asked > before; served != (c.status == 200) {
			t.Errorf("%s %s: served %v with %d", c.method, c.path, served, c.status)
		}
	}
}

func TestRequest(t *testing.T) {
	var got apihttp.Request
	w := newWorld(t, apihttp.Route{Method: "GET", Path: "/api/v2/thing", Scopes: []string{"read"}, Serve: answering(apihttp.Response{}, nil, &got)})
	w.call("GET", "/api/v2/thing", w.token("read"))
	if got.Account.Subdomain != "acme" || got.Caller.User.Email != "ada@example.com" || got.Caller.Account.ID != got.Account.ID {
		t.Errorf("account %q, caller %q", got.Account.Subdomain, got.Caller.User.Email)
	}
	if got.Base != "http://acme.localhost:4000" {
		t.Errorf("base %q", got.Base)
	}
}

func TestResponses(t *testing.T) {
	made := apihttp.Response{Status: 201, Header: http.Header{"Location": {"/api/v2/things/7.json"}}, Body: map[string]string{"a": "<&>"}}
	w := newWorld(t,
		apihttp.Route{Method: "POST", Path: "/api/v2/things", Anonymous: true, Serve: answering(made, nil)},
		apihttp.Route{Method: "GET", Path: "/api/v2/broken", Anonymous: true, Serve: answering(apihttp.Response{Body: func() {}}, nil)})
	r := w.call("POST", "/api/v2/things", "")
	r.want(201, `{"a":"\u003c\u0026\u003e"}`)
	for name, want := range map[string]string{
		"Location": "/api/v2/things/7.json", "Content-Type": "application/json; charset=utf-8",
		"Cache-Control": "max-age=0, private, must-revalidate", "X-Zendesk-Api-Version": "v2",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// What cannot be encoded is an answer of its own, and not half of one.
	w.call("GET", "/api/v2/broken", "").want(500, internalError)
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		body   string
		logged bool
	}{
		"not found":        {issuer.ErrNotFound, 404, `{"error":"RecordNotFound","description":"Not found"}`, false},
		"wrapped":          {fmt.Errorf("look: %w", issuer.ErrNotFound), 404, `{"error":"RecordNotFound","description":"Not found"}`, false},
		"a token":          {issuer.ErrToken, 401, `{"error":"invalid_token","error_description":"The access token provided is expired, revoked, malformed or invalid for other reasons."}`, false},
		"Zendesk's":        {zendesk.Forbidden, 403, `{"error":{"title":"Forbidden","message":"You do not have access to this page. Please contact the account owner of this help desk for further help."}}`, false},
		"a missing one":    {zendesk.ParameterMissing("brands"), 400, `{"error":"ParameterMissing","description":"Parameter brands is required"}`, false},
		"an invalid one":   {zendesk.RecordInvalid{"name": {{Description: "Name: cannot be blank", Error: zendesk.BlankValue}}}, 422, `{"error":"RecordInvalid","description":"Record validation errors","details":{"name":[{"description":"Name: cannot be blank","error":"BlankValue"}]}}`, false},
		"a fault of ours":  {errors.New("the disk is full of cats"), 500, internalError, true},
		"another's change": {fmt.Errorf("change: %w", issuer.ErrConflict), 409, `{"error":"DatabaseConflict","description":"Database collision"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, apihttp.Route{Method: "GET", Path: "/api/v2/thing", Anonymous: true, Serve: answering(apihttp.Response{}, c.err)})
			r := w.call("GET", "/api/v2/thing", "")
			r.want(c.status, c.body)
			w.server.Close() // the line is written when the request has ended
			log := w.log.String()
			if failed := strings.Contains(log, "api request failed"); failed != c.logged {
				t.Errorf("logged as a fault: %v\n%s", failed, log)
			}
			if !strings.Contains(log, r.Header.Get("X-Request-Id")) || c.logged && !strings.Contains(log, c.err.Error()) {
				t.Errorf("the log does not tell:\n%s", log)
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	w := newWorld(t, apihttp.Route{Method: "GET", Path: "/api/v2/thing", Scopes: []string{"read"}, Serve: answering(apihttp.Response{}, nil)})
	for _, target := range []string{"/api/v2/thing", "/api/v2/thing.json", "/api/v2/nonsense"} {
		r := w.call("OPTIONS", target, "", "Origin", "https://app.example", "Access-Control-Request-Method", "GET")
		r.want(204, "")
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin":      "*",
			"Access-Control-Allow-Methods":     "GET, POST, PUT, PATCH, DELETE",
			"Access-Control-Allow-Headers":     "Authorization, Content-Type, Accept, X-On-Behalf-Of, X-Requested-With",
			"Access-Control-Allow-Credentials": "",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

// A token in the query is never logged, nor one in a header, nor is the path.
func TestNoTokenInTheLog(t *testing.T) {
	w := newWorld(t, apihttp.Route{Method: "GET", Path: "/api/v2/thing/{id}", Scopes: []string{"read"}, Serve: answering(apihttp.Response{}, nil)})
	token := w.token("read")
	for _, target := range []string{
		"/api/v2/thing/" + token, "/api/v2/thing/7?access_token=" + token, "/api/v2/" + token,
		"/api/v2/thing/7?access_token=" + token + "&access_token=" + token, "/api/v2/thing/7?access_token=" + token + "%zz", "/api/v2/thing/7?access_token=" + token + ";",
	} {
		w.call("GET", target, "")
		w.call("GET", target, token)
	}
	w.server.Close()
	if strings.Contains(w.log.String(), token) {
		t.Errorf("the log holds the token:\n%s", w.log)
	}
	if !strings.Contains(w.log.String(), "route=/api/v2/thing/{id}") {
		t.Errorf("the log does not name the route:\n%s", w.log)
	}
}
