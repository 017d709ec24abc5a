package deskhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

// What the first page of Zendesk's documentation does.
func TestTicketStory(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		created := w.call(call{
			As: ada, Method: http.MethodPost, Path: "/tickets.json",
			Body: `{"ticket":{"subject":"My printer is on fire!","comment":{"body":"The smoke is very colorful."},"priority":"urgent"}}`,
		}).want(http.StatusCreated)
		got := created.ticket()
		if at := created.Header.Get("Location"); at != "http://acme.localhost/api/v2/tickets/1.json" || at != got.Ticket.URL {
			t.Errorf("Location %q, url %q", at, got.Ticket.URL)
		}
		me := w.id(ada)
		want := zendesk.Ticket{
			URL: got.Ticket.URL, ID: 1, Via: zendesk.ViaOf("api"), CreatedAt: zendesk.TimeOf(w.Now()), UpdatedAt: zendesk.TimeOf(w.Now()),
			GeneratedTimestamp: w.Now().Unix(), Subject: ptr("My printer is on fire!"), RawSubject: ptr("My printer is on fire!"),
			Description: "The smoke is very colorful.", Priority: ptr("urgent"), Status: "new", RequesterID: me, SubmitterID: me,
			CollaboratorIDs: []int64{}, FollowerIDs: []int64{}, EmailCCIDs: []int64{}, IsPublic: true, Tags: []string{},
			CustomFields: []zendesk.CustomField{}, SharingAgreementIDs: []int64{}, Fields: []zendesk.CustomField{}, FollowupIDs: []int64{},
			AllowAttachments: true, SatisfactionRating: json.RawMessage("null"),
		}
		if diff := cmp.Diff(want, got.Ticket); diff != "" {
			t.Errorf("the ticket (-want +got):\n%s", diff)
		}
		told := eventsOf(*got.Audit)
		if diff := cmp.Diff([]string{
			`Comment "The smoke is very colorful."`, `Create subject = My printer is on fire!`, fmt.Sprintf("Create requester_id = %d", me),
			`Create priority = urgent`, `Create type = <nil>`, `Create status = new`,
		}, told); diff != "" {
			t.Errorf("its audit (-want +got):\n%s", diff)
		}
		if system := got.Audit.Metadata.System; system.Client != "tests/1" || system.IPAddress != "127.0.0.1" {
			t.Errorf("the audit is from %+v", system)
		}

		w.pass(time.Minute)
		changed := w.update(grace, 1, map[string]any{"status": "solved", "comment": map[string]any{"body": "Put out.", "public": false}, "tags": []string{"Fire", "printer fire"}}).want(http.StatusOK).ticket()
		if diff := cmp.Diff([]string{
			`Comment "Put out." (internal)`, "Change status = solved, was new", fmt.Sprintf("Change assignee_id = %d, was <nil>", w.id(grace)),
			"Change tags = [fire printer], was []",
		}, eventsOf(*changed.Audit)); diff != "" {
			t.Errorf("the change (-want +got):\n%s", diff)
		}
		shown := w.call(call{As: ada, Path: "/tickets/1.json"}).want(http.StatusOK).ticket()
		if diff := cmp.Diff(changed.Ticket, shown.Ticket); diff != "" || shown.Audit != nil || !shown.Ticket.UpdatedAt.Equal(w.Now()) {
			t.Errorf("shown otherwise than answered:\n%s", diff)
		}

		var comments struct {
			Comments []zendesk.Comment
			Count    int
		}
		w.call(call{As: ada, Path: "/tickets/1/comments.json"}).want(http.StatusOK).decode(&comments)
		if n := comments.Comments; comments.Count != 2 || n[0].ID != got.Audit.Events[0].ID || n[0].AuditID != got.Audit.ID ||
			n[1].Public || n[1].AuthorID != w.id(grace) || n[1].HTMLBody != `<div class="zd-comment" dir="auto"><p dir="auto">Put out.</p></div>` {
			t.Errorf("comments %+v", comments)
		}
		var audits struct{ Audits []zendesk.Audit }
		w.call(call{As: ada, Path: "/tickets/1/audits.json"}).want(http.StatusOK).decode(&audits)
		if diff := cmp.Diff([]zendesk.Audit{*got.Audit, *changed.Audit}, audits.Audits); diff != "" {
			t.Errorf("audits (-answered +listed):\n%s", diff)
		}
		var one zendesk.AuditEnvelope
		w.call(call{As: ada, Path: fmt.Sprintf("/tickets/1/audits/%d.json", changed.Audit.ID)}).want(http.StatusOK).decode(&one)
		if diff := cmp.Diff(*changed.Audit, one.Audit); diff != "" {
			t.Errorf("the audit (-answered +shown):\n%s", diff)
		}

		w.call(call{As: ada, Method: http.MethodDelete, Path: "/tickets/1.json"}).want(http.StatusNoContent)
		for _, path := range []string{"/tickets/1.json", "/tickets/1/comments", "/tickets/1/audits", "/requests/1"} {
			w.call(call{As: ada, Path: path}).want(http.StatusNotFound, `"RecordNotFound"`)
		}
		if next := w.open(ada, map[string]any{"comment": said("x")}); next.Ticket.ID != 2 {
			t.Errorf("the number of a deleted ticket was given again: %d", next.Ticket.ID)
		}
	})
}

func ptr[T any](v T) *T { return &v }

// eventsOf is an audit in a line for each event.
func eventsOf(a zendesk.Audit) (all []string) {
	for _, e := range a.Events {
		line := fmt.Sprintf("%s %s = %v", e.Type, e.FieldName, e.Value)
		switch e.Type {
		case zendesk.EventComment:
			line = fmt.Sprintf("%s %q", e.Type, e.Body)
			if !e.Public {
				line += " (internal)"
			}
		case zendesk.EventChange:
			line += fmt.Sprintf(", was %v", e.PreviousValue)
		}
		all = append(all, line)
	}
	return all
}

// The ways in which clients write the same.
func TestTicketForms(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			body string
			want func(zendesk.Ticket) bool
		}{
			"description":       {`{"description":"d"}`, func(v zendesk.Ticket) bool { return v.Description == "d" && v.Subject == nil }},
			"comment value":     {`{"comment":{"value":"d"}}`, func(v zendesk.Ticket) bool { return v.Description == "d" }},
			"html":              {`{"comment":{"html_body":"<p>a<br>b &amp; c</p><script>x</script>"}}`, func(v zendesk.Ticket) bool { return v.Description == "a\nb & c\n\nx" }},
			"internal":          {`{"comment":{"body":"d","public":false}}`, func(v zendesk.Ticket) bool { return !v.IsPublic }},
			"one tag":           {`{"comment":{"body":"d"},"tags":"One two ONE"}`, func(v zendesk.Ticket) bool { return strings.Join(v.Tags, ",") == "one,two" }},
			"assigned":          {fmt.Sprintf(`{"comment":{"body":"d"},"assignee_id":%d}`, w.id(grace)), func(v zendesk.Ticket) bool { return v.Status == "open" && *v.AssigneeID == w.id(grace) }},
			"assigned by email": {`{"comment":{"body":"d"},"assignee_email":"Grace@acme.example"}`, func(v zendesk.Ticket) bool { return *v.AssigneeID == w.id(grace) }},
			"for another":       {fmt.Sprintf(`{"comment":{"body":"d"},"requester_id":"%d"}`, w.id(carl)), func(v zendesk.Ticket) bool { return v.RequesterID == w.id(carl) && v.SubmitterID == w.id(ada) }},
			"by another's hand": {fmt.Sprintf(`{"comment":{"body":"d"},"requester_id":%d,"submitter_id":%d}`, w.id(carl), w.id(carl)), func(v zendesk.Ticket) bool { return v.SubmitterID == w.id(carl) }},
			"requester's email": {`{"comment":{"body":"d"},"requester":"carl@acme.example"}`, func(v zendesk.Ticket) bool { return v.RequesterID == w.id(carl) }},
			"a known requester": {`{"comment":{"body":"d"},"requester":{"name":"C.","email":"carl@acme.example"}}`, func(v zendesk.Ticket) bool { return v.RequesterID == w.id(carl) }},
			"a new requester":   {`{"comment":{"body":"d"},"requester":{"name":"Nina","email":"nina@acme.example"}}`, func(v zendesk.Ticket) bool { return v.RequesterID == w.id("nina@acme.example") }},
			"NUL and no text": {"{\"subject\":\"a\\u0000b\\ud800\",\"comment\":{\"body\":\"d\\u0000\xff\"},\"external_id\":\"\\u0000\",\"tags\":[\"\\u0000t\"]}", func(v zendesk.Ticket) bool {
				return *v.Subject == "ab�" && v.Description == "d�" && v.ExternalID == nil
			}},
		} {
			got := w.call(call{As: ada, Method: http.MethodPost, Path: "/tickets", Body: `{"ticket":` + c.body + `}`})
			if got.Status != http.StatusCreated || !c.want(got.ticket().Ticket) {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
	})
}

// Every answer to what cannot be.
func TestTicketRefusals(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.open(ada, map[string]any{"comment": said("open")})
		w.open(ada, map[string]any{"comment": said("shut"), "status": "closed"})
		var stranger struct{ Users []zendesk.User }
		w.call(call{As: hank, Host: "globex.localhost", Path: "/users"}).want(http.StatusOK).decode(&stranger)
		w.pass(time.Hour)
		w.update(ada, 1, map[string]any{"subject": "later"}).want(http.StatusOK)
		big := strings.Repeat("x", 1<<20)
		for _, c := range []struct {
			method, path, body string
			status             int
			words              string
		}{
			{"POST", "/tickets", `{"ticket":{"subject":"s"}}`, 422, `"base":[{"description":"Description: cannot be blank","error":"BlankValue"}]`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":" "}}}`, 422, `Description: cannot be blank`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":"x"},"priority":"soon","status":"gone","type":"thing"}}`, 422, `"priority":[{"description":"Priority: is not a valid priority","error":"InvalidValue"}],"status":`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":"x"},"requester_id":999999999}}`, 422, `"requester":`},
			{"POST", "/tickets", fmt.Sprintf(`{"ticket":{"comment":{"body":"x"},"requester_id":%d}}`, *stranger.Users[0].ID), 422, `"requester":`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":"x"},"requester_id":9223372036854775808}}`, 400, `must be an integer`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":"x"},"requester":[1]}}`, 400, `must be a hash`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":"x"},"requester":{"name":"N","email":"none"}}}`, 422, `"email":`},
			{"POST", "/tickets", fmt.Sprintf(`{"ticket":{"comment":{"body":"x"},"assignee_id":%d}}`, w.id(carl)), 422, `"Assignee: is not an agent"`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":"x","uploads":["nothing-at-all"]}}}`, 422, `"uploads":`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":"` + strings.Repeat("x", 65537) + `"}}}`, 422, `too long`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":"x"},"subject":"` + strings.Repeat("x", 9000) + `"}}`, 422, `Subject: is too long`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":"` + big + `"}}}`, 413, `RequestEntityTooLarge`},
			{"POST", "/tickets", `{"ticket":{"comment":7}}`, 400, `ticket.comment must be a hash`},
			{"POST", "/tickets", `{"ticket":{"comment":{"body":7}}}`, 400, `ticket.comment.body must be a string`},
			{"POST", "/tickets", `{"ticket":[]}`, 400, `ticket must be a hash`},
			{"POST", "/tickets", `{"subject":"s"}`, 400, `Parameter ticket is required`},
			{"POST", "/tickets", `{"ticket":`, 422, `Unprocessable Entity`},
			{"POST", "/tickets", ``, 400, `Parameter ticket is required`},
			{"PUT", "/tickets/1", `{"ticket":{"comment":{"body":""}}}`, 422, `Comment: cannot be blank`},
			{"PUT", "/tickets/1", `{"ticket":{"status":"gone"}}`, 422, `"Status: is not a valid status"`},
			{"PUT", "/tickets/1", `{"ticket":{"subject":"x","safe_update":true}}`, 422, `updated_stamp`},
			{"PUT", "/tickets/1", `{"ticket":{"subject":"x","safe_update":true,"updated_stamp":"2026-11-22T09:00:00Z"}}`, 409, `"UpdateConflict"`},
			{"PUT", "/tickets/2", `{"ticket":{"status":"open"}}`, 422, `{"error":"RecordInvalid","description":"Record validation errors","details":{"status":[{"description":"Status: closed prevents ticket update"}]}}`},
			{"PUT", "/tickets/3", `{"ticket":{"status":"open"}}`, 404, `RecordNotFound`},
			{"GET", "/tickets/3", ``, 404, `RecordNotFound`},
			{"GET", "/tickets/0", ``, 404, `RecordNotFound`},
			{"GET", "/tickets/-1", ``, 404, `RecordNotFound`},
			{"GET", "/tickets/one", ``, 404, `RecordNotFound`},
			{"GET", "/tickets/99999999999999999999", ``, 404, `RecordNotFound`},
			{"GET", "/tickets/%00", ``, 404, `RecordNotFound`},
			{"GET", "/tickets/1/audits/1%00", ``, 404, `RecordNotFound`},
			{"GET", "/tickets/2/audits/1", ``, 404, `RecordNotFound`}, // another ticket's
			{"DELETE", "/tickets/3", ``, 404, `RecordNotFound`},
			{"GET", "/tickets?page[size]=0", ``, 400, `InvalidPaginationParameter`},
			{"GET", "/tickets?page=101", ``, 400, `InvalidPaginationDepth`},
			{"GET", "/tickets?external_id=%00%ff", ``, 200, `"tickets":[`},
			{"PATCH", "/tickets/1", `{}`, 404, `InvalidEndpoint`},
		} {
			var body any
			if c.body != "" {
				body = c.body
			}
			got := w.call(call{As: ada, Method: c.method, Path: c.path, Body: body})
			if got.Status != c.status || !strings.Contains(got.Body, c.words) {
				t.Errorf("%s %s %.80s: %d %s; want %d, %s", c.method, c.path, c.body, got.Status, got.Body, c.status, c.words)
			}
		}
	})
}

// Who may do what: by role, by scope, and in whose account.
func TestTicketAccess(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.open(ada, map[string]any{"comment": said("x"), "requester_id": w.id(carl)})
		read, write, users, narrow := w.bearer("tickets:read"), w.bearer("tickets:write"), w.bearer("users:read"), w.bearer("impersonate read write")
		for _, c := range []struct {
			name   string
			call   call
			status int
			words  string
		}{
			{"nobody", call{Path: "/tickets"}, 401, `Couldn't authenticate you`},
			{"an end user", call{As: carl, Path: "/tickets"}, 403, `You do not have access to this page`},
			{"an end user, of the own ticket", call{As: carl, Path: "/tickets/1"}, 403, `"Forbidden"`},
			{"an agent", call{As: grace, Path: "/tickets/1"}, 200, `"id":1`},
			{"of another account", call{As: hank, Host: "globex.localhost", Path: "/tickets/1"}, 404, `RecordNotFound`},
			{"of another account, by its list", call{As: hank, Host: "globex.localhost", Path: "/tickets"}, 200, `{"tickets":[],"next_page":null,"previous_page":null,"count":0}`},
			{"may read", call{Bearer: read, Path: "/tickets/1"}, 200, `"id":1`},
			{"may only read", call{Bearer: read, Method: "PUT", Path: "/tickets/1", Body: `{"ticket":{}}`}, 403, `You are missing the following required scopes: tickets:write, write`},
			{"may write", call{Bearer: write, Method: "PUT", Path: "/tickets/1", Body: `{"ticket":{}}`}, 200, `"id":1`},
			{"may only write", call{Bearer: write, Path: "/tickets/1"}, 403, `tickets:read, read`},
			{"may read others", call{Bearer: users, Path: "/tickets/1"}, 403, `tickets:read, read`},
			{"for an end user", call{Bearer: narrow, Path: "/tickets/1", Header: map[string]string{"X-On-Behalf-Of": fmt.Sprint(w.id(carl))}}, 403, `"Forbidden"`},
			{"for an end user, their request", call{Bearer: narrow, Path: "/requests/1", Header: map[string]string{"X-On-Behalf-Of": fmt.Sprint(w.id(carl))}}, 200, `"id":1`},
		} {
			got := w.call(c.call)
			if got.Status != c.status || !strings.Contains(got.Body, c.words) {
				t.Errorf("%s: %d %s; want %d, %s", c.name, got.Status, got.Body, c.status, c.words)
			}
		}
	})
}

func TestTicketPages(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for n := range 5 {
			w.open(ada, map[string]any{"comment": said("x"), "external_id": fmt.Sprint(n % 2)})
		}
		type list struct {
			Tickets []zendesk.Ticket
			Meta    *zendesk.PageMeta
			Links   *zendesk.PageLinks
			Next    *string `json:"next_page"`
			Count   int
		}
		numbers := func(l list) (all []int64) {
			for _, v := range l.Tickets {
				all = append(all, v.ID)
			}
			return all
		}
		var seen []int64
		for path := "/tickets.json?page[size]=2&sort=-id"; path != ""; {
			var l list
			w.call(call{As: ada, Path: path}).want(http.StatusOK).decode(&l)
			seen, path = append(seen, numbers(l)...), ""
			if l.Meta.HasMore {
				path = strings.TrimPrefix(*l.Links.Next, "http://acme.localhost/api/v2")
			}
		}
		if diff := cmp.Diff([]int64{5, 4, 3, 2, 1}, seen); diff != "" {
			t.Errorf("by cursor (-want +got):\n%s", diff)
		}
		for path, want := range map[string][]int64{
			"/tickets?per_page=2&page=2": {3, 4}, "/tickets?sort_order=desc&per_page=2": {5, 4}, "/tickets?external_id=1": {2, 4},
			"/tickets?external_id=7": nil, "/tickets?per_page=2&page=4": nil,
		} {
			var l list
			w.call(call{As: ada, Path: path}).want(http.StatusOK).decode(&l)
			if diff := cmp.Diff(want, numbers(l)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
	})
}

// Nobody gets another's number, and no change is lost, however many come at once.
func TestTicketsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const many = 8
		requests := make([]*http.Request, many)
		for n := range requests {
			requests[n] = w.request(call{As: ada, Method: http.MethodPost, Path: "/tickets", Body: map[string]any{"ticket": map[string]any{"comment": said("x")}}})
		}
		w.allAtOnce(requests, http.StatusCreated)
		var l struct{ Count int }
		w.call(call{As: ada, Path: "/tickets"}).decode(&l)
		if last := w.call(call{As: ada, Path: fmt.Sprintf("/tickets/%d", many)}); l.Count != many || last.Status != http.StatusOK {
			t.Errorf("%d tickets, the last of which: %d", l.Count, last.Status)
		}
		for n := range requests[:4] {
			requests[n] = w.request(call{As: ada, Method: http.MethodPut, Path: "/tickets/1", Body: map[string]any{"ticket": map[string]any{"comment": said("y"), "additional_tags": []string{fmt.Sprint("t", n)}}}})
		}
		w.allAtOnce(requests[:4], http.StatusOK)
		v := w.call(call{As: ada, Path: "/tickets/1"}).ticket().Ticket
		w.call(call{As: ada, Path: "/tickets/1/comments"}).decode(&l)
		if len(v.Tags) != 4 || l.Count != 5 {
			t.Errorf("tags %v and %d comments after 4 changes", v.Tags, l.Count)
		}
	})
}

// allAtOnce sends requests together, and wants one status of all.
func (w *world) allAtOnce(requests []*http.Request, status int) {
	w.t.Helper()
	for got, n := range w.race(requests) {
		if got != status {
			w.t.Errorf("%d answers with status %d", n, got)
		}
	}
}

// race sends requests together, and counts the statuses.
func (w *world) race(requests []*http.Request) map[int]int {
	w.t.Helper()
	var wg sync.WaitGroup
	statuses := make([]int, len(requests))
	for n, r := range requests {
		wg.Go(func() {
			resp, err := w.client.Do(r)
			if err != nil {
				w.t.Error(err)
				return
			}
			resp.Body.Close()
			statuses[n] = resp.StatusCode
		})
	}
	wg.Wait()
	counts := map[int]int{}
	for _, status := range statuses {
		counts[status]++
	}
	return counts
}
