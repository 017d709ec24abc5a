package oauth_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
)

var refresh = oauth.TokenRequest{
	GrantType: oauth.GrantRefreshToken, RefreshToken: "r1", ClientID: "app", ClientSecret: "s:3",
	Extra: url.Values{"expires_in": {"1800"}},
}

// serve starts a server, and a client that shares no connection with others.
func serve(t *testing.T, h http.HandlerFunc) (*http.Client, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Client(), s.URL + "/oauth/tokens"
}

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Request-Id", "q1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestExchangeSends(t *testing.T) {
	type seen struct{ Method, ContentType, Authorization, Body string }
	basicReq := refresh
	basicReq.ClientAuth = oauth.ClientAuthBasic
	for _, c := range []struct {
		name string
		req  oauth.TokenRequest
		form oauth.Encoding
		want seen
	}{
		{"a form", refresh, oauth.Form, seen{
			"POST", "application/x-www-form-urlencoded", "",
			"client_id=app&client_secret=s%3A3&expires_in=1800&grant_type=refresh_token&refresh_token=r1",
		}},
		{"JSON", refresh, oauth.JSON, seen{
			"POST", "application/json", "",
			`{"client_id":"app","client_secret":"s:3","expires_in":1800,"grant_type":"refresh_token","refresh_token":"r1"}`,
		}},
		{"Basic", basicReq, oauth.Form, seen{
			"POST", "application/x-www-form-urlencoded", basic("app:s%3A3"),
			"expires_in=1800&grant_type=refresh_token&refresh_token=r1",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got seen
			hc, endpoint := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = seen{r.Method, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), string(body)}
				answer(201, "application/json", `{"access_token":"a2","token_type":"bearer"}`)(w, r)
			})
			resp, err := oauth.Exchange(t.Context(), hc, endpoint, c.req, c.form)
			if err != nil || resp.AccessToken != "a2" {
				t.Fatalf("%v, %v", resp, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExchangeOAuthErrors(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   oauth.Code
	}{
		{400, `{"error":"invalid_grant","error_description":"dead"}`, oauth.InvalidGrant},
		{401, `{"error":"invalid_client"}`, oauth.InvalidClient},
		{200, `{"error":"invalid_scope"}`, oauth.InvalidScope},
	} {
		hc, endpoint := serve(t, answer(c.status, "application/json", c.body))
		_, err := oauth.Exchange(t.Context(), hc, endpoint, refresh, oauth.Form)
		if oauth.ErrorCode(err) != c.want {
			t.Errorf("%d %s: %v", c.status, c.body, err)
		}
	}
}

func TestExchangeRemoteErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		kind   string
		body   string
	}{
		{"a page", 200, "text/html", "<html>maintenance</html>"},
		{"a page that is an error", 404, "text/html", "<html>no</html>"},
		{"broken JSON", 200, "application/json", `{"access_token":"a`},
		{"no token", 200, "application/json", `{"token_type":"bearer"}`},
		{"nothing", 204, "", ""},
		{"a failing server", 503, "application/json", `{"error":"invalid_grant"}`},
		{"too many requests", 429, "application/json", `{"error":"invalid_grant"}`},
		{"an endless answer", 200, "application/json", `{"access_token":"a","x":"` + strings.Repeat("x", oauth.MaxAnswer) + `"}`},
		{"the API's error", 403, "application/json", `{"error":{"title":"Forbidden","message":"no"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			hc, endpoint := serve(t, answer(c.status, c.kind, c.body))
			_, err := oauth.Exchange(t.Context(), hc, endpoint, refresh, oauth.Form)
			var remote *oauth.RemoteError
			if !errors.As(err, &remote) || oauth.ErrorCode(err) != "" {
				t.Fatalf("%T %v", err, err)
			}
			remote.Err = nil
			want := &oauth.RemoteError{Status: c.status, RequestID: "q1", ContentType: c.kind, Sent: true}
			if diff := cmp.Diff(want, remote); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExchangeDoesNotFollow(t *testing.T) {
	hits := 0
	hc, endpoint := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hits++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	_, err := oauth.Exchange(t.Context(), hc, endpoint, refresh, oauth.Form)
	var remote *oauth.RemoteError
	if !errors.As(err, &remote) || remote.Status != 307 || hits != 1 {
		t.Errorf("%v after %d requests", err, hits)
	}
}

// A kept connection that dies is where net/http would send a request again.
func TestExchangeIsNeverRepeated(t *testing.T) {
	var hits atomic.Int32
	hc, endpoint := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if hits.Add(1) == 1 {
			answer(200, "application/json", `{"access_token":"a"}`)(w, r)
			return
		}
		panic(http.ErrAbortHandler)
	})
	if _, err := oauth.Exchange(t.Context(), hc, endpoint, refresh, oauth.Form); err != nil {
		t.Fatal(err)
	}
	_, err := oauth.Exchange(t.Context(), hc, endpoint, refresh, oauth.Form)
	var remote *oauth.RemoteError
	if !errors.As(err, &remote) || !remote.Sent || remote.Status != 0 || hits.Load() != 2 {
		t.Errorf("%v after %d requests", err, hits.Load())
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestExchangeKnowsWhetherItSent(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	selfSigned := httptest.NewUnstartedServer(answer(200, "application/json", `{}`))
	selfSigned.Config.ErrorLog = log.New(io.Discard, "", 0)
	selfSigned.StartTLS()
	t.Cleanup(selfSigned.Close)
	// Given up once the request has arrived: what a deadline does, without a clock.
	late, giveUp := context.WithCancel(t.Context())
	hang := make(chan struct{})
	slowClient, slow := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		giveUp()
		<-hang
	})
	t.Cleanup(func() { close(hang) })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	untrusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}}

	for _, c := range []struct {
		name     string
		ctx      context.Context
		hc       *http.Client
		endpoint string
		sent     bool
	}{
		{"nobody listens", t.Context(), &http.Client{Transport: &http.Transport{}}, "http://" + closed.Addr().String(), false},
		{"an untrusted certificate", t.Context(), untrusting, selfSigned.URL, false},
		{"given up before", gone, slowClient, slow, false},
		{"an address that is none", t.Context(), nil, "http://[", false},
		{"no answer in time", late, slowClient, slow, true},
		{"a transport that does not say", t.Context(), &http.Client{Transport: failing{io.ErrUnexpectedEOF}}, slow, true},
		{"a transport that could not dial", t.Context(), &http.Client{Transport: failing{&net.OpError{Op: "dial", Err: io.EOF}}}, slow, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := oauth.Exchange(c.ctx, c.hc, c.endpoint, refresh, oauth.Form)
			var remote *oauth.RemoteError
			if !errors.As(err, &remote) || remote.Status != 0 || remote.Sent != c.sent {
				t.Fatalf("%#v", err)
			}
			if strings.Contains(err.Error(), "r1") || strings.Contains(err.Error(), "s:3") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func TestExchangeAnswerBreaksOff(t *testing.T) {
	hc, endpoint := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"access_token":"a"}`)
	})
	_, err := oauth.Exchange(t.Context(), hc, endpoint, refresh, oauth.Form)
	var remote *oauth.RemoteError
	if !errors.As(err, &remote) || remote.Status != 200 || !remote.Sent || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	const date = "Sun, 22 Nov 2026 10:00:00 GMT"
	for value, want := range map[string]time.Duration{
		"":                              0,
		"42":                            42 * time.Second,
		" 7 ":                           7 * time.Second,
		"-5":                            0,
		"soon":                          0,
		"99999999999":                   0,
		"Sun, 22 Nov 2026 10:01:00 GMT": time.Minute,
		"Sun, 22 Nov 2026 09:59:00 GMT": 0,
	} {
		h := http.Header{"Date": {date}, "Retry-After": {value}}
		if got := oauth.RetryAfter(h); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestTokenRef(t *testing.T) {
	want := oauth.TokenRef{Token: "t", TypeHint: "refresh_token"}
	if got, err := oauth.DecodeTokenRef(want.Encode()); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	for _, query := range []string{"", "token=", "token=a&token=b"} {
		if _, err := oauth.DecodeTokenRef(parse(t, query)); err == nil || err.Code != oauth.InvalidRequest {
			t.Errorf("%q: %v", query, err)
		}
	}
}

func TestIntrospectionOfADeadToken(t *testing.T) {
	wire, err := json.Marshal(oauth.Introspection{})
	if err != nil || string(wire) != `{"active":false}` {
		t.Errorf("%s, %v", wire, err)
	}
}
