package brokerhttp_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/testlog"
	"github.com/deskauth/deskauth/internal/web"
)

// passSite is a site with a pass, and a ticket behind it.
type passSite struct {
	*apiSite
	key    string
	made   deskauth.NewPass
	secret string

	mu       sync.Mutex
	n        int
	files    []string
	comments []string
	status   map[string]int // method and path → status, once
}

// What the ticket has and its holder must not see.
const ticketSubject = "the subject is the agents' own"

func newPassSite(t testing.TB, wish string) *passSite {
	t.Helper()
	p := &passSite{status: map[string]int{}}
	p.apiSite = newPassAPISite(t)
	p.api = p.zendeskAPI
	p.key = p.apiSite.key(broker.Key{Can: []broker.Power{broker.GiveOut}})
	resp := p.send("POST", "/v1/passes", p.key, fmt.Sprintf(wish, p.id))
	if err := json.Unmarshal([]byte(resp.body), &p.made); err != nil || resp.StatusCode != 201 {
		t.Fatalf("%d %v: %s", resp.StatusCode, err, resp.body)
	}
	_, p.secret, _ = strings.Cut(p.made.Link, "#")
	testlog.Issued(t, p.secret)
	return p
}

const anyWish = `{"name":"crash logs","connection":%d,"ticket":35,"types":[".log","image/*"],"max_uses":3,"max_file_size":1000,"expires_in":"72h"}`

// newPassAPISite has a connection that may write.
func newPassAPISite(t testing.TB) *apiSite {
	t.Helper()
	return newAPISiteWith(t, func(s *site) {
		s.token = func(w http.ResponseWriter, _ *http.Request) {
			answer(w, map[string]any{"access_token": "acc3ss-of-ada", "refresh_token": "r3fresh-of-ada", "scope": "read write", "expires_in": 1800})
		}
	})
}

func (p *passSite) zendeskAPI(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := r.Method + " " + strings.TrimSuffix(r.URL.Path, ".json")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if status := p.status[at]; status != 0 {
		delete(p.status, at)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"error":"`+ticketSubject+`","description":"`+ticketSubject+`"}`)
		return
	}
	switch at {
	case "POST /api/v2/uploads":
		p.n++
		p.files = append(p.files, r.URL.Query().Get("filename")+": "+string(body))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"upload":{"token":"upl0ad-%d","attachment":{"content_url":"https://acme/%s"}}}`, p.n, ticketSubject)
	case "PUT /api/v2/tickets/35":
		p.comments = append(p.comments, string(body))
		answer(w, map[string]any{"ticket": map[string]any{"id": 35, "subject": ticketSubject}})
	case "GET /api/v2/tickets/35":
		answer(w, map[string]any{"ticket": map[string]any{"id": 35, "subject": ticketSubject, "status": "open"}})
	case "GET /api/v2/oauth/clients":
		answer(w, map[string]any{"clients": []any{map[string]any{"id": 7, "identifier": "reports", "name": "Reports", "kind": "confidential"}}, "meta": map[string]any{"has_more": false}})
	case "POST /api/v2/oauth/tokens":
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"token":{"id":4711,"client_id":7,"user_id":11,"scopes":["read"],"full_token":"m4de-for-a-time"}}`)
	case "GET /api/v2/tickets/36":
		http.NotFound(w, r)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (p *passSite) spoil(at string, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status[at] = status
}

// hold asks as the holder's program does.
func (p *passSite) hold(method, path, body string, header ...string) response {
	p.t.Helper()
	req := p.request(method, path, body)
	req.Header.Del("Content-Type")
	req.Header.Set("Authorization", "Bearer "+p.secret)
	for n := 0; n < len(header); n += 2 {
		req.Header.Set(header[n], header[n+1])
	}
	return p.keep(p.do(p.newBrowser(), req))
}

// keep holds that no answer to the holder has anything of the ticket.
func (p *passSite) keep(r response) response {
	p.t.Helper()
	for _, hidden := range []string{ticketSubject, "upl0ad-", "acc3ss-of-ada", "tickets/35", "acme"} {
		if hidden == "acme" && strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			continue // the page says who asks
		}
		if strings.Contains(r.body, hidden) || strings.Contains(fmt.Sprint(r.Header), hidden) {
			p.t.Errorf("%s %s tells the holder %q: %s", r.Request.Method, r.Request.URL.Path, hidden, r.body)
		}
	}
	return r
}

func problemIn(r response) string {
	var body struct{ Type string }
	_ = json.Unmarshal([]byte(r.body), &body)
	return strings.TrimPrefix(body.Type, "urn:deskauth:problem:")
}

func TestPassesOverHTTP(t *testing.T) {
	p := newPassSite(t, anyWish)
	if p.made.Ticket != 35 || p.made.State != "good" || p.made.UsesMost != 3 || !strings.HasPrefix(p.made.Link, p.url.String()+"/pass#deskauth_pass_") ||
		!strings.Contains(p.made.Curl, "Bearer "+p.secret+"' -T FILE "+p.url.String()+"/pass/files/") {
		t.Errorf("%+v", p.made.Pass)
	}
	if text := fmt.Sprintf("%v %+v %s", p.made, p.made, p.made); strings.Contains(text, p.secret) {
		t.Error("printed: " + text)
	}
	if resp := p.hold("PUT", "/pass/files/crash.log", "it crashed"); resp.StatusCode != 201 || resp.body != `{"sent":[{"name":"crash.log","size":10}]}`+"\n" {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	if diff := cmp.Diff([]string{"crash.log: it crashed"}, p.files); diff != "" {
		t.Error(diff)
	}
	if len(p.comments) != 1 || !strings.Contains(p.comments[0], `"public":false`) || !strings.Contains(p.comments[0], `"uploads":["upl0ad-1"]`) || !strings.Contains(p.comments[0], "pass 1 (crash logs)") {
		t.Errorf("%q", p.comments)
	}
	var shown deskauth.Pass
	resp := p.ask("GET", "/v1/passes/1", p.key)
	if err := json.Unmarshal([]byte(resp.body), &shown); err != nil || shown.Uses != 1 || shown.Bytes != 10 || len(shown.Sendings) != 1 ||
		shown.Sendings[0].State != "sent" || shown.Sendings[0].Address != "127.0.0.1" || len(shown.Sendings[0].Files) != 1 {
		t.Errorf("%v: %s", err, resp.body)
	}
	var page deskauth.PassPage
	resp = p.ask("GET", "/v1/passes?limit=1", p.key)
	if err := json.Unmarshal([]byte(resp.body), &page); err != nil || len(page.Passes) != 1 || page.NextCursor != nil || strings.Contains(resp.body, p.secret) {
		t.Errorf("%v: %s", err, resp.body)
	}
	for range 2 {
		if resp := p.ask("DELETE", "/v1/passes/1", p.key); resp.StatusCode != 200 || !strings.Contains(resp.body, `"state":"revoked"`) {
			t.Errorf("%d %s", resp.StatusCode, resp.body)
		}
	}
	if resp := p.hold("PUT", "/pass/files/crash.log", "it crashed"); resp.StatusCode != 410 || problemIn(resp) != "pass_revoked" || !strings.Contains(resp.body, "withdrawn") {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	if strings.Contains(p.log.String(), p.secret) {
		t.Error("the log tells the secret")
	}
}

func TestPassesAreWithinAKeysReach(t *testing.T) {
	p := newPassSite(t, anyWish)
	wish := func(edit string) string { return strings.Replace(fmt.Sprintf(anyWish, p.id), `"ticket":35`, edit, 1) }
	elsewhere := p.apiSite.key(broker.Key{Can: []broker.Power{broker.Lend}})
	for name, c := range map[string]struct {
		method, path, key, body string
		status                  int
		kind                    string
	}{
		"another power":  {"POST", "/v1/passes", elsewhere, wish(`"ticket":35`), 403, "forbidden"},
		"no ticket":      {"POST", "/v1/passes", p.key, wish(`"ticket":36`), 400, "invalid"},
		"no connection":  {"POST", "/v1/passes", p.key, strings.Replace(wish(`"ticket":35`), `"connection":1`, `"connection":99`, 1), 404, "not_found"},
		"a wrong time":   {"POST", "/v1/passes", p.key, strings.Replace(wish(`"ticket":35`), "72h", "soon", 1), 400, "invalid"},
		"a life of none": {"POST", "/v1/passes", p.key, strings.Replace(wish(`"ticket":35`), "72h", "0s", 1), 400, "invalid"},
		"more members":   {"POST", "/v1/passes", p.key, wish(`"ticket":35,"x":1`), 400, "invalid"},
		"no such pass":   {"GET", "/v1/passes/99", p.key, "", 404, "not_found"},
		"no number":      {"DELETE", "/v1/passes/x", p.key, "", 404, "not_found"},
	} {
		var resp response
		if c.method == "POST" {
			resp = p.send(c.method, c.path, c.key, c.body)
		} else {
			resp = p.ask(c.method, c.path, c.key)
		}
		if resp.StatusCode != c.status || problemIn(resp) != c.kind {
			t.Errorf("%s: %d %s", name, resp.StatusCode, resp.body)
		}
	}
	p.spoil("GET /api/v2/tickets/35", 503)
	if resp := p.send("POST", "/v1/passes", p.key, wish(`"ticket":35`)); resp.StatusCode != 502 || problemIn(resp) != "zendesk_fails" {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	// A key of another connection: neither seen nor ended.
	other, err := p.broker.Store.AddKey(t.Context(), broker.Key{Name: "x", Can: []broker.Power{broker.GiveOut}, Connections: []broker.ConnectionID{77}, Digest: broker.PassSecret("deskauth_pass_other").Digest()}, broker.Event{})
	if err != nil || other.ID == 0 {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if resp := p.ask(method, "/v1/passes/1", "deskauth_pass_other"); resp.StatusCode != 404 {
			t.Errorf("%s: %d", method, resp.StatusCode)
		}
	}
	if resp := p.ask("GET", "/v1/passes", "deskauth_pass_other"); !strings.HasPrefix(resp.body, `{"passes":[]`) {
		t.Error(resp.body)
	}
}

// A key that reaches some connections leafs through their passes, and sees no others.
func TestPassesOfAKeyInParts(t *testing.T) {
	p := newPassSite(t, anyWish)
	one, err := p.broker.Pass(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	add := func(of broker.ConnectionID) int64 {
		one.Connection, one.Digest = of, broker.PassSecret(fmt.Sprintf("deskauth_pass_%d", of)+rand.Text()).Digest()
		made, err := p.broker.Store.AddPass(t.Context(), one, broker.Event{})
		if err != nil {
			t.Fatal(err)
		}
		return int64(made.ID)
	}
	want := []int64{1}
	for n := range 12 {
		if id := add([]broker.ConnectionID{p.id, 77, 99}[n%3]); n%3 != 2 {
			want = append(want, id)
		}
	}
	if _, err := p.broker.Store.AddKey(t.Context(), broker.Key{
		Name: "x", Can: []broker.Power{broker.GiveOut}, Connections: []broker.ConnectionID{77, p.id, 77}, Digest: broker.PassSecret("deskauth_pass_two").Digest(),
	}, broker.Event{}); err != nil {
		t.Fatal(err)
	}
	var got []int64
	for next := "/v1/passes?limit=2"; next != ""; {
		var page deskauth.PassPage
		resp := p.ask("GET", next, "deskauth_pass_two")
		if err := json.Unmarshal([]byte(resp.body), &page); err != nil || len(page.Passes) > 2 || len(page.Passes) == 0 {
			t.Fatalf("%v: %d %s", err, resp.StatusCode, resp.body)
		}
		for _, one := range page.Passes {
			got = append(got, one.ID)
		}
		next = ""
		if page.NextCursor != nil {
			next = "/v1/passes?limit=2&cursor=" + *page.NextCursor
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What the page's script does.
func TestPassSending(t *testing.T) {
	p := newPassSite(t, anyWish)
	script := []string{"Content-Type", "application/json", "Sec-Fetch-Site", "same-origin"}
	resp := p.do(p.browser, func() *http.Request {
		r := p.request("POST", "/pass/open", fmt.Sprintf(`{"secret":%q}`, p.secret))
		r.Header.Set("Content-Type", "application/json")
		return r
	}())
	set := resp.Header.Get("Set-Cookie")
	if resp.StatusCode != 204 || !strings.HasPrefix(set, "deskauth_pass=") || !strings.HasSuffix(set, "; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict") {
		t.Fatalf("%d %q", resp.StatusCode, set)
	}
	begun := p.hold("POST", "/pass/sendings", "", script...)
	if begun.StatusCode != 201 || begun.body != "{\"id\":1}\n" {
		t.Fatalf("%d %s", begun.StatusCode, begun.body)
	}
	put := func(name, content string) response { return p.hold("PUT", "/pass/sendings/1/files/"+name, content) }
	if resp := put("..%2f..%2fa%20b.log", "one"); resp.StatusCode != 201 || resp.body != "{\"name\":\"a b.log\",\"size\":3}\n" {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	p.spoil("POST /api/v2/uploads", 500)
	if resp := put("b.log", "two"); resp.StatusCode != 502 || problemIn(resp) != "zendesk_fails" {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	for name, c := range map[string]struct {
		content string
		status  int
		kind    string
	}{
		"c.exe":  {"MZ", 415, "pass_type"},
		"d.png":  {"MZ", 415, "pass_type"},
		"e.log":  {strings.Repeat("x", 1001), 413, "pass_file_too_large"},
		"f.log":  {"", 400, "pass_file_empty"},
		"..%2f.": {"x", 415, "pass_type"},
	} {
		if resp := put(name, c.content); resp.StatusCode != c.status || problemIn(resp) != c.kind {
			t.Errorf("%s: %d %s", name, resp.StatusCode, resp.body)
		}
	}
	finish := func(body string) response { return p.hold("POST", "/pass/sendings/1/finish", body, script...) }
	if resp := finish("{"); resp.StatusCode != 400 {
		t.Errorf("%d", resp.StatusCode)
	}
	for status, want := range map[int]int{404: 502, 422: 502, 429: 503} {
		p.spoil("PUT /api/v2/tickets/35", status)
		if resp := finish(`{"comment":"hello"}`); resp.StatusCode != want || want == 503 && resp.Header.Get("Retry-After") == "" {
			t.Errorf("%d: %d %s", status, resp.StatusCode, resp.body)
		}
	}
	// It waits on the page, and is sent from there.
	if page := p.get("/pass"); !strings.Contains(page.body, "Not sent yet") || !strings.Contains(page.body, "a b.log") {
		t.Error(page.body)
	}
	if resp := finish(`{"comment":"hello"}`); resp.StatusCode != 204 || len(p.files) != 1 {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	if resp := finish(`{"comment":"hello"}`); resp.StatusCode != 409 || problemIn(resp) != "pass_sending_over" {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	// One that is given up is given back.
	if resp := p.hold("POST", "/pass/sendings", "", script...); resp.StatusCode != 201 {
		t.Fatal(resp.body)
	}
	if resp := p.hold("DELETE", "/pass/sendings/2", ""); resp.StatusCode != 204 {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	if resp := p.ask("GET", "/v1/passes/1", p.key); !strings.Contains(resp.body, `"uses":1,`) {
		t.Error(resp.body)
	}
}

// The page without a script.
func TestPassForm(t *testing.T) {
	p := newPassSite(t, anyWish)
	if page := p.get("/pass"); page.StatusCode != 200 || !strings.Contains(page.body, `name="link"`) || strings.Contains(page.body, `role="alert">Th`) ||
		!strings.Contains(page.Header.Get("Content-Security-Policy"), "script-src 'self'") {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	if page := p.do(p.browser, p.request("POST", "/pass/open", "link=deskauth_pass_wrong")); page.StatusCode != 401 || !strings.Contains(page.body, "not right") {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	opened := p.do(p.browser, p.request("POST", "/pass/open", "link="+strings.ReplaceAll(p.made.Link, "#", "%23")))
	if opened.StatusCode != 303 || opened.Header.Get("Location") != "/pass" {
		t.Fatalf("%d %v", opened.StatusCode, opened.Header)
	}
	page := p.keep(p.get("/pass"))
	for _, want := range []string{"crash logs", "You can send 3 more times.", ".log, images", "the support team alone", `accept=".log,image/*"`, "curl -H"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	sent := p.form("see here <b>", "a.log", "one", "b.png", "\x89PNG\r\n\x1a\nx")
	if sent.StatusCode != 303 || sent.Header.Get("Location") != "/pass?sent=1" || len(p.comments) != 1 || len(p.files) != 2 {
		t.Fatalf("%d %s", sent.StatusCode, sent.body)
	}
	if page := p.keep(p.get("/pass?sent=1")); !strings.Contains(page.body, "It is sent.") || !strings.Contains(page.body, "b.png") {
		t.Error(page.body)
	}
	// What fails is named; the rest is sent.
	if page := p.keep(p.form("", "c.log", "one", "bad.exe", "MZ")); page.StatusCode != 415 || !strings.Contains(page.body, "bad.exe") || len(p.comments) != 2 {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	// Nothing at all takes no use; a comment that fails stays in its box.
	if page := p.form(""); page.StatusCode != 400 || !strings.Contains(page.body, "nothing to send") {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	p.spoil("PUT /api/v2/tickets/35", 500)
	if page := p.form("my words", "d.log", "x"); page.StatusCode != 502 || !strings.Contains(page.body, ">my words</textarea>") {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	done := p.do(p.browser, p.request("POST", "/pass/finish", "sending=4&do=finish&comment=my+words"))
	if done.StatusCode != 303 || len(p.comments) != 3 || !strings.Contains(p.comments[2], "my words") {
		t.Errorf("%d %s", done.StatusCode, done.body)
	}
	if page := p.keep(p.get("/pass")); !strings.Contains(page.body, "used as often as it may be") || strings.Contains(page.body, `id="send"`) {
		t.Error(page.body)
	}
	if page := p.form("", "e.log", "x"); page.StatusCode != 410 {
		t.Errorf("%d", page.StatusCode)
	}
}

// Another person's link that is opened meanwhile takes the place of the cookie, and must
// not take the files: a page goes on with its own pass, or with none.
func TestPassPageIsOfItsPass(t *testing.T) {
	p := newPassSite(t, anyWish)
	open := func(secret string) string {
		if opened := p.do(p.browser, p.request("POST", "/pass/open", "link="+secret)); opened.StatusCode != 303 {
			t.Fatalf("%d %s", opened.StatusCode, opened.body)
		}
		action := regexp.MustCompile(`action="/pass/send(.*?)"`).FindStringSubmatch(p.get("/pass").body)
		if action == nil {
			t.Fatal("the page has no form")
		}
		return action[1]
	}
	first := open(p.secret)
	var other deskauth.NewPass
	made := p.send("POST", "/v1/passes", p.key, fmt.Sprintf(anyWish, p.id))
	if err := json.Unmarshal([]byte(made.body), &other); err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(other.Link, "#")
	testlog.Issued(t, secret)
	second := open(secret)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/pass/send" + first, "", 409},
		{"POST", "/pass/finish" + first, "sending=1", 409},
		{"POST", "/pass/sendings" + first, "", 409},
		{"PUT", "/pass/sendings/1/files/a.log" + first, "x", 409},
		{"POST", "/pass/sendings/1/finish" + first, "{}", 409},
		{"DELETE", "/pass/sendings/1" + first, "", 409},
		{"POST", "/pass/sendings" + second, "", 201},
	} {
		if resp := p.do(p.browser, p.request(c.method, c.path, c.body)); resp.StatusCode != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, resp.StatusCode, resp.body)
		}
	}
}

// A link that is not right ends what the browser had open: what somebody was about to send
// by it must not go to the ticket of the link before.
func TestWrongPassLinkEndsThePassBefore(t *testing.T) {
	for name, body := range map[string]string{"a script": `{"secret":%q}`, "a form": "link=%s"} {
		p := newPassSite(t, anyWish)
		open := func(secret string) response {
			r := p.request("POST", "/pass/open", fmt.Sprintf(body, secret))
			if name == "a script" {
				r.Header.Set("Content-Type", "application/json")
			}
			return p.keep(p.do(p.browser, r))
		}
		if resp := open(p.secret); resp.StatusCode >= 400 || !strings.Contains(p.get("/pass").body, "crash logs") {
			t.Fatalf("%s: %d %s", name, resp.StatusCode, resp.body)
		}
		if resp := open(p.secret[:len(p.secret)-6]); resp.StatusCode != 401 {
			t.Errorf("%s: %d %s", name, resp.StatusCode, resp.body)
		}
		if page := p.get("/pass"); strings.Contains(page.body, "crash logs") || !strings.Contains(page.body, `name="link"`) {
			t.Errorf("%s: the pass before is shown: %s", name, page.body)
		}
	}
}

// A form of many parts is not read to its end: each of them would be kept to be named.
func TestPassFormIsBounded(t *testing.T) {
	p := newPassSite(t, anyWish)
	p.do(p.browser, p.request("POST", "/pass/open", "link="+strings.ReplaceAll(p.made.Link, "#", "%23")))
	var files []string
	for range 500 {
		files = append(files, "bad.exe", "MZ")
	}
	page := p.form("", files...)
	if n := strings.Count(page.body, "bad.exe"); n > 50 || page.StatusCode != 415 {
		t.Errorf("%d, and %d are named", page.StatusCode, n)
	}
	if page := p.form("", files[:40]...); strings.Count(page.body, "bad.exe") != 20 {
		t.Error("fewer are not all named")
	}
}

// form sends the page's form: a comment, then names and contents of files.
func (p *passSite) form(comment string, files ...string) response {
	p.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField(web.FieldComment, comment)
	for n := 0; n < len(files); n += 2 {
		w, err := form.CreateFormFile(web.FieldFiles, files[n])
		if err != nil {
			p.t.Fatal(err)
		}
		_, _ = io.WriteString(w, files[n+1])
	}
	_ = form.Close()
	req := p.request("POST", "/pass/send", body.String())
	req.Header.Set("Content-Type", form.FormDataContentType())
	return p.keep(p.do(p.browser, req))
}

func TestPassRefusesStrangers(t *testing.T) {
	p := newPassSite(t, anyWish)
	right := p.secret
	for range 20 {
		p.secret = "deskauth_pass_wrong"
		if resp := p.hold("PUT", "/pass/files/a.log", "x"); resp.StatusCode != 401 || problemIn(resp) != "pass_unknown" || resp.Header.Get("WWW-Authenticate") == "" {
			t.Fatalf("%d %s", resp.StatusCode, resp.body)
		}
	}
	p.secret = right
	if resp := p.hold("PUT", "/pass/files/a.log", "x"); resp.StatusCode != 429 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
	// Another site's form does not come through with the cookie.
	req := p.request("POST", "/pass/finish", "sending=1")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if resp := p.do(p.browser, req); resp.StatusCode != 403 {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp := p.hold("POST", "/pass/files/a.log", "x"); resp.StatusCode != 405 {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp := p.hold("GET", "/pass/nothing", ""); resp.StatusCode != 404 {
		t.Errorf("%d", resp.StatusCode)
	}
}

// Every reason that a holder may be given has words.
func TestPassTextsAreAll(t *testing.T) {
	want := []string{"tries"}
	for _, w := range broker.Whys() {
		want = append(want, "why."+string(w))
	}
	for _, o := range broker.Obstacles() {
		want = append(want, "obstacle."+string(o))
	}
	if diff := cmp.Diff(want, web.PassTexts); diff != "" {
		t.Error(diff)
	}
}

// FuzzPassForm: whatever a form holds, there is an answer, and no more than the pass
// allows reaches Zendesk.
func FuzzPassForm(f *testing.F) {
	p := newPassSite(f, strings.Replace(anyWish, `"max_uses":3`, `"max_uses":1000`, 1))
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.log\"\r\n\r\nhello\r\n--x--\r\n")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=files; filename*=UTF-8''%2e%2e%2fa.exe\r\n\r\nMZ\r\n--x\r\nContent-Disposition: form-data; name=comment\r\n\r\nhi\r\n--x--")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"\x00\u202e\n.log\"\r\n\r\n")
	f.Add("multipart/mixed", "")
	f.Fuzz(func(t *testing.T, kind, body string) {
		w := p.serve(t, "POST", "/pass/send", body, "Content-Type", kind, "Authorization", "Bearer "+p.secret)
		if w.Code == http.StatusInternalServerError {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, file := range p.files {
			name, content, _ := strings.Cut(file, ": ")
			if len(content) > 1000 || strings.ContainsAny(name, "/\\\x00\n\u202e") || !strings.HasSuffix(strings.ToLower(name), ".log") && !strings.Contains(name, ".") {
				t.Fatalf("%q arrived", file)
			}
		}
		p.files = nil
	})
}
