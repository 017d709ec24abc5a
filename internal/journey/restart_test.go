package journey_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
)

// A restart keeps everything: tokens, codes, sessions, connections, and sign-ins
// that are under way.
func TestRestartKeepsEverything(t *testing.T) {
	each(t, func(t *testing.T, engine store.Engine) {
		p := startPair(t, engine, 1)
		app, ada, person := p.app(), p.town.People[0], journey.NewBrowser()
		code, err := app.Code(t.Context(), person, ada)
		if err != nil {
			t.Fatal(err)
		}
		first, err := app.Exchange(t.Context(), code)
		if err != nil || !first.OK() {
			t.Fatalf("exchange: %v, %v", first, err)
		}
		waiting, err := app.Code(t.Context(), person, ada)
		if err != nil {
			t.Fatal(err)
		}
		// The broker has sent a browser to the issuer, which asks who this is.
		connecting := journey.NewBrowser()
		asked, err := connecting.Get(t.Context(), p.url+"/")
		if err == nil {
			asked, err = connecting.Submit(t.Context(), asked, "subdomain="+journey.Account)
		}
		if err != nil {
			t.Fatal(err)
		}

		p.issuer.Terminate()
		p.broker.Terminate()
		p.issuer.Restart()
		p.broker.Restart()

		alive(t, app, ada, first)
		if second, err := app.Exchange(t.Context(), waiting); err != nil || !second.OK() {
			t.Errorf("a code from before the restart: %v, %v", second, err)
		}
		if again, err := app.Exchange(t.Context(), code); err != nil || !again.Refused() {
			t.Errorf("a code that was used before the restart: %v, %v", again, err)
		}
		next, err := app.Refresh(t.Context(), first.RefreshToken)
		if err != nil || !next.OK() {
			t.Errorf("a refresh token from before the restart: %v, %v", next, err)
		}
		alive(t, app, ada, next)
		stillSignedIn(t, app, person)

		page, err := connecting.SignIn(t.Context(), asked, ada, "allow")
		if err != nil {
			t.Fatal(err)
		}
		if connection(page, ada) == 0 {
			t.Fatalf("a sign-in from before the restart ended on the page %q of %s", page.Title(), page.URL.Path)
		}
		p.broker.Terminate()
		p.broker.Restart()
		shown, err := connecting.Get(t.Context(), page.URL.String())
		if err != nil || connection(shown, ada) != connection(page, ada) {
			t.Errorf("the page of a success after a restart: %v", err)
		}
	})
}

// stillSignedIn fails unless the issuer knows the browser without asking.
func stillSignedIn(t *testing.T, app journey.App, person *journey.Browser) {
	t.Helper()
	person.Halt = app.Redirect
	page, err := person.Get(t.Context(), app.AuthorizeURL("any"))
	if err != nil {
		t.Fatal(err)
	}
	if page.Status != http.StatusFound || !strings.Contains(page.Location, "code=") {
		t.Errorf("a browser that was signed in came to %q, status %d", page.Title(), page.Status)
	}
}
