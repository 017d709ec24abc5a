package zendesk

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

type final struct{}

func (final) Error() string   { return "it needs a person" }
func (final) Retryable() bool { return false }

// What is sent again, and after how long.
func TestRetryDecides(t *testing.T) {
	const second = time.Second
	get, post, put, remove := call{method: "GET"}, call{method: "POST"}, call{method: "PUT"}, call{method: "DELETE"}
	comment := call{method: "PUT", twice: true}
	busy := func(after time.Duration) error { return &APIError{Status: 429, RetryAfter: after} }
	away := func(after time.Duration) error { return &APIError{Status: 503, RetryAfter: after} }
	reset := &oauth.RemoteError{Sent: true, Err: io.ErrUnexpectedEOF}
	half := &oauth.RemoteError{Status: 200, Sent: true, Err: &brokenOff{io.ErrUnexpectedEOF}}
	for name, c := range map[string]struct {
		retry *Retry
		call  call
		tries int
		err   error
		wait  time.Duration // negative: not again
	}{
		"success":                           {&Retry{}, get, 1, nil, -1},
		"no retry":                          {nil, get, 1, busy(second), -1},
		"429":                               {&Retry{}, get, 1, busy(41 * second), 41 * second},
		"429 of a POST":                     {&Retry{}, post, 1, busy(41 * second), 41 * second},
		"429 of a comment":                  {&Retry{}, comment, 1, busy(second), second},
		"429 that does not say how long":    {&Retry{}, post, 1, busy(0), second},
		"the third time":                    {&Retry{}, post, 3, busy(0), 4 * second},
		"the twentieth time":                {&Retry{Most: 30}, post, 20, busy(0), 30 * second},
		"the last time":                     {&Retry{Most: 3}, get, 3, busy(second), second},
		"once too often":                    {&Retry{Most: 3}, get, 4, busy(second), -1},
		"as often as usual":                 {&Retry{}, get, 6, busy(second), -1},
		"503":                               {&Retry{}, get, 1, away(9 * second), 9 * second},
		"503 of a change":                   {&Retry{}, put, 1, away(9 * second), 9 * second},
		"503 of a deletion":                 {&Retry{}, remove, 1, away(9 * second), 9 * second},
		"503 of a POST":                     {&Retry{}, post, 1, away(9 * second), -1},
		"503 of a comment":                  {&Retry{}, comment, 1, away(9 * second), -1},
		"503 that does not say how long":    {&Retry{}, get, 1, away(0), -1},
		"500":                               {&Retry{}, get, 1, &APIError{Status: 500, RetryAfter: second}, -1},
		"404":                               {&Retry{}, get, 1, &APIError{Status: 404}, -1},
		"no answer":                         {&Retry{}, get, 2, reset, 2 * second},
		"no answer to a deletion":           {&Retry{}, remove, 1, reset, second},
		"no answer to a POST":               {&Retry{}, post, 1, reset, -1},
		"no answer to a comment":            {&Retry{}, comment, 1, reset, -1},
		"half an answer":                    {&Retry{}, get, 1, half, second},
		"half an answer to a POST":          {&Retry{}, post, 1, half, -1},
		"an answer that is not JSON":        {&Retry{}, get, 1, &oauth.RemoteError{Status: 200, Sent: true, Err: errRecord}, -1},
		"what the client says of itself":    {&Retry{}, get, 1, &oauth.RemoteError{Sent: true, Err: final{}}, -1},
		"a certificate that is not trusted": {&Retry{}, get, 1, &oauth.RemoteError{Sent: true, Err: &tls.CertificateVerificationError{Err: errors.New("x")}}, -1},
		"an error before it was sent":       {&Retry{}, get, 1, errors.New("no token"), -1},
	} {
		if c.retry != nil {
			c.retry.Chance = func() float64 { return 0 }
		}
		wait, again := c.retry.decide(c.call, c.tries, c.err)
		if want := max(c.wait, 0); wait != want || again != (c.wait >= 0) {
			t.Errorf("%s: again %v after %v, want %v", name, again, wait, c.wait)
		}
	}
}

func TestChanceAddsALittle(t *testing.T) {
	r := &Retry{Chance: func() float64 { return 0.999 }}
	for said, most := range map[time.Duration]time.Duration{0: 1250 * time.Millisecond, time.Minute: 67500 * time.Millisecond} {
		if wait := r.pause(1, said); wait <= max(said, time.Second) || wait > most {
			t.Errorf("%v became %v, want up to %v", said, wait, most)
		}
	}
	for range 1000 {
		if wait := (&Retry{}).pause(1, 8*time.Second); wait < 8*time.Second || wait > 10*time.Second {
			t.Fatal(wait)
		}
	}
}

func TestParseQuota(t *testing.T) {
	all := http.Header{}
	q := Quota{Limit: 700, Remaining: 663, Reset: 42 * time.Second}
	q.SetHeaders(all)
	for name, c := range map[string]struct {
		header http.Header
		want   Quota
		ok     bool
	}{
		"all names":   {all, q, true},
		"the newest":  {http.Header{"Ratelimit-Limit": {"700"}, "Ratelimit-Remaining": {"663"}, "Ratelimit-Reset": {"42"}}, q, true},
		"of 2023":     {http.Header{"Rate-Limit": {"700"}, "Rate-Limit-Remaining": {"663"}, "Rate-Limit-Reset": {"42"}}, q, true},
		"the oldest":  {http.Header{"X-Rate-Limit": {"700"}, "X-Rate-Limit-Remaining": {"663"}}, Quota{Limit: 700, Remaining: 663}, true},
		"none":        {http.Header{}, Quota{}, false},
		"half":        {http.Header{"Ratelimit-Limit": {"700"}}, Quota{}, false},
		"no number":   {http.Header{"Ratelimit-Limit": {"many"}, "Ratelimit-Remaining": {"1"}}, Quota{}, false},
		"negative":    {http.Header{"Ratelimit-Limit": {"700"}, "Ratelimit-Remaining": {"-1"}}, Quota{}, false},
		"odd seconds": {http.Header{"X-Rate-Limit": {"2"}, "X-Rate-Limit-Remaining": {"1"}, "X-Rate-Limit-Reset": {"-3"}}, Quota{Limit: 2, Remaining: 1}, true},
	} {
		if got, ok := ParseQuota(c.header); got != c.want || ok != c.ok {
			t.Errorf("%s: %+v %v, want %+v %v", name, got, ok, c.want, c.ok)
		}
	}
	h := http.Header{}
	q.SetEndpointHeader(h, "tickets-index")
	if got := ParseEndpointQuotas(h)["tickets-index"]; got != q {
		t.Errorf("%+v from %v", got, h)
	}
	for _, odd := range []string{"", "total=100", "total=x; remaining=1; resets=1", "remaining=-1; total=1", ";;;", "total=1 remaining=1"} {
		if got := ParseEndpointQuotas(http.Header{"Zendesk-Ratelimit-A": {odd}}); got != nil {
			t.Errorf("%q is %v", odd, got)
		}
	}
}

func TestWaitEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := (&Retry{}).wait(ctx, Wait{For: time.Minute}, time.Now()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	failed := errors.New("busy")
	if err := (&Retry{}).wait(ctx, Wait{For: time.Hour, Err: failed}, time.Now()); !errors.Is(err, failed) {
		t.Error(err)
	}
}
