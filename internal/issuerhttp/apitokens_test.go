package issuerhttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

type shownAPIToken struct {
	APIToken zendesk.APIToken `json:"api_token"`
}

// byToken is users/me by Basic authentication with an API token.
func (w *world) byToken(email, token string) *reply {
	w.t.Helper()
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(email+"/token", token)
	return w.call(call{Target: zendesk.UsersMePath, Header: r.Header})
}

func TestAPITokenFromCreationToDeletion(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		admin, since := w.bearer(ada), w.lastEvent()
		var made shownAPIToken
		r := w.api(admin, http.MethodPost, keysPath+".json", `{"api_token":{"description":"for the script"}}`).into(201, &made)
		full := made.APIToken.FullToken
		w.secrets.learn("API token", full)
		now := zendesk.TimeOf(w.clock.Now())
		want := zendesk.APIToken{
			ID: made.APIToken.ID, Description: "for the script", Active: true, Token: full[:10], FullToken: full, CreatedAt: now, UpdatedAt: now,
			URL: fmt.Sprintf("http://acme.localhost%s/%d.json", keysPath, made.APIToken.ID),
		}
		if diff := cmp.Diff(want, made.APIToken); diff != "" {
			t.Error(diff)
		}
		if r.Header.Get("Location") != want.URL || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v", r.Header)
		}
		w.clock.pass(time.Minute)
		if got := w.byToken(grace, full).want(200); !strings.Contains(got.Body, grace) {
			t.Errorf("it opens %s", got.Body)
		}
		target := fmt.Sprintf("%s/%d.json", keysPath, want.ID)
		var shown shownAPIToken
		w.api(admin, http.MethodGet, target, "").into(200, &shown)
		want.FullToken, want.LastUsedAt = "", zendesk.TimeOf(w.clock.Now())
		if diff := cmp.Diff(want, shown.APIToken); diff != "" {
			t.Error(diff)
		}
		w.api(admin, http.MethodPut, target, `{"api_token":{"active":false}}`).into(200, &shown)
		w.byToken(grace, full).wantBody(401, couldntAuthenticate)
		w.api(admin, http.MethodPut, target, `{"api_token":{"active":true,"description":"for two scripts"}}`).into(200, &shown)
		w.byToken(grace, full).want(200)
		w.api(admin, http.MethodPut, target, `{"api_token":{"active":true}}`).want(200)
		var list struct {
			APITokens []zendesk.APIToken `json:"api_tokens"`
		}
		w.api(admin, http.MethodGet, keysPath, "").into(200, &list)
		want.Description, want.UpdatedAt = "for two scripts", zendesk.TimeOf(w.clock.Now())
		if diff := cmp.Diff([]zendesk.APIToken{want}, list.APITokens); diff != "" {
			t.Error(diff)
		}
		w.api(admin, http.MethodPut, target, `{"api_token":{"description":"`+strings.Repeat("x", 256)+`"}}`).want(422)
		w.api(admin, http.MethodDelete, target, "").wantBody(204, "")
		w.byToken(grace, full).wantBody(401, couldntAuthenticate)
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			w.api(admin, method, target, "").wantBody(404, notFound)
		}
		w.api(admin, http.MethodPut, target, `{"api_token":{"active":true}}`).wantBody(404, notFound)
		id := fmt.Sprintf("api_token %d", want.ID)
		events := []string{
			"api_token.created " + id + " for the script", "api_token.updated " + id + " active",
			"api_token.updated " + id + " description, active", "api_token.deleted " + id,
		}
		if diff := cmp.Diff(events, w.said(since)); diff != "" {
			t.Error(diff)
		}
	})
}

// Where Zendesk's removal has come, none can be made; what is there can be seen
// and deleted (facts section 9).
func TestAPITokensEnd(t *testing.T) {
	w := onSQLite(t, options{})
	admin := w.bearer(ada)
	w.api(admin, http.MethodPost, keysPath, `{"api_token":{}}`).want(201)
	for _, stage := range []issuer.BasicAuth{issuer.BasicCreationBlocked, issuer.BasicOff} {
		old := w.account("acme")
		next := old
		next.BasicAuth = stage
		if err := w.issuer.Store.ReplaceSettings(t.Context(), old, next, issuer.Event{Account: old.ID, At: old.Updated, Action: "account.updated"}); err != nil {
			t.Fatal(err)
		}
		w.api(admin, http.MethodPost, keysPath, `{"api_token":{"description":"late"}}`).
			wantBody(403, `{"error":{"title":"Forbidden","message":"API tokens can no longer be created. Use OAuth instead."}}`)
		w.api(admin, http.MethodGet, keysPath+"/1", "").want(200)
	}
	w.api(admin, http.MethodDelete, keysPath+"/1", "").want(204)
}

func TestAPITokensAreAtMost256(t *testing.T) {
	w := onSQLite(t, options{})
	admin := w.bearer(ada)
	for range 256 {
		if _, _, err := w.issuer.CreateAPIToken(t.Context(), w.account("acme"), "", issuer.By{}); err != nil {
			t.Fatal(err)
		}
	}
	w.api(admin, http.MethodPost, keysPath, `{"api_token":{}}`).
		wantBody(422, `{"error":"RecordInvalid","description":"Record validation errors","details":{"base":[{"description":"Base: an account has at most 256 API tokens","error":"InvalidValue"}]}}`)
}
