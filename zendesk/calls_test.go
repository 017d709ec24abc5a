package zendesk_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/zendesk"
)

// patient is a Retry that lives in the local Zendesk's time.
func patient(z *deskauthtest.Zendesk) *zendesk.Retry {
	return &zendesk.Retry{Now: z.Clock.Now, Sleep: passing(z)}
}

// A plan's quota is met and waited for, in the account's own time: no request is lost,
// and none is sent while Zendesk said to wait.
func TestTheQuotaIsKept(t *testing.T) {
	z := deskauthtest.New(t, deskauthtest.Seed(seedWithPlan), deskauthtest.FrozenAt(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)))
	api := acting(t.Context(), z)
	api.Retry = patient(z)
	refused, answered := 0, 0
	api.Answered = func(a zendesk.Answer) {
		switch {
		case a.Status == http.StatusTooManyRequests:
			refused++
		case a.Quota.Limit != 200:
			t.Errorf("the quota is %+v", a.Quota)
		default:
			answered++
		}
	}
	for range 450 {
		if _, err := api.Me(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if refused != 2 || answered != 450 {
		t.Errorf("%d answered, %d refused", answered, refused)
	}
	if now := z.Clock.Now(); now.Minute() != 2 {
		t.Errorf("it took until %v", now)
	}
}

// What would be done twice is not sent again when an answer is lost, and what would not
// is; both are when nothing was done.
func TestLostAnswers(t *testing.T) {
	z := deskauthtest.New(t)
	api := acting(t.Context(), z)
	api.Retry = patient(z)
	sent := 0
	api.HTTP = &http.Client{Transport: through(func(r *http.Request) { sent++ }, z.Client().Transport)}
	ticket := must(api.CreateTicket(t.Context(), zendesk.NewTicket{Comment: zendesk.NewComment{Body: "first"}}))
	client := must(api.CreateClient(t.Context(), zendesk.ClientChange{Identifier: new("other"), Name: new("Other")}))
	for name, c := range map[string]struct {
		fault deskauthtest.Fault
		do    func(context.Context) error
		sent  int
		fails bool
	}{
		"a list":      {lostAnswer("GET /api/v2/users"), func(ctx context.Context) error { return drain(api.Users(ctx, nil)) }, 2, false},
		"half a list": {deskauthtest.Fault{Kind: deskauthtest.HTML, Route: "GET /api/v2/users"}, func(ctx context.Context) error { return drain(api.Users(ctx, nil)) }, 1, true},
		"a new client": {lostAnswer("POST /api/v2/oauth/clients"), func(ctx context.Context) error {
			return last(api.CreateClient(ctx, zendesk.ClientChange{Identifier: new("x"), Name: new("X")}))
		}, 1, true},
		"a change": {lostAnswer("PUT /api/v2/oauth/clients/"), func(ctx context.Context) error {
			return last(api.UpdateClient(ctx, client.ID, zendesk.ClientChange{Name: new("Y")}))
		}, 2, false},
		"a secret": {lostAnswer("PUT /api/v2/oauth/clients/"), func(ctx context.Context) error { return last(api.GenerateSecret(ctx, client.ID)) }, 2, false},
		"a comment": {lostAnswer("PUT /api/v2/tickets/"), func(ctx context.Context) error {
			return last(api.Comment(ctx, ticket.ID, zendesk.NewComment{Body: "second"}))
		}, 1, true},
		"a comment, put off": {deskauthtest.Fault{Kind: deskauthtest.TooManyRequests, Route: "PUT /api/v2/tickets/"}, func(ctx context.Context) error {
			return last(api.Comment(ctx, ticket.ID, zendesk.NewComment{Body: "third"}))
		}, 2, false},
		"a file":          {lostAnswer("POST /api/v2/uploads"), func(ctx context.Context) error { return last(api.Upload(ctx, file("hot"))) }, 1, true},
		"a file, put off": {deskauthtest.Fault{Kind: deskauthtest.TooManyRequests, Route: "POST /api/v2/uploads"}, func(ctx context.Context) error { return last(api.Upload(ctx, file("hot"))) }, 2, false},
		"a pipe, put off": {deskauthtest.Fault{Kind: deskauthtest.TooManyRequests, Route: "POST /api/v2/uploads"}, func(ctx context.Context) error { return last(api.Upload(ctx, pipe("hot"))) }, 1, true},
	} {
		c.fault.Count = 1
		number := z.Faults.Add(c.fault)
		sent = 0
		err := c.do(t.Context())
		if (err != nil) != c.fails || sent != c.sent || z.Faults.Fired(number) != 1 {
			t.Errorf("%s: sent %d times, disturbed %d times: %v", name, sent, z.Faults.Fired(number), err)
		}
		z.Faults.Clear()
	}
	var bodies []string
	for _, c := range all(t, api.Comments(t.Context(), ticket.ID)) {
		bodies = append(bodies, c.Body)
	}
	if n := strings.Count(strings.Join(bodies, " "), "second"); n != 1 || len(bodies) != 3 {
		t.Errorf("the ticket has %q", bodies)
	}
}

// A server that says when it is back is asked again then, and one that does not is not.
func TestAServerThatIsAway(t *testing.T) {
	for after, want := range map[string]int{"3": 2, "": 1} {
		asked := 0
		api := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked > 1 {
				answer(200, golden(t, "user_admin.json"))(w, r)
				return
			}
			if after != "" {
				w.Header().Set("Retry-After", after)
			}
			answer(503, nil)(w, r)
		})
		var waited time.Duration
		api.Retry = &zendesk.Retry{Sleep: func(_ context.Context, d time.Duration) error { waited += d; return nil }}
		_, err := api.Me(t.Context())
		if asked != want || (err == nil) != (want == 2) || want == 2 && waited < 3*time.Second {
			t.Errorf("Retry-After %q: asked %d times, waited %v: %v", after, asked, waited, err)
		}
	}
}

// A deletion whose answer was lost has been done, and is not a failure.
func TestADeletionIsNotFoundTheSecondTime(t *testing.T) {
	z := deskauthtest.New(t)
	api := acting(t.Context(), z)
	api.Retry = patient(z)
	client := must(api.CreateClient(t.Context(), zendesk.ClientChange{Identifier: new("other"), Name: new("Other")}))
	z.Faults.Add(func() deskauthtest.Fault { f := lostAnswer("DELETE /api/v2/oauth/clients/"); f.Count = 1; return f }())
	if err := api.DeleteClient(t.Context(), client.ID); err != nil {
		t.Error(err)
	}
	if refused, ok := errors.AsType[*zendesk.APIError](api.DeleteClient(t.Context(), client.ID)); !ok || refused.Status != http.StatusNotFound {
		t.Errorf("deleting what is not there: %v", refused)
	}
}

// A request is given up when its waits would take too long, and at once when its context
// ends.
func TestTriesEnd(t *testing.T) {
	z := deskauthtest.New(t)
	api := acting(t.Context(), z)
	api.Retry = patient(z)
	sent := 0
	api.Answered = func(zendesk.Answer) { sent++ }
	for _, c := range []struct {
		most   int
		within time.Duration
		after  time.Duration
		want   int
	}{
		{0, 0, time.Second, 6},
		{2, 0, time.Second, 3},
		{0, 0, 2 * time.Minute, 1},
		{0, time.Hour, 2 * time.Minute, 6},
		{9, 5 * time.Minute, 2 * time.Minute, 3},
	} {
		api.Retry.Most, api.Retry.Within, api.Retry.Chance = c.most, c.within, func() float64 { return 0.001 }
		z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.TooManyRequests, Route: "/api/v2/users/me", RetryAfter: c.after})
		sent = 0
		_, err := api.Me(t.Context())
		if busy, ok := errors.AsType[*zendesk.APIError](err); !ok || busy.RetryAfter != c.after || sent != c.want {
			t.Errorf("%+v: %d sent, %v", c, sent, err)
		}
		z.Faults.Clear()
	}
	ctx, cancel := context.WithCancel(t.Context())
	api.Retry.Waiting = func(zendesk.Wait) { cancel() }
	z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.TooManyRequests, Route: "/api/v2/users/me"})
	if _, err := api.Me(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
}

// Uploads are streamed: the first byte is sent before the last one is there.
func TestUploadStreams(t *testing.T) {
	z := deskauthtest.New(t)
	api := acting(t.Context(), z)
	const half = 256 << 10
	r, w := io.Pipe()
	begun := make(chan struct{})
	api.HTTP = &http.Client{Transport: through(func(req *http.Request) {
		req.Body = &told{ReadCloser: req.Body, after: half, once: func() { close(begun) }}
	}, z.Client().Transport)}
	go func() {
		_, _ = w.Write(make([]byte, half))
		<-begun // the client has sent the first half; only now is there a second
		_, _ = w.Write(make([]byte, half))
		_ = w.Close()
	}()
	u, err := api.Upload(t.Context(), zendesk.File{Name: "core", Size: 2 * half, Body: r})
	if err != nil || u.Attachment.Size != 2*half {
		t.Errorf("%v, %v", u.Attachment.Size, err)
	}
	for name, f := range map[string]zendesk.File{
		"no body":        {Name: "core"},
		"no size":        {Name: "core", Size: -1, Body: strings.NewReader("x")},
		"shorter":        {Name: "core", Size: 9, Body: strings.NewReader("x")},
		"breaks":         {Name: "core", Size: 9, Body: iotest.ErrReader(errors.New("disk"))},
		"without a name": {Size: 1, Body: strings.NewReader("x")},
	} {
		if _, err := api.Upload(t.Context(), f); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if u, err := api.Upload(t.Context(), zendesk.File{Name: "empty.log", Body: strings.NewReader("")}); err != nil || u.Attachment.Size != 0 {
		t.Errorf("an empty file: %v", err)
	}
}

// What is said of a request names no token of an upload.
func TestUploadTokensAreNotTold(t *testing.T) {
	z := deskauthtest.New(t)
	api := acting(t.Context(), z)
	api.Retry = patient(z)
	const token = "the-token-of-an-upload"
	var heard []string
	api.Answered = func(a zendesk.Answer) { heard = append(heard, a.Path) }
	api.Retry.Waiting = func(w zendesk.Wait) { heard = append(heard, w.Path, w.Err.Error()) }
	z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.RefuseBeforeCommit, Route: "/api/v2/uploads", Count: 2})
	z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.RefuseBeforeCommit, Route: "/api/v2/uploads/", Count: 2})
	err := last(api.Upload(t.Context(), zendesk.File{Name: "a", Size: 1, Body: strings.NewReader("x"), Token: token}))
	if err == nil {
		t.Error("the fault was not met")
	} else {
		heard = append(heard, err.Error())
	}
	if err := api.DeleteUpload(t.Context(), token); err != nil {
		heard = append(heard, err.Error())
	}
	if text := strings.Join(heard, "\n"); strings.Contains(text, token) || len(heard) < 4 {
		t.Error(text)
	}
}

func lostAnswer(route string) deskauthtest.Fault {
	return deskauthtest.Fault{Kind: deskauthtest.DropAfterCommit, Route: route}
}

func file(text string) zendesk.File {
	return zendesk.File{Name: "app.log", Size: int64(len(text)), Body: strings.NewReader(text)}
}

func pipe(text string) zendesk.File {
	return zendesk.File{Name: "app.log", Size: int64(len(text)), Body: io.MultiReader(strings.NewReader(text))}
}

func last[T any](_ T, err error) error { return err }

func drain[T any](list func(func(T, error) bool)) (failed error) {
	list(func(_ T, err error) bool {
		failed = err
		return err == nil
	})
	return failed
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// through shows each request before it is sent.
func through(see func(*http.Request), next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		see(r)
		return next.RoundTrip(r)
	})
}

// told says once that so many bytes were read.
type told struct {
	io.ReadCloser
	after int
	once  func()
}

func (b *told) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.after > 0 {
		if b.after -= n; b.after <= 0 {
			b.once()
		}
	}
	return n, err
}
