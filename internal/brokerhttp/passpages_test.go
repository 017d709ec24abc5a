package brokerhttp_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/testlog"
)

// newCarrying is a board site whose connections may write, and whose Zendesk has
// ticket 35, a closed one, 36, and gives no answer about 37.
func newCarrying(t *testing.T) *boardSite {
	t.Helper()
	b := newBoardSite(t)
	b.token = func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"access_token": "acc3ss-of-ada", "refresh_token": "r3fresh-of-ada", "scope": "read write users:read", "expires_in": 1800})
	}
	rest := b.api
	b.api = func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimSuffix(r.URL.Path, ".json") {
		case "/api/v2/tickets/35":
			answer(w, map[string]any{"ticket": map[string]any{"id": 35, "status": "open"}})
		case "/api/v2/tickets/36":
			answer(w, map[string]any{"ticket": map[string]any{"id": 36, "status": "closed"}})
		case "/api/v2/tickets/37":
			w.WriteHeader(http.StatusBadGateway)
		default:
			rest(w, r)
		}
	}
	return b
}

func wish(connection broker.ConnectionID, ticket string) url.Values {
	return url.Values{
		"connection": {strconv.Itoa(int(connection))}, "ticket": {ticket}, "name": {"crash logs"}, "can": {"upload", "comment"},
		"types": {".log, image/*"}, "file_most": {"5"}, "all_most": {"20"}, "uses": {"3"}, "life": {"72"},
	}
}

func TestPassPages(t *testing.T) {
	b := newCarrying(t)
	id := b.connectAs("acme", 7, "Ada", "admin")
	ada := b.signIn("acme", 7, "Ada", "admin")
	if page := b.look(ada, "/passes"); !strings.Contains(page.body, "No pass has been made yet") || !strings.Contains(page.body, `href="/new-pass"`) {
		t.Errorf("without any: %d %s", page.StatusCode, page.body)
	}
	at := "/new-pass?connection=" + strconv.Itoa(int(id))
	if page := b.look(ada, "/new-pass?q=ada"); !strings.Contains(page.body, at) {
		t.Errorf("a connection to choose: %s", page.body)
	}
	if form := b.look(ada, at); !strings.Contains(form.body, `name="ticket"`) || !strings.Contains(form.body, ">Ada<") {
		t.Errorf("the form: %s", form.body)
	}

	made := b.post(ada, "/new-pass", wish(id, " #35 "))
	found := regexp.MustCompile(`<code class="secret" id="link">([^<]*#(deskauth_pass_[A-Za-z0-9_-]+))</code>`).FindStringSubmatch(made.body)
	if made.StatusCode != http.StatusOK || found == nil || !strings.HasPrefix(found[1], b.url.String()+"/pass#") ||
		!strings.Contains(made.body, "-T FILE "+b.url.String()+"/pass/files/") || made.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("made: %d %s", made.StatusCode, made.body)
	}
	testlog.Issued(t, found[2])
	p, err := b.broker.PassOf(t.Context(), secret.Of(found[2]), "203.0.113.7")
	if err != nil || p.Ticket != 35 || p.Connection != id || p.UsesMost != 3 || p.FileMost != 5e6 || p.BytesMost != 20e6 || len(p.Types) != 2 ||
		p.Maker != broker.Person("acme", 7) || p.Expires.Sub(p.Created) > 72*time.Hour || p.Expires.Sub(p.Created) < 71*time.Hour {
		t.Errorf("the pass: %+v %v", p, err)
	}
	courier := &broker.Courier{Broker: b.broker, Calls: http.DefaultTransport}
	if _, err := courier.Begin(t.Context(), p.ID, "203.0.113.7"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/passes", "/passes?state=good&q=CRASH", "/passes?q=acme", "/passes?q=35", "/passes/1"} {
		page := b.look(ada, path)
		if !strings.Contains(page.body, "crash logs") || !strings.Contains(page.body, "/agent/tickets/35") || !strings.Contains(page.body, "1 of 3") || strings.Contains(page.body, found[2]) {
			t.Errorf("%s: %d %s", path, page.StatusCode, page.body)
		}
	}
	for _, path := range []string{"/passes?state=expired", "/passes?q=nothing", "/passes?connection=99"} {
		if page := b.look(ada, path); !strings.Contains(page.body, "No pass matches") {
			t.Errorf("%s: %s", path, page.body)
		}
	}
	if page := b.look(ada, "/passes/1"); !strings.Contains(page.body, "203.0.113.7") || !strings.Contains(page.body, ">Ada<") || strings.Contains(page.body, `value="revoke"`) {
		t.Errorf("its page: %s", page.body)
	}

	if page := b.look(ada, "/passes/1?do=revoke"); !strings.Contains(page.body, "Revoke this pass?") {
		t.Errorf("the question: %s", page.body)
	}
	if p, _ := b.broker.Pass(t.Context(), 1); !p.Revoked.IsZero() {
		t.Error("a question revoked it")
	}
	if got := b.post(ada, "/passes/1", url.Values{"do": {"revoke"}}); got.Header.Get("Location") != "/passes/1?done=revoke" {
		t.Errorf("revoking: %d %s", got.StatusCode, got.body)
	}
	if page := b.look(ada, "/passes/1?done=revoke"); !strings.Contains(page.body, "The pass is revoked.") {
		t.Errorf("afterwards: %s", page.body)
	}
	for _, kind := range []broker.EventKind{broker.PassMade, broker.PassEnded} {
		all, err := b.broker.Events(t.Context(), broker.EventFilter{Kind: kind, Pass: 1, By: broker.Person("acme", 7)}, 0, 10)
		if err != nil || len(all) != 1 {
			t.Errorf("%s: %v %v", kind, all, err)
		}
	}
	// A pass needs no name.
	unnamed := wish(id, "35")
	unnamed.Set("name", "")
	if made := b.post(ada, "/new-pass", unnamed); made.StatusCode != http.StatusOK || !strings.Contains(made.body, "<bdi>No name</bdi>") {
		t.Errorf("without a name: %d %s", made.StatusCode, made.body)
	} else {
		testlog.Issued(t, regexp.MustCompile(`deskauth_pass_[A-Za-z0-9_-]+`).FindString(made.body))
	}
	if page := b.look(ada, "/passes"); !strings.Contains(page.body, "<bdi>No name</bdi>") {
		t.Errorf("a pass without a name in the list: %s", page.body)
	}
	if page := b.look(ada, "/passes/2"); !strings.Contains(page.body, "<h1>Pass 2</h1>") {
		t.Errorf("its page: %s", page.body)
	}
	for _, path := range []string{"/passes/3", "/passes/x", "/passes/0", "/new-pass?connection=99", "/passes?before=x"} {
		if got := b.look(ada, path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	if got := b.post(ada, "/passes/1", url.Values{"do": {"explode"}}); got.StatusCode != http.StatusNotFound {
		t.Errorf("what there is not to do: %d", got.StatusCode)
	}
	if strings.Contains(b.log.String(), found[2]) {
		t.Error("the log has the secret")
	}
}

func TestPassFormOfOperators(t *testing.T) {
	b := newCarrying(t)
	id := b.connectAs("acme", 7, "Ada", "admin")
	ada := b.signIn("acme", 7, "Ada", "admin")
	with := func(field string, values ...string) url.Values { w := wish(id, "35"); w[field] = values; return w }
	for name, tt := range map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"no ticket":            {with("ticket", ""), 422, "There is no such ticket"},
		"a ticket's name":      {with("ticket", "my ticket"), 422, "There is no such ticket"},
		"a closed ticket":      {with("ticket", "36"), 422, "There is no such ticket"},
		"a ticket that is not": {with("ticket", "38"), 502, "Zendesk did not answer"},
		"Zendesk away":         {with("ticket", "37"), 502, "Zendesk did not answer"},
		"a long name":          {with("name", strings.Repeat("n", 101)), 422, "It has at most 100 characters"},
		"nothing allowed":      {with("can"), 422, "It allows at least one thing"},
		"another thing":        {with("can", "delete"), 422, "It allows at least one thing"},
		"a type of no file":    {with("types", "exe;rm -rf"), 422, "Each is the end of a name"},
		"too large":            {with("file_most", "51"), 422, "It is a whole number from 1 to 50"},
		"too much":             {with("all_most", "1001"), 422, "It is a whole number from 1 to 1000"},
		"too often":            {with("uses", "-1"), 422, "It is a whole number from 1 to 1000"},
		"a life not offered":   {with("life", "9999999999"), 422, "Choose one of those"},
		"no connection":        {with("connection", "99"), 404, ""},
		"not a connection":     {with("connection", "x"), 404, ""},
	} {
		got := b.post(ada, "/new-pass", tt.form)
		if got.StatusCode != tt.status || !strings.Contains(got.body, tt.says) {
			t.Errorf("%s: %d, want %d %q in %s", name, got.StatusCode, tt.status, tt.says, got.body)
		}
	}
	if _, err := b.broker.Disable(t.Context(), broker.AtCommand, id); err != nil {
		t.Fatal(err)
	}
	if got := b.post(ada, "/new-pass", wish(id, "35")); got.StatusCode != http.StatusConflict || !strings.Contains(got.body, "does not work now") {
		t.Errorf("a connection that is switched off: %d %s", got.StatusCode, got.body)
	}
	if page := b.look(ada, "/new-pass"); !strings.Contains(page.body, "It does not work now") || strings.Contains(page.body, "connection=") {
		t.Errorf("and it is not offered: %s", page.body)
	}
	if all, err := b.broker.Passes(t.Context(), 0, 10); err != nil || len(all) != 0 {
		t.Errorf("passes were made: %v %v", all, err)
	}
	foreign := b.request("POST", "/new-pass", wish(id, "35").Encode())
	foreign.Header.Set("Origin", "https://evil.example")
	if got := b.do(ada, foreign); got.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: %d", got.StatusCode)
	}
}

// The list goes on in parts, the newest first.
func TestPassListGoesOn(t *testing.T) {
	b := newCarrying(t)
	id := b.connectAs("acme", 7, "Ada", "admin")
	ada := b.signIn("acme", 7, "Ada", "admin")
	for n := range 51 {
		_, plain, err := b.broker.MakePass(t.Context(), broker.Pass{Name: "number " + strconv.Itoa(n), Connection: id, Ticket: 35})
		if err != nil {
			t.Fatal(err)
		}
		testlog.Issued(t, plain.Reveal())
	}
	first := b.look(ada, "/passes")
	next := regexp.MustCompile(`href="(/passes\?before=[A-Za-z0-9_-]+)" rel="next"`).FindStringSubmatch(first.body)
	if next == nil || !strings.Contains(first.body, "number 50<") || strings.Contains(first.body, "number 0<") || strings.Contains(first.body, `rel="prev"`) {
		t.Fatalf("the first part: %v", next)
	}
	if second := b.look(ada, next[1]); !strings.Contains(second.body, "number 0<") || strings.Contains(second.body, "number 1<") || !strings.Contains(second.body, `rel="prev"`) {
		t.Errorf("the second part: %s", second.body)
	}
	b.ahead = 8 * 24 * time.Hour
	b.through(ada, b.look(ada, "/passes"))
	if page := b.look(ada, "/passes?state=expired&q=number+50"); !strings.Contains(page.body, "number 50<") || !strings.Contains(page.body, ">Expired<") {
		t.Errorf("when they are over: %s", page.body)
	}
}
