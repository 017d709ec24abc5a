package brokerhttp_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/testlog"
)

// stream opens a page's stream.
func (b *boardSite) stream(browser *http.Client, path string) (http.Header, *bufio.Reader) {
	b.t.Helper()
	req := b.request("GET", path, "")
	req.Header.Set("Accept", "text/event-stream")
	resp, err := browser.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp.Header, bufio.NewReader(resp.Body)
}

// until reads a stream until a part of that name has the words.
func until(t *testing.T, r *bufio.Reader, name, words string) {
	t.Helper()
	in := ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%s never had %q: %v", name, words, err)
		}
		if event, ok := strings.CutPrefix(line, "event: "); ok {
			in = strings.TrimSpace(event)
		}
		if in == name && strings.Contains(line, words) {
			return
		}
	}
}

// A list and a connection's page follow what another replica does: here, whoever writes
// into the same database. Both end with the session.
func TestPagesFollow(t *testing.T) {
	b := newBoardSite(t)
	id := b.connectAs("acme", 7, "Ada", "admin")
	ada := b.signIn("acme", 7, "Ada", "admin")
	one := "/connections/" + strconv.Itoa(int(id))
	if page := b.look(ada, one); !strings.Contains(page.body, `data-live="`+one+`/live"`) {
		t.Errorf("the page follows nothing: %s", page.body)
	}
	head, list := b.stream(ada, "/connections.live")
	if head.Get("Content-Type") != "text/event-stream" || head.Get("Cache-Control") != "no-store" {
		t.Errorf("a stream is %v", head)
	}
	_, page := b.stream(ada, one+"/live")
	until(t, list, "rows", "Healthy")
	until(t, page, "standing", "Healthy")
	c, err := b.broker.Connection(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	c.State, c.Reason = broker.Disabled, broker.SwitchedOff
	if err := b.broker.Store.Move(t.Context(), c, broker.Active, broker.Event{At: b.broker.Now(), Kind: broker.StateChanged, Connection: id, Detail: "by another"}); err != nil {
		t.Fatal(err)
	}
	until(t, list, "counts", "Disabled")
	until(t, list, "rows", "Disabled")
	until(t, page, "standing", "Disabled")
	until(t, page, "matter", "Somebody disabled it.")
	until(t, page, "told", "by another")
	if _, err := b.broker.LatestUses(t.Context(), id, 1); err != nil {
		t.Error(err)
	}
	b.post(ada, "/sign-out", nil)
	for _, r := range []*bufio.Reader{list, page} {
		if _, err := io.Copy(io.Discard, r); err != nil { // it comes to its end
			t.Errorf("a stream did not end: %v", err)
		}
	}
	stranger := b.signIn("globex", 8, "Eve", "agent")
	if got := b.look(stranger, one+"/live"); got.StatusCode != http.StatusNotFound {
		t.Errorf("a stranger follows it: %d", got.StatusCode)
	}
}

// What was lent and called is told for its day, before it is stored too.
func TestUsesAreCounted(t *testing.T) {
	b := newBoardSite(t)
	id := b.connectAs("acme", 7, "Ada", "admin")
	for range 3 {
		if _, err := b.broker.Token(t.Context(), id, 0); err != nil {
			t.Fatal(err)
		}
	}
	b.ahead = 24 * time.Hour
	ada := b.signIn("acme", 7, "Ada", "admin")
	if page := b.look(ada, "/connections/"+strconv.Itoa(int(id))); !strings.Contains(page.body, "Tokens lent and calls made in the last 14 days: 3 and 0") {
		t.Errorf("the page: %s", page.body)
	}
}

// The pages of webhooks follow what is delivered, so that nobody loads them again to see
// what came of a test.
func TestWebhookPagesFollow(t *testing.T) {
	b := newBoardSite(t)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer receiver.Close()
	b.connectAs("acme", 7, "Ada", "admin")
	ada := b.signIn("acme", 7, "Ada", "admin")
	made := b.post(ada, "/webhooks", url.Values{"url": {receiver.URL}})
	testlog.Issued(t, regexp.MustCompile(`whsec_[A-Za-z0-9+/=_-]+`).FindString(made.body))
	for path, follows := range map[string]string{"/webhooks": "/webhooks.live", "/webhooks/1": "/webhooks/1/live"} {
		if page := b.look(ada, path); !strings.Contains(page.body, `data-live="`+follows+`"`) || !strings.Contains(page.Header.Get("Content-Security-Policy"), "connect-src 'self'") {
			t.Errorf("%s follows nothing: %v %s", path, page.Header, page.body)
		}
	}
	_, list := b.stream(ada, "/webhooks.live")
	_, page := b.stream(ada, "/webhooks/1/live")
	until(t, list, "rows", "Nothing was sent yet")
	until(t, page, "told", "Nothing was sent yet")
	b.post(ada, "/webhooks/1", url.Values{"order": {"test"}})
	if err := b.broker.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, page, "told", "Delivered")
	until(t, list, "rows", "Delivered")
	b.post(ada, "/webhooks/1", url.Values{"order": {"disable"}})
	until(t, page, "standing", "Disabled")
	gus := b.signIn("globex", 9, "Gus", "agent")
	for _, path := range []string{"/webhooks.live", "/webhooks/1/live"} {
		if got := b.look(gus, path); got.StatusCode == http.StatusOK {
			t.Errorf("%s is there for somebody who is no operator: %s", path, got.body)
		}
	}
	for _, path := range []string{"/webhooks/2/live", "/webhooks/x/live"} {
		if got := b.look(ada, path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}

// A filter that was mistyped does not look like an empty list.
func TestUnknownFilters(t *testing.T) {
	b := newBoardSite(t)
	b.connectAs("acme", 7, "Ada", "admin")
	ada := b.signIn("acme", 7, "Ada", "admin")
	for _, path := range []string{"/connections?state=bogus", "/connections?product=bogus", "/connections?client=bogus", "/passes?state=bogus", "/events?kind=bogus"} {
		page := b.look(ada, path)
		if page.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page.body, "There is no “bogus” to filter by") ||
			!strings.Contains(page.body, `<nav class="sections"`) || strings.Contains(page.body, "<tbody") {
			t.Errorf("%s: %d %s", path, page.StatusCode, page.body)
		}
	}
}
