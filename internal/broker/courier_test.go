package broker_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// oneHouse is a house on SQLite, for what does not depend on the engine.
func oneHouse(t *testing.T) *house {
	t.Helper()
	return newHouse(t, storetest.Open(t, storetest.DSN(t, store.SQLite)))
}

// counter is the ticket at the remote Zendesk, where files arrive.
type counter struct {
	mu       sync.Mutex
	uploads  map[string]string // token → name and content
	n        int
	comments []remark
	refuse   http.HandlerFunc // the next request, in the ticket's place
}

type remark struct {
	Body    string
	Public  bool
	Uploads []string
}

// newCounter gives the remote a ticket 35 and uploads.
func newCounter(z *remote) *counter {
	c := &counter{uploads: map[string]string{}}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.edit = func(answer map[string]any) { answer["scope"] = "tickets:read tickets:write" }
	z.paths["/api/v2/tickets/35"] = c.ticket
	z.paths["/api/v2/tickets/35.json"] = c.ticket
	z.paths["/api/v2/uploads.json"] = c.upload
	return c
}

func (c *counter) spoiled() http.HandlerFunc {
	c.mu.Lock()
	defer c.mu.Unlock()
	spoil := c.refuse
	c.refuse = nil
	return spoil
}

func (c *counter) spoil(h http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = h
}

func (c *counter) ticket(w http.ResponseWriter, r *http.Request) {
	if spoil := c.spoiled(); spoil != nil {
		spoil(w, r)
		return
	}
	var body struct{ Ticket struct{ Comment remark } }
	if r.Method == http.MethodPut {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		c.comments = append(c.comments, body.Ticket.Comment)
		c.mu.Unlock()
	}
	_, _ = io.WriteString(w, `{"ticket":{"id":35,"status":"open","subject":"the subject is not the holder's"}}`)
}

func (c *counter) upload(w http.ResponseWriter, r *http.Request) {
	if spoil := c.spoiled(); spoil != nil {
		spoil(w, r)
		return
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return // it broke off: nothing is kept
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	token := fmt.Sprintf("upl0ad-%d", c.n)
	c.uploads[token] = r.URL.Query().Get("filename") + "|" + r.Header.Get("Content-Type") + "|" + string(content)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"upload":{"token":%q,"expires_at":"2026-11-22T13:00:00Z"}}`, token)
}

// passing is a house with a pass, and who carries for it.
type passing struct {
	*house
	*broker.Courier
	counter *counter
	pass    broker.Pass
	secret  secret.Plain
}

func newPassing(t *testing.T, h *house, edit func(*broker.Pass)) *passing {
	t.Helper()
	p := &passing{house: h, counter: newCounter(h.z)}
	p.Courier = &broker.Courier{Broker: h.Broker, Calls: broker.NewHTTPClient(broker.HTTPConfig{Base: h.z.base, Streams: true}).Transport}
	want := broker.Pass{Name: "crash logs", Connection: h.signIn().ID, Ticket: 35, UsesMost: 3}
	if edit != nil {
		edit(&want)
	}
	var err error
	if p.pass, p.secret, err = h.MakePass(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *passing) begin() broker.SendingID {
	p.t.Helper()
	s, err := p.Begin(p.t.Context(), p.pass.ID, "192.0.2.1")
	if err != nil {
		p.t.Fatal(err)
	}
	return s.ID
}

func (p *passing) send(s broker.SendingID, name, content string) error {
	_, err := p.Send(p.t.Context(), p.pass.ID, s, name, int64(len(content)), strings.NewReader(content))
	return err
}

func (p *passing) now() broker.Pass {
	p.t.Helper()
	pass, err := p.house.Pass(p.t.Context(), p.pass.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return pass
}

func obstacle(t *testing.T, err error) broker.Obstacle {
	t.Helper()
	var u *broker.Undelivered
	if !errors.As(err, &u) {
		t.Fatalf("%T: %v", err, err)
	}
	return u.Obstacle
}

func TestPassCarriesFiles(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := newPassing(t, h, nil)
		if got, err := p.PassOf(t.Context(), p.secret, "192.0.2.1"); err != nil || got.ID != p.pass.ID {
			t.Fatalf("%+v, %v", got, err)
		}
		s := p.begin()
		if err := errors.Join(p.send(s, "../crash.log", "it crashed"), p.send(s, "a.png", png)); err != nil {
			t.Fatal(err)
		}
		done, err := p.Finish(t.Context(), p.pass.ID, s, "See <b>here</b>\r\n\x00and \u202ethere")
		if err != nil || done.State != broker.SendingSent {
			t.Fatalf("%+v, %v", done, err)
		}
		want := []remark{{"Sent by the holder of pass 1 (crash logs).\n\nSee <b>here</b>\nand there", false, []string{"upl0ad-1", "upl0ad-2"}}}
		if diff := cmp.Diff(want, p.counter.comments); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]string{"upl0ad-1": "crash.log|text/plain|it crashed", "upl0ad-2": "a.png|image/png|" + png}, p.counter.uploads); diff != "" {
			t.Error(diff)
		}
		if now := p.now(); now.Uses != 1 || now.Bytes != int64(len("it crashed")+len(png)) {
			t.Errorf("uses %d, bytes %d", now.Uses, now.Bytes)
		}
		for name, err := range map[string]error{
			"again": func() error { _, err := p.Finish(t.Context(), p.pass.ID, s, ""); return err }(),
			"more":  p.send(s, "b.log", "x"), "given up": p.Discard(t.Context(), p.pass.ID, s),
			"another's": p.send(s+7, "b.log", "x"),
		} {
			if why(t, err) != broker.SendingOver {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A use that came to nothing before Zendesk had anything is given back.
// Zendesk fills in placeholders in what agents write: a holder must not read by them
// what the ticket has.
func TestPassCommentHasNoPlaceholders(t *testing.T) {
	h := oneHouse(t)
	p := newPassing(t, h, func(p *broker.Pass) { p.Name = "{{ticket.title}}" })
	_, err := p.Finish(t.Context(), p.pass.ID, p.begin(), "{{ticket.comments}} {{{x}} {%if ticket%} {\u200b{y}} {z}")
	if err != nil {
		t.Fatal(err)
	}
	want := "Sent by the holder of pass 1 ({ {ticket.title}}).\n\n{ {ticket.comments}} { { {x}} { %if ticket%} { {y}} {z}"
	if got := p.counter.comments[0].Body; got != want {
		t.Errorf("%q", got)
	}
}

// Who begins and gives up without end does not use up what Zendesk grants the account.
func TestPassFilesOfAMinuteAreBounded(t *testing.T) {
	h := oneHouse(t)
	p := newPassing(t, h, nil)
	for n := range 80 {
		s := p.begin()
		if err := p.send(s, "a.log", "x"); err != nil {
			if n != 60 || why(t, err) != broker.TooManyNow {
				t.Errorf("file %d: %v", n, err)
			}
			return
		}
		if err := p.Discard(t.Context(), p.pass.ID, s); err != nil {
			t.Fatal(err)
		}
	}
	t.Error("80 files went through")
}

// Whoever has no pass can be refused as often as they like, from wherever they like.
func TestRefusalsOfStrangersAreBounded(t *testing.T) {
	h := oneHouse(t)
	p := newPassing(t, h, nil)
	refused := &broker.PassRefused{Why: broker.PassUnknown}
	for n := range 1200 {
		if err := p.Refused(t.Context(), broker.Pass{}, refused, fmt.Sprintf("2001:db8:%x::1", n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Refused(t.Context(), p.pass, &broker.PassRefused{Pass: p.pass.ID, Why: broker.WrongType}, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	noted, err := h.Events(t.Context(), broker.EventFilter{Kind: broker.PassDenied}, 0, 2000)
	if err != nil || len(noted) != 61 || noted[60].Pass != p.pass.ID {
		t.Errorf("%d events, %v", len(noted), err)
	}
}

func TestPassGivesBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := newPassing(t, h, nil)
		s := p.begin()
		if err := p.send(s, "a.log", "some"); err != nil {
			t.Fatal(err)
		}
		p.counter.spoil(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		if err := p.send(s, "b.log", "other"); obstacle(t, err) != broker.ZendeskFails {
			t.Error(err)
		}
		if now := p.now(); now.Bytes != 4 || now.Uses != 1 {
			t.Errorf("uses %d, bytes %d", now.Uses, now.Bytes)
		}
		if err := p.Discard(t.Context(), p.pass.ID, s); err != nil {
			t.Fatal(err)
		}
		if now := p.now(); now.Bytes != 0 || now.Uses != 0 {
			t.Errorf("given up: uses %d, bytes %d", now.Uses, now.Bytes)
		}
	})
}

// Many at once do not exceed the uses, nor the bytes.
func TestPassHoldsItsBounds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := newPassing(t, h, func(p *broker.Pass) { p.UsesMost, p.FileMost, p.BytesMost = 3, 10, 25 })
		var began, refused, carried atomic.Int64
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				s, err := p.Begin(t.Context(), p.pass.ID, "192.0.2.1")
				if err != nil {
					if why(t, err) == broker.PassUsedUp {
						refused.Add(1)
					}
					return
				}
				began.Add(1)
				for range 4 { // 120 bytes in all, if it let them
					if p.send(s.ID, "a.log", "0123456789") == nil {
						carried.Add(1)
					}
				}
			})
		}
		all.Wait()
		if now := p.now(); began.Load() != 3 || refused.Load() != 9 || carried.Load() != 2 || now.Bytes != 20 || now.Uses != 3 {
			t.Errorf("%d began, %d were refused, %d files carried; %+v", began.Load(), refused.Load(), carried.Load(), now)
		}
	})
}

// A comment that fails may be tried again, without the files.
func TestPassFinishesLater(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := newPassing(t, h, nil)
		s := p.begin()
		if err := p.send(s, "a.log", "some"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			status int
			want   broker.Obstacle
		}{
			{404, broker.TicketGone},
			{403, broker.TicketRefused},
			{422, broker.TicketRefused},
			{429, broker.ZendeskBusy},
			{500, broker.ZendeskFails},
			{400, broker.ZendeskRefused},
		} {
			p.counter.spoil(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, `{"error":"RecordInvalid","description":"the subject is secret"}`)
			})
			_, err := p.Finish(t.Context(), p.pass.ID, s, "words")
			if got := obstacle(t, err); got != c.want {
				t.Errorf("%d: %s", c.status, got)
			}
		}
		if done, err := p.Finish(t.Context(), p.pass.ID, s, "words"); err != nil || done.State != broker.SendingSent || p.counter.n != 1 {
			t.Errorf("%v, %v, %d uploads", done.State, err, p.counter.n)
		}
		// No answer: it may have arrived, and is not sent again.
		s = p.begin()
		p.counter.spoil(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		if done, err := p.Finish(t.Context(), p.pass.ID, s, "words"); obstacle(t, err) != broker.ZendeskSilent || done.State != broker.SendingInDoubt {
			t.Errorf("%v, %v", done.State, err)
		}
		if now := p.now(); now.Uses != 2 {
			t.Errorf("%d uses", now.Uses)
		}
	})
}

// What a crash leaves behind counts as used, and is said to be in doubt.
func TestPassAfterACrash(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := newPassing(t, h, nil)
		open, finishing := p.begin(), p.begin()
		s, err := h.Store.Sending(t.Context(), p.pass.ID, finishing)
		if err != nil {
			t.Fatal(err)
		}
		s.State = broker.SendingFinishing // and there the process ended
		if err := h.Store.MoveSending(t.Context(), s, broker.SendingOpen, broker.Event{}); err != nil {
			t.Fatal(err)
		}
		states := func() (all []broker.SendingState) {
			for _, id := range []broker.SendingID{open, finishing} {
				s, err := h.Store.Sending(t.Context(), p.pass.ID, id)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, s.State)
			}
			return all
		}
		for _, c := range []struct {
			after time.Duration
			want  []broker.SendingState
		}{
			{5 * time.Minute, []broker.SendingState{broker.SendingOpen, broker.SendingFinishing}},
			{10 * time.Minute, []broker.SendingState{broker.SendingOpen, broker.SendingInDoubt}},
			{time.Hour, []broker.SendingState{broker.SendingLapsed, broker.SendingInDoubt}},
		} {
			h.clock.move(c.after)
			if err := h.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, states()); diff != "" {
				t.Errorf("after %v: %s", c.after, diff)
			}
		}
		if now := p.now(); now.Uses != 2 {
			t.Errorf("%d uses", now.Uses)
		}
	})
}

// A file of unknown length is read up to the bound and no further; what breaks off
// leaves nothing behind.
func TestPassBoundsAStream(t *testing.T) {
	h := oneHouse(t)
	p := newPassing(t, h, func(p *broker.Pass) { p.FileMost = 3 << 20 })
	s := p.begin()
	stream := func(n int64) error {
		_, err := p.Send(t.Context(), p.pass.ID, s, "a.log", -1, io.LimitReader(forever{}, n))
		return err
	}
	if err := stream(3 << 20); err != nil {
		t.Error(err)
	}
	if err := stream(3<<20 + 1); why(t, err) != broker.FileTooLarge {
		t.Error(err)
	}
	broken := io.MultiReader(strings.NewReader("begun"), brokenReader{})
	if _, err := p.Send(t.Context(), p.pass.ID, s, "a.log", -1, broken); why(t, err) != broker.BrokeOff {
		t.Error(err)
	}
	if _, err := p.Send(t.Context(), p.pass.ID, s, "a.log", 9, strings.NewReader("short")); err == nil {
		t.Error("a file that ends early passes")
	}
	if now := p.now(); now.Bytes != 3<<20 || len(p.counter.uploads) != 1 {
		t.Errorf("%d bytes, %d uploads", now.Bytes, len(p.counter.uploads))
	}
}

type forever struct{}

func (forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// 50 MB go through without being held.
func TestPassStreams(t *testing.T) {
	h := oneHouse(t)
	p := newPassing(t, h, nil)
	h.z.mu.Lock()
	var got int64
	h.z.paths["/api/v2/uploads.json"] = func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"upload":{"token":"t0ken"}}`)
	}
	h.z.mu.Unlock()
	const size = broker.PassFileMost
	s := p.begin()
	var peak uint64
	watched := io.TeeReader(io.LimitReader(forever{}, size), &watch{peak: &peak})
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := p.Send(t.Context(), p.pass.ID, s, "big.log", size, watched); err != nil || got != size {
		t.Fatalf("%d bytes, %v", got, err)
	}
	if peak > before.HeapAlloc+16<<20 {
		t.Errorf("the heap grew by %d bytes", peak-before.HeapAlloc)
	}
}

// watch looks at the heap every few megabytes.
type watch struct {
	peak *uint64
	n    int64
}

func (w *watch) Write(p []byte) (int, error) {
	if was := w.n >> 22; (w.n+int64(len(p)))>>22 != was {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		*w.peak = max(*w.peak, m.HeapAlloc)
	}
	w.n += int64(len(p))
	return len(p), nil
}

// A token that is over is renewed on the way, and the file sent again.
func TestPassRenews(t *testing.T) {
	h := oneHouse(t)
	p := newPassing(t, h, nil)
	s := p.begin()
	p.counter.spoil(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_token"}`)
	})
	if err := p.send(s, "a.log", "some"); err != nil {
		t.Error(err)
	}
	if c := h.connection(p.pass.Connection); c.Generation != 2 {
		t.Errorf("generation %d", c.Generation)
	}
	// A longer one is not kept to be sent again: the next try finds the new token.
	h.clock.move(10 * time.Minute)
	p.counter.spoil(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_token"}`)
	})
	long := bytes.Repeat([]byte("x"), 2<<20)
	if err := p.send(s, "a.log", string(long)); err == nil || obstacle(t, err) == broker.ZendeskRefused {
		t.Error(err)
	}
	// A connection that is broken says so.
	if _, err := h.Disable(t.Context(), broker.AtCommand, p.pass.Connection); err != nil {
		t.Fatal(err)
	}
	if err := p.send(s, "a.log", "some"); obstacle(t, err) != broker.ConnectionBroken {
		t.Error(err)
	}
}

func TestMakePassRefuses(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := newCounter(h.z)
		id := h.signIn().ID
		good := broker.Pass{Name: "x", Connection: id, Ticket: 35}
		for name, edit := range map[string]func(*broker.Pass){
			"name":           func(p *broker.Pass) { p.Name = strings.Repeat("n", 101) },
			"ticket":         func(p *broker.Pass) { p.Ticket = -1 },
			"can":            func(p *broker.Pass) { p.Can = []broker.PassAction{"delete"} },
			"types":          func(p *broker.Pass) { p.Types = []string{"exe"} },
			"max_file_size":  func(p *broker.Pass) { p.FileMost = broker.PassFileMost + 1 },
			"max_total_size": func(p *broker.Pass) { p.BytesMost = -1 },
			"max_uses":       func(p *broker.Pass) { p.UsesMost = 1001 },
			"expires_in":     func(p *broker.Pass) { p.Expires = h.clock.now().Add(91 * 24 * time.Hour) },
			"connection":     func(p *broker.Pass) { p.Connection = 0 },
		} {
			p := good
			edit(&p)
			_, _, err := h.MakePass(t.Context(), p)
			if invalid := (*broker.Invalid)(nil); !errors.As(err, &invalid) || invalid.Field != name {
				t.Errorf("%s: %v", name, err)
			}
		}
		for status, want := range map[int]string{404: "there is none", 403: "does not let"} {
			c.spoil(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
			if _, _, err := h.MakePass(t.Context(), good); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%d: %v", status, err)
			}
		}
		c.spoil(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"ticket":{"id":35,"status":"closed"}}`)
		})
		if _, _, err := h.MakePass(t.Context(), good); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Error(err)
		}
		c.spoil(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		if _, _, err := h.MakePass(t.Context(), good); obstacle(t, err) != broker.ZendeskFails {
			t.Error(err)
		}
		gone := good
		gone.Connection = 99
		if _, _, err := h.MakePass(t.Context(), gone); !errors.Is(err, broker.ErrNotFound) {
			t.Error(err)
		}
		if all, err := h.Passes(t.Context(), 0, 10); err != nil || len(all) != 0 {
			t.Errorf("%v, %v", all, err)
		}
	})
}

// A connection that may only read carries nothing.
func TestMakePassWantsScope(t *testing.T) {
	h := oneHouse(t)
	h.z.edit = func(answer map[string]any) { answer["scope"] = "read" }
	_, _, err := h.MakePass(t.Context(), broker.Pass{Name: "x", Connection: h.signIn().ID, Ticket: 35})
	if invalid := (*broker.Invalid)(nil); !errors.As(err, &invalid) || invalid.Field != "connection" || !strings.Contains(invalid.Why, "tickets:write") {
		t.Error(err)
	}
}

func TestRevokedPassIsOver(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := newPassing(t, h, nil)
		s := p.begin()
		for range 2 { // the second changes nothing
			if got, err := h.RevokePass(t.Context(), p.pass.ID, broker.AtCommand); err != nil || got.Revoked.IsZero() {
				t.Fatalf("%+v, %v", got, err)
			}
			h.clock.move(time.Minute)
		}
		_, begun := p.Begin(t.Context(), p.pass.ID, "")
		_, finished := p.Finish(t.Context(), p.pass.ID, s, "words")
		for name, err := range map[string]error{"begin": begun, "send": p.send(s, "a.log", "x"), "finish": finished} {
			if why(t, err) != broker.PassRevoked {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.RevokePass(t.Context(), 99, broker.AtCommand); !errors.Is(err, broker.ErrNotFound) {
			t.Error(err)
		}
	})
}
