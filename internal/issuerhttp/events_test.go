package issuerhttp_test

import (
	"fmt"
	"net/http"
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
		if e.Origin.RequestID == "" {
			w.t.Errorf("%s has no request id", e.Action)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%d %s %s %s %s", e.Actor, e.Action, e.Object, e.Origin.Address, e.Detail)))
	}
	return all
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
