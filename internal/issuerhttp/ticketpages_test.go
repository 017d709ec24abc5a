package issuerhttp_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// The address that links to tickets have leads to a page, for agents of the account.
func TestTicketsAreSeenByAgents(t *testing.T) {
	w := onSQLite(t, options{Desk: true})
	bearer := "Bearer " + w.token(grant(w.code())).pair().Access
	var up struct{ Upload struct{ Token string } }
	w.call(call{
		Method: http.MethodPost, Target: "/api/v2/uploads.json?filename=page.html", Body: "<script>alert(1)</script>",
		Header: header("Authorization", bearer, "Content-Type", "text/html"),
	}).into(http.StatusCreated, &up)
	w.call(call{
		Method: http.MethodPost, Target: "/api/v2/tickets.json",
		Body:   `{"ticket":{"subject":"It <b>stops</b>","comment":{"body":"See <i>this</i>.\nTwice.","uploads":["` + up.Upload.Token + `"]}}}`,
		Header: header("Authorization", bearer, "Content-Type", "application/json"),
	}).want(http.StatusCreated)

	if got := w.browser("acme.localhost").get("/agent/tickets/1").want(http.StatusSeeOther).location().Query().Get("return_to"); got != "/agent/tickets/1" {
		t.Errorf("it comes back to %q", got)
	}
	for _, path := range []string{"/agent/tickets", "/agent/tickets/1"} {
		w.as(carl).get(path).wantPage(http.StatusForbidden, "Only agents may go here")
	}
	if got := w.as(grace).get("/agent").want(http.StatusSeeOther).location().Path; got != "/agent/tickets" {
		t.Errorf("/agent leads to %s", got)
	}
	if list := w.as(grace).get("/agent/tickets").want(http.StatusOK).Body; !strings.Contains(list, `href="/agent/tickets/1"`) || !strings.Contains(list, "It &lt;b&gt;stops&lt;/b&gt;") {
		t.Error(list)
	}
	page := w.as(grace).get("/agent/tickets/1").want(http.StatusOK).Body
	for _, want := range []string{"It &lt;b&gt;stops&lt;/b&gt;", "See &lt;i&gt;this&lt;/i&gt;.\nTwice.", "Ada Admin", "page.html", "25 B"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q: %s", want, page)
		}
	}
	file := regexp.MustCompile(`href="(/attachments/[^"]*)"`).FindStringSubmatch(page)
	if file == nil {
		t.Fatal("the page has no file")
	}
	got := w.as(grace).get(strings.ReplaceAll(file[1], "&amp;", "&")).want(http.StatusOK)
	if !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%v", got.Header)
	}
	for _, id := range []string{"0", "-1", "x", "2", "99999999999999999999"} {
		w.as(ada).get("/agent/tickets/" + id).want(http.StatusNotFound)
	}
	w.as(hank).get("/agent/tickets/1").want(http.StatusNotFound) // each account has its own
}

func TestTicketsInParts(t *testing.T) {
	w := onSQLite(t, options{Desk: true})
	bearer := "Bearer " + w.token(grant(w.code())).pair().Access
	for range 51 {
		w.call(call{
			Method: http.MethodPost, Target: "/api/v2/tickets.json", Body: `{"ticket":{"subject":"one of many","comment":{"body":"x"}}}`,
			Header: header("Authorization", bearer, "Content-Type", "application/json"),
		}).want(http.StatusCreated)
	}
	first := w.as(ada).get("/agent/tickets").want(http.StatusOK).Body
	if strings.Count(first, "one of many") != 50 || !strings.Contains(first, "#51 ") || !strings.Contains(first, `href="/agent/tickets?from=50"`) {
		t.Error(first)
	}
	second := w.as(ada).get("/agent/tickets?from=50").want(http.StatusOK).Body
	if strings.Count(second, "one of many") != 1 || !strings.Contains(second, "#1 ") {
		t.Error(second)
	}
	for _, from := range []string{"-1", "x", "99999999999999999999"} {
		if got := w.as(ada).get("/agent/tickets?from=" + from).want(http.StatusOK).Body; strings.Count(got, "one of many") != 50 {
			t.Errorf("from %s: %s", from, got)
		}
	}
}
