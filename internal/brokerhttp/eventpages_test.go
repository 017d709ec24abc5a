package brokerhttp_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

func TestEventPages(t *testing.T) {
	b := newCarrying(t)
	gus := b.connectAs("globex", 9, "Gus", "agent")
	b.connectAs("acme", 7, "Ada", "admin")
	ada := b.signIn("acme", 7, "Ada", "admin")
	b.post(ada, "/connections/"+strconv.Itoa(int(gus)), url.Values{"order": {"disable"}})
	if err := b.broker.Store.AddEvent(t.Context(), broker.Event{
		At: b.broker.Now(), Kind: broker.SignInFailed, Account: "initech", Connection: 99, Client: 1, Detail: "=cmd|' /C calc'!A0 <b>Zoë</b>",
	}); err != nil {
		t.Fatal(err)
	}
	rows := func(path string) []string {
		t.Helper()
		page := b.look(ada, path)
		if page.StatusCode != http.StatusOK || page.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s: %d %s", path, page.StatusCode, page.body)
		}
		var kinds []string
		for _, line := range regexp.MustCompile(`data-label="What"><div>([^<]*)`).FindAllStringSubmatch(page.body, -1) {
			kinds = append(kinds, strings.TrimSpace(line[1]))
		}
		return kinds
	}
	all := []string{
		"A sign-in failed", "A connection changed its state", "Something was asked for on a page", "Somebody signed in here",
		"A connection was made", "A connection was made", "A client was added",
	}
	for path, want := range map[string][]string{
		"/events":                                      all,
		"/events?kind=signed_in":                       {all[3]},
		"/events?account=globex":                       {all[1], all[2], all[5]},
		"/events?account=Globex":                       {all[1], all[2], all[5]},
		"/events?connection=" + strconv.Itoa(int(gus)): {all[1], all[2], all[5]},
		"/events?by=user+acme%2F7":                     {all[1], all[2], all[3], all[4]},
		"/events?q=ZO%C3%8B":                           {all[0]},
		"/events?q=100%25":                             nil,
		"/events?q=initech":                            {all[0]},
		"/events?from=2020-01-01&until=2020-12-31":     nil,
		"/events?from=2020-01-01":                      all,
		"/events?pass=1":                               nil,
	} {
		if got := rows(path); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	page := b.look(ada, "/events").body
	for _, want := range []string{
		`<bdi>Ada</bdi>`, `href="/connections/` + strconv.Itoa(int(gus)) + `"><bdi>Gus</bdi>`, `connection 99`, `<bdi class="note detail">Disable</bdi>`, "They are kept for 400 days.",
		`<span class="state refused">refused</span>`, "<b>Zoë", // as it is read
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s: %s", want, page)
		}
	}
	for path, status := range map[string]int{
		"/events?from=soon": 422, "/events?until=2026-13-01": 422, "/events?from=2026-02-02&until=2026-02-01": 422, "/events?connection=x": 422,
		"/events?by=nobody": 404, "/events?pass=x": 404, "/events?client=-1": 404, "/events?before=x": 404, "/events?after=x": 404,
		"/events.csv?from=soon": 404, "/events.json?by=nobody": 404,
	} {
		if got := b.look(ada, path); got.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, got.StatusCode, status)
		}
	}

	file := b.look(ada, "/events.csv?q=initech")
	lines, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
	if err != nil || len(lines) != 2 || lines[1][2] != "sign_in_failed" || lines[1][3] != "refused" || lines[1][9] != "'=cmd|' /C calc'!A0 <b>Zoë</b>" {
		t.Errorf("the file: %v %v", lines, err)
	}
	var body struct{ Events []deskauth.Event }
	if err := json.Unmarshal([]byte(b.look(ada, "/events.json?by=user+acme%2F7").body), &body); err != nil || len(body.Events) != 4 || body.Events[1].By != "user acme/7" || body.Events[1].Kind != "ordered" {
		t.Errorf("as JSON: %+v %v", body, err)
	}
}

// The trail goes on both ways, in parts, and its files have all of it.
func TestEventsGoOn(t *testing.T) {
	b := newBoardSite(t)
	ada := b.signIn("acme", 7, "Ada", "admin")
	for n := range 700 {
		if err := b.broker.Store.AddEvent(t.Context(), broker.Event{At: b.broker.Now(), Kind: broker.KeyMade, Detail: "number-" + strconv.Itoa(n) + "."}); err != nil {
			t.Fatal(err)
		}
	}
	link := func(r response, rel string) string {
		m := regexp.MustCompile(`href="([^"]+)" rel="` + rel + `"`).FindStringSubmatch(r.body)
		if m == nil {
			return ""
		}
		return strings.ReplaceAll(m[1], "&amp;", "&")
	}
	has := func(r response, n int) bool { return strings.Contains(r.body, "number-"+strconv.Itoa(n)+".") }
	first := b.look(ada, "/events?kind=key_made")
	second := b.look(ada, link(first, "next"))
	third := b.look(ada, link(second, "next"))
	if !has(first, 699) || !has(first, 650) || has(first, 649) || link(first, "prev") != "" || !has(second, 649) || !has(second, 600) || !has(third, 599) {
		t.Errorf("downwards: %s, %s", link(first, "next"), link(second, "next"))
	}
	again := b.look(ada, link(third, "prev"))
	if !has(again, 649) || !has(again, 600) || has(again, 650) || link(again, "prev") == "" || link(again, "next") == "" {
		t.Errorf("and back: %s", again.body)
	}
	if top := b.look(ada, link(again, "prev")); !has(top, 699) || !has(top, 650) || link(top, "prev") != "" {
		t.Errorf("and to the top: %q", link(top, "prev"))
	}
	lines, err := csv.NewReader(strings.NewReader(b.look(ada, "/events.csv?kind=key_made").body)).ReadAll()
	if err != nil || len(lines) != 701 || lines[1][9] != "number-699." || lines[700][9] != "number-0." {
		t.Errorf("the file has %d lines: %v", len(lines), err)
	}
}

// Each kind and result of event has words.
func TestEventsHaveWords(t *testing.T) {
	var kinds []string
	for _, kind := range broker.EventKinds() {
		kinds = append(kinds, string(kind))
		if result := (broker.Event{Kind: kind}).Result(); !slices.Contains(web.EventResults, string(result)) {
			t.Errorf("%s comes to %s", kind, result)
		}
	}
	if !slices.Equal(kinds, web.EventKinds) {
		t.Errorf("the pages know %v, the broker %v", web.EventKinds, kinds)
	}
}
