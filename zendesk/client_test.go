package zendesk_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

func serve(t *testing.T, h http.HandlerFunc) *zendesk.API {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &zendesk.API{Base: base, HTTP: s.Client(), Bearer: "t1"}
}

func answer(status int, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}

func TestMe(t *testing.T) {
	var seen []string
	api := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		answer(200, golden(t, "user_admin.json"))(w, r)
	})
	got, err := api.Me(t.Context())
	if err != nil || got.Name != "Ada Admin" || got.Role != "admin" || *got.ID != 29 {
		t.Errorf("%v, %v", got, err)
	}
	api.Token = func(context.Context) (string, error) { return "t2", nil }
	if _, err := api.Me(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"GET /api/v2/users/me Bearer t1", "GET /api/v2/users/me Bearer t2"}, seen); diff != "" {
		t.Error(diff)
	}
	none := errors.New("no token")
	api.Token = func(context.Context) (string, error) { return "", none }
	if _, err := api.Me(t.Context()); !errors.Is(err, none) || len(seen) != 2 {
		t.Errorf("%v after %d requests", err, len(seen))
	}
}

func TestMeErrors(t *testing.T) {
	api := serve(t, answer(200, golden(t, "user_anonymous.json")))
	if _, err := api.Me(t.Context()); !errors.Is(err, zendesk.ErrAnonymous) {
		t.Errorf("nobody is %v", err)
	}
	api = serve(t, answer(401, []byte(`{"error":"invalid_token"}`)))
	var refused *zendesk.APIError
	if _, err := api.Me(t.Context()); !errors.As(err, &refused) || refused.Code != "invalid_token" {
		t.Errorf("%v", err)
	}
	for _, body := range []string{`<html>`, `{}`, `[]`, ``, `null`, `{"user":null}`, `{"user":` + strings.Repeat(" ", oauth.MaxAnswer) + `}`} {
		api := serve(t, answer(200, []byte(body)))
		var remote *oauth.RemoteError
		if _, err := api.Me(t.Context()); !errors.As(err, &remote) || remote.Status != 200 {
			t.Errorf("%.20q: %v", body, err)
		}
	}
	// One field of another type does not turn a person away.
	api = serve(t, answer(200, []byte(`{"user":{"phone":49,"id":29,"tags":"none","name":"Ada","role":"admin"}}`)))
	if got, err := api.Me(t.Context()); err != nil || got.Name != "Ada" || *got.ID != 29 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := (&zendesk.API{}).Me(t.Context()); err == nil {
		t.Error("an API without a base answered")
	}
}

func TestCurrentToken(t *testing.T) {
	got, err := serve(t, answer(200, golden(t, "token_current.json"))).CurrentToken(t.Context())
	if err != nil || got.ExpiresAt.Unix() != 1795343400 {
		t.Errorf("%v, %v", got, err)
	}
	// A token without an expiry would be taken for one that never expires.
	for _, body := range []string{`{}`, `{"token":{}}`, `{"token":{"id":1,"expires_at":7}}`, `{"token":{"id":1,"expires_at":"soon"}}`} {
		if got, err := serve(t, answer(200, []byte(body))).CurrentToken(t.Context()); err == nil {
			t.Errorf("%s was taken as %v", body, got)
		}
	}
}

func TestRevokeCurrent(t *testing.T) {
	for status, ok := range map[int]bool{204: true, 200: true, 401: true, 403: false, 500: false, 302: false} {
		api := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodDelete || r.URL.Path != "/api/v2/oauth/tokens/current" {
				t.Errorf("%s %s", r.Method, r.URL.Path)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		if err := api.RevokeCurrent(t.Context()); (err == nil) != ok {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestRedirectsStayOnTheHost(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host was asked, with %q", r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	api := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	var remote *oauth.RemoteError
	if _, err := api.Me(t.Context()); !errors.As(err, &remote) || remote.Status != 302 {
		t.Errorf("%v", err)
	}
	api = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/moved" {
			http.Redirect(w, r, "/moved", http.StatusFound)
			return
		}
		_, _ = w.Write(golden(t, "user_admin.json"))
	})
	if _, err := api.Me(t.Context()); err != nil {
		t.Errorf("on the same host: %v", err)
	}
	hops := 0
	api = serve(t, func(w http.ResponseWriter, r *http.Request) {
		hops++
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	})
	if _, err := api.Me(t.Context()); err == nil || hops > 5 {
		t.Errorf("%v after %d hops", err, hops)
	}
}
