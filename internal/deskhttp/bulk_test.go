package deskhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/zendesk"
)

func (r *reply) job(status int) zendesk.JobStatus {
	r.t.Helper()
	var e zendesk.JobStatusEnvelope
	r.want(status).decode(&e)
	return e.JobStatus
}

// bulk asks for a job, waits for it, and returns what became of it.
func (w *world) bulk(c call) zendesk.JobStatus {
	w.t.Helper()
	made := w.call(c).job(http.StatusOK)
	if err := w.desk.Jobs.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	got := w.call(call{As: grace, Path: "/job_statuses/" + made.ID + ".json"}).job(http.StatusOK)
	if got.ID != made.ID || got.URL != made.URL || *got.Total != *made.Total || got.Status != "completed" || *got.Progress != *got.Total {
		w.t.Errorf("made %+v, became %+v", made, got)
	}
	return got
}

func failed(id int64, action, code, details string) zendesk.JobResult {
	return zendesk.JobResult{ID: id, Action: action, Error: code, Details: details}
}

func worked(id int64, action, status string) zendesk.JobResult {
	return zendesk.JobResult{ID: id, Action: action, Status: status, Success: true}
}

func indexed(n int64, r zendesk.JobResult) zendesk.JobResult {
	r.Index = &n
	return r
}

func TestManyTicketsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		got := w.bulk(call{As: grace, Method: "POST", Path: "/tickets/create_many.json", Body: map[string]any{"tickets": []any{
			map[string]any{"subject": "One", "comment": said("1"), "requester": map[string]any{"name": "Neo", "email": "neo@acme.example"}},
			map[string]any{"subject": "Nothing said"},
			map[string]any{"subject": "Three", "description": "3", "requester": "neo@acme.example"},
		}}})
		want := []zendesk.JobResult{
			indexed(0, worked(1, "create", "Created")),
			indexed(1, failed(0, "create", "RecordInvalid", "Description: cannot be blank")),
			indexed(2, worked(2, "create", "Created")),
		}
		if diff := cmp.Diff(&want, got.Results); diff != "" {
			t.Error(diff)
		}
		if *got.Message != "Completed at 2026-11-22 09:00:00 +0000" || !strings.HasPrefix(got.URL, "http://acme.localhost/api/v2/job_statuses/") {
			t.Errorf("%+v", got)
		}
		w.wantNumbers(grace, "/tickets", 1, 2)

		// The same to all of them, and to each its own.
		got = w.bulk(call{As: grace, Method: "PUT", Path: "/tickets/update_many.json?ids=1,2,9", Body: `{"ticket":{"status":"solved","additional_tags":["many"]}}`})
		want = []zendesk.JobResult{worked(1, "update", "Updated"), worked(2, "update", "Updated"), failed(9, "update", "RecordNotFound", "Not found")}
		if diff := cmp.Diff(&want, got.Results); diff != "" {
			t.Error(diff)
		}
		w.call(call{As: grace, Path: "/tickets/2"}).want(200, `"status":"solved"`, `"tags":["many"]`)
		got = w.bulk(call{As: grace, Method: "PUT", Path: "/tickets/update_many", Body: map[string]any{"tickets": []any{
			map[string]any{"id": 1, "priority": "high"},
			map[string]any{"id": "2", "priority": "huge", "assignee_id": w.id(carl)},
			map[string]any{"id": 1, "subject": "Later", "safe_update": true, "updated_stamp": "2020-01-01T00:00:00Z"},
		}}})
		want = []zendesk.JobResult{
			worked(1, "update", "Updated"), failed(2, "update", "RecordInvalid", "Priority: is not a valid priority, Assignee: is not an agent"),
			failed(1, "update", "UpdateConflict", "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again."),
		}
		if diff := cmp.Diff(&want, got.Results); diff != "" {
			t.Error(diff)
		}
		w.call(call{As: grace, Path: "/tickets/2"}).want(200, `"priority":null`)

		got = w.bulk(call{As: grace, Method: "DELETE", Path: "/tickets/destroy_many.json?ids=2,%203"})
		want = []zendesk.JobResult{worked(2, "delete", "Deleted"), failed(3, "delete", "RecordNotFound", "Not found")}
		if diff := cmp.Diff(&want, got.Results); diff != "" {
			t.Error(diff)
		}
		w.wantNumbers(grace, "/tickets", 1)

		// The newest first; another account sees none of them.
		var list zendesk.JobStatusesEnvelope
		w.call(call{As: ada, Path: "/job_statuses.json?page[size]=3"}).want(200).decode(&list)
		var kinds []string
		for _, j := range list.JobStatuses {
			kinds = append(kinds, j.JobType)
		}
		if !slices.Equal(kinds, []string{"Bulk Delete Ticket", "Bulk Update Ticket", "Bulk Update Ticket"}) {
			t.Errorf("jobs %q", kinds)
		}
		w.call(call{As: ada, Path: "/job_statuses.json"}).want(200, `"count":4`)
		var some zendesk.JobStatusesEnvelope
		w.call(call{As: ada, Path: "/job_statuses/show_many?ids=" + list.JobStatuses[1].ID + ",x,%20" + got.ID}).want(200).decode(&some)
		if len(some.JobStatuses) != 2 || some.JobStatuses[1].ID != got.ID {
			t.Errorf("some: %+v", some)
		}
		w.call(call{As: hank, Host: "globex.localhost", Path: "/job_statuses/" + got.ID}).want(404)
		w.call(call{As: hank, Host: "globex.localhost", Path: "/job_statuses"}).want(200, `"count":0`)
		w.pass(2 * time.Hour)
		w.bulk(call{As: grace, Method: "DELETE", Path: "/tickets/destroy_many?ids=9"})
		w.call(call{As: ada, Path: "/job_statuses/" + got.ID}).want(404)
	})
}

func TestInvalidBulk(t *testing.T) {
	w := newWorld(t, store.SQLite)
	w.open(grace, map[string]any{"comment": said("x")})
	before := w.call(call{As: grace, Path: "/tickets"}).Body
	many := strings.Repeat(`{"id":1},`, 100) + `{"id":1}`
	for _, c := range []struct {
		method, path, body string
		status             int
		words              string
	}{
		{"POST", "/tickets/create_many", `{}`, 400, "Parameter tickets is required"},
		{"POST", "/tickets/create_many", `{"tickets":{}}`, 400, "tickets must be an array of hashes"},
		{"POST", "/tickets/create_many", `{"tickets":[{"comment":{"body":"x"}},{"subject":1}]}`, 400, "tickets.subject must be a string"},
		{"POST", "/tickets/create_many", `{"tickets":[` + many + `]}`, 400, `"TooManyValues"`},
		{"PUT", "/tickets/update_many", `{"ticket":{"status":"open"}}`, 400, "Parameter tickets is required"},
		{"PUT", "/tickets/update_many", `{"tickets":[{"status":"solved"}]}`, 400, "Parameter id is required"},
		{"PUT", "/tickets/update_many", `{"tickets":[{"id":"x"}]}`, 400, "id must be an integer"},
		{"PUT", "/tickets/update_many", `{"tickets":[{"id":1,"safe_update":true}]}`, 422, "Updated stamp"},
		{"PUT", "/tickets/update_many", `{"tickets":[` + many + `]}`, 400, `"TooManyValues"`},
		{"PUT", "/tickets/update_many?ids=1", `{"tickets":[{"id":1,"status":"solved"}]}`, 400, "Parameter ticket is required"},
		{"PUT", "/tickets/update_many?ids=x", `{"ticket":{}}`, 400, "ids must be a list of integers"},
		{"PUT", "/tickets/update_many?ids=", `{"ticket":{}}`, 400, "Parameter ids is required"},
		{"DELETE", "/tickets/destroy_many", ``, 400, "Parameter ids is required"},
		{"DELETE", "/tickets/destroy_many?ids=" + strings.Repeat("1,", 100) + "1", ``, 400, `"TooManyValues"`},
		{"GET", "/job_statuses/show_many", ``, 400, "Parameter ids is required"},
		{"GET", "/job_statuses/x", ``, 404, "RecordNotFound"},
		{"GET", "/job_statuses?page[after]=x", ``, 400, ""},
	} {
		w.call(call{As: grace, Method: c.method, Path: c.path, Body: c.body}).want(c.status, c.words)
	}
	w.call(call{As: grace, Path: "/job_statuses"}).want(200, `"count":0`)
	w.call(call{As: grace, Path: "/tickets"}).want(200, before)
	for _, c := range []struct{ method, path string }{
		{"POST", "/tickets/create_many"},
		{"PUT", "/tickets/update_many?ids=1"},
		{"DELETE", "/tickets/destroy_many?ids=1"},
		{"GET", "/job_statuses"},
		{"GET", "/job_statuses/x"},
		{"GET", "/job_statuses/show_many?ids=x"},
	} {
		w.call(call{As: carl, Method: c.method, Path: c.path, Body: `{}`}).want(http.StatusForbidden)
	}
	for scope, want := range map[string][2]int{"read": {200, 403}, "write": {403, 200}, "tickets:write": {403, 200}, "tickets:read": {403, 403}} {
		bearer := w.bearer(scope)
		w.call(call{Bearer: bearer, Path: "/job_statuses"}).want(want[0])
		w.call(call{Bearer: bearer, Method: "DELETE", Path: "/tickets/destroy_many?ids=99"}).want(want[1])
	}
}

// gated is the store behind a gate for changes.
type gated struct {
	desk.Store
	open chan struct{}
}

func (g gated) ChangeTicket(ctx context.Context, old, next desk.Ticket, a desk.Audit, spent []desk.Upload) (desk.Audit, error) {
	<-g.open
	return g.Store.ChangeTicket(ctx, old, next, a, spent)
}

func TestTooManyJobs(t *testing.T) {
	w := newWorld(t, store.SQLite)
	w.open(grace, map[string]any{"comment": said("x")})
	gate := gated{w.desk.Store, make(chan struct{})}
	w.desk.Store = gate
	for n := range 30 { // what Zendesk documents
		body := fmt.Sprintf(`{"ticket":{"subject":"%d"}}`, n)
		w.call(call{As: grace, Method: "PUT", Path: "/tickets/update_many?ids=1", Body: body}).want(200)
	}
	refused := w.call(call{As: grace, Method: "DELETE", Path: "/tickets/destroy_many?ids=1"}).want(429, `"TooManyJobs"`, "Too many jobs are currently queued or running")
	if got := refused.Header.Get("Retry-After"); got != "5" {
		t.Errorf("Retry-After %q", got)
	}
	close(gate.open)
	if err := w.desk.Jobs.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.call(call{As: grace, Path: "/tickets/1"}).want(200, `"subject":"29"`)
	w.bulk(call{As: grace, Method: "DELETE", Path: "/tickets/destroy_many?ids=1"})
}
