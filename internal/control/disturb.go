package control

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// disturbed puts faults round the surface, the first outermost.
func (c *Controls) disturbed(next http.Handler, fired []Fault) http.Handler {
	for n := len(fired) - 1; n >= 0; n-- {
		next = c.disturb(fired[n], next)
	}
	return next
}

func (c *Controls) disturb(f Fault, next http.Handler) http.Handler {
	switch f.Kind {
	case Latency:
		return late(time.Duration(f.Delay), next)
	case RefuseBeforeCommit:
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cut() })
	case DropAfterCommit:
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&kept{header: http.Header{}}, r)
			cut()
		})
	case TooManyRequests:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tooMany(w, r, f.RetryAfter) })
	case ServerError:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			serverError(w, r, cmp.Or(f.Status, http.StatusServiceUnavailable))
		})
	case HTML:
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { page(w, cmp.Or(f.Status, http.StatusOK)) })
	case MalformedJSON:
		return halved(next)
	case SlowBody:
		return slow(time.Duration(f.Delay), next)
	case RevokeNow, DeleteClient, SuspendUser:
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if v := visitOf(r.Context()); v != nil {
				// What it was to end may have ended meanwhile: the request finds out.
				_ = c.end(r.Context(), f.Kind, v)
			}
			next.ServeHTTP(w, r)
		})
	default: // what changes a decision went to where it is decided
		return next
	}
}

// cut closes the connection without an answer: net/http does so for this panic.
func cut() { panic(http.ErrAbortHandler) }

// late waits in machine time: it is a client's patience that is tried.
func late(d time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pause(r.Context(), d) {
			next.ServeHTTP(w, r)
			return
		}
		cut() // the client is gone, and so is its request: it never arrived
	})
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// The words of Zendesk's edge, where it is the edge that answers: not JSON of the
// endpoint but text, or a page. Clients that parse them find out here.

func tooMany(w http.ResponseWriter, r *http.Request, retryAfter int) {
	if retryAfter >= 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, retryAfter)))
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		writeText(w, http.StatusTooManyRequests, "application/json; charset=utf-8",
			`{"error":"TooManyRequests","description":"Number of allowed API requests per minute exceeded"}`)
		return
	}
	writeText(w, http.StatusTooManyRequests, "text/plain; charset=utf-8", "Number of allowed requests exceeded\n")
}

func serverError(w http.ResponseWriter, r *http.Request, status int) {
	switch {
	case status == http.StatusInternalServerError && strings.HasPrefix(r.URL.Path, "/api/"):
		writeText(w, status, "application/json; charset=utf-8", `{"status":500,"error":"Internal Server Error"}`)
	case status == http.StatusInternalServerError && isToken(r.URL.Path):
		writeText(w, status, "application/json", `{"error":"server_error"}`)
	default:
		page(w, status)
	}
}

func isToken(path string) bool {
	path = strings.TrimSuffix(path, ".json")
	return path == zendesk.TokenPath || path == chat.TokenPath
}

func page(w http.ResponseWriter, status int) {
	title := http.StatusText(status)
	writeText(w, status, "text/html; charset=utf-8",
		"<!DOCTYPE html><html><head><title>"+title+"</title></head><body><h1>"+title+"</h1>"+
			"<p>A fault of the demo put this page here.</p></body></html>\n")
}

func writeText(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// kept is an answer that has not gone out.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) {
	if k.status == 0 && status >= 200 {
		k.status = status
	}
}

func (k *kept) Write(b []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(b)
}

// serve runs a handler and keeps its answer, on top of the headers that w has.
func serve(next http.Handler, w http.ResponseWriter, r *http.Request) *kept {
	k := &kept{header: w.Header().Clone()}
	next.ServeHTTP(k, r)
	k.WriteHeader(http.StatusOK)
	maps.Copy(w.Header(), k.header)
	return k
}

// halved answers with the status that was decided and half of the body. Its length
// is that of the half: HTTP finds nothing wrong.
func halved(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := serve(next, w, r)
		w.Header().Del("Content-Length")
		w.WriteHeader(k.status)
		_, _ = w.Write(k.body.Bytes()[:k.body.Len()/2])
	})
}

// slowSteps is in how many pieces a slow body comes.
const slowSteps = 20

// slow sends the head at once and the body bit by bit.
func slow(d time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := serve(next, w, r)
		w.WriteHeader(k.status)
		out := http.NewResponseController(w)
		for rest, n := k.body.Bytes(), slowSteps; n > 0; n-- {
			_ = out.Flush()
			if !pause(r.Context(), d/slowSteps) {
				return
			}
			piece := (len(rest) + n - 1) / n
			if _, err := w.Write(rest[:piece]); err != nil {
				return
			}
			rest = rest[piece:]
		}
	})
}

// end ends what a visit is about, as somebody in the Admin Center would.
func (c *Controls) end(ctx context.Context, k Kind, v *visit) error {
	by := issuer.By{Origin: issuer.Origin{RequestID: httpd.RequestIDFrom(ctx)}}
	switch k {
	case RevokeNow:
		now := c.Issuer.Now()
		return c.Issuer.Store.EndToken(ctx, v.token, now, issuer.Revoked, issuer.Event{
			Account: v.token.Account, At: now, Action: issuer.ActionTokenRevoked, Object: fmt.Sprintf("token %d", v.token.ID), Origin: by.Origin,
		})
	case DeleteClient:
		client, err := c.Issuer.Store.Client(ctx, v.account.ID, v.product, v.client)
		if err != nil {
			return err
		}
		return c.Issuer.DeleteClient(ctx, v.account, v.product, client.ID, by)
	default:
		yes := true
		_, err := c.Issuer.UpdateUser(ctx, v.account, v.user, issuer.UserChange{Suspended: &yes}, by)
		return err
	}
}
