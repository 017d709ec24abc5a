package issuerhttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
)

// A global client works where it was approved, by the secret that it has
// everywhere, and is unknown elsewhere (facts section 4.3).
func TestGlobalClient(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.plantGlobal()
		admin, c := w.bearer(ada), w.oauthClient("acme", "zdg-everywhere")
		empty := fmt.Sprintf(`{"global_clients":[{"id":%d,"last_used_at":null,"tokens_count":0}],"next_page":null,"previous_page":null,"count":1}`, c.Global)
		w.api(admin, http.MethodGet, globalsPath+"/token_summary.json", "").wantBody(200, empty)

		ask := request("client_id", "zdg-everywhere", "redirect_uri", globalCallback, "scope", "read")
		w.browser("globex.localhost").signInAs(hank).authorize(ask).wantPage(400, "Invalid Authorization Request")
		redeem := func() pair {
			t.Helper()
			return w.token(grant(w.as(carl).allow(ask).code(), "client_id", "zdg-everywhere", "client_secret", globalSecret, "redirect_uri", globalCallback)).pair()
		}
		first := redeem()
		w.alive(first.Access)
		second := redeem()
		if second.RefreshExpires == nil {
			t.Error("its tokens do not expire")
		}
		if err := w.issuer.FlushUses(t.Context()); err != nil {
			t.Fatal(err)
		}

		one := fmt.Sprintf(`{"id":%d,"identifier":"zdg-everywhere","name":"Everywhere","company":"Everywhere Inc.","description":null,"kind":"confidential","logo_url":null}`, c.Global)
		w.api(admin, http.MethodGet, globalsPath, "").wantBody(200, `{"global_clients":[`+one+`],"next_page":null,"previous_page":null,"count":1}`)
		w.api(admin, http.MethodGet, fmt.Sprintf("%s/%d", globalsPath, c.Global), "").wantBody(200, `{"global_client":`+one+`}`)
		used := w.clock.Now().Format(time.RFC3339)
		summary := fmt.Sprintf(`{"global_clients":[{"id":%d,"last_used_at":"%s","tokens_count":2}],"next_page":null,"previous_page":null,"count":1}`, c.Global, used)
		for _, query := range []string{"", fmt.Sprintf("?global_client_id=%d", c.Global), "?include_expired=true"} {
			w.api(admin, http.MethodGet, globalsPath+"/token_summary"+query, "").wantBody(200, summary)
		}
		w.api(admin, http.MethodGet, globalsPath+"/token_summary?global_client_id=999", "").
			wantBody(200, `{"global_clients":[],"next_page":null,"previous_page":null,"count":0}`)
		w.clock.pass(31 * time.Minute)
		// The tokens are over, but the client was used.
		none := strings.Replace(summary, `"tokens_count":2`, `"tokens_count":0`, 1)
		w.api(admin, http.MethodGet, globalsPath+"/token_summary", "").wantBody(200, none)
		w.api(admin, http.MethodGet, globalsPath+"/token_summary?include_expired=true", "").wantBody(200, summary)

		// The account does not own it, and globex knows nothing of it.
		w.api(admin, http.MethodGet, fmt.Sprintf("%s/%d", clientsPath, c.ID), "").wantBody(404, notFound)
		w.api(admin, http.MethodDelete, fmt.Sprintf("%s/%d", clientsPath, c.ID), "").wantBody(404, notFound)
		elsewhere := header("Authorization", "Bearer "+w.bearer(hank))
		w.call(call{Host: "globex.localhost", Target: globalsPath, Header: elsewhere}).
			wantBody(200, `{"global_clients":[],"next_page":null,"previous_page":null,"count":0}`)
		w.call(call{Host: "globex.localhost", Target: fmt.Sprintf("%s/%d", globalsPath, c.Global), Header: elsewhere}).wantBody(404, notFound)
	})
}

// Planting again changes nothing, approves more, and tells where it differs.
func TestGlobalClientPlantedAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.plantGlobal()
		before, since := w.oauthClient("acme", "zdg-everywhere"), w.lastEvent()
		other := issuer.PlantedGlobalClient{
			GlobalClient: issuer.GlobalClient{Product: issuer.Support, Identifier: "zdg-everywhere", Name: "Other", Company: "Everywhere Inc.", Kind: issuer.Confidential},
			Secret:       secret.Of("another-secret-of-everywhere"), Accounts: []string{"acme", "globex"},
		}
		notes, err := w.issuer.PlantGlobal(t.Context(), other)
		if err != nil || len(notes) != 1 || notes[0].String() != "global client zdg-everywhere differs from the database in name, secret, redirect_uri, allowed_scopes and was left as it is" {
			t.Errorf("%v, %v", notes, err)
		}
		if after := w.oauthClient("acme", "zdg-everywhere"); after.ID != before.ID || after.Name != "Everywhere" {
			t.Errorf("it became %+v", after)
		}
		approved := w.oauthClient("globex", "zdg-everywhere")
		if approved.Global != before.Global || approved.ID == before.ID || approved.Name != "Everywhere" || approved.Era != issuer.Enforced {
			t.Errorf("globex approved %+v", approved)
		}
		if said := w.said(since); len(said) != 1 || said[0] != fmt.Sprintf("client.created client %d planted", approved.ID) {
			t.Errorf("the audit trail says %q", said)
		}
		for _, c := range []issuer.PlantedGlobalClient{
			{GlobalClient: issuer.GlobalClient{Product: issuer.Support, Identifier: "everywhere", Kind: issuer.Public}},
			{GlobalClient: issuer.GlobalClient{Product: issuer.Support, Identifier: "zdg-x", Kind: issuer.Confidential}},
			{GlobalClient: issuer.GlobalClient{Product: issuer.Support, Identifier: "zdg-x", Kind: issuer.Public}, Accounts: []string{"nowhere"}},
		} {
			if _, err := w.issuer.PlantGlobal(t.Context(), c); err == nil {
				t.Errorf("%s was planted", c.Identifier)
			}
		}
	})
}
