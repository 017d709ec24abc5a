package deskhttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/zendesk"
)

// An end user asks, reads what is for them, and answers.
func TestRequestStory(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		var mine zendesk.RequestEnvelope
		created := w.call(call{As: carl, Method: http.MethodPost, Path: "/requests.json", Body: `{"request":{"subject":"Help!","comment":{"body":"My printer is on fire!"}}}`}).want(http.StatusCreated)
		created.decode(&mine)
		if r := mine.Request; r.ID != 1 || r.Status != "new" || r.RequesterID != w.id(carl) || r.Description != "My printer is on fire!" ||
			r.CanBeSolvedByMe || created.Header.Get("Location") != r.URL || created.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%+v %v", r, created.Header)
		}
		w.update(grace, 1, map[string]any{"comment": map[string]any{"body": "A secret of ours.", "public": false}}).want(http.StatusOK)
		w.update(grace, 1, map[string]any{"status": "pending", "assignee_id": w.id(grace), "comment": said("Which printer?")}).want(http.StatusOK)

		comments := w.call(call{As: carl, Path: "/requests/1/comments.json"}).want(http.StatusOK, "on fire!", "Which printer?", `"count":2`)
		if strings.Contains(comments.Body, "secret of ours") {
			t.Errorf("an internal comment is shown: %s", comments.Body)
		}
		w.call(call{As: grace, Path: "/requests/1/comments.json"}).want(http.StatusOK, "secret of ours", `"count":3`)

		w.pass(time.Minute)
		answer := call{As: carl, Method: http.MethodPut, Path: "/requests/1.json", Body: `{"request":{"comment":{"body":"The red one.","public":false}}}`}
		w.call(answer).want(http.StatusOK, `"status":"open"`, `"can_be_solved_by_me":true`)
		w.call(call{As: carl, Path: "/requests/1/comments.json"}).want(http.StatusOK, "The red one.")
		w.call(call{As: carl, Method: http.MethodPut, Path: "/requests/1.json", Body: `{"request":{"solved":"true"}}`}).want(http.StatusOK, `"status":"solved"`, `"can_be_solved_by_me":false`)
		w.call(call{As: carl, Path: "/requests.json"}).want(http.StatusOK, `"count":1`, `"id":1`)

		// Nobody else's, and nothing of what is internal as a whole.
		w.open(grace, map[string]any{"requester_id": w.id(carl), "comment": map[string]any{"body": "A suspicion.", "public": false}})
		w.call(call{As: carl, Path: "/requests.json"}).want(http.StatusOK, `"count":1`)
		for _, c := range []call{
			{As: carol, Path: "/requests/1"},
			{As: carol, Path: "/requests/1/comments"},
			{As: carol, Method: http.MethodPut, Path: "/requests/1", Body: `{"request":{"comment":{"body":"x"}}}`},
			{As: carl, Path: "/requests/2"},
			{As: hank, Host: "globex.localhost", Path: "/requests/1"},
		} {
			w.call(c).want(http.StatusNotFound, "RecordNotFound")
		}
		w.call(call{As: carol, Path: "/requests"}).want(http.StatusOK, `{"requests":[],`)
	})
}

func TestRequestRefusals(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.open(grace, map[string]any{"requester_id": w.id(carl), "comment": said("x")})
		read := w.bearer("requests:read")
		for _, c := range []struct {
			call   call
			status int
			words  string
		}{
			{call{Method: "POST", Path: "/requests", Body: `{"request":{"comment":{"body":"x"}}}`}, 401, `Couldn't authenticate you`},
			{call{As: carl, Method: "POST", Path: "/requests", Body: `{"request":{"subject":"s"}}`}, 422, `Description: cannot be blank`},
			{call{As: carl, Method: "POST", Path: "/requests", Body: `{"request":{"subject":"s","comment":"x"}}`}, 400, `must be a hash`},
			{call{As: carl, Method: "POST", Path: "/requests", Body: `{"ticket":{}}`}, 400, `Parameter request is required`},
			{call{As: carl, Method: "POST", Path: "/requests", Type: "text/plain", Body: `{"request":{"comment":{"body":"x"}}}`}, 400, `Parameter request is required`},
			{call{As: carl, Method: "PUT", Path: "/requests/1", Body: `{"request":{"solved":true}}`}, 422, `"Solved: cannot be set by you"`},
			{call{As: carl, Method: "PUT", Path: "/requests/1", Body: `{"request":{"comment":{}}}`}, 422, `Comment: cannot be blank`},
			{call{As: carl, Method: "PUT", Path: "/requests/x", Body: `{"request":{}}`}, 404, `RecordNotFound`},
			{call{Bearer: read, Method: "POST", Path: "/requests", Body: `{"request":{}}`}, 403, `requests:write, write`},
		} {
			got := w.call(c.call)
			if got.Status != c.status || !strings.Contains(got.Body, c.words) {
				t.Errorf("%+v: %d %s; want %d, %s", c.call, got.Status, got.Body, c.status, c.words)
			}
		}
		// What the Requests API cannot set, it does not.
		w.call(call{
			As: carl, Method: "POST", Path: "/requests",
			Body: fmt.Sprintf(`{"request":{"requester_id":%d,"assignee_id":%d,"status":"closed","comment":{"body":"x","author_id":%[2]d}}}`, w.id(carol), w.id(ada)),
		}).want(201, fmt.Sprintf(`"requester_id":%d`, w.id(carl)), `"status":"new"`, `"assignee_id":null`)
	})
}
