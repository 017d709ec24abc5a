package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// called is what a command line printed, and its exit code.
type called struct {
	code     int
	out, err string
}

// apiWorld is a server that stands where an account of Zendesk's is, and what it was
// asked.
type apiWorld struct {
	t    *testing.T
	port string
	in   io.Reader

	mu     sync.Mutex
	answer http.HandlerFunc
	asked  []string
}

// answers has it answer so from now on.
func (w *apiWorld) answers(how http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer, w.asked = how, nil
}

func newAPIWorld(t *testing.T) *apiWorld {
	t.Helper()
	w := &apiWorld{t: t}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.asked = append(w.asked, r.Method+" "+r.RequestURI)
		answer := w.answer
		w.mu.Unlock()
		if got := r.Header.Get("Authorization"); got != "Bearer of-the-login" {
			t.Errorf("%s has the credential %q", r.URL, got)
		}
		answer(rw, r)
	}))
	t.Cleanup(s.Close)
	w.port = s.URL[strings.LastIndex(s.URL, ":")+1:]
	return w
}

func (w *apiWorld) root() string { return "http://acme.localhost:" + w.port }

func (w *apiWorld) run(args ...string) called {
	w.t.Helper()
	vars := map[string]string{
		"ZENDESK_OAUTH_TOKEN": "of-the-login", "ZENDESK_SUBDOMAIN": "acme", "XDG_STATE_HOME": w.t.TempDir(),
		"DESKAUTH_ZENDESK_URL": "http://{subdomain}.localhost:" + w.port,
	}
	var out, err bytes.Buffer
	w.mu.Lock()
	w.asked = nil
	w.mu.Unlock()
	in := w.in
	if in == nil {
		in = strings.NewReader("")
	}
	code := run(w.t.Context(), args, process{
		Lookup: func(name string) (string, bool) { v, is := vars[name]; return v, is },
		In:     in, Out: &out, Err: &err,
	})
	return called{code, out.String(), err.String()}
}

// What is a path, and where the token goes.
func TestAPITarget(t *testing.T) {
	w := newAPIWorld(t)
	w.answers(func(http.ResponseWriter, *http.Request) {})
	for arg, want := range map[string]string{
		"users/me":                                            "GET /api/v2/users/me",
		"/api/v2/users/me.json?include=x":                     "GET /api/v2/users/me.json?include=x",
		"api/v2/chat/account":                                 "GET /api/v2/chat/account",
		"/api/v2/chat/account":                                "GET /api/v2/chat/account",
		"search?query=type:ticket status:open":                "GET /api/v2/search?query=type:ticket%20status:open",
		"users/search?query=Zoë":                              "GET /api/v2/users/search?query=Zo%C3%AB",
		w.root() + "/api/v2/tickets/1.json":                   "GET /api/v2/tickets/1.json",
		w.root() + "?a=b":                                     "GET /?a=b",
		strings.ToUpper(w.root()[:12]) + w.root()[12:] + "/x": "GET /x",
		"/attachments/token/abc/?name=a.log":                  "GET /attachments/token/abc/?name=a.log",
		"tickets?next=https://elsewhere.example/":             "GET /api/v2/tickets?next=https://elsewhere.example/",
		"a%2Fb": "GET /api/v2/a%2Fb",
	} {
		got := w.run("api", arg)
		if got.code != exitOK || len(w.asked) != 1 || w.asked[0] != want {
			t.Errorf("%s: %+v, asked %q, want %q", arg, got, w.asked, want)
		}
	}
	for _, arg := range []string{
		"https://elsewhere.example/api/v2/users/me", "http://globex.localhost:" + w.port + "/api/v2/users/me", "http://acme.localhost/api/v2/users/me",
		"https://acme.localhost:" + w.port + "/x", "http://acme.localhost:" + w.port + "@elsewhere.example/x", "http://ada:x@acme.localhost:" + w.port + "/x",
		"//elsewhere.example/x", `\\elsewhere.example\x`, `/\elsewhere.example`, "../../oauth/tokens", "/api/v2/../../x", "/api/v2/%2e%2e/x", "/api/v2/%252e%252e/x",
		"/api/v2/..;/x", "users/me\r\nX: y", "users/me\x00", "users/me#x", "a%zz", "file:///etc/passwd", "",
	} {
		got := w.run("api", arg)
		if got.code != exitUsage || len(w.asked) != 0 {
			t.Errorf("%q: %+v, asked %q", arg, got, w.asked)
		}
	}
}

// What is sent, by which flags.
func TestAPISends(t *testing.T) {
	w := newAPIWorld(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "report.txt")
	if err := os.WriteFile(file, []byte("It \"crashes\".\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got string
	w.answers(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %s %d %s", r.Method, r.RequestURI, r.Header.Get("Content-Type"), r.ContentLength, body)
	})
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"x", "-F", "a=1", "-F", "b=true", "-F", "c=null", "-F", "d=-1.50", "-F", "e=007", "-F", "f=x=y"}, `POST /api/v2/x application/json 54 {"a":1,"b":true,"c":null,"d":-1.50,"e":"007","f":"x=y"}`},
		{[]string{"x", "-f", "a=1", "-f", "b=true", "-f", "c=@file"}, `POST /api/v2/x application/json 34 {"a":"1","b":"true","c":"@file"}`},
		{[]string{"x", "-F", "a=@" + file}, `POST /api/v2/x application/json 27 {"a":"It \"crashes\".\n"}`},
		{[]string{"x", "-F", "a=@-"}, `POST /api/v2/x application/json 15 {"a":"piped\n"}`},
		{[]string{"x", "-F", "t[c][b]=hi", "-F", "t[tags][]=a", "-f", "t[tags][]=2", "-F", "t[none][]"}, `POST /api/v2/x application/json 54 {"t":{"c":{"b":"hi"},"none":[],"tags":["a","2"]}}`},
		{[]string{"x", "-F", "u[][n]=1", "-F", "u[][m]=2", "-F", "u[][n]=3"}, `POST /api/v2/x application/json 27 {"u":[{"m":2,"n":1},{"n":3}]}`},
		{[]string{"x", "-X", "put", "-F", "a=9007199254740993"}, `PUT /api/v2/x application/json 22 {"a":9007199254740993}`},
		{[]string{"x", "-X", "GET", "-F", "a[]=1", "-f", "b=c d"}, `GET /api/v2/x?a%5B%5D=1&b=c+d  0 `},
		{[]string{"x?y=z", "-X", "GET", "-F", "a=true"}, `GET /api/v2/x?y=z&a=true  0 `},
		{[]string{"x", "-X", "DELETE"}, `DELETE /api/v2/x  0 `},
		{[]string{"x", "--input", file, "-f", "filename=r.txt"}, "POST /api/v2/x?filename=r.txt application/octet-stream 14 It \"crashes\".\n"},
		{[]string{"x", "--input", file, "-H", "Content-Type: text/plain"}, "POST /api/v2/x text/plain 14 It \"crashes\".\n"},
		{[]string{"x", "--input", "-", "-H", "content-type: text/plain"}, "POST /api/v2/x text/plain 6 piped\n"},
	} {
		got, w.in = "", strings.NewReader("piped\n")
		if said := w.run(append([]string{"api"}, c.args...)...); said.code != exitOK {
			t.Errorf("%q: %+v", c.args, said)
		}
		if want := fixLength(c.want); got != want {
			t.Errorf("%q sends\n%s, want\n%s", c.args, got, want)
		}
	}
	w.answers(func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	for _, args := range [][]string{
		{"-F", "novalue"},
		{"-F", "=x"},
		{"-F", "a[=x"},
		{"-F", "a]b=x"},
		{"-F", "a[b]c=x"},
		{"-F", "a=1", "-F", "a=2"},
		{"-F", "a=1", "-F", "a[b]=2"},
		{"-F", "a[]=1", "-F", "a[b]=2"},
		{"-F", "a=@/nonexistent"},
		{"-F", "a=@-", "-F", "b=@-"},
		{"-F", "a=@-", "--input", "-"},
		{"--input", "/nonexistent"},
		{"--input", dir},
		{"--input", file, "-X", "GET"},
		{"-X", "GE T"},
		{"-X", "CONNECT"},
		{"-X", "TRACE"},
		{"-H", "Authorization: Bearer x"},
		{"-H", "host: elsewhere.example"},
		{"-H", "Cookie: a=b"},
		{"-H", "no colon"},
		{"-H", "a b: c"},
		{"-H", "X-A: b\r\nHost: c"},
		{"-H", "Transfer-Encoding: chunked"},
		{"--paginate", "-F", "a=b"},
		{"--slurp"},
		{"--paginate", "-i"},
		{"--jq", "."},
		{"--jq", "(", "-X", "GET"},
		{"--quiet", "--jq", "."},
	} {
		args := append([]string{"api", "x"}, args...)
		if args[2] == "--jq" && len(args) == 4 {
			args = append(args, "--template", "x")
		}
		if said := w.run(args...); said.code != exitUsage {
			t.Errorf("%q: %+v", args, said)
		}
	}
}

// fixLength puts the length of what is sent where the case has a number.
func fixLength(want string) string {
	parts := strings.SplitN(want, " ", 5)
	parts[3] = fmt.Sprint(len(parts[4]))
	return strings.Join(parts, " ")
}

// What is printed of an answer, and what the exit code says of it.
func TestAPIAnswers(t *testing.T) {
	w := newAPIWorld(t)
	png := "\x89PNG\r\n\x1a\n\x00\x00"
	for name, c := range map[string]struct {
		status int
		kind   string
		body   string
		args   []string
		want   called
		times  int
	}{
		"as it came":               {200, "application/json", `{"a" : 1}`, nil, called{0, `{"a" : 1}`, ""}, 1},
		"no body":                  {204, "", "", nil, called{0, "", ""}, 1},
		"bytes":                    {200, "image/png", png, nil, called{0, png, ""}, 1},
		"jq":                       {200, "application/json", `{"a":[{"b":"x"},{"b":9007199254740993}]}`, []string{"--jq", ".a[].b"}, called{0, "x\n9007199254740993\n", ""}, 1},
		"template":                 {200, "application/json", `{"a":1}`, []string{"--template", "{{.a}}!"}, called{0, "1!", ""}, 1},
		"jq of no JSON":            {200, "text/plain", "hello", []string{"--jq", "."}, called{exitFailure, "", "deskauth: the answer of HOST is not JSON: leave --jq, --template and --paginate out to see it\n"}, 1},
		"jq of a captive page":     {200, "text/html", "<html>", []string{"--jq", "."}, called{exitUnavailable, "", "deskauth: a web page answers for HOST, and not its API: does this network, or a proxy, want a sign-in of its own first? Open any page in a browser, then try again\n"}, 1},
		"quiet":                    {200, "application/json", `{"a":1}`, []string{"--quiet"}, called{0, "", ""}, 1},
		"silent":                   {200, "application/json", `{"a":1}`, []string{"--silent"}, called{0, "", ""}, 1},
		"include":                  {200, "application/json", `{}`, []string{"-i"}, called{0, "HTTP/1.1 200 OK\nContent-Length: 2\nContent-Type: application/json\n\n{}", ""}, 1},
		"not there":                {404, "application/json", `{"error":"RecordNotFound","description":"Not found"}`, []string{"--jq", ".a"}, called{exitNotFoundAt, `{"error":"RecordNotFound","description":"Not found"}`, "deskauth: HOST does not have that (Zendesk answered with status 404, \"RecordNotFound\": \"Not found\")\n"}, 1},
		"refused, quiet":           {403, "application/json", `{"error":"Forbidden"}`, []string{"--quiet"}, called{exitRefused, "", "deskauth: HOST refuses it: it wants another role, or a scope that the token has not; the token is that in ZENDESK_OAUTH_TOKEN\n"}, 1},
		"not taken":                {422, "application/json", `{"error":"RecordInvalid","details":{"base":[{"description":"Bad"}]}}`, nil, called{exitRefused, `{"error":"RecordInvalid","details":{"base":[{"description":"Bad"}]}}`, "deskauth: HOST does not take it: base: Bad\n"}, 1},
		"the token is over":        {401, "application/json", `{"error":"invalid_token"}`, nil, called{exitSignIn, `{"error":"invalid_token"}`, "deskauth: HOST does not take the token in ZENDESK_OAUTH_TOKEN\n"}, 1},
		"broken":                   {500, "text/plain", "oh", nil, called{exitUnavailable, "oh", "deskauth: HOST cannot answer now (Zendesk answered with status 500: \"oh\"): try again later\n"}, 1},
		"later, of a write":        {429, "text/plain", "later", []string{"-X", "POST"}, called{exitUnavailable, "later", "deskauth: HOST cannot answer now (Zendesk answered with status 429: \"later\"): try again later\n"}, 1},
		"later than anybody waits": {429, "text/plain", "later", []string{"--include"}, called{exitUnavailable, "HTTP/1.1 429 Too Many Requests\nContent-Length: 5\nContent-Type: text/plain\nRetry-After: 9999\n\nlater", "deskauth: HOST cannot answer now (Zendesk answered with status 429: \"later\"): try again later\n"}, 1},
		"elsewhere":                {302, "text/plain", "", nil, called{exitRefused, "", "deskauth: HOST answers with status 302 and leads to elsewhere.example; the token goes nowhere else, so nothing is followed: --include shows where it leads\n"}, 1},
	} {
		w.answers(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header()["Date"] = nil
			rw.Header().Set("Content-Type", c.kind)
			if c.status == 429 {
				rw.Header().Set("Retry-After", "9999")
			}
			if c.status == 302 {
				rw.Header().Set("Location", "https://elsewhere.example/file?token=x")
			}
			rw.WriteHeader(c.status)
			_, _ = io.WriteString(rw, c.body)
		})
		got := w.run(append([]string{"api", "x"}, c.args...)...)
		got.err = strings.ReplaceAll(got.err, w.root()[len("http://"):], "HOST")
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(called{})); diff != "" || len(w.asked) != c.times {
			t.Errorf("%s: asked %q: %s", name, w.asked, diff)
		}
	}
}

// A read is sent again after what Zendesk says, a write never.
func TestAPITriesReadsAgain(t *testing.T) {
	w := newAPIWorld(t)
	tries := 0
	w.answers(func(rw http.ResponseWriter, _ *http.Request) {
		if tries++; tries == 1 {
			rw.Header().Set("Retry-After", "1")
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(rw, `{"ok":true}`)
	})
	got := w.run("api", "x")
	if got.code != exitOK || got.out != `{"ok":true}` || len(w.asked) != 2 || !strings.Contains(got.err, "says to wait") {
		t.Errorf("%+v, asked %q", got, w.asked)
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		tries = 0
		if got := w.run("api", "x", "-X", method); got.code != exitUnavailable || len(w.asked) != 1 {
			t.Errorf("%s: %+v, asked %q", method, got, w.asked)
		}
	}
}

// Pages are joined into one document; those that make no sense print nothing.
func TestAPIPages(t *testing.T) {
	w := newAPIWorld(t)
	page := "page%5Bsize%5D=100"
	for name, c := range map[string]struct {
		answers map[string]string // by target
		args    []string
		want    string
		asked   int
	}{
		"by cursor": {map[string]string{
			"/api/v2/x?" + page:           `{"tickets":[{"id":1}],"users":[{"id":7}],"meta":{"has_more":true,"after_cursor":"a"},"links":{"next":"ROOT/api/v2/x?page%5Bafter%5D=a"}}`,
			"/api/v2/x?page%5Bafter%5D=a": `{"tickets":[{"id":9007199254740993}],"users":[{"id":8}],"meta":{"has_more":false},"links":{"next":"ROOT/api/v2/x?page%5Bafter%5D=b"}}`,
		}, nil, `{"tickets":[{"id":1},{"id":9007199254740993}],"users":[{"id":7},{"id":8}]}`, 2},
		"by offset": {map[string]string{
			"/api/v2/x?" + page:     `{"tickets":[{"id":1}],"count":2,"next_page":"ROOT/api/v2/x.json?page=2","previous_page":null}`,
			"/api/v2/x.json?page=2": `{"tickets":[{"id":2}],"count":2,"next_page":null,"previous_page":"ROOT/api/v2/x"}`,
		}, nil, `{"count":2,"tickets":[{"id":1},{"id":2}]}`, 2},
		"pages of one's own": {map[string]string{
			"/api/v2/x?per_page=1": `{"x":[1],"next_page":"/api/v2/x?per_page=1&page=2"}`, "/api/v2/x?per_page=1&page=2": `{"x":[2],"next_page":null}`,
		}, []string{"-X", "GET", "-F", "per_page=1"}, `{"x":[1,2]}`, 2},
		"an export": {map[string]string{
			"/api/v2/incremental/tickets/cursor?start_time=1": `{"tickets":[1],"after_url":"ROOT/api/v2/incremental/tickets/cursor?cursor=b","after_cursor":"b","end_of_stream":false}`,
			"/api/v2/incremental/tickets/cursor?cursor=b":     `{"tickets":[2],"after_url":"ROOT/api/v2/incremental/tickets/cursor?cursor=c","after_cursor":"c","end_of_stream":true}`,
		}, []string{"incremental/tickets/cursor?start_time=1"}, `{"after_cursor":"c","end_of_stream":true,"tickets":[1,2]}`, 2},
		"slurped": {map[string]string{
			"/api/v2/x?" + page: `{"x":[1],"next_page":"ROOT/api/v2/x?page=2"}`, "/api/v2/x?page=2": `{"x":[2]}`,
		}, []string{"--slurp", "--jq", "[.[].x[]]"}, `[1,2]`, 2},
		"jq":                {map[string]string{"/api/v2/x?" + page: `{"x":[1],"next_page":"ROOT/api/v2/x?page=2"}`, "/api/v2/x?page=2": `{"x":[2]}`}, []string{"--jq", ".x|length"}, `2`, 2},
		"a list of nothing": {map[string]string{"/api/v2/x?" + page: `{"x":[],"meta":{"has_more":false}}`}, nil, `{"x":[]}`, 1},
		"a bare list":       {map[string]string{"/api/v2/x?" + page: `[]`}, nil, `[]`, 1},
		"no list":           {map[string]string{"/api/v2/x?" + page: `{"user":{"id":1}}`}, nil, `{"user":{"id":1}}`, 1},
	} {
		w.answers(w.by(c.answers))
		args := append([]string{"api", "--paginate"}, c.args...)
		if name != "an export" {
			args = append(args, "x")
		}
		got := w.run(args...)
		if got.code != exitOK || strings.TrimSpace(got.out) != c.want || len(w.asked) != c.asked {
			t.Errorf("%s: %+v, asked %q, want %s", name, got, w.asked, c.want)
		}
	}
	for name, answers := range map[string]map[string]string{
		"itself":                {"/api/v2/x?" + page: `{"x":[1],"next_page":"ROOT/api/v2/x?` + page + `"}`},
		"a circle":              {"/api/v2/x?" + page: `{"x":[1],"next_page":"ROOT/a"}`, "/a": `{"x":[2],"next_page":"ROOT/b"}`, "/b": `{"x":[3],"next_page":"ROOT/a"}`},
		"elsewhere":             {"/api/v2/x?" + page: `{"x":[1],"next_page":"https://elsewhere.example/api/v2/x?page=2"}`},
		"another account":       {"/api/v2/x?" + page: `{"x":[1],"meta":{"has_more":true},"links":{"next":"http://globex.localhost:1/api/v2/x"}}`},
		"a host behind slashes": {"/api/v2/x?" + page: `{"x":[1],"next_page":"//elsewhere.example/x"}`},
		"a person's name":       {"/api/v2/x?" + page: `{"x":[1],"next_page":"http://me@HOST/x"}`},
		"a climb":               {"/api/v2/x?" + page: `{"x":[1],"next_page":"ROOT/api/v2/%2e%2e/x"}`},
		"nowhere":               {"/api/v2/x?" + page: `{"x":[1],"meta":{"has_more":true}}`},
		"no address":            {"/api/v2/x?" + page: `{"x":[1],"next_page":"http://[::1"}`},
		"no JSON":               {"/api/v2/x?" + page: `{"x":[1],"next_page":"ROOT/a"}`, "/a": `oh`},
	} {
		w.answers(w.by(answers))
		got := w.run("api", "--paginate", "x")
		if got.code == exitOK || got.out != "" || strings.Count(got.err, "\n") != 1 || len(w.asked) > 3 {
			t.Errorf("%s: %+v, asked %q", name, got, w.asked)
		}
	}
	// A page that is refused is what is printed, and nothing before it.
	w.answers(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a" {
			rw.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(rw, `{"error":"Forbidden"}`)
			return
		}
		_, _ = io.WriteString(rw, `{"x":[1],"next_page":"/a"}`)
	})
	if got := w.run("api", "--paginate", "x", "--jq", ".x"); got.code != exitRefused || got.out != `{"error":"Forbidden"}` {
		t.Errorf("%+v", got)
	}
}

// by answers by target; another is none that was meant.
func (w *apiWorld) by(answers map[string]string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		text, known := answers[r.RequestURI]
		if !known {
			w.t.Errorf("asked for %s", r.RequestURI)
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, strings.NewReplacer("ROOT", w.root(), "HOST", w.root()[len("http://"):]).Replace(text))
	}
}

// An answer that breaks off is no success, and what was printed is said to be a part.
func TestAPIAnswerBreaksOff(t *testing.T) {
	w := newAPIWorld(t)
	w.answers(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(rw, "half")
	})
	for _, args := range [][]string{{"api", "x", "-X", "POST"}, {"api", "x", "-X", "POST", "--jq", "."}} {
		got := w.run(args...)
		if got.code != exitUnavailable || !strings.Contains(got.err, "broke off") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}
