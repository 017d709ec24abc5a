package web_test

import (
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/internal/web/webtest"
)

var update = flag.Bool("update", false, "write the goldens anew")

// assetHash is left out of the goldens, so that a change of the style sheet does
// not change every page.
var assetHash = regexp.MustCompile(`(/static/[a-z]+)\.[0-9a-f]{12}\.`)

func TestPagesAreGolden(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range webtest.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			got := assetHash.ReplaceAllString(body(t, s), "$1.HASH.")
			file := filepath.Join("testdata", s.Name+".html")
			seen[filepath.Base(file)] = true
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
				t.Errorf("page differs from %s (-want +got):\n%s", file, diff)
			}
		})
	}
	files, err := filepath.Glob("testdata/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[filepath.Base(f)] {
			t.Errorf("%s belongs to no sample", f)
		}
	}
}

// The policy forbids inline scripts and styles, so that a page that had one would
// be a page that looks broken.
var (
	ourScript = regexp.MustCompile(`<script defer src="/static/[a-z]+\.[0-9a-f]{12}\.js"></script>`)
	inline    = regexp.MustCompile(`(?i)<script|<style|\sstyle=|\son[a-z]+=["']|javascript:|ZgotmplZ`)
)

func TestPagesHoldNothingInline(t *testing.T) {
	for _, s := range webtest.Samples() {
		if found := inline.FindString(ourScript.ReplaceAllString(body(t, s), "")); found != "" {
			t.Errorf("%s holds %q", s.Name, found)
		}
	}
}

// What every page needs for a screen reader: one first heading, one main landmark,
// headings that skip no level, a label for each field, and ids that are unique and
// exist where they are pointed at.
func TestPagesAreWellFormed(t *testing.T) {
	headings := regexp.MustCompile(`<h([1-6])`)
	ids := regexp.MustCompile(`\sid="([^"]+)"`)
	references := regexp.MustCompile(`\s(?:aria-describedby|aria-labelledby|for)="([^"]+)"`)
	for _, s := range webtest.Samples() {
		html := body(t, s)
		for _, once := range []string{"<h1", "<main", "<header>", "<footer>", "<title>", `href="#main"`} {
			if n := strings.Count(html, once); n != 1 {
				t.Errorf("%s: %d × %s, want one", s.Name, n, once)
			}
		}
		level := 0
		for _, m := range headings.FindAllStringSubmatch(html, -1) {
			next := int(m[1][0] - '0')
			if next > level+1 {
				t.Errorf("%s: heading %d follows %d", s.Name, next, level)
			}
			level = next
		}
		known := map[string]bool{}
		for _, m := range ids.FindAllStringSubmatch(html, -1) {
			if known[m[1]] {
				t.Errorf("%s: id %s twice", s.Name, m[1])
			}
			known[m[1]] = true
		}
		for _, m := range references.FindAllStringSubmatch(html, -1) {
			for _, id := range strings.Fields(m[1]) {
				if !known[id] {
					t.Errorf("%s: nothing has the id %s", s.Name, id)
				}
			}
		}
	}
}

func TestIssuerPagesSayThatTheyAreNotZendesk(t *testing.T) {
	tags := regexp.MustCompile(`<[^>]*>`)
	const words = "Local Zendesk · deskauth — not zendesk.com"
	for _, s := range webtest.Samples() {
		if strings.HasSuffix(s.Name, "_german") {
			continue // it says so in German
		}
		issuer := strings.Contains(body(t, s), `<body class="issuer`)
		if said := strings.Contains(tags.ReplaceAllString(body(t, s), ""), words); said != issuer {
			t.Errorf("%s: issuer's page %v, says so %v", s.Name, issuer, said)
		}
	}
}

func TestHostileWordsAreEscaped(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	person := web.Person{Name: evil, Email: evil, Role: evil}
	pages := map[string]web.Renderable{
		"sign in": web.SignIn{Account: evil, Subdomain: evil, Application: evil, Action: evil, Next: evil, Email: evil, Problem: evil, People: []web.Person{person}},
		"consent": web.Consent{Account: evil, Client: web.Client{Name: evil, Company: evil, Description: evil, LogoURL: "data:image/png," + evil}, User: person, Permissions: []string{evil}, RedirectHost: evil, Ticket: evil, FormOrigin: evil},
		"home":    web.IssuerHome{Account: evil, User: &person, People: []web.Person{person}, Apps: []web.App{{Name: evil, Identifier: evil, AuthorizeURL: evil}}, Links: []web.Link{{Kind: evil, URL: evil}}},
		"invalid": web.Invalid{Detail: evil, Sent: []web.Param{{Name: evil, Value: evil}}},
		"host":    web.NotFound{UnknownHost: evil, HomeURL: evil, Page: web.Page{RequestID: evil, Lang: evil, Prefix: evil}},
		"method":  web.MethodNotAllowed{Method: evil, Allow: []string{"GET"}},
		"connect": web.ConnectHome{Action: evil, Subdomain: evil, Problem: evil, BaseSuffix: evil, ReturnTo: evil, Asked: []string{evil}},
		"done":    web.Connected{UserName: evil, Role: evil, Product: evil, Account: evil, Granted: []string{evil}, ConnectionID: evil, ReturnTo: "javascript:alert(1)"},
		"failed":  web.ConnectFailed{Kind: evil, Account: evil, Answer: evil, RetryURL: "javascript:alert(1)"},
		"device":  web.Device{Action: evil, Code: evil},
		"asks":    web.DeviceAsk{Action: evil, Code: evil, Program: evil, Address: evil, Asked: []string{evil}, Account: evil},
		"typed":   web.DeviceAsk{Subdomain: evil, BaseSuffix: evil, Problem: evil},
		"link":    web.ConnectLink{Maker: evil, Account: evil, User: evil, Asked: []string{evil}, Again: true},
		"aimless": web.ConnectLink{Subdomain: evil, BaseSuffix: evil, Problem: evil},
		"denied":  web.DeviceDenied{Program: evil},
		"leaving": web.Leaving{URL: "javascript:alert(1)", Account: evil, Host: evil},
	}
	for name, p := range pages {
		html := body(t, webtest.Sample{Name: name, Status: 200, Page: p})
		for _, live := range []string{"<script", "<img src=x", `"javascript:`, "url=javascript:"} {
			if strings.Contains(ourScript.ReplaceAllString(html, ""), live) {
				t.Errorf("%s holds a live %s", name, live)
			}
		}
	}
}

// body is the page, rendered with the status that was asked for.
func body(t *testing.T, s webtest.Sample) string {
	t.Helper()
	w := httptest.NewRecorder()
	web.Render(w, s.Status, s.Page)
	if w.Code != s.Status {
		t.Fatalf("%s: status %d, want %d: %s", s.Name, w.Code, s.Status, w.Body)
	}
	return w.Body.String()
}
