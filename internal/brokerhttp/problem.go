package brokerhttp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
)

// problem is an error as RFC 9457 has it. State and Reason are the connection's.
type problem struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail,omitempty"`
	RequestID  string `json:"request_id,omitempty"`
	Connection int64  `json:"connection,omitempty"`
	Client     int64  `json:"client,omitempty"`
	State      string `json:"state,omitempty"`
	Reason     string `json:"reason,omitempty"`
	RetryAfter int64  `json:"retry_after,omitempty"` // seconds
	Field      string `json:"field,omitempty"`

	AuthorizeURL string `json:"authorize_url,omitempty"`
}

// problemTypes is the root of the problems' names. They name, and lead nowhere.
const problemTypes = "urn:deskauth:problem:"

// problemOf is the one place where an error becomes an answer of the API.
func problemOf(err error) problem {
	for _, of := range []func(error) (problem, bool){clientProblem, passProblem, proxyProblem, recordProblem, onceProblem, webhookProblem, madeTokenProblem} {
		if p, known := of(err); known {
			return p
		}
	}
	var unusable *broker.Unusable
	var unavailable *broker.Unavailable
	var invalid *broker.Invalid
	var long *http.MaxBytesError
	switch {
	case errors.Is(err, broker.ErrKeyRefused):
		p := problem{Type: "key_refused", Title: "The key is not accepted", Status: http.StatusUnauthorized, Detail: "it is no key of this broker's, or it has ended"}
		if none := (noBearer{}); errors.As(err, &none) {
			p.Detail = none.why
		}
		return p
	case errors.Is(err, broker.ErrForbidden):
		return problem{Type: "forbidden", Title: "The key does not allow this", Status: http.StatusForbidden}
	case errors.As(err, &long):
		return problem{Type: "too_large", Title: "The body is too large", Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("it has at most %d bytes", long.Limit)}
	case errors.Is(err, broker.ErrNotFound):
		return problem{Type: "not_found", Title: "There is no such connection", Status: http.StatusNotFound}
	case errors.As(err, new(stillThere)):
		// What Zendesk said stays in the log: it is not the caller's.
		return problem{Type: "not_revoked", Title: "The connection could not be ended at Zendesk, and is kept, disabled", Status: http.StatusBadGateway}
	case errors.As(err, &unusable):
		return problem{
			Type: "unusable", Title: "The connection needs a person", Status: http.StatusConflict, Detail: unusable.Error(),
			Connection: int64(unusable.ID), State: string(unusable.State), Reason: string(unusable.Reason),
		}
	case errors.As(err, &unavailable):
		// What Zendesk said stays in the log: it is not the caller's.
		return problem{
			Type: "unavailable", Title: "The connection cannot be renewed now", Status: http.StatusServiceUnavailable,
			Connection: int64(unavailable.ID), Reason: string(unavailable.Reason),
			RetryAfter: wholeSeconds(unavailable.RetryAfter),
		}
	case errors.As(err, &invalid):
		return problem{Type: "invalid", Title: "A value cannot be used", Status: http.StatusBadRequest, Detail: invalid.Error(), Field: invalid.Field}
	}
	return problem{Type: "server_error", Title: "Something went wrong here", Status: http.StatusInternalServerError}
}

func (s *site) problem(w http.ResponseWriter, r *http.Request, err error) {
	s.problemSaid(w, r, err, "")
}

// problemSaid is problem with a detail in words of the reader's.
func (s *site) problemSaid(w http.ResponseWriter, r *http.Request, err error, detail string) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) { // nobody waits
		httpd.Note(r.Context(), slog.String("failure", "the caller left"))
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p := problemOf(err)
	if detail != "" {
		p.Detail = detail
	}
	var unusable *broker.Unusable
	if p.State != "" && errors.As(err, &unusable) {
		p.AuthorizeURL = AuthorizeURL(s.PublicURL, s.ConnectPath, unusable)
	}
	if p.Status == http.StatusInternalServerError && s.Broker.Store.Away(err) {
		httpd.NoteAway(w, r, err)
		writeProblem(w, r, problem{Type: "away", Title: "The broker cannot answer now", Status: http.StatusServiceUnavailable, RetryAfter: httpd.AwayWait})
		return
	}
	httpd.Note(r.Context(), slog.String("failure", p.Type), slog.String("reason", err.Error()))
	switch p.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="deskauth"`)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", proxyAllow)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		w.Header().Set("Retry-After", strconv.FormatInt(p.RetryAfter, 10))
	}
	writeProblem(w, r, p)
}

// AuthorizeURL is the page at which the person of a connection signs in, so that it works
// again; empty where that does not help. An empty path is DefaultConnectPath.
func AuthorizeURL(public *url.URL, connectPath string, u *broker.Unusable) string {
	if !u.SignInMends() {
		return ""
	}
	q := url.Values{"account": {u.Account}}
	if u.Product != broker.Support {
		q.Set(productParam, string(u.Product))
	}
	to := url.URL{Scheme: public.Scheme, Host: public.Host, Path: cmp.Or(connectPath, DefaultConnectPath), RawQuery: q.Encode()}
	return to.String()
}

// wholeSeconds is a wait as Retry-After has it (RFC 9110 §10.2.3): never none.
func wholeSeconds(d time.Duration) int64 { return int64(math.Ceil(max(d, time.Second).Seconds())) }

func writeProblem(w http.ResponseWriter, r *http.Request, p problem) {
	p.Type, p.RequestID = problemTypes+p.Type, httpd.RequestIDFrom(r.Context())
	text, _ := json.Marshal(p) // texts and numbers: it cannot fail
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(text, '\n'))
}
