package issuerhttp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

// Without its database the issuer asks to come back, in the words of each surface, and
// goes on by itself.
func TestDatabaseAway(t *testing.T) {
	line, dsn := storetest.NewLine(t, storetest.DSN(t, store.Postgres))
	w := newWorld(t, dsn, options{Desk: true})
	admin := w.browser("acme.localhost").signInAs(ada)
	bearer := header("Authorization", "Bearer "+w.bearer(ada))
	calls := map[string]struct {
		call call
		body string
	}{
		"API":    {call{Target: zendesk.OAuthClientsPath, Header: bearer}, `{"status":503,"error":"Service Unavailable"}`},
		"desk":   {call{Target: "/api/v2/tickets", Header: bearer}, `{"status":503,"error":"Service Unavailable"}`},
		"file":   {call{Target: "/attachments/token/none/?name=x"}, `{"status":503,"error":"Service Unavailable"}`},
		"token":  {call{Method: http.MethodPost, Target: zendesk.TokenPath, Body: "grant_type=refresh_token&refresh_token=none&client_id=app&client_secret=" + appSecret}, `{"error":"temporarily_unavailable","error_description":"The server cannot answer now. Wait and try again."}`},
		"revoke": {call{Method: http.MethodPost, Target: "/oauth/revoke", Body: "token=none&client_id=app&client_secret=" + appSecret}, `{"error":"temporarily_unavailable","error_description":"The server cannot answer now. Wait and try again."}`},
	}
	w.away = true
	line.Cut(time.Hour)
	for name, c := range calls {
		w.run(name, func(t *testing.T) {
			r := w.call(c.call).wantBody(http.StatusServiceUnavailable, c.body)
			if got := r.Header.Get("Retry-After"); got != "1" {
				t.Errorf("Retry-After %q", got)
			}
		})
	}
	page := admin.get(web.PathClients).wantPage(http.StatusServiceUnavailable, "Something went wrong on our side")
	if got := page.Header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q of the page", got)
	}
	if log := w.log.String(); !strings.Contains(log, "the database cannot be reached") || strings.Contains(log, "request failed") {
		t.Errorf("the log says\n%s", log)
	}
	line.Cut(0)
	for r := w.call(calls["API"].call); r.Status != http.StatusOK; r = w.call(calls["API"].call) {
		r.want(http.StatusServiceUnavailable) // a connection of the pool that is broken still
	}
	admin.get(web.PathClients).want(http.StatusOK)
}
