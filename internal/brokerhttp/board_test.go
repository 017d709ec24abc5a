package brokerhttp_test

import (
	"encoding/csv"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// boardSite is a site with pages for whoever signs in, whose operators are acme's
// admins, and whose clock is moved by the test.
type boardSite struct {
	*site
	broker *broker.Broker
	ahead  time.Duration
	ended  int // tokens that the Zendesk was asked to end
}

func newBoardSite(t *testing.T, edits ...func(*brokerhttp.Config)) *boardSite {
	t.Helper()
	b := &boardSite{}
	b.site = newSite(t, func(c *brokerhttp.Config) {
		c.Board = true
		b.broker = c.Broker
		b.broker.Operators = broker.Operators{"acme"}
		b.broker.Now = func() time.Time { return time.Now().Add(b.ahead) }
		for _, edit := range edits {
			edit(c)
		}
	})
	b.api = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == zendesk.OAuthTokensCurrentPath && r.Method == http.MethodDelete:
			b.ended++
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	return b
}

// as answers users/me with somebody.
func as(id int, name, role string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"user": map[string]any{"id": id, "name": name, "email": name + "@example.com", "role": role}})
	}
}

// through goes to Zendesk and back: what the answer to the callback is.
func (b *boardSite) through(browser *http.Client, left response) response {
	b.t.Helper()
	to, err := url.Parse(left.Header.Get("Location"))
	if err != nil || left.StatusCode != http.StatusSeeOther || to.Query().Get("state") == "" {
		b.t.Fatalf("not sent to Zendesk: %d %s %v", left.StatusCode, left.Header.Get("Location"), err)
	}
	return b.do(browser, b.request("GET", brokerhttp.DefaultCallbackPath+"?"+url.Values{"code": {"c0de"}, "state": {to.Query().Get("state")}}.Encode(), ""))
}

func (b *boardSite) post(browser *http.Client, path string, form url.Values) response {
	return b.do(browser, b.request("POST", path, form.Encode()))
}

// signIn is a browser that is signed in as somebody.
func (b *boardSite) signIn(account string, id int, name, role string) *http.Client {
	b.t.Helper()
	browser := b.newBrowser()
	b.me = as(id, name, role)
	back := b.through(browser, b.post(browser, "/sign-in", url.Values{"subdomain": {account}, "return_to": {"/connections"}}))
	if back.StatusCode != http.StatusSeeOther || back.Header.Get("Location") != "/connections" {
		b.t.Fatalf("%s came back to %d %s", name, back.StatusCode, back.Header.Get("Location"))
	}
	return browser
}

// connectAs makes a connection of somebody's and returns its number.
func (b *boardSite) connectAs(account string, id int, name, role string) broker.ConnectionID {
	b.t.Helper()
	b.me = as(id, name, role)
	browser := b.newBrowser()
	b.through(browser, b.post(browser, "/connect", url.Values{"subdomain": {account}}))
	all, err := b.broker.Connections(b.t.Context(), 0, 100)
	if err != nil || len(all) == 0 {
		b.t.Fatal("no connection", err)
	}
	return all[len(all)-1].ID
}

func (b *boardSite) look(browser *http.Client, path string) response {
	return b.do(browser, b.request("GET", path, ""))
}

func TestBoardWantsASession(t *testing.T) {
	b := newBoardSite(t)
	got := b.get("/connections?state=active")
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/sign-in?return_to=%2Fconnections%3Fstate%3Dactive" {
		t.Errorf("nobody is sent to %d %s", got.StatusCode, got.Header.Get("Location"))
	}
	if got := b.post(b.browser, "/orders", url.Values{"order": {"revoke"}, "id": {"1"}, "go": {"yes"}}); got.StatusCode != http.StatusForbidden || !strings.Contains(got.body, "Nothing was done") {
		t.Errorf("a form of nobody's: %d %s", got.StatusCode, got.body)
	}
	page := b.get("/sign-in?return_to=%2F%2Fevil.example")
	if page.StatusCode != http.StatusOK || strings.Contains(page.body, `name="return_to"`) || !strings.Contains(page.body, `value="acme"`) {
		t.Errorf("the page to sign in: %d %s", page.StatusCode, page.body)
	}
	without := newSite(t, nil)
	for _, path := range []string{"/connections", "/sign-in", "/sign-out"} {
		if got := without.get(path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s without these pages: %d", path, got.StatusCode)
		}
	}
}

// What no text of a database can be is refused alike, whatever it is asked of.
func TestBoardRefusesWhatIsNoText(t *testing.T) {
	b := newBoardSite(t)
	ada := b.signIn("acme", 7, "Ada", "admin")
	for _, path := range []string{
		"/connections?account=%00", "/connections?q=%ff", "/connections.csv?state=%00", "/events?account=%00", "/events?kind=%ff",
		"/events.json?q=%00", "/passes?q=%c3%28", "/clients?q=%00", "/keys?q=%ff", "/webhooks?x=%00",
	} {
		if got := b.look(ada, path); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	if got := b.look(ada, "/connections?q=J%C3%BCrgen"); got.StatusCode != http.StatusOK {
		t.Errorf("what is a text: %d", got.StatusCode)
	}
}

// Every signed-in page is asked for by nobody, by a person and by an operator. What is
// not everybody's is not there for a person, and the navigation does not lead there.
func TestBoardPagesAreForWhomTheyAreFor(t *testing.T) {
	b := newBoardSite(t)
	id := b.connectAs("globex", 9, "Gus", "admin")
	operator, person, nobody := b.signIn("acme", 7, "Ada", "admin"), b.signIn("globex", 9, "Gus", "admin"), b.newBrowser()
	everybodys := []string{"/connections", "/connections.csv", "/connections.json", "/connections.live", "/connections/{id}", "/connections/{id}/live", "/orders"}
	for _, p := range brokerhttp.BoardPages() {
		if p.Everybody != slices.Contains(everybodys, p.Path) {
			t.Errorf("%s is everybody's: %v", p.Path, p.Everybody)
		}
		path := strings.NewReplacer("{id}", strconv.Itoa(int(id)), "{number}", "1").Replace(p.Path)
		ask := func(browser *http.Client) response {
			if p.Method == http.MethodGet { // which a stream answers at once
				return b.do(browser, b.request(http.MethodHead, path, ""))
			}
			return b.post(browser, path, url.Values{"order": {"nothing"}})
		}
		if got := ask(nobody); p.Method == http.MethodGet && !strings.HasPrefix(got.Header.Get("Location"), "/sign-in?") ||
			p.Method == http.MethodPost && got.StatusCode != http.StatusForbidden {
			t.Errorf("nobody: %s %s is answered %d", p.Method, path, got.StatusCode)
		}
		if got := ask(person); !p.Everybody && got.StatusCode != http.StatusNotFound || p.Everybody && p.Method == http.MethodGet && got.StatusCode != http.StatusOK {
			t.Errorf("a person: %s %s is answered %d", p.Method, path, got.StatusCode)
		}
		if got := ask(operator); p.Method == http.MethodGet && !strings.Contains(p.Path, "{") && got.StatusCode != http.StatusOK {
			t.Errorf("an operator: %s %s is answered %d", p.Method, path, got.StatusCode)
		}
	}
	entry := regexp.MustCompile(`<a href="(/[a-z]+)"`)
	led := func(browser *http.Client) [][]string {
		_, nav, _ := strings.Cut(b.look(browser, "/connections").body, `<nav class="sections"`)
		nav, _, _ = strings.Cut(nav, "</nav>")
		return entry.FindAllStringSubmatch(nav, -1)
	}
	if got := led(person); len(got) != 1 {
		t.Errorf("a person is led to %v", got)
	}
	for _, section := range led(operator) {
		if got := b.look(operator, section[1]); got.StatusCode != http.StatusOK {
			t.Errorf("%s is linked and answers %d", section[1], got.StatusCode)
		}
	}
}

func TestOperatorAndPersonSeeTheirOwn(t *testing.T) {
	b := newBoardSite(t)
	b.connectAs("acme", 7, "Ada", "admin")
	gus := b.connectAs("globex", 7, "Gus", "admin") // the same number, at another account

	ada := b.signIn("acme", 7, "Ada", "admin")
	page := b.look(ada, "/connections")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, ">Ada<") || !strings.Contains(page.body, ">Gus<") {
		t.Errorf("an operator sees %d %s", page.StatusCode, page.body)
	}
	if b.ended != 1 {
		t.Errorf("%d tokens were ended, want that of the sign-in", b.ended)
	}
	person := b.signIn("globex", 7, "Gus", "admin")
	page = b.look(person, "/connections")
	if strings.Contains(page.body, ">Ada<") || !strings.Contains(page.body, ">Gus<") {
		t.Errorf("a person sees %s", page.body)
	}
	if strings.Contains(page.body, "acc3ss-of-ada") || strings.Contains(page.body, "r3fresh") {
		t.Error("a token stands on the page")
	}
	stranger := b.signIn("globex", 8, "Eve", "agent")
	if page = b.look(stranger, "/connections"); strings.Contains(page.body, ">Gus<") || !strings.Contains(page.body, "Nothing is connected yet") {
		t.Errorf("a stranger sees %s", page.body)
	}
	// What one does not see cannot be ordered either.
	got := b.post(stranger, "/orders", url.Values{"order": {"revoke"}, "go": {"yes"}, "id": {strconv.Itoa(int(gus))}})
	if got.StatusCode != http.StatusOK || !strings.Contains(got.body, "It is gone.") {
		t.Errorf("a stranger's order: %d %s", got.StatusCode, got.body)
	}
	if c, err := b.broker.Connection(t.Context(), gus); err != nil || c.State != broker.Active {
		t.Errorf("and afterwards it is %s: %v", c.State, err)
	}
}

// A role that was told an hour ago is asked for again: a page goes through Zendesk by
// itself and comes back; a form does nothing.
func TestRoleIsCheckedAgain(t *testing.T) {
	b := newBoardSite(t)
	id := b.connectAs("acme", 7, "Ada", "admin")
	b.connectAs("globex", 9, "Gus", "agent")
	ada := b.signIn("acme", 7, "Ada", "admin")
	before := sessionOf(t, b, ada)
	b.ahead = time.Hour

	got := b.post(ada, "/orders", url.Values{"order": {"disable"}, "go": {"yes"}, "id": {strconv.Itoa(int(id))}})
	if got.StatusCode != http.StatusForbidden || !strings.Contains(got.body, "Nothing was done") {
		t.Errorf("a form: %d %s", got.StatusCode, got.body)
	}
	if c, _ := b.broker.Connection(t.Context(), id); c.State != broker.Active {
		t.Errorf("and yet it is %s", c.State)
	}
	req := b.request("GET", "/connections.live", "")
	req.Header.Set("Accept", "text/event-stream")
	if got := b.do(ada, req); got.StatusCode != http.StatusNoContent {
		t.Errorf("a stream: %d", got.StatusCode)
	}
	// Meanwhile she is no admin any more.
	b.me = as(7, "Ada", "agent")
	back := b.through(ada, b.look(ada, "/connections?q=a"))
	if back.StatusCode != http.StatusSeeOther || back.Header.Get("Location") != "/connections?q=a" {
		t.Errorf("back at %d %s", back.StatusCode, back.Header.Get("Location"))
	}
	if sessionOf(t, b, ada) == before {
		t.Error("the session has the id that it had before")
	}
	if page := b.look(ada, "/connections"); strings.Contains(page.body, ">Gus<") || !strings.Contains(page.body, ">Ada<") {
		t.Errorf("who is no admin any more sees %s", page.body)
	}
	if _, err := b.broker.Viewer(t.Context(), secret.Of(before)); err == nil {
		t.Error("the old session lives")
	}
}

func sessionOf(t *testing.T, b *boardSite, browser *http.Client) string {
	t.Helper()
	for _, c := range browser.Jar.Cookies(b.url) {
		if c.Name == "deskauth_broker" {
			return c.Value
		}
	}
	t.Fatal("no session")
	return ""
}

// One person's pages do not make those of others stand still.
func TestFollowersAreBounded(t *testing.T) {
	b := newBoardSite(t)
	follow := func(browser *http.Client) int {
		resp, err := browser.Do(b.request("GET", "/connections.live", ""))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp.StatusCode
	}
	gus, ada := b.signIn("globex", 9, "Gus", "admin"), b.signIn("acme", 7, "Ada", "admin")
	for n := range 8 {
		if got := follow(gus); got != http.StatusOK {
			t.Fatalf("page %d: %d", n+1, got)
		}
	}
	if got := follow(gus); got != http.StatusNoContent {
		t.Errorf("the ninth: %d", got)
	}
	if got := follow(ada); got != http.StatusOK {
		t.Errorf("another's: %d", got)
	}
}

func TestSignOut(t *testing.T) {
	b := newBoardSite(t)
	ada := b.signIn("acme", 7, "Ada", "admin")
	old := sessionOf(t, b, ada)
	if got := b.post(ada, "/sign-out", nil); got.StatusCode != http.StatusSeeOther {
		t.Errorf("signing out: %d", got.StatusCode)
	}
	if _, err := b.broker.Viewer(t.Context(), secret.Of(old)); err == nil {
		t.Error("the session lives on")
	}
	if got := b.look(ada, "/connections"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("and sees a page: %d", got.StatusCode)
	}
}

func TestOrders(t *testing.T) {
	b := newBoardSite(t)
	one, two := b.connectAs("acme", 7, "Ada", "admin"), b.connectAs("acme", 8, "Gus", "agent")
	if _, err := b.broker.Disable(t.Context(), broker.AtCommand, two); err != nil {
		t.Fatal(err)
	}
	ada := b.signIn("acme", 7, "Ada", "admin")
	chosen := url.Values{"order": {"disable"}, "id": {strconv.Itoa(int(one)), strconv.Itoa(int(two)), "999"}}
	plan := b.post(ada, "/orders", chosen)
	if !strings.Contains(plan.body, "It will be done for 1 of 3") || !strings.Contains(plan.body, "it is so already") {
		t.Errorf("the plan: %s", plan.body)
	}
	if c, _ := b.broker.Connection(t.Context(), one); c.State != broker.Active {
		t.Errorf("the plan made it %s", c.State)
	}
	chosen.Set("go", "yes")
	if done := b.post(ada, "/orders", chosen); !strings.Contains(done.body, "Done for 1 of 3") {
		t.Errorf("what was done: %s", done.body)
	}
	if c, _ := b.broker.Connection(t.Context(), one); c.State != broker.Disabled {
		t.Errorf("it is %s", c.State)
	}
	for name, form := range map[string]url.Values{"none chosen": {"order": {"disable"}}} {
		if got := b.post(ada, "/orders", form); got.Header.Get("Location") != "/connections?chosen=none" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.Header.Get("Location"))
		}
	}
	if got := b.post(ada, "/orders", url.Values{"order": {"explode"}, "id": {"1"}}); got.StatusCode != http.StatusNotFound {
		t.Errorf("an order that there is not: %d", got.StatusCode)
	}
	foreign := b.request("POST", "/orders", chosen.Encode())
	foreign.Header.Set("Origin", "https://evil.example")
	if got := b.do(ada, foreign); got.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: %d", got.StatusCode)
	}
}

// An order leads back to the list that it came from, as it was filtered, and nowhere else.
func TestOrdersLeadBack(t *testing.T) {
	b := newBoardSite(t)
	ada := b.signIn("acme", 1, "Ada", "admin")
	for from, back := range map[string]string{
		"/connections?state=active&q=a%26b": "/connections?q=a%26b&state=active",
		"":                                  "/connections",
		"/connections":                      "/connections",
		"/connections/1":                    "/connections",
		"/sign-out":                         "/connections",
		"//evil.example/connections":        "/connections",
		"https://evil.example/connections":  "/connections",
		"/\\evil.example/connections?q=1":   "/connections",
		"javascript:alert(1)":               "/connections",
	} {
		plan := b.post(ada, "/orders", url.Values{"order": {"disable"}, "id": {"999"}, "return_to": {from}})
		if want := `<p class="back"><a href="` + back + `">`; plan.StatusCode != http.StatusOK || !strings.Contains(html.UnescapeString(plan.body), want) {
			t.Errorf("%q: %d, want %s in %s", from, plan.StatusCode, want, plan.body)
		}
		none := b.post(ada, "/orders", url.Values{"order": {"disable"}, "return_to": {from}})
		at, err := url.Parse(none.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		query := at.Query()
		if query.Get("chosen") != "none" {
			t.Errorf("%q: nothing chosen leads to %s", from, at)
		}
		query.Del("chosen")
		if at.RawQuery = query.Encode(); at.String() != back {
			t.Errorf("%q: nothing chosen leads to %s, want %s", from, at, back)
		}
	}
}

func TestConnectionFiles(t *testing.T) {
	b := newBoardSite(t)
	b.connectAs("acme", 7, "=HYPERLINK(1)", "admin")
	b.connectAs("globex", 9, "Gus", "agent")
	ada := b.signIn("acme", 7, "Ada", "admin")
	file := b.look(ada, "/connections.csv")
	lines, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
	if err != nil || len(lines) != 3 || lines[1][4] != "Gus" || lines[2][4] != "'=HYPERLINK(1)" {
		t.Errorf("the file: %v %v", lines, err)
	}
	var all deskauth.ConnectionPage
	if err := json.Unmarshal([]byte(b.look(ada, "/connections.json?account=globex").body), &all); err != nil || len(all.Connections) != 1 || all.Connections[0].User.Name != "Gus" {
		t.Errorf("as JSON: %+v %v", all, err)
	}
	gus := b.signIn("globex", 9, "Gus", "agent")
	if file := b.look(gus, "/connections.csv?account=acme"); strings.Contains(file.body, "HYPERLINK") {
		t.Errorf("a person's file: %s", file.body)
	}
}

func TestConnectionPage(t *testing.T) {
	b := newBoardSite(t)
	id := b.connectAs("acme", 7, "Ada", "admin")
	gus := b.connectAs("globex", 9, "Gus", "agent")
	path := "/connections/" + strconv.Itoa(int(gus))
	ada, person, stranger := b.signIn("acme", 7, "Ada", "admin"), b.signIn("globex", 9, "Gus", "agent"), b.signIn("globex", 8, "Eve", "agent")
	for name, browser := range map[string]*http.Client{"an operator": ada, "its person": person} {
		page := b.look(browser, path)
		if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "Authorized") || strings.Contains(page.body, "acc3ss") {
			t.Errorf("%s sees %d %s", name, page.StatusCode, page.body)
		}
	}
	for _, path := range []string{path, "/connections/999", "/connections/x", "/connections/0"} {
		got := b.look(stranger, path)
		if got.StatusCode != http.StatusNotFound || !strings.Contains(got.body, "Signed in as") || !strings.Contains(got.body, `action="/sign-out"`) || strings.Contains(got.body, "Only operators") {
			t.Errorf("a stranger sees %s: %d %s", path, got.StatusCode, got.body)
		}
	}
	for _, order := range []string{"renew", "revoke", "disable", "link"} {
		if got := b.post(stranger, path, url.Values{"order": {order}, "name": {"Gus"}}); got.StatusCode != http.StatusNotFound {
			t.Errorf("a stranger may %s: %d", order, got.StatusCode)
		}
	}
	if got := b.post(person, path, url.Values{"order": {"disable"}}); got.StatusCode != http.StatusConflict {
		t.Errorf("a person may disable: %d", got.StatusCode)
	}
	if got := b.post(person, path, url.Values{"order": {"revoke"}, "name": {"gus"}}); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.body, "neither the name nor the number") {
		t.Errorf("a name that was not typed: %d %s", got.StatusCode, got.body)
	}
	if c, err := b.broker.Connection(t.Context(), gus); err != nil || c.State != broker.Active {
		t.Errorf("it is %s: %v", c.State, err)
	}
	if got := b.post(person, path, url.Values{"order": {"revoke"}, "name": {strconv.Itoa(int(gus))}}); got.Header.Get("Location") != "/connections" {
		t.Errorf("revoking: %d %s", got.StatusCode, got.body)
	}
	if _, err := b.broker.Connection(t.Context(), gus); err == nil {
		t.Error("it is still there")
	}
	own := "/connections/" + strconv.Itoa(int(id))
	if got := b.post(ada, own, url.Values{"order": {"link"}}); got.StatusCode != http.StatusOK || !strings.Contains(got.body, b.url.String()+"/") {
		t.Errorf("a link: %d %s", got.StatusCode, got.body)
	}
	if got := b.post(ada, own, url.Values{"order": {"disable"}}); got.Header.Get("Location") != own+"?done=disable" {
		t.Errorf("disabling: %d", got.StatusCode)
	}
	if page := b.look(ada, own); !strings.Contains(page.body, "<strong>Asked for on a page</strong> <bdi class=\"note\">Disable</bdi>") || strings.Contains(page.body, "disable by acme/7") || !strings.Contains(page.body, "Somebody disabled it.") {
		t.Errorf("afterwards: %s", page.body)
	}
}
