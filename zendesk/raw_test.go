package zendesk_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// A request goes over the wire as it was said, and its answer comes back as it is.
func TestRaw(t *testing.T) {
	var got string
	api := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.RequestURI + " " + r.Header.Get("Authorization") + " " + r.Header.Get("X-A") + " " + string(body)
		if r.ContentLength != 4 {
			t.Errorf("the length is %d", r.ContentLength)
		}
		answer(422, []byte(`{"error":"x"}`))(w, r)
	})
	statuses := 0
	api.Answered = func(a zendesk.Answer) { statuses += a.Status }
	resp, err := api.Raw(t.Context(), zendesk.RawRequest{
		Method: "PATCH", Target: "/api/v2/a%2Fb?z=1&a=%20", Header: http.Header{"x-a": {"b"}}, Body: strings.NewReader("body"), Size: 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != 422 || string(text) != `{"error":"x"}` || got != "PATCH /api/v2/a%2Fb?z=1&a=%20 Bearer t1 b body" || statuses != 422 {
		t.Errorf("%d %s, asked %s, told %d", resp.StatusCode, text, got, statuses)
	}
}

// Reads are sent again and writes are not; where waiting takes too long, or the answer is
// still "later", that is the answer.
func TestRawTriesAgain(t *testing.T) {
	for name, c := range map[string]struct {
		method, after string
		later         int
		requests      int
		status        int
	}{
		"a read":               {"GET", "3", 1, 2, 200},
		"a head":               {"HEAD", "3", 1, 2, 200},
		"a write":              {"POST", "3", 1, 1, 429},
		"a deletion":           {"DELETE", "3", 1, 1, 429},
		"later again":          {"GET", "3", 9, 3, 429},
		"later than one waits": {"GET", "9999", 1, 1, 429},
	} {
		requests := 0
		api := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if requests++; requests <= c.later {
				w.Header().Set("Retry-After", c.after)
				answer(429, []byte("later"))(w, r)
			}
		})
		var slept time.Duration
		api.Retry = &zendesk.Retry{Most: 2, Chance: func() float64 { return 0 }, Sleep: func(_ context.Context, d time.Duration) error { slept += d; return nil }}
		resp, err := api.Raw(t.Context(), zendesk.RawRequest{Method: c.method, Target: "/api/v2/x"})
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != c.status || requests != c.requests || slept != time.Duration(requests-1)*3*time.Second || c.status == 429 && string(text) != "later" {
			t.Errorf("%s: %d %q after %d requests and %v", name, resp.StatusCode, text, requests, slept)
		}
	}
}

// No target leads to another host, or out of its own path.
func TestRawTargets(t *testing.T) {
	api := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("it was asked for %s", r.RequestURI) })
	for _, target := range []string{
		"", "x", "//elsewhere.example/x", "https://elsewhere.example/x", "@elsewhere.example/x", ":1/x", "/a\\b", "/a b", "/a\r\nX: y", "/..", "/a/../b", "/a/%2E%2e/b", "/a/%252e./b",
		"/a;/..;x/b", "/a#b", "/x?y#z", "/a%", "/ä",
	} {
		resp, err := api.Raw(t.Context(), zendesk.RawRequest{Method: "GET", Target: target})
		if err == nil {
			_ = resp.Body.Close()
			t.Errorf("%q is taken", target)
		}
		if errors.As(err, new(*oauth.RemoteError)) {
			t.Errorf("%q was sent: %v", target, err)
		}
	}
}
