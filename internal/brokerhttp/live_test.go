package brokerhttp_test

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
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
