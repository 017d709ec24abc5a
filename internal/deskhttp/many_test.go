package deskhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/zendesk"
)

// numbers are those of the tickets of a list, and its count.
func (r *reply) numbers() (all []int64, count int) {
	r.t.Helper()
	var l struct {
		Tickets []struct{ ID int64 }
		Results []struct {
			ID   int64
			Type string `json:"result_type"`
		}
		Count int
	}
	r.want(http.StatusOK).decode(&l)
	for _, t := range l.Tickets {
		all = append(all, t.ID)
	}
	for _, t := range l.Results {
		if t.Type != "ticket" {
			t.ID = -t.ID // users
		}
		all = append(all, t.ID)
	}
	return all, l.Count
}

func (w *world) wantNumbers(as, path string, want ...int64) {
	w.t.Helper()
	got, count := w.call(call{As: as, Path: path}).numbers()
	if !slices.Equal(got, want) || count != len(want) {
		w.t.Errorf("%s: %v of %d, want %v", path, got, count, want)
	}
}

// three opens a ticket of carl's for grace, one of carol's, and one of ada's own.
func (w *world) three() {
	w.t.Helper()
	w.open(ada, map[string]any{"subject": "Printer", "comment": said("It burns."), "requester_id": w.id(carl), "assignee_id": w.id(grace), "priority": "urgent", "tags": []string{"fire"}})
	w.pass(time.Hour)
	w.open(ada, map[string]any{"subject": "Café", "comment": said("No coffee."), "requester_id": w.id(carol), "status": "pending"})
	w.pass(24 * time.Hour)
	w.open(ada, map[string]any{"subject": "Own", "comment": said("A printer, too."), "status": "solved"})
}

func TestManyTickets(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.three()
		w.wantNumbers(grace, "/tickets/show_many.json?ids=3,1", 3, 1)
		w.wantNumbers(grace, "/tickets/show_many?ids=2,%2099,2", 2)
		w.wantNumbers(grace, "/tickets/show_many?ids=99")
		w.call(call{As: grace, Path: "/tickets/show_many"}).want(http.StatusBadRequest, `"Parameter ids is required"`)
		w.call(call{As: grace, Path: "/tickets/show_many?ids=a"}).want(http.StatusBadRequest, `ids must be a list of integers from api/v2/tickets/show_many/index`)
		w.call(call{As: grace, Path: "/tickets/show_many?ids=" + strings.Repeat("1,", 100) + "1"}).want(http.StatusBadRequest, `"TooManyValues"`)
		w.call(call{As: carl, Path: "/tickets/show_many?ids=1"}).want(http.StatusForbidden)

		one := fmt.Sprintf("/users/%d/tickets/", w.id(carl))
		w.wantNumbers(ada, one+"requested.json", 1)
		w.wantNumbers(ada, one+"assigned")
		w.wantNumbers(ada, fmt.Sprintf("/users/%d/tickets/assigned", w.id(grace)), 1)
		w.call(call{As: ada, Path: "/users/999999/tickets/requested"}).want(http.StatusNotFound)
		w.call(call{As: carl, Path: one + "requested"}).want(http.StatusForbidden)

		w.update(ada, 1, map[string]any{"comment": said("more"), "status": "open"})
		for path, want := range map[string]int{
			"/tickets/count.json": 3, "/tickets/1/comments/count": 2, "/tickets/1/audits/count": 2, one + "requested/count": 1, one + "assigned/count": 0,
		} {
			var body zendesk.CountEnvelope
			w.call(call{As: ada, Path: path}).want(http.StatusOK).decode(&body)
			if body.Count.Value != want || !body.Count.RefreshedAt.Equal(w.Now()) {
				t.Errorf("%s: %+v, want %d", path, body.Count, want)
			}
		}
		w.call(call{As: ada, Path: "/tickets/9/comments/count"}).want(http.StatusNotFound)
		w.call(call{As: carl, Path: "/tickets/count"}).want(http.StatusForbidden)
	})
}

func TestTags(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.three()
		tags := func(method, path, body string, status int, want ...string) {
			t.Helper()
			var got zendesk.TagsEnvelope
			w.call(call{As: grace, Method: method, Path: path, Body: body}).want(status).decode(&got)
			if !slices.Equal(got.Tags, want) {
				t.Errorf("%s %s %s: %q, want %q", method, path, body, got.Tags, want)
			}
		}
		const path = "/tickets/1/tags"
		tags("GET", path+".json", "", 200, "fire")
		tags("PUT", path, `{"tags":["Smoke","fire","two words"]}`, 200, "fire", "smoke", "two", "words")
		tags("DELETE", path, `{"tags":["two","words","none"]}`, 200, "fire", "smoke")
		tags("DELETE", path+"?tags=smoke,other", "", 200, "fire")
		tags("POST", path, `{"tags":["a","b"]}`, 201, "a", "b")
		tags("POST", path, `{"tags":[]}`, 201)
		tags("PUT", path, `{"tags":"single"}`, 200, "single")
		// Each of them is a change with its audit; an addition of nothing is none.
		tags("PUT", path, `{"tags":[]}`, 200, "single")
		w.call(call{As: ada, Path: "/tickets/1/audits/count"}).want(200, `"value":7`)

		stale := w.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
		w.call(call{As: grace, Method: "PUT", Path: path, Body: `{"tags":["x"],"safe_update":"true","updated_stamp":"` + stale + `"}`}).want(http.StatusConflict)
		tags("PUT", path, `{"tags":["x"],"safe_update":true,"updated_stamp":"`+w.Now().UTC().Format(time.RFC3339)+`"}`, 200, "single", "x")
		tags("PUT", path, `{"tags":["y"],"safe_update":false,"updated_stamp":"`+stale+`"}`, 200, "single", "x", "y")
		for body, want := range map[string]string{
			`{}`:                                   `"Parameter tags is required"`,
			`{"tags":{}}`:                          `tags must be an array of strings from api/v2/tickets/tags/update`,
			`{"tags":["a"],"safe_update":1}`:       `safe_update must be a boolean`,
			`{"tags":["a"],"safe_update":"maybe"}`: `safe_update must be a boolean`,
		} {
			w.call(call{As: grace, Method: "PUT", Path: path, Body: body}).want(http.StatusBadRequest, strings.ReplaceAll(want, "tags/update", "tags"))
		}
		w.call(call{As: grace, Method: "PUT", Path: path, Body: `{"tags":["a"],"safe_update":true}`}).want(http.StatusUnprocessableEntity, "Updated stamp: must be a date and time")
		w.call(call{As: grace, Method: "POST", Path: path, Body: `{"tags":["` + strings.Repeat("x", 9000) + `"]}`}).want(http.StatusUnprocessableEntity, "Tags: is too long")
		w.call(call{As: grace, Method: "PUT", Path: "/tickets/9/tags", Body: `{"tags":["a"]}`}).want(http.StatusNotFound)
		w.call(call{As: carl, Path: path}).want(http.StatusForbidden)
		w.call(call{As: carl, Method: "PUT", Path: path, Body: `{"tags":["a"]}`}).want(http.StatusForbidden)
		w.call(call{Bearer: w.bearer("tickets:read"), Method: "PUT", Path: path, Body: `{"tags":["a"]}`}).want(http.StatusForbidden, "tickets:write, write")
	})
}

// A change by its tags counts as any other.
func TestTagsSpendTheTicketsQuota(t *testing.T) {
	w := newWorld(t, store.SQLite)
	w.plant("corp", issuer.PlanEnterprise, "ann@corp.example")
	at := call{As: "ann@corp.example", Host: "corp.localhost", Method: http.MethodPut, Path: "/tickets/1/tags", Body: `{"tags":["x"]}`}
	for range 30 {
		w.call(at).want(http.StatusNotFound).told("Zendesk-Ratelimit-Search-Index", "")
	}
	w.call(at).want(http.StatusTooManyRequests).told("Zendesk-Ratelimit-Tickets-Update", "total=100; remaining=69; resets=60")
	at.Path, at.Body = "/tickets/1", `{"ticket":{}}`
	w.call(at).want(http.StatusTooManyRequests)
}

func TestSearch(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.three()
		search := func(query string) string { return "/search.json?query=" + url.QueryEscape(query) }
		w.wantNumbers(grace, search("type:ticket"), 3, 2, 1)
		w.wantNumbers(grace, search("type:ticket printer"), 3, 1)
		w.wantNumbers(grace, search("type:ticket CAFÉ"), 2)
		w.wantNumbers(grace, search("type:ticket status<solved"), 2, 1)
		w.wantNumbers(grace, search("type:ticket requester:"+carl), 1)
		w.wantNumbers(grace, search("type:ticket requester:nobody@acme.example"))
		w.wantNumbers(grace, search("type:ticket assignee:me"), 1)
		w.wantNumbers(grace, search("type:ticket assignee:none"), 3, 2)
		w.wantNumbers(ada, search("type:ticket submitter:me requester:me"), 3)
		w.wantNumbers(grace, search("type:ticket created>2026-11-22"), 3)
		w.wantNumbers(grace, search("type:ticket")+"&sort_by=priority", 1, 3, 2)
		w.wantNumbers(grace, search("type:ticket")+"&sort_by=created_at&sort_order=asc", 1, 2, 3)
		w.wantNumbers(grace, search("type:user email:"+carl), -w.id(carl))
		w.wantNumbers(grace, search("type:group anything"))
		w.wantNumbers(grace, search("printer"), 3, 1)
		w.wantNumbers(grace, search("carol"), -w.id(carol))

		page := w.call(call{As: grace, Path: search("type:ticket") + "&per_page=2"}).want(200)
		var l struct {
			Next *string `json:"next_page"`
		}
		page.decode(&l)
		if got, count := page.numbers(); !slices.Equal(got, []int64{3, 2}) || count != 3 || l.Next == nil {
			t.Fatalf("the first page: %v of %d, %v", got, count, l.Next)
		}
		next, err := url.Parse(*l.Next)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := w.call(call{As: grace, Path: strings.TrimPrefix(next.RequestURI(), "/api/v2")}).numbers(); !slices.Equal(got, []int64{1}) {
			t.Errorf("the second page: %v", got)
		}
		w.call(call{As: grace, Path: "/search/count.json?query=" + url.QueryEscape("type:ticket status<solved")}).want(200, `{"count":2}`)

		w.call(call{As: grace, Path: "/search"}).want(400, `"Parameter query is required"`)
		w.call(call{As: grace, Path: search("type:ticket") + "&page=11"}).want(422, `"Invalid search: Requested response size`)
		w.call(call{As: grace, Path: search("type:ticket") + "&page=x"}).want(400, "page must be an integer")
		w.call(call{As: grace, Path: "/search?query=%00%ff%22"}).want(200)
		w.call(call{As: carl, Path: search("x")}).want(403)
		w.call(call{Bearer: w.bearer("tickets:read users:read"), Path: search("x")}).want(403, "required scopes: read")
		r := w.call(call{As: hank, Host: "globex.localhost", Path: search("printer")}).want(200).told("Zendesk-Ratelimit-Search-Index", "total=2500; remaining=2499; resets=60")
		if got, _ := r.numbers(); len(got) != 0 {
			t.Errorf("another account finds %v", got)
		}
		if !json.Valid([]byte(r.Body)) || !strings.Contains(r.Body, `"results":[]`) {
			t.Errorf("nothing is %s", r.Body)
		}
	})
}
