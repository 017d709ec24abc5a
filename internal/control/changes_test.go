package control_test

import (
	"net/http"
	"testing"

	"github.com/deskauth/deskauth/deskauthtest"
)

// What is changed by the API stands in the journal under the account of the request.
func TestJournalHasTheAccountOfAChange(t *testing.T) {
	a := newApp(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "https://acme.zendesk.com/api/v2/oauth/tokens/current.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.access)
	if got := a.do(r); got.status != http.StatusNoContent {
		t.Fatalf("%+v", got)
	}
	revoked := a.z.Journal.Find(deskauthtest.Query{Event: "token.revoked"})
	if len(revoked) != 1 || revoked[0].Account != "acme" || revoked[0].Client != deskauthtest.ClientID {
		t.Errorf("%+v", revoked)
	}
}
