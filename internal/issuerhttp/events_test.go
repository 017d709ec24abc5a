package issuerhttp_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

// trail lists the lines of an account's audit trail that are newer than one, the
// oldest first: who, what, on what, from where, and the detail.
func (w *world) trail(subdomain string, since int) []string {
	w.t.Helper()
	page, err := w.issuer.Events(w.t.Context(), w.account(subdomain), issuer.EventFilter{}, issuer.EventRange{Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	all := []string{}
	for n := len(page.Items) - 1; n >= 0; n-- {
		e := page.Items[n]
		if e.ID <= int64(since) {
			continue
		}
		if e.Action == issuer.ActionSigningKeyCreated {
			e.Detail = "" // by chance
		} else if e.Origin.RequestID == "" { // the other is no request's
			w.t.Errorf("%s has no request id", e.Action)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%d %s %s %s %s", e.Actor, e.Action, e.Object, e.Origin.Address, e.Detail)))
	}
	return all
}

// A program that ends its token, and the key that an account comes by when a token is
// first signed, stand there too.
func TestTrailOfProgramsAndKeys(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		held := w.token(grant(w.browser("acme.localhost").signInAs(ada).allow(request()).code())).pair()
		since := w.lastEvent()
		revoke := call{Method: http.MethodPost, Target: "/oauth/revoke", Body: form("token", held.Refresh, "client_id", "app", "client_secret", appSecret).Encode()}
		for range 2 { // the second finds nothing to end
			w.call(revoke).want(http.StatusOK)
		}
		w.dead(held.Access)
		if diff := cmp.Diff([]string{"0 token.revoked token 1 127.0.0.1 app"}, w.trail("acme", since)); diff != "" {
			t.Error("the trail (-want +got):\n" + diff)
		}
		page := w.as(ada).get(web.PathAudit + "?action=token.revoked").want(http.StatusOK).Body
		if !strings.Contains(page, "An app") || strings.Contains(page, "Whoever runs this") {
			t.Error(page)
		}

		before := w.lastEvent()
		for range 2 {
			keys, err := w.issuer.SigningKeys(t.Context(), w.account("globex"))
			if err != nil || len(keys) != 1 {
				t.Fatalf("%d keys, %v", len(keys), err)
			}
			got, err := w.issuer.Events(t.Context(), w.account("globex"), issuer.EventFilter{Action: issuer.ActionSigningKeyCreated}, issuer.EventRange{Limit: 9})
			if err != nil || len(got.Items) != 1 || got.Items[0].ID <= int64(before) || got.Items[0].Object != fmt.Sprintf("account %d", w.account("globex").ID) || got.Items[0].Detail != keys[0].ID {
				t.Errorf("%+v, %v", got.Items, err)
			}
		}
	})
}

// docs/audit.md explains every action, and none that there is not.
func TestActionsAreExplained(t *testing.T) {
	doc, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	var explained []issuer.Action
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| \\S").FindAllStringSubmatch(string(doc), -1) {
		explained = append(explained, issuer.Action(row[1]))
	}
	if diff := cmp.Diff(issuer.Actions, explained); diff != "" {
		t.Error("docs/audit.md (-there are +it has):\n" + diff)
	}
}

// What an admin would look for in the trail stands there, each with who and from
// where.
func TestWhatTheAuditTrailTells(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		since := w.lastEvent()
		b := w.browser("acme.localhost")
		wrong := form(web.FieldEmail, ada, web.FieldPassword, "wrong password")
		b.post("/access/unauthenticated", wrong).want(http.StatusUnauthorized)
		b.post("/access/unauthenticated", form(web.FieldEmail, "nobody@acme.example", web.FieldPassword, "wrong password")).want(http.StatusUnauthorized)
		b.signInAs(ada)
		held := w.token(grant(b.allow(request()).code())).pair()
		b.authorize(request()).want(http.StatusFound) // allowed before: nobody is asked
		b.post("/apps/token", form(web.FieldClient, "1", web.FieldScopes, "read")).want(http.StatusOK)
		b.post("/apps", form(web.FieldClient, "1", web.FieldProduct, "support")).want(http.StatusSeeOther)
		w.dead(held.Access)
		b.post("/access/logout", form()).want(http.StatusSeeOther)
		b.post("/access/logout", form()).want(http.StatusSeeOther) // nobody is there any more
		want := []string{
			"0 sign_in.failed user 1 127.0.0.1",
			"1 session.started user 1 127.0.0.1",
			"1 consent.given client 1 127.0.0.1 read write",
			"0 signing_key.created account 1",
			"1 token.created token 2 127.0.0.1 client 1: read",
			"1 token.revoked token 1 127.0.0.1",
			"1 token.revoked token 2 127.0.0.1",
			"1 session.ended user 1 127.0.0.1",
		}
		if diff := cmp.Diff(want, w.trail("acme", since)); diff != "" {
			t.Error("the trail (-want +got):\n" + diff)
		}
	})
}
