package journey_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/testlog"
)

// What people come to when they connect, through the built binary.
func TestConnect(t *testing.T) {
	each(t, func(t *testing.T, engine store.Engine) {
		p := startPair(t, engine, 2)
		for name, story := range map[string]func(*testing.T, *pair){
			"success": connectSuccess, "another person": connectOther, "wrong browser": connectWrongBrowser,
			"answer used twice": connectTwice, "answer to nothing": connectNothing, "answer that says nothing": connectEmpty,
			"unknown account": connectUnknown,
		} {
			t.Run(name, func(t *testing.T) { story(t, p) })
		}
		// Last, because it takes the issuer away.
		t.Run("issuer down", func(t *testing.T) { connectDown(t, p) })
	})
}

// expect fails unless a page is what it should be, and says which request it was.
func expect(t *testing.T, page *journey.Page, err error, status int, title string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if page.Status != status || page.Title() != title {
		t.Errorf("the page %q of %s, status %d; want %q, status %d", page.Title(), page.URL.Path, page.Status, title, status)
	}
	if id := page.Header.Get("X-Request-Id"); status != http.StatusOK && (id == "" || !strings.Contains(page.Text(), "Request "+id)) {
		t.Errorf("the page %q does not tell its request id", page.Title())
	}
}

// arrive signs in up to the answer, and returns the callback's address with it.
func arrive(t *testing.T, p *pair, b *journey.Browser, who journey.Person, decision string) string {
	t.Helper()
	b.Halt = p.url + "/zendesk/oauth/callback"
	defer func() { b.Halt = "" }()
	page, err := b.Connect(t.Context(), p.url, journey.Account, who, decision)
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(page.Location)
	if err != nil || page.Location == "" {
		t.Fatalf("the sign-in ended on the page %q of %s, status %d", page.Title(), page.URL.Path, page.Status)
	}
	testlog.Issued(t, back.Query().Get("state"), back.Query().Get("code"))
	testlog.Issued(t, b.Cookies(p.url)...)
	return page.Location
}

func connectSuccess(t *testing.T, p *pair) {
	ada, b := p.town.People[0], journey.NewBrowser()
	page, err := b.Connect(t.Context(), p.url, "https://"+journey.Account+".zendesk.com/agent", ada, "allow")
	expect(t, page, err, http.StatusOK, "You are connected")
	if want := "Hi, Ada Admin! Your Zendesk Support user role is admin."; !strings.Contains(page.Text(), want) {
		t.Errorf("the page does not say %q", want)
	}
	if strings.Contains(page.URL.String(), "code") || strings.Contains(page.URL.String(), "state") {
		t.Errorf("the page's address is %s", page.URL)
	}
	again, err := b.Connect(t.Context(), p.url, journey.Account, ada, "allow")
	expect(t, again, err, http.StatusOK, "You are connected")
	if connection(page, ada) != connection(again, ada) {
		t.Error("the same person twice is two connections")
	}
}

func connectOther(t *testing.T, p *pair) {
	grace := p.town.People[1]
	page, err := journey.NewBrowser().Connect(t.Context(), p.url, journey.Account, grace, "allow")
	expect(t, page, err, http.StatusOK, "You are connected")
	if !strings.Contains(page.Text(), greeting(grace)) {
		t.Errorf("the page does not say %q", greeting(grace))
	}
}

func connectWrongBrowser(t *testing.T, p *pair) {
	const title = "This sign-in began in another browser"
	ada, b := p.town.People[0], journey.NewBrowser()
	callback := arrive(t, p, b, ada, "allow")
	page, err := journey.NewBrowser().Get(t.Context(), callback)
	expect(t, page, err, http.StatusBadRequest, title)
	other := journey.NewBrowser()
	arrive(t, p, other, ada, "allow") // it has a cookie of its own
	page, err = other.Get(t.Context(), callback)
	expect(t, page, err, http.StatusBadRequest, title)
	if strings.Contains(page.Text(), journey.Account) {
		t.Error("another browser is told whose sign-in it was")
	}
	// The browser that began is not disturbed by that.
	page, err = b.Get(t.Context(), callback)
	expect(t, page, err, http.StatusOK, "You are connected")
}

func connectTwice(t *testing.T, p *pair) {
	ada, b := p.town.People[0], journey.NewBrowser()
	callback := arrive(t, p, b, ada, "allow")
	first, err := b.Get(t.Context(), callback)
	expect(t, first, err, http.StatusOK, "You are connected")
	again, err := b.Get(t.Context(), callback)
	expect(t, again, err, http.StatusOK, "You are connected")
	if first.URL.String() != again.URL.String() {
		t.Errorf("the same answer led to %s, and then to %s", first.URL, again.URL)
	}
	// Another code with the same state is not exchanged.
	forged, _ := url.Parse(callback)
	query := forged.Query()
	query.Set("code", "0123456789abcdefghij")
	forged.RawQuery = query.Encode()
	again, err = b.Get(t.Context(), forged.String())
	expect(t, again, err, http.StatusOK, "You are connected")
}

func connectNothing(t *testing.T, p *pair) {
	b := journey.NewBrowser()
	page, err := b.Get(t.Context(), p.url+"/zendesk/oauth/callback?code=0123456789abcdefghij&state=never-given")
	expect(t, page, err, http.StatusBadRequest, "That took too long")
	page, err = b.Get(t.Context(), p.url+"/zendesk/oauth/callback")
	expect(t, page, err, http.StatusBadRequest, "That took too long")
}

func connectEmpty(t *testing.T, p *pair) {
	ada, b := p.town.People[0], journey.NewBrowser()
	callback, _ := url.Parse(arrive(t, p, b, ada, "allow"))
	query := callback.Query()
	query.Del("code")
	callback.RawQuery = query.Encode()
	page, err := b.Get(t.Context(), callback.String())
	expect(t, page, err, http.StatusBadGateway, hostOf(p)+" answered with something else")
}

func connectUnknown(t *testing.T, p *pair) {
	b := journey.NewBrowser()
	page, err := b.Get(t.Context(), p.url+"/")
	if err == nil {
		page, err = b.Submit(t.Context(), page, "subdomain=nobody")
	}
	expect(t, page, err, http.StatusNotFound, "There is no "+strings.Replace(hostOf(p), journey.Account, "nobody", 1))
	page, err = b.Get(t.Context(), p.url+"/")
	if err == nil {
		page, err = b.Submit(t.Context(), page, "subdomain=acme.evil.example")
	}
	expect(t, page, err, http.StatusUnprocessableEntity, "Connect your Zendesk")
}

func connectDown(t *testing.T, p *pair) {
	ada, b := p.town.People[0], journey.NewBrowser()
	callback := arrive(t, p, b, ada, "allow")
	p.issuer.Terminate()
	page, err := b.Get(t.Context(), callback)
	expect(t, page, err, http.StatusBadGateway, hostOf(p)+" did not answer")
	page, err = b.Get(t.Context(), p.url+"/")
	if err == nil {
		page, err = b.Submit(t.Context(), page, "subdomain="+journey.Account)
	}
	expect(t, page, err, http.StatusBadGateway, hostOf(p)+" did not answer")
	p.issuer.Restart()
	page, err = b.Connect(t.Context(), p.url, journey.Account, ada, "allow")
	expect(t, page, err, http.StatusOK, "You are connected")
}

// hostOf is how pages name the account.
func hostOf(p *pair) string { return journey.Account + ".localhost:" + p.issuerPort }

// Who denies is told so, and nothing is connected; who then allows is connected.
func TestConnectDenied(t *testing.T) {
	p := startPair(t, store.SQLite, 1)
	ada, b := p.town.People[0], journey.NewBrowser()
	callback := arrive(t, p, b, ada, "deny")
	for range 2 { // loaded again, it says the same
		page, err := b.Get(t.Context(), callback)
		expect(t, page, err, http.StatusForbidden, "Access was denied")
	}
	if all := connections(t, openBroker(t, p, time.Now)); len(all) != 0 {
		t.Errorf("%d connections after a denial", len(all))
	}
	page, err := b.Connect(t.Context(), p.url, journey.Account, ada, "allow")
	expect(t, page, err, http.StatusOK, "You are connected")
}

// A token is renewed when it is due and not before, once for all who ask, and the
// old one is over then.
func TestRenewedWhenDue(t *testing.T) {
	each(t, func(t *testing.T, engine store.Engine) {
		p := startPair(t, engine, 1)
		ada := p.town.People[0]
		page, err := journey.NewBrowser().Connect(t.Context(), p.url, journey.Account, ada, "allow")
		expect(t, page, err, http.StatusOK, "You are connected")
		id := connection(page, ada)

		var passed time.Duration
		b := openBroker(t, p, func() time.Time { return time.Now().Add(passed) })
		var seen []string
		for _, at := range []struct {
			passed     time.Duration
			generation int64
		}{
			{0, 1}, {20 * time.Minute, 1}, {27 * time.Minute, 2}, {30 * time.Minute, 2}, {2 * time.Hour, 3}, {240 * time.Hour, 4},
		} {
			passed = at.passed
			token := lentToAll(t, b, id, at.generation)
			testlog.Issued(t, token)
			alive(t, p.app(), ada, journey.Answer{AccessToken: token})
			if len(seen) > 0 && seen[len(seen)-1] != token {
				if status, _, err := p.app().Me(t.Context(), seen[len(seen)-1]); err != nil || status != http.StatusUnauthorized {
					t.Errorf("users/me with the token before: status %d, %v", status, err)
				}
			}
			seen = append(seen, token)
		}
	})
}

// lentToAll asks for a token many times at once: all get the same.
func lentToAll(t *testing.T, b *broker.Broker, id broker.ConnectionID, generation int64) string {
	t.Helper()
	tokens := make([]string, 8)
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() {
			g, err := b.Token(t.Context(), id, 0)
			if err != nil || g.Connection.Generation != generation {
				t.Errorf("generation %d, want %d, error %v", g.Connection.Generation, generation, err)
			}
			tokens[i] = g.Access.Reveal()
		})
	}
	all.Wait()
	slices.Sort(tokens)
	if len(slices.Compact(tokens)) != 1 {
		t.Error("not all were lent the same token")
	}
	return tokens[0]
}
