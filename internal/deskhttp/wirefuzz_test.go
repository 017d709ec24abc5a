package deskhttp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/zendesk"
)

// What is fuzzed over the wire goes to one world of each process, whose rows grow
// as somebody's would who sends nonsense all day.
func fuzzed(f *testing.F) *world {
	f.Helper()
	w := newWorld(f, store.SQLite)
	w.open(ada, map[string]any{"subject": "The printer", "comment": said("It is on fire"), "tags": []string{"hot"}})
	w.addGroup(`{"group":{"name":"A"}}`)
	w.addField(map[string]any{"title": "Pie", "type": "tagger", "custom_field_options": pies})
	w.addField(map[string]any{"title": "Age", "type": "decimal"})
	w.addField(map[string]any{"title": "Broken", "type": "checkbox", "tag": "broken"})
	w.call(call{As: carl, Method: http.MethodPost, Path: "/requests", Body: map[string]any{
		"request": map[string]any{"subject": "Help", "comment": said("Please")},
	}}).want(http.StatusCreated)
	return w
}

// serve gives a request to the handler without a network between, for a client
// would refuse to send some of them, and checks what holds of every answer.
func (w *world) serve(t *testing.T, c call) *reply {
	t.Helper()
	path, rawQuery, _ := strings.Cut(c.Path, "?")
	c.Path = path
	w.t = t
	r := w.request(c)
	r.URL.RawQuery, r.RemoteAddr = rawQuery, "192.0.2.1:4000"
	r.RequestURI = r.URL.RequestURI()
	recorded := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(recorded, r)
	got := &reply{t, recorded.Code, recorded.Header(), recorded.Body.String()}
	if got.Status >= 500 {
		t.Fatalf("%s %s: %d %s", r.Method, r.URL, got.Status, got.Body)
	}
	// A file may be anything, whatever it says it is.
	if strings.HasPrefix(r.URL.Path, "/api/") && strings.HasPrefix(got.Header.Get("Content-Type"), "application/json") && !json.Valid([]byte(got.Body)) {
		t.Fatalf("%s %s answers with what is no JSON: %q", r.Method, r.URL, got.Body)
	}
	if strings.Contains(got.Body, apiKey) {
		t.Fatalf("%s %s tells the key it was asked with: %s", r.Method, r.URL, got.Body)
	}
	return got
}

// FuzzBodies: no body makes the API fail, and what it says it has made or changed
// is what it shows afterwards.
func FuzzBodies(f *testing.F) {
	w := fuzzed(f)
	carol := fmt.Sprintf("/users/%d", w.id(carol))
	routes := []struct{ as, method, path string }{
		{ada, http.MethodPost, "/tickets"},
		{ada, http.MethodPut, "/tickets/1"},
		{carl, http.MethodPost, "/requests"},
		{carl, http.MethodPut, "/requests/2"},
		{ada, http.MethodPost, "/tickets/1/tags"},
		{ada, http.MethodPut, "/tickets/1/tags"},
		{ada, http.MethodDelete, "/tickets/1/tags"},
		{ada, http.MethodPost, "/users"},
		{ada, http.MethodPost, "/users/create_or_update"},
		{ada, http.MethodPut, carol},
		{ada, http.MethodPost, "/oauth/clients"},
		{ada, http.MethodPut, "/oauth/clients/1"},
		{ada, http.MethodPost, "/oauth/tokens"},
		{ada, http.MethodPost, "/api_tokens"},
		{ada, http.MethodPost, "/ticket_fields"},
		{ada, http.MethodPut, "/ticket_fields/101"},
		{ada, http.MethodPost, "/group_memberships"},
		{ada, http.MethodPost, "/tickets/create_many"},
		{ada, http.MethodPut, "/tickets/update_many"},
	}
	bodies := []string{
		`{"ticket":{"subject":"s","comment":{"html_body":"<p>b</p>","public":false,"author_id":1,"uploads":["x"]},"priority":"urgent","type":"incident","tags":["a","b"],"requester":{"name":"N","email":"n@x.example"}}}`,
		`{"ticket":{"comment":{"body":"b"},"status":"solved","additional_tags":["c"],"remove_tags":["hot"],"safe_update":"true","updated_stamp":"2026-11-22T09:00:00Z","assignee_email":"grace@acme.example"}}`,
		`{"request":{"subject":"s","comment":{"body":"b"},"solved":true}}`,
		`{"tags":["x y","ü"],"updated_stamp":"2026-11-22T09:00:00Z","safe_update":true}`,
		`{"user":{"name":"Ann","email":"ann@acme.example","role":"agent","suspended":true,"verified":true}}`,
		`{"client":{"name":"N","identifier":"n","kind":"public","redirect_uri":["https://a.example/"],"scopes":["read"]}}`,
		`{"token":{"client_id":1,"scopes":["read","tickets:write"],"expires_in":300}}`,
		`{"api_token":{"description":"d"}}`,
		`{"ticket_field":{"title":"T","type":"tagger","custom_field_options":[{"name":"A","value":"a b","default":true},{"id":1,"name":"B","value":"hot"}]}}`,
		`{"tickets":[{"subject":"s","comment":{"body":"b"},"id":1,"custom_fields":{"101":"apple"}},{"id":"99"},null]}`,
		`{"group_membership":{"user_id":2,"group_id":1,"default":true}}`,
		`{"ticket":{"comment":{"body":"b"},"assignee_id":2,"group_id":1}}`,
		`{"ticket_field":{"title":"R","type":"regexp","regexp_for_validation":"^(a+)+$","position":1,"required":true,"active":false,"tag":"x"}}`,
		`{"ticket":{"comment":{"body":"b"},"custom_fields":[{"id":"101","value":["a_b"]},{"id":102,"value":1e400}],"fields":{"103":true}}}`,
		`{`, `[]`, `null`, `{"ticket":null}`, `{"ticket":[{}]}`, `{"ticket":{"tags":[null,1,{}],"requester_id":1e400,"comment":[]}}`,
		`{"ticket":{"subject":"\ud800\u0000","requester_id":-1}}`, "\xff\xfe{\x00", strings.Repeat("[", 20000),
	}
	for n := range routes {
		for m, body := range bodies {
			if n == 0 || m%3 == n%3 {
				f.Add(uint8(n), "application/json", []byte(body))
			}
		}
	}
	f.Add(uint8(0), "application/x-www-form-urlencoded", []byte("ticket[subject]=s&ticket[comment][body]=b"))
	f.Add(uint8(0), "application/json; charset=utf-16", []byte("{}"))
	f.Add(uint8(0), "a/b; =", []byte(bodies[0]))
	f.Fuzz(func(t *testing.T, n uint8, kind string, body []byte) {
		route := routes[int(n)%len(routes)]
		got := w.serve(t, call{As: route.as, Method: route.method, Path: route.path, Type: kind, Body: bytes.NewReader(body)})
		if got.Status/100 == 2 && strings.HasPrefix(got.Body, "{") {
			w.sameAsShown(t, route.as, got.Body)
		}
	})
}

// sameAsShown compares each record of an answer that has a page of its own with
// what is there.
func (w *world) sameAsShown(t *testing.T, as, answer string) {
	t.Helper()
	var records map[string]json.RawMessage
	if err := json.Unmarshal([]byte(answer), &records); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ticket", "request", "user", "ticket_field", "group_membership"} {
		var record struct{ URL string }
		if records[name] == nil {
			continue
		}
		if err := json.Unmarshal(records[name], &record); err != nil {
			t.Fatal(err)
		}
		_, path, found := strings.Cut(record.URL, "/api/v2")
		if !found {
			t.Fatalf("a %s without an address: %s", name, records[name])
		}
		var now map[string]any
		w.serve(t, call{As: as, Path: path}).want(http.StatusOK).decode(&now)
		var then any
		if err := json.Unmarshal(records[name], &then); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(then, now[name]); diff != "" {
			t.Fatalf("a %s was answered, and another is there (-then +now):\n%s", name, diff)
		}
	}
}

// FuzzQueries: no query makes a list fail, and none makes it longer than a page.
func FuzzQueries(f *testing.F) {
	w := fuzzed(f)
	const longest = 100 // a page of Zendesk's
	for n := range longest {
		w.open(ada, map[string]any{"subject": fmt.Sprint(n), "comment": said("x")})
	}
	paths := []string{
		"/search", "/search/count", "/tickets", "/tickets/count", "/tickets/show_many", "/tickets/1", "/tickets/1/comments", "/tickets/1/audits", "/ticket_fields", "/group_memberships", "/job_statuses", "/job_statuses/show_many",
		"/requests", "/users", "/users/search", "/users/show_many", "/users/count", "/oauth/clients", "/oauth/tokens", "/api_tokens",
		"/oauth/global_clients", "/oauth/global_clients/token_summary", "/chat/oauth/clients", "/chat/oauth/tokens",
	}
	for n, query := range []string{
		"query=type:ticket+status<solved+printer&sort_by=created_at&sort_order=asc", "query=%22on+fire%22+-tags:hot+created>2026-01-01",
		"per_page=1000", "per_page=1000&page=2", "ids=1,2,,x,9999999999999999999", "include=users", "page[size]=2&page[after]=x", "page[size]=-1",
		"page=9223372036854775807&per_page=100", "per_page=0", "query=email:ada@acme.example", "ids=", "role[]=admin&role[]=agent",
		"sort_by=-&sort=-id", "%zz&;=\x00\xff", "query", "page[size]=101", "page[size]=100&page[before]=", "", "query=role:agent",
	} {
		f.Add(uint8(n), query)
		f.Add(uint8(2*n+1), query)
	}
	f.Fuzz(func(t *testing.T, n uint8, query string) {
		path := paths[int(n)%len(paths)]
		got := w.serve(t, call{As: ada, Path: path + "?" + query})
		if got.Status != http.StatusOK || !strings.HasPrefix(got.Body, "{") {
			return
		}
		var records map[string]any
		got.decode(&records)
		for name, value := range records {
			if list, is := value.([]any); is && len(list) > longest {
				t.Fatalf("%s?%s: %d %s", path, query, len(list), name)
			}
		}
	})
}

// FuzzUpload: what is uploaded under any name as anything comes back as it was, as
// a file to be kept and never as a page.
func FuzzUpload(f *testing.F) {
	w := fuzzed(f)
	f.Add("a.txt", "text/plain", []byte("hello"))
	f.Add("../../etc/passwd", "text/html", []byte("<script>"))
	f.Add("\"\r\nX: y\x00ü.log", "image/svg+xml; charset=\"", []byte{})
	f.Add("", "", []byte("\xff\x00"))
	f.Add(strings.Repeat("n", 300), "multipart/form-data; boundary=x", []byte("--x--"))
	f.Fuzz(func(t *testing.T, name, kind string, file []byte) {
		got := w.serve(t, call{
			As: carl, Method: http.MethodPost, Path: "/uploads?filename=" + url.QueryEscape(name), Type: kind, Body: bytes.NewReader(file),
		})
		if got.Status != http.StatusCreated {
			return
		}
		var e zendesk.UploadEnvelope
		got.decode(&e)
		_, path, _ := strings.Cut(e.Upload.Attachment.ContentURL, "acme.localhost")
		back := w.serve(t, call{Path: path}).want(http.StatusOK)
		if back.Body != string(file) || e.Upload.Attachment.Size != int64(len(file)) {
			t.Fatalf("%d bytes came back of %d, and it says %d", len(back.Body), len(file), e.Upload.Attachment.Size)
		}
		if shown := back.Header.Get("Content-Disposition"); !strings.HasPrefix(shown, "attachment") || back.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Fatalf("%q as %q: %v", name, kind, back.Header)
		}
	})
}
