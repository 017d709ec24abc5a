package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// holder is whoever has a pass: its broker is spoken to by the pass's secret, and no
// login is needed.
//
//	link ─► a sending ─► its files, one after the other ─► finish: one comment, one use
type holder struct {
	p      process
	base   url.URL // of the broker
	secret secret.Plain
	http   *http.Client
	memory memory
}

func (o attachOptions) attachByPass(ctx context.Context, p process, paths []string, text string) error {
	files, err := outgoingFiles(paths)
	if err != nil {
		return err
	}
	link, err := o.passLink(ctx, p)
	if err != nil {
		return err
	}
	h := holder{p: p, http: o.toBroker(p)}
	if h.base, h.secret, err = parsePassLink(link.Reveal()); err != nil {
		return err
	}
	at, err := o.where(p)
	if err != nil {
		return err
	}
	h.memory = remembered(at)
	if err := h.send(ctx, files, text); err != nil {
		return err
	}
	var done attached
	for _, f := range files {
		done.Files = append(done.Files, attachedFile{f.Name, f.Size})
	}
	return o.tell(ctx, p, done)
}

// passLink is a secret: it comes from a file, the environment or a prompt.
func (o attachOptions) passLink(ctx context.Context, p process) (secret.Plain, error) {
	link, err := secretFlag(p, "pass-link", o.PassFile)
	if err != nil || !link.IsZero() {
		return link, err
	}
	if link, err = askHidden(ctx, p, "Link of the pass: "); err == nil && link.IsZero() {
		err = usagef("there is no link: put it into DESKAUTH_PASS_LINK, or name its file with --pass-link-file")
	}
	return link, err
}

// parsePassLink takes the link apart. No message repeats it.
func parsePassLink(link string) (base url.URL, plain secret.Plain, err error) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Host == "" || u.Path != "/pass" || u.User != nil {
		return base, plain, usagef("that is not the link of a pass: it looks like https://broker.example/pass#…")
	}
	if u.Fragment == "" {
		return base, plain, usagef("the link is not whole: the part behind the # is missing")
	}
	if host := u.Hostname(); u.Scheme != "https" && (u.Scheme != "http" || !thisMachine(host)) {
		return base, plain, usagef("the link is not one of https: its secret would be sent in the clear")
	}
	return url.URL{Scheme: u.Scheme, Host: u.Host}, secret.Of(u.Fragment), nil
}

func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// toBroker makes the client by which a holder speaks to a broker. A redirect is not
// followed: the secret is for that host alone.
func (o attachOptions) toBroker(p process) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	c := &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if o.Debug {
		c.Transport = debugged{t, p}
	}
	return c
}

func (h holder) key(f outgoing) string {
	return "pass " + h.base.Host + " " + h.secret.Digest().String() + " " + f.Path
}

// send goes on with a sending that was begun within the hour, else begins one.
func (h holder) send(ctx context.Context, files []outgoing, text string) error {
	sending, sent := h.begun(files)
	if sending == 0 {
		var err error
		if sending, err = h.begin(ctx); err != nil {
			return err
		}
	}
	var keys []string
	for _, f := range files {
		keys = append(keys, h.key(f))
		if sent[f.Path] {
			fmt.Fprintf(h.p.Err, "%s: it is there already.\n", f.Name)
			continue
		}
		if err := h.put(ctx, sending, f); err != nil {
			return h.left(ctx, err, sending, f, len(sent), keys)
		}
		sent[f.Path] = true
		if err := h.memory.keep(h.key(f), uploaded{Sending: sending, Size: f.Size, Modified: f.Modified, At: time.Now()}); err != nil {
			return err
		}
	}
	err := h.finish(ctx, sending, text)
	var said *passProblem
	if err == nil || errors.As(err, &said) && said.Status == http.StatusConflict { // over: the next run begins anew
		err = errors.Join(err, h.memory.forget(keys))
	}
	return err
}

// left says where a sending was left. One that has no file is given back, with its use.
func (h holder) left(ctx context.Context, err error, sending int64, f outgoing, sent int, keys []string) error {
	var said *passProblem
	switch {
	case sent == 0:
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = h.ask(ending, http.MethodDelete, sendingPath(sending), nil, nil) // else it lapses within the hour
	case errors.As(err, &said) && said.Status == http.StatusConflict: // it is over: the next run begins anew
		_ = h.memory.forget(keys)
	default:
		fmt.Fprintf(h.p.Err, "Files that were sent: %d. They are in no comment yet: run the same again within the hour, and they are not sent a second time.\n", sent)
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if errors.As(err, &said) {
		return coded{fmt.Errorf("%s: %w", f.Name, err), codeOf(err)}
	}
	return err
}

func sendingPath(id int64) string { return "/pass/sendings/" + strconv.FormatInt(id, 10) }

// begun is the sending that these files are in, if there is one.
func (h holder) begun(files []outgoing) (sending int64, sent map[string]bool) {
	sent = map[string]bool{}
	for _, f := range files {
		u, found := h.memory.find(h.key(f), f)
		if !found || sending != 0 && u.Sending != sending {
			continue
		}
		sending = u.Sending
		sent[f.Path] = true
	}
	return sending, sent
}

func (h holder) begin(ctx context.Context) (int64, error) {
	var begun struct{ ID int64 }
	err := h.ask(ctx, http.MethodPost, "/pass/sendings", nil, &begun)
	return begun.ID, err
}

func (h holder) put(ctx context.Context, sending int64, f outgoing) (err error) {
	path := sendingPath(sending) + "/files/" + url.PathEscape(f.Name)
	for range uploadTries {
		if err = h.putOnce(ctx, path, f); err == nil || ctx.Err() != nil || errors.As(err, new(*passProblem)) || errors.As(err, new(local)) {
			break
		}
	}
	return err
}

func (h holder) putOnce(ctx context.Context, path string, f outgoing) error {
	// A transport may read on after it has answered: each request has a file of its own.
	var shown func(bool)
	err := h.asking(ctx, http.MethodPut, path, f.Size, func() (io.ReadCloser, error) {
		file, err := os.Open(f.Path)
		if err != nil {
			return nil, local{err}
		}
		var body io.Reader
		body, shown = showProgress(h.p, f, io.NewSectionReader(file, 0, f.Size))
		return readCloser{body, file}, nil
	}, nil)
	if shown != nil {
		shown(err == nil)
	}
	return err
}

type readCloser struct {
	io.Reader
	io.Closer
}

func (h holder) finish(ctx context.Context, sending int64, text string) error {
	in, err := json.Marshal(map[string]string{"comment": text})
	if err != nil {
		return err
	}
	return h.ask(ctx, http.MethodPost, sendingPath(sending)+"/finish", in, nil)
}

func (h holder) ask(ctx context.Context, method, path string, in []byte, out any) error {
	return h.asking(ctx, method, path, int64(len(in)), func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(in)), nil
	}, out)
}

// waitMost is how long a broker's "later" is waited for.
const waitMost = 2 * time.Minute

// asking waits where the broker says "later", and asks again.
func (h holder) asking(ctx context.Context, method, path string, size int64, open func() (io.ReadCloser, error), out any) error {
	for {
		body, err := open()
		if err != nil {
			return err
		}
		err = h.once(ctx, method, path, body, size, out)
		var said *passProblem
		if !errors.As(err, &said) || said.Status != http.StatusTooManyRequests || said.wait == 0 || said.wait > waitMost {
			return err
		}
		fmt.Fprintf(h.p.Err, "%s says to wait: going on in %v.\n", h.base.Host, said.wait)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(said.wait):
		}
	}
}

func (h holder) once(ctx context.Context, method, path string, body io.ReadCloser, size int64, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, h.base.String()+path, body)
	if err != nil {
		_ = body.Close()
		return err
	}
	r.ContentLength = size
	if size == 0 {
		_ = body.Close()
		r.Body = http.NoBody
	}
	r.Header.Set("Authorization", "Bearer "+h.secret.Reveal())
	r.Header.Set("Accept-Language", "en") // as everything else that the command says
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := h.http.Do(r)
	if err != nil {
		return unreached(h.base.Host, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return h.refusal(resp)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, oauth.MaxAnswer)).Decode(out); err != nil {
		return asUnavailable(fmt.Errorf("%s does not answer as a broker does", h.base.Host))
	}
	return nil
}

// passProblem is what a broker says of a pass (RFC 9457).
type passProblem struct {
	Status int
	Title  string
	Detail string
	wait   time.Duration
}

func (e *passProblem) Error() string {
	if e.Detail != "" {
		return e.Detail
	}
	return e.Title
}

func (h holder) refusal(resp *http.Response) error {
	said := &passProblem{wait: oauth.RetryAfter(resp.Header)}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") ||
		json.NewDecoder(io.LimitReader(resp.Body, oauth.MaxAnswer)).Decode(said) != nil {
		if isPage(resp.Header.Get("Content-Type")) || resp.StatusCode/100 == 3 {
			return asUnavailable(fmt.Errorf("a web page answers for %s, and not a broker: does this network, or a proxy, want a sign-in of its own first?", h.base.Host))
		}
		return asUnavailable(fmt.Errorf("%s does not answer as a broker does (%s)", h.base.Host, resp.Status))
	}
	said.Status = resp.StatusCode
	said.Title, said.Detail = printable(said.Title), printable(said.Detail)
	switch {
	case said.Status == http.StatusTooManyRequests, said.Status >= 500:
		return asUnavailable(said)
	case said.Status == http.StatusUnauthorized:
		return asNotFound(said)
	}
	return asRefused(said)
}
