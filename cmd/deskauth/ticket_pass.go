package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// holder is whoever has a pass: its broker is spoken to by the pass's secret, and no
// login is needed.
//
//	link ─► a sending ─► its files, one after the other ─► finish: one comment, one use
type holder struct {
	p      process
	api    brokerAPI
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
	base, plain, err := parsePassLink(link.Reveal())
	if err != nil {
		return err
	}
	h := holder{p: p, api: brokerAPI{root: &base, http: o.toBroker(p, 0), bearer: plain}} // a file takes as long as it takes
	h.api.waiting = func(wait time.Duration) {
		fmt.Fprintf(p.Err, "%s says to wait: going on in %v.\n", base.Host, wait)
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

func (h holder) key(f outgoing) string {
	return "pass " + h.api.root.Host + " " + h.api.bearer.Digest().String() + " " + f.Path
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
			fmt.Fprintf(h.p.Err, "%s: it is there already.\n", printable(f.Name))
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
	var said *brokerProblem
	if err == nil || errors.As(err, &said) && said.status == http.StatusConflict { // over: the next run begins anew
		err = errors.Join(err, h.memory.forget(keys))
	}
	return err
}

// left says where a sending was left. One that has no file is given back, with its use.
func (h holder) left(ctx context.Context, err error, sending int64, f outgoing, sent int, keys []string) error {
	var said *brokerProblem
	switch {
	case sent == 0:
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = h.do(ending, brokerRequest{method: http.MethodDelete, path: sendingPath(sending)}, nil) // else it lapses within the hour
	case errors.As(err, &said) && said.status == http.StatusConflict: // it is over: the next run begins anew
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
	err := h.do(ctx, withText(http.MethodPost, "/pass/sendings", "application/json", ""), &begun)
	return begun.ID, err
}

func (h holder) put(ctx context.Context, sending int64, f outgoing) (err error) {
	path := sendingPath(sending) + "/files/" + url.PathEscape(f.Name)
	for range uploadTries {
		if err = h.putOnce(ctx, path, f); err == nil || ctx.Err() != nil || errors.As(err, new(*brokerProblem)) || errors.As(err, new(local)) {
			break
		}
	}
	return err
}

func (h holder) putOnce(ctx context.Context, path string, f outgoing) error {
	// A transport may read on after it has answered: each request has a file of its own.
	var shown func(bool)
	err := h.do(ctx, brokerRequest{method: http.MethodPut, path: path, size: f.Size, open: func() (io.ReadCloser, error) {
		file, err := os.Open(f.Path)
		if err != nil {
			return nil, local{err}
		}
		var body io.Reader
		body, shown = showProgress(h.p, f, io.NewSectionReader(file, 0, f.Size))
		return readCloser{body, file}, nil
	}}, nil)
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
	r, err := withJSON(http.MethodPost, sendingPath(sending)+"/finish", map[string]string{"comment": text})
	if err != nil {
		return err
	}
	return h.do(ctx, r, nil)
}

// do asks the broker as whoever holds the pass, and says in its words what came of it.
func (h holder) do(ctx context.Context, r brokerRequest, out any) error {
	err := h.api.do(ctx, r, out)
	var said *brokerProblem
	switch {
	case err == nil, errors.As(err, new(local)):
		return err
	case !errors.As(err, &said):
		return brokerError(h.api.root.Host, err)
	case isLater(said.status):
		return asUnavailable(said)
	case said.status == http.StatusUnauthorized:
		return asNotFound(said)
	}
	return asRefused(said)
}
