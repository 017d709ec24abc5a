package deskauth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
)

// caller is a client of the world's, and what it sends to Zendesk.
type caller struct {
	*world
	*deskauth.Client
	ada deskauth.Connection

	mu   sync.Mutex
	sent []string
}

func newCaller(t *testing.T, can ...broker.Power) *caller {
	t.Helper()
	c := &caller{world: testWorld(t)}
	c.Client, c.ada = c.client(can...), c.world.ada()
	way := c.Zendesk
	c.Zendesk = roundTrip(func(r *http.Request) (*http.Response, error) {
		c.mu.Lock()
		c.sent = append(c.sent, r.Method+" "+r.URL.Path)
		c.mu.Unlock()
		return way.RoundTrip(r)
	})
	t.Cleanup(func() { closed(t, c.Client) })
	return c
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answered is what came of a call.
type answered struct {
	code   int
	header http.Header
	text   string
	asked  http.Header // of the request, as the caller sees it afterwards
}

// call sends a request as Ada.
func (c *caller) call(t *testing.T, method, path string, body io.Reader) answered {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.ada.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.HTTPClient(c.ada.ID).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{resp.StatusCode, resp.Header, string(text), resp.Request.Header}
}

// since is how often the broker and Zendesk are asked by what is done.
func (c *caller) since(do func()) (broker int64, zendesk []string) {
	before := c.asked.Load()
	c.mu.Lock()
	c.sent = nil
	c.mu.Unlock()
	do()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked.Load() - before, c.sent
}

const mePath = "/api/v2/users/me.json"

// A token is asked for once, until it is about to be renewed.
func TestTokensAreRemembered(t *testing.T) {
	c := newCaller(t, broker.Lend)
	times := func(n int) func() {
		return func() {
			for range n {
				if got := c.call(t, "GET", mePath, nil); got.code != http.StatusOK {
					t.Error(got.code, got.text)
				}
			}
		}
	}
	if asked, sent := c.since(times(20)); asked != 2 || len(sent) != 20 { // the token, and whose it is
		t.Errorf("20 calls: %d to the broker, %d to Zendesk", asked, len(sent))
	}
	c.zendesk.Clock.Advance(23 * time.Minute)
	if asked, _ := c.since(times(1)); asked != 0 {
		t.Errorf("seven minutes before it ends the broker was asked %d times", asked)
	}
	c.zendesk.Clock.Advance(2 * time.Minute)
	if asked, sent := c.since(times(5)); asked != 1 || len(sent) != 5 {
		t.Errorf("five minutes before it ends: %d to the broker, %d to Zendesk", asked, len(sent))
	}
	// Whoever comes at once shares one request.
	c.zendesk.Clock.Advance(time.Hour)
	asked, _ := c.since(func() {
		var all sync.WaitGroup
		for range 50 {
			all.Go(times(1))
		}
		all.Wait()
	})
	if asked > 3 {
		t.Errorf("50 at once asked the broker %d times", asked)
	}
}

// A token that another renewal ended is replaced, and the request sent again with its
// body: once.
func TestARefusedTokenIsReplaced(t *testing.T) {
	c := newCaller(t)
	c.call(t, "GET", mePath, nil)
	if _, err := c.broker.RenewNow(t.Context(), broker.ConnectionID(c.ada.ID)); err != nil {
		t.Fatal(err)
	}
	ticket := `{"ticket":{"subject":"hot","comment":{"body":"The smoke is very colorful."}}}`
	asked, sent := c.since(func() {
		got := c.call(t, "POST", "/api/v2/tickets.json", strings.NewReader(ticket))
		if got.code != http.StatusCreated || !strings.Contains(got.text, "very colorful") || got.asked.Get("Authorization") != "" {
			t.Errorf("%+v", got)
		}
	})
	if asked != 1 || len(sent) != 2 {
		t.Errorf("%d to the broker, %q to Zendesk", asked, sent)
	}
	// A body that nobody knows the length of, and that is short, too.
	if _, err := c.broker.RenewNow(t.Context(), broker.ConnectionID(c.ada.ID)); err != nil {
		t.Fatal(err)
	}
	if got := c.call(t, "POST", "/api/v2/tickets.json", io.MultiReader(strings.NewReader(ticket))); got.code != http.StatusCreated {
		t.Errorf("%+v", got)
	}
	// One that is too long to be kept is the caller's to send again.
	if _, err := c.broker.RenewNow(t.Context(), broker.ConnectionID(c.ada.ID)); err != nil {
		t.Fatal(err)
	}
	for n, want := range []int{http.StatusUnauthorized, http.StatusCreated} {
		_, sent := c.since(func() {
			got := c.call(t, "POST", "/api/v2/uploads.json?filename=core", bytes.NewReader(make([]byte, 1<<20+1)))
			if got.code != want || (got.header.Get("Deskauth-Retry") == "1") != (n == 0) {
				t.Errorf("try %d: %+v", n, got)
			}
		})
		if len(sent) != 1 {
			t.Errorf("try %d: %q", n, sent)
		}
	}
	// A 401 that is no refused token is passed on, and so is a 403.
	c.Client = &deskauth.Client{URL: c.Client.URL, Key: c.Key, Now: c.Now, Zendesk: roundTrip(func(r *http.Request) (*http.Response, error) {
		c.sent = append(c.sent, r.Method)
		status := http.StatusUnauthorized
		if r.Method == http.MethodPut {
			status = http.StatusForbidden
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"error":"Couldn't authenticate you"}`)), Request: r}, nil
	})}
	defer closed(t, c.Client)
	for _, method := range []string{"GET", "PUT"} {
		if asked, sent := c.since(func() {
			if got := c.call(t, method, mePath, nil); !strings.Contains(got.text, "Couldn't authenticate you") {
				t.Errorf("%+v", got)
			}
		}); asked > 2 || len(sent) != 1 {
			t.Errorf("%s: %d to the broker, %q to Zendesk", method, asked, sent)
		}
	}
}

// The token goes to the connection's account, and nowhere else.
func TestTokensStayAtTheAccount(t *testing.T) {
	c := newCaller(t)
	leak := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was asked with %q", r.Host, r.Header.Get("Authorization"))
	}))
	defer leak.Close()
	other := strings.Replace(c.ada.URL, "acme", "globex", 1)
	for _, to := range []string{leak.URL, other, strings.Replace(c.ada.URL, "http:", "https:", 1), strings.Replace(c.ada.URL, "localhost:", "localhost.:1", 1)} {
		_, sent := c.since(func() {
			if code, err := status(t.Context(), c.HTTPClient(c.ada.ID), to+mePath); err == nil {
				t.Errorf("%s was answered with %d", to, code)
			}
		})
		if len(sent) != 0 {
			t.Errorf("%s: %q", to, sent)
		}
	}
	// Nor by a redirect.
	moved := &deskauth.Client{URL: c.world.url, Key: c.Key, Now: c.Now, Zendesk: roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != rootOf(c.ada).Host {
			t.Errorf("sent on to %s", r.URL)
		}
		h := http.Header{"Location": {leak.URL}}
		return &http.Response{StatusCode: http.StatusFound, Header: h, Body: http.NoBody, Request: r}, nil
	})}
	defer closed(t, moved)
	if code, err := status(t.Context(), moved.HTTPClient(c.ada.ID), c.ada.URL+mePath); err != nil || code != http.StatusFound {
		t.Errorf("%v, %v", code, err)
	}
}

// What a key may not do, and what is no broker at all, is said as it is.
func TestRefusalsOfTheBroker(t *testing.T) {
	c := newCaller(t, broker.Link)
	if _, err := c.Token(t.Context(), c.ada.ID); !errors.Is(err, deskauth.ErrForbidden) {
		t.Errorf("a key that does not lend: %v", err)
	}
	stranger := &deskauth.Client{URL: c.world.url, Key: "deskauth_nothing"}
	defer closed(t, stranger)
	if _, err := stranger.Token(t.Context(), 1); !errors.Is(err, deskauth.ErrKeyRefused) {
		t.Errorf("a wrong key: %v", err)
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the key went on: %v", r.Header)
	}))
	defer elsewhere.Close()
	for name, answer := range map[string]http.HandlerFunc{
		"a captive page":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Welcome to the hotel") },
		"a page of a 404": func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"a redirect":      func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"a problem": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, `{"type":"urn:deskauth:problem:server_error","title":"Something went wrong here","status":500,"request_id":"abc"}`)
		},
	} {
		c.answers.Store(answer)
		err := func() error { _, err := c.Connection(t.Context(), 1); return err }()
		remote, ok := errors.AsType[*deskauth.RemoteError](err)
		if !ok || remote.Status == 0 || name == "a problem" && (remote.Type != "server_error" || remote.RequestID != "abc" || !strings.Contains(err.Error(), "request abc")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.answers.Store(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	if _, err := c.Connection(t.Context(), 1); !errors.Is(err, deskauth.ErrAway) {
		t.Errorf("no answer: %v", err)
	}
	if _, err := all(c.Connections(t.Context())); !errors.Is(err, deskauth.ErrAway) {
		t.Errorf("no answer to a list: %v", err)
	}
}

func TestClientsThatCannotBe(t *testing.T) {
	for name, c := range map[string]*deskauth.Client{
		"nothing":       {},
		"no key":        {URL: "https://broker.example"},
		"no scheme":     {URL: "broker.example", Key: "k"},
		"another":       {URL: "ftp://broker.example", Key: "k"},
		"a query":       {URL: "https://broker.example?x=y", Key: "k"},
		"a password":    {URL: "https://a:b@broker.example", Key: "k"},
		"in the clear":  {URL: "http://broker.example", Key: "k"},
		"nearly local":  {URL: "http://localhost.example", Key: "k"},
		"no URL at all": {URL: "http://[", Key: "k"},
	} {
		if _, err := c.Token(t.Context(), 1); err == nil || errors.Is(err, deskauth.ErrAway) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := status(t.Context(), c.HTTPClient(1), "https://acme.zendesk.com"); err == nil {
			t.Errorf("%s: a call was made", name)
		}
		closed(t, c)
	}
	local := &deskauth.Client{URL: "http://127.0.0.1:1", Key: "k"}
	if _, err := local.Token(t.Context(), 1); !errors.Is(err, deskauth.ErrAway) {
		t.Errorf("nobody listens: %v", err)
	}
	plain := &deskauth.Client{URL: "http://broker.invalid", Key: "k", PlainHTTP: true, HTTP: &http.Client{
		Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("asked") }),
	}}
	if _, err := plain.Token(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "asked") {
		t.Errorf("with PlainHTTP: %v", err)
	}
	closed(t, local)
	closed(t, plain)
}

func TestKeyIsNotPrinted(t *testing.T) {
	c := &deskauth.Client{URL: "https://broker.example", Key: "hush-hush"}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x", c, c, c, c, c, c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "client", c)
	if text := out.String(); strings.Contains(text, "hush") || strings.Contains(text, fmt.Sprintf("%x", "hush")) || !strings.Contains(text, "broker.example") {
		t.Error(text)
	}
}

// A caller that leaves does not wait; what it began goes on for the others, and ends with
// the client.
func TestCloseEndsWhatIsAsked(t *testing.T) {
	c := newCaller(t)
	asked, leave := make(chan struct{}), make(chan struct{})
	c.answers.Store(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done() // the client hung up
		close(leave)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := status(ctx, c.HTTPClient(c.ada.ID), c.ada.URL+mePath)
		ended <- err
	}()
	<-asked
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("left: %v", err)
	}
	select {
	case <-leave:
		t.Error("what it began ended with it")
	default:
	}
	closed(t, c.Client)
	<-leave
	if _, err := status(t.Context(), c.HTTPClient(c.ada.ID), c.ada.URL+mePath); err == nil {
		t.Error("a closed client calls")
	}
}

// Lists of more than one part are read to their end, and no part twice.
func TestListsInParts(t *testing.T) {
	c := newCaller(t)
	c.answers.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts := map[string]string{
			"":  `{"connections":[{"id":1},{"id":2}],"next_cursor":"a"}`,
			"a": `{"connections":[],"next_cursor":"b"}`,
			"b": `{"connections":[{"id":3}],"next_cursor":null}`,
		}
		fmt.Fprint(w, parts[r.URL.Query().Get("cursor")])
	}))
	if got, err := all(c.Connections(t.Context())); err != nil || len(got) != 3 || got[2].ID != 3 {
		t.Errorf("%v, %v", got, err)
	}
	c.answers.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"connections":[{"id":1}],"next_cursor":"a"}`)
	}))
	if got, err := all(c.Connections(t.Context())); err == nil || len(got) != 2 {
		t.Errorf("a list without an end: %v, %v", got, err)
	}
	requests := 0
	c.answers.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests > 9 { // for ever
			fmt.Fprint(w, `{"connections":[],"next_cursor":null}`)
			return
		}
		next := map[string]string{"": "a", "a": "b", "b": "a"}[r.URL.Query().Get("cursor")]
		fmt.Fprintf(w, `{"connections":[{"id":1}],"next_cursor":%q}`, next)
	}))
	if got, err := all(c.Connections(t.Context())); err == nil || len(got) != 3 || requests != 3 {
		t.Errorf("a circle: %v, %v", got, err)
	}
}
