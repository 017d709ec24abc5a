package control_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/issuer"
)

// Which requests of a browser reach what, by what the browser says of their page.
// It is what stands between the journal and every page that a developer visits.
func TestOnlyOurPageReadsTheJournal(t *testing.T) {
	c, _ := controls(t)
	followed := map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
	with := func(name, value string) map[string]string { return map[string]string{name: value} }
	for _, tt := range []struct {
		name, method, path, host string
		header                   map[string]string
		want                     int
	}{
		{"typed into the address bar", "GET", control.LivePath, "", with("Sec-Fetch-Site", "none"), 200},
		{"a link from the demo's home page", "GET", control.LivePath, "", followed, 200},
		{"a link with a filter", "GET", control.LivePath + "?event=refresh.", "", followed, 200},
		{"a program", "GET", control.LivePath, "", nil, 200},
		{"the page's stream", "HEAD", control.StreamPath, "", with("Sec-Fetch-Site", "same-origin"), 200},
		{"its style sheet", "GET", "/static/none.css", "", with("Sec-Fetch-Site", "same-origin"), 404},

		{"rebinding", "GET", control.LivePath, "evil.example:4001", with("Sec-Fetch-Site", "none"), 403},
		{"rebinding of the stream", "GET", control.StreamPath, "evil.example:4001", with("Sec-Fetch-Site", "same-origin"), 403},
		{"fetch of another site", "GET", control.LivePath, "", with("Sec-Fetch-Site", "cross-site"), 403},
		{"fetch of another port", "GET", control.LivePath, "", with("Sec-Fetch-Site", "same-site"), 403},
		{"EventSource of another site", "GET", control.StreamPath, "", with("Origin", "https://evil.example"), 403},
		{"EventSource of another port", "GET", control.StreamPath, "", with("Origin", "http://127.0.0.1:8080"), 403},
		{"a frame of another site", "GET", control.LivePath, "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403},
		{"a link to the stream", "GET", control.StreamPath, "", followed, 403},
		{"a link to the snapshot", "GET", "/snapshot", "", followed, 403},
		{"a script element", "GET", "/journal", "", with("Sec-Fetch-Site", "cross-site"), 403},
		{"a form to the page", "POST", control.LivePath, "", followed, 403},
		{"a form to the clock", "POST", "/clock/freeze", "", with("Origin", "null"), 403},
		{"our own page steering", "POST", "/clock/freeze", "", with("Origin", "http://127.0.0.1:4001"), 403},
		{"the page takes no form", "POST", control.LivePath, "", with("Content-Type", "application/json"), 404},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, nil)
		r.Host = "127.0.0.1:4001"
		if tt.host != "" {
			r.Host = tt.host
		}
		for name, value := range tt.header {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s: %s %s is %d, want %d: %s", tt.name, tt.method, tt.path, w.Code, tt.want, w.Body)
		}
		if w.Header().Get("Cross-Origin-Resource-Policy") != "same-origin" || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: others may load it: %v", tt.name, w.Header())
		}
	}
}

func TestLivePage(t *testing.T) {
	c, _ := controls(t)
	c.Journal.Add(control.Entry{Event: control.Event(issuer.RefreshReplayed), Account: "acme", Client: `<b onclick="x">app`, RequestID: "r1"})
	c.Journal.Add(control.Entry{Event: control.RequestAnswered, Account: "acme", Method: "POST", Route: "/oauth/tokens", Status: 400, RequestID: "r1"})
	c.Journal.Add(control.Entry{Event: control.RequestAnswered, Account: "globex", Method: "GET", Route: "/api/v2/users/me", Status: 200})
	for query, want := range map[string]struct {
		status  int
		entries []string // their ids, the newest first
		says    string
	}{
		"":                            {200, []string{"e3", "e2", "e1"}, "this machine’s time"},
		"?event=&client=":             {200, []string{"e3", "e2", "e1"}, "connect-src &#39;self&#39;"},
		"?event=refresh.":             {200, []string{"e1"}, `<option value="refresh." selected>All of refresh</option>`},
		"?account=globex":             {200, []string{"e3"}, `<option value="globex" selected>`},
		"?status=4xx":                 {200, []string{"e2"}, `value="4xx"`},
		"?status=200":                 {200, []string{"e3"}, ""},
		"?route=/api/v2/":             {200, []string{"e3"}, ""},
		"?route=POST+/oauth/tokens":   {200, []string{"e2"}, ""},
		"?route=PUT+/oauth/tokens":    {200, nil, "Nothing yet"},
		"?request_id=r1":              {200, []string{"e2", "e1"}, "request_id r1"},
		"?client=%3Cb":                {200, nil, `value="&lt;b"`},
		"?status=teapot":              {422, nil, "is one such as 404"},
		"?event=refresh.found":        {422, nil, "there is no such event"},
		"?since=nowhere":              {422, nil, "there is no such mark"},
		"?since=2&event=request.&x=y": {200, []string{"e3"}, "since 2"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", control.LivePath+query, nil)
		r.Host = "localhost:4001"
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		body := w.Body.String()
		var got []string
		for _, m := range regexp.MustCompile(`<li id="(e\d+)"`).FindAllStringSubmatch(body, -1) {
			got = append(got, m[1])
		}
		policy := w.Header().Get("Content-Security-Policy")
		said := body + strings.ReplaceAll(policy, "'", "&#39;")
		if w.Code != want.status || strings.Join(got, " ") != strings.Join(want.entries, " ") || !strings.Contains(said, want.says) {
			t.Errorf("%q: %d with %v, want %d with %v and %q in\n%s", query, w.Code, got, want.status, want.entries, want.says, said)
		}
		if strings.Contains(body, "<b onclick") {
			t.Errorf("%q: what a client sent is live", query)
		}
		if follows := strings.Contains(body, "data-stream="); follows != (want.status == 200) {
			t.Errorf("%q: it follows: %v", query, follows)
		}
	}
}

// follower reads a stream's events: "entry 3", "clock".
type follower struct{ lines *bufio.Scanner }

func follow(t *testing.T, server, query, last string) follower {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", server+control.StreamPath+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	return follower{bufio.NewScanner(resp.Body)}
}

// next returns the id and the data of the next event of a kind.
func (f follower) next(t *testing.T, kind string) (id, data string) {
	t.Helper()
	var event string
	for f.lines.Scan() {
		field, value, _ := strings.Cut(f.lines.Text(), ": ")
		switch field {
		case "id":
			id = value
		case "event":
			event = value
		case "data":
			data = value
		case "":
			if event == kind {
				return id, data
			}
			id = ""
		}
	}
	t.Fatalf("the stream ended: %v", f.lines.Err())
	return "", ""
}

func TestStreamFollows(t *testing.T) {
	c, server := controls(t)
	done := make(chan struct{})
	c.Done = done
	c.Journal.Add(control.Entry{Event: control.Event(issuer.RefreshReplayed), Client: "app"})
	c.Journal.Add(control.Entry{Event: control.RequestAnswered, Client: "app"})

	all := follow(t, server.URL, "", "")
	for _, want := range []string{"1", "2"} {
		if id, _ := all.next(t, "entry"); id != want {
			t.Fatalf("entry %s, want %s", id, want)
		}
	}
	if _, data := all.next(t, "clock"); !strings.Contains(data, "this machine’s time") {
		t.Errorf("the clock is %s", data)
	}
	filtered := follow(t, server.URL, "?event=refresh.&since=1", "")
	back := follow(t, server.URL, "?since=0", "2") // the browser's own number wins
	restarted := follow(t, server.URL, "?since=17", "")
	if id, _ := restarted.next(t, "entry"); id != "1" {
		t.Errorf("after a restart: entry %s, want 1", id)
	}

	c.Journal.Add(control.Entry{Event: control.ClockChanged, Reason: "set\nto <noon>"})
	c.Journal.Add(control.Entry{Event: control.Event(issuer.RefreshRotated), Client: "app"})
	if id, data := all.next(t, "entry"); id != "3" || !strings.Contains(data, `to &lt;noon&gt;`) && !strings.Contains(data, `\u003cnoon`) {
		t.Errorf("entry %s is %s", id, data)
	}
	if id, data := filtered.next(t, "entry"); id != "4" || !strings.Contains(data, "refresh.rotated") {
		t.Errorf("filtered: entry %s is %s, want 4", id, data)
	}
	if id, _ := back.next(t, "entry"); id != "3" {
		t.Errorf("come back: entry %s, want 3", id)
	}

	close(done) // the issuer ends, and with it every stream
	for all.lines.Scan() {
		continue
	}
	if err := all.lines.Err(); err != nil {
		t.Error(err)
	}
}

// Whoever was away for long gets what a page can show, not twenty thousand lines.
func TestStreamBeginsWithTheNewest(t *testing.T) {
	c, server := controls(t)
	for range control.LiveMost + 50 {
		c.Journal.Add(control.Entry{Event: control.RequestAnswered})
	}
	if id, _ := follow(t, server.URL, "", "").next(t, "entry"); id != "51" {
		t.Errorf("it begins with entry %s, want 51", id)
	}
}
