package issuerhttp_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden exchanges anew")

// transcript is a conversation as text, for people to read and for tests to
// hold the wire to.
type transcript struct{ b strings.Builder }

// left out: what is new each time, or the same in every answer and checked there.
var leftOut = []string{
	"Date", "Content-Length", "X-Request-Id", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options",
	"Cross-Origin-Opener-Policy", "Accept-Encoding", "User-Agent", "Content-Language", "Content-Security-Policy",
}

// record notes every exchange of f and compares them with testdata/name.txt.
func (w *world) record(name string, f func(note func(string))) {
	w.t.Helper()
	told := &transcript{}
	w.setTranscript(told)
	f(func(what string) { fmt.Fprintf(&told.b, "# %s\n\n", what) })
	w.setTranscript(nil)
	golden(w.t, name, w.secrets.hide(told.b.String()))
}

func (w *witness) setTranscript(told *transcript) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = told
}

func golden(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run the test with -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the exchange differs from %s (-want +got):\n%s", file, diff)
	}
}

func (c *transcript) add(r *http.Request, sent string, resp *http.Response, got string) {
	fmt.Fprintf(&c.b, "> %s %s\n> Host: %s\n", r.Method, r.URL.RequestURI(), hostOf(r))
	c.lines(">", r.Header)
	c.body(">", r.Header.Get("Content-Type"), sent)
	fmt.Fprintf(&c.b, "\n< %d %s\n", resp.StatusCode, http.StatusText(resp.StatusCode))
	c.lines("<", resp.Header)
	c.body("<", resp.Header.Get("Content-Type"), got)
	c.b.WriteString("\n\n")
}

func hostOf(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

func (c *transcript) lines(mark string, h http.Header) {
	var all []string
	for name, values := range h {
		if !slices.Contains(leftOut, name) {
			for _, value := range values {
				all = append(all, mark+" "+name+": "+value+"\n")
			}
		}
	}
	slices.Sort(all)
	c.b.WriteString(strings.Join(all, ""))
}

func (c *transcript) body(mark, contentType, text string) {
	switch {
	case text == "":
		return
	case strings.HasPrefix(contentType, "text/html"):
		// How pages look, package web's goldens hold.
		text = "(page) " + pageText(text)
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded") && mark == ">":
		text = strings.ReplaceAll(text, "&", "\n&")
	case strings.HasPrefix(contentType, "application/json") && mark == "<":
		// Shown byte for byte; a test elsewhere would not tell an order from another.
		if !json.Valid([]byte(text)) {
			text = "NOT JSON: " + text
		}
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintf(&c.b, "%s   %s\n", mark, line)
	}
}

var (
	titleTag   = regexp.MustCompile(`(?s)<title>(.*?)</title>`)
	problemTag = regexp.MustCompile(`(?s)<p class="problem"[^>]*>(.*?)</p>`)
)

// pageText is a page's title and the problem that it shows.
func pageText(page string) string {
	var parts []string
	for _, tag := range []*regexp.Regexp{titleTag, problemTag} {
		if found := tag.FindStringSubmatch(page); found != nil {
			parts = append(parts, html.UnescapeString(found[1]))
		}
	}
	return strings.Join(parts, " | ")
}

// reply is an answer, read whole.
type reply struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   string
}

// want fails the test unless the answer has this status.
func (r *reply) want(status int) *reply {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("status %d, want %d: %s %s", r.Status, status, r.Header.Get("Location"), r.Body)
	}
	return r
}

// wantBody holds an answer to its status and its body, byte for byte.
func (r *reply) wantBody(status int, body string) *reply {
	r.t.Helper()
	if r.Status != status || r.Body != body {
		r.t.Errorf("got %d %s\nwant %d %s", r.Status, r.Body, status, body)
	}
	return r
}

// page is the title of a page, with the problem that it shows.
func (r *reply) page() string { return pageText(r.Body) }

func (r *reply) wantPage(status int, starts string) *reply {
	r.t.Helper()
	if !strings.HasPrefix(r.page(), starts) || r.Status != status {
		r.t.Fatalf("got %d %q %s, want %d %q", r.Status, r.page(), r.Header.Get("Location"), status, starts)
	}
	return r
}

// location is where a redirect leads.
func (r *reply) location() *url.URL {
	r.t.Helper()
	if r.Status/100 != 3 {
		r.t.Fatalf("no redirect: %d %s", r.Status, r.Body)
	}
	u, err := url.Parse(r.Header.Get("Location"))
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

// answer is what a redirect tells the client.
func (r *reply) answer() url.Values {
	r.t.Helper()
	v, err := url.ParseQuery(r.location().RawQuery)
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// code is the code that a redirect brings.
func (r *reply) code() string {
	r.t.Helper()
	code := r.answer().Get("code")
	if code == "" {
		r.t.Fatalf("no code in %s", r.location())
	}
	return code
}

// hidden is the value of a hidden field of a page's form.
func (r *reply) hidden(name string) string {
	r.t.Helper()
	found := regexp.MustCompile(`<input type="hidden" name="` + name + `" value="([^"]*)">`).FindStringSubmatch(r.Body)
	if found == nil {
		r.t.Fatalf("no hidden field %s in %q", name, r.page())
	}
	return html.UnescapeString(found[1])
}

// pair is a token endpoint's success.
type pair struct {
	Access         string `json:"access_token"`
	Type           string `json:"token_type"`
	Scope          string `json:"scope"`
	Expires        *int64 `json:"expires_in"`
	Refresh        string `json:"refresh_token"`
	RefreshExpires *int64 `json:"refresh_token_expires_in"`
}

func (r *reply) pair() pair {
	r.t.Helper()
	r.want(http.StatusOK)
	var p pair
	if err := json.Unmarshal([]byte(r.Body), &p); err != nil || p.Access == "" {
		r.t.Fatalf("no pair (%v): %s", err, r.Body)
	}
	return p
}
