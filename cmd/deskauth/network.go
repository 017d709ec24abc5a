package main

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/zendesk"
)

// manner is how a command goes about what it does. Commands that speak to Zendesk share
// these flags.
type manner struct {
	NoInput bool
	Timeout time.Duration
	Debug   bool
}

func (m *manner) flags(f *pflag.FlagSet) {
	f.BoolVar(&m.NoInput, "no-input", false, "ask nothing; what would have been asked is an error")
	f.DurationVar(&m.Timeout, "timeout", 0, "give up after so long, such as 30s (default never)")
	untold(f, "timeout")
	m.debugFlag(f)
}

func (m *manner) debugFlag(f *pflag.FlagSet) {
	f.BoolVar(&m.Debug, "debug", false, "say on standard error what is asked over HTTP, and how it is answered; nothing secret")
}

// begin puts it into force.
func (m manner) begin(ctx context.Context, p process) (context.Context, context.CancelFunc, process, error) {
	p.NoInput = m.NoInput
	switch {
	case m.Timeout < 0:
		return ctx, func() {}, p, usagef("--timeout must be more than nothing")
	case m.Timeout == 0:
		return ctx, func() {}, p, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, m.Timeout, asUnavailable(fmt.Errorf("it was not done within %v", m.Timeout)))
	return ctx, cancel, p, nil
}

// toZendesk makes the client by which a command speaks to a Zendesk: through the proxy
// that the environment names, but not to this machine.
func (w whichLogin) toZendesk(p process, base zendesk.Base) *http.Client {
	c := broker.HTTPConfig{Base: base, AllowPrivate: w.AllowPrivate, Streams: w.streams}
	if !base.IsLocal() {
		c.Proxy = http.ProxyFromEnvironment
	}
	client := broker.NewHTTPClient(c)
	client.Transport = &dated{next: client.Transport, p: p, now: time.Now}
	if w.Debug {
		client.Transport = debugged{client.Transport, p}
	}
	return client
}

// clockOff is how far the clocks of two machines may be apart: less is nobody's concern.
const clockOff = 5 * time.Minute

// dated compares this machine's clock with that of whoever answers, once, and says when
// it is off: what tokens live is counted by it.
type dated struct {
	next http.RoundTripper
	p    process
	now  func() time.Time
	once sync.Once
}

func (d *dated) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.next.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	if theirs, bad := http.ParseTime(resp.Header.Get("Date")); bad == nil {
		d.once.Do(func() {
			if warning := clockWarning(d.now().Sub(theirs), r.URL.Host); warning != "" {
				fmt.Fprintln(d.p.Err, warning)
			}
		})
	}
	return resp, nil
}

// clockWarning is what to say of a clock that is so much ahead; "": nothing.
func clockWarning(ahead time.Duration, host string) string {
	where := "ahead of"
	if ahead < 0 {
		ahead, where = -ahead, "behind"
	}
	if ahead < clockOff {
		return ""
	}
	return fmt.Sprintf("deskauth: the clock of this machine is %v %s that of %s: set it right, or tokens seem to live longer or shorter than they do", ahead.Round(time.Minute), where, host)
}

// CloseIdleConnections serves http.Client's method of that name.
func (d *dated) CloseIdleConnections() {
	if c, is := d.next.(interface{ CloseIdleConnections() }); is {
		c.CloseIdleConnections()
	}
}

// debugged says what goes over the wire, and nothing of what is secret in it: no header,
// no body, no value of a query.
type debugged struct {
	next http.RoundTripper
	p    process
}

func (t debugged) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := t.next.RoundTrip(r)
	took := time.Since(began).Round(time.Millisecond)
	if err != nil {
		// net/http quotes what it could not make sense of.
		fmt.Fprintln(t.p.Err, printable(fmt.Sprintf("* %s %s: %s, after %v", r.Method, shownURL(r.URL), shownWords(err.Error(), r.URL.Host), took)))
		return resp, err
	}
	told := fmt.Sprintf("* %s %s: %d %s, %s, after %v", r.Method, shownURL(r.URL), resp.StatusCode, http.StatusText(resp.StatusCode), shownType(resp.Header.Get("Content-Type")), took)
	if id := resp.Header.Get("X-Request-Id"); requestID().MatchString(id) {
		told += ", request " + id
	}
	fmt.Fprintln(t.p.Err, printable(told))
	return resp, nil
}

// requestID is how those look that Zendesk and others give: shorter than any token, or a
// UUID.
var requestID = compiledLater(`^(?:[0-9a-z-]{8,23}|[0-9a-f-]{24,36})$`)

// shownType is a media type by itself: its parameters are whatever somebody sends.
func shownType(header string) string {
	kind, _, err := mime.ParseMediaType(header)
	if err != nil || len(kind) >= secretSegment {
		return "of no known type"
	}
	return kind
}

// longWord is what may be a secret in a text that somebody else wrote.
var longWord = compiledLater(`[A-Za-z0-9._~+/=%-]{24,}`)

// shownWords is a text without its long words, but for the host that was asked.
func shownWords(text, host string) string {
	name, _, _ := strings.Cut(host, ":")
	return longWord().ReplaceAllStringFunc(text, func(word string) string {
		if word == name {
			return word
		}
		return "…"
	})
}

// CloseIdleConnections serves http.Client's method of that name.
func (t debugged) CloseIdleConnections() {
	if c, is := t.next.(interface{ CloseIdleConnections() }); is {
		c.CloseIdleConnections()
	}
}

// secretSegment is how long a part of a path is that may be a secret: upload tokens
// stand there. Names and numbers are shorter.
const secretSegment = 24

// shownURL is an address without the values of its query, and without long words.
func shownURL(u *url.URL) string {
	parts := strings.Split(u.EscapedPath(), "/")
	for i, part := range parts {
		if len(part) >= secretSegment {
			parts[i] = "…"
		}
	}
	text := u.Scheme + "://" + u.Host + strings.Join(parts, "/")
	var names []string
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if len(name) >= secretSegment { // no name: a value that has none
			name = ""
		}
		if pair != "" {
			names = append(names, name+"=…")
		}
	}
	if len(names) > 0 {
		text += "?" + strings.Join(names, "&")
	}
	return text
}
