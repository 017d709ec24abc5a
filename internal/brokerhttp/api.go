package brokerhttp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// The API: JSON for programs that hold a key.
//
//	Authorization: Bearer deskauth_… ──► Broker.KeyOf ──► Key.Allows ──► the use case ──► JSON
//	                                          │ refused        │              │
//	                                          └── 401          └── 403        └── problem (RFC 9457)

// apiPath is the root of the API. It is served under every name of the host: a
// program inside a network need not know the public one.
const apiPath = "/v1"

// use is what an API route is asked by.
type use struct {
	*http.Request
	key broker.Key
}

// api puts the key before a route of the API.
func (s *site) api(power broker.Power, serve func(http.ResponseWriter, use) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		key, err := s.Broker.KeyOf(r.Context(), bearerOf(r))
		if err == nil {
			httpd.Note(r.Context(), slog.Int64("key", int64(key.ID)))
			if !key.Allows(power, 0) {
				err = broker.ErrForbidden
			}
		}
		if err == nil {
			err = serve(w, use{r, key})
		}
		if err != nil {
			s.problem(w, r, err)
		}
	}
}

// bearerOf is the credential of a request (RFC 6750 §2.1); the absent one when there
// is none, which no key equals.
func bearerOf(r *http.Request) secret.Plain {
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return secret.Plain{}
	}
	return secret.Of(strings.TrimSpace(credential))
}

// connection is the one that the path names, if the key reaches it. One that is out
// of a key's reach does not exist for it.
func (u use) connection() (broker.ConnectionID, error) {
	id, err := strconv.ParseInt(u.PathValue("id"), 10, 64)
	if err != nil || id <= 0 || !u.key.Allows(broker.Lend, broker.ConnectionID(id)) {
		return 0, broker.ErrNotFound
	}
	return broker.ConnectionID(id), nil
}

func (s *site) lendToken(w http.ResponseWriter, u use) error {
	id, err := u.connection()
	if err != nil {
		return err
	}
	minTTL, err := ttlOf(u.URL.Query().Get("min_ttl"))
	if err != nil {
		return err
	}
	httpd.Note(u.Context(), slog.Int64("connection", int64(id)))
	var g broker.Grant
	if text := u.URL.Query().Get("refused"); text == "" {
		g, err = s.Broker.Token(u.Context(), id, minTTL)
	} else if refused, bad := strconv.ParseInt(text, 10, 64); bad != nil || refused < 0 {
		return &broker.Invalid{Field: "refused", Why: "it is the generation of the token that Zendesk refused"}
	} else {
		g, err = s.Broker.TokenRefused(u.Context(), id, refused)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, deskauth.Token{
		AccessToken: g.Access.Reveal(), ExpiresAt: orNil(g.Connection.AccessExpires), Generation: g.Connection.Generation,
	})
}

// ttlMost is more than any token of Zendesk's lives (facts §2.3).
const ttlMost = 90 * 24 * time.Hour

// ttlOf reads a duration as Go writes it, or whole seconds.
func ttlOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if n, bad := strconv.ParseInt(text, 10, 32); bad == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d < 0 || d > ttlMost {
		return 0, &broker.Invalid{Field: "min_ttl", Why: "it is a duration such as 90s or 6h, up to 2160h"}
	}
	return d, nil
}

func (s *site) showConnection(w http.ResponseWriter, u use) error {
	id, err := u.connection()
	if err != nil {
		return err
	}
	c, err := s.Broker.Connection(u.Context(), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, Published(s.Broker.Base, c))
}

// Bounds of a page of connections.
const (
	pageUsual = 100
	pageMost  = 500
)

// listConnections shows those that the key reaches, in the order of their numbers.
func (s *site) listConnections(w http.ResponseWriter, u use) error {
	query := u.URL.Query()
	after, err := readCursor(query.Get("cursor"))
	if err != nil {
		return err
	}
	limit, err := readLimit(query.Get("limit"))
	if err != nil {
		return err
	}
	all, err := s.reached(u.Context(), u.key, after, limit+1) // one more tells whether there are more
	if err != nil {
		return err
	}
	page := deskauth.ConnectionPage{Connections: []deskauth.Connection{}}
	for _, c := range all[:min(limit, len(all))] {
		page.Connections = append(page.Connections, Published(s.Broker.Base, c))
	}
	if len(all) > limit {
		cursor := writeCursor(all[limit-1].ID)
		page.NextCursor = &cursor
	}
	return writeJSON(w, http.StatusOK, page)
}

func readLimit(text string) (int, error) {
	if text == "" {
		return pageUsual, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > pageMost {
		return 0, &broker.Invalid{Field: "limit", Why: fmt.Sprintf("it is a number from 1 to %d", pageMost)}
	}
	return limit, nil
}

// reached lists what a key reaches, from the one after `after`.
func (s *site) reached(ctx context.Context, key broker.Key, after broker.ConnectionID, limit int) ([]broker.Connection, error) {
	if len(key.Connections) == 0 {
		return s.Broker.Connections(ctx, after, limit)
	}
	var all []broker.Connection
	for _, id := range slices.Compact(slices.Sorted(slices.Values(key.Connections))) {
		if id <= after || len(all) == limit {
			continue
		}
		c, err := s.Broker.Connection(ctx, id)
		if errors.Is(err, broker.ErrNotFound) { // revoked since the key was made
			continue
		} else if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// A cursor is a place in a list, for programs to hand back and not to read.
func writeCursor(id broker.ConnectionID) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, int64(id), 10))
}

func readCursor(text string) (broker.ConnectionID, error) {
	if text == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	id, bad := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || bad != nil || id <= 0 {
		return 0, &broker.Invalid{Field: "cursor", Why: "it is the next_cursor of the page before"}
	}
	return broker.ConnectionID(id), nil
}

// Published is a connection as other programs see it.
func Published(base zendesk.Base, c broker.Connection) deskauth.Connection {
	var root string
	if u := base.URL(c.Account); u != nil {
		root = u.String()
	}
	// A set that is empty is written as a list, and not as null.
	granted := append(oauth.Scope{}, c.Granted...)
	return deskauth.Connection{
		ID: int64(c.ID), Account: c.Account, URL: root, Product: string(c.Product), User: deskauth.User(c.User),
		State: deskauth.State(c.Shown()), Reason: string(c.Reason), Generation: c.Generation,
		Scope: granted, Missing: c.Missing(),
		CreatedAt: c.Created, RenewedAt: c.RenewedAt,
		ExpiresAt: orNil(c.AccessExpires), RefreshExpiresAt: orNil(c.RefreshExpires),
	}
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // a caller that left is no error of ours
	return nil
}

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
}

// problemTypes is the root of the problems' names. They name, and lead nowhere.
const problemTypes = "urn:deskauth:problem:"

// problemOf is the one place where an error becomes an answer of the API.
func problemOf(err error) problem {
	if p, ofClient := clientProblem(err); ofClient {
		return p
	}
	var unusable *broker.Unusable
	var unavailable *broker.Unavailable
	var invalid *broker.Invalid
	var long *http.MaxBytesError
	var away *notReached
	switch {
	case errors.Is(err, broker.ErrKeyRefused):
		return problem{Type: "key_refused", Title: "The key is not accepted", Status: http.StatusUnauthorized}
	case errors.Is(err, broker.ErrForbidden):
		return problem{Type: "forbidden", Title: "The key does not allow this", Status: http.StatusForbidden}
	case errors.Is(err, errNotProxied):
		return problem{Type: "no_such_path", Title: "There is no such path", Status: http.StatusNotFound, Detail: err.Error()}
	case errors.Is(err, errProxyMethod):
		return problem{Type: "method_not_allowed", Title: "The path does not take this method", Status: http.StatusMethodNotAllowed, Detail: "it takes " + proxyAllow}
	case errors.Is(err, errUpgrade):
		return problem{Type: "no_upgrade", Title: "The proxy speaks HTTP alone", Status: http.StatusNotImplemented}
	case errors.As(err, &long):
		return problem{Type: "too_large", Title: "The body is too large", Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("it has at most %d bytes", long.Limit)}
	case errors.As(err, &away):
		return problem{Type: "unreachable", Title: "Zendesk did not answer", Status: http.StatusBadGateway}
	case errors.Is(err, broker.ErrNotFound):
		return problem{Type: "not_found", Title: "There is no such connection", Status: http.StatusNotFound}
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
			RetryAfter: int64(math.Ceil(max(unavailable.RetryAfter, time.Second).Seconds())),
		}
	case errors.As(err, &invalid):
		return problem{Type: "invalid", Title: "A value cannot be used", Status: http.StatusBadRequest, Detail: invalid.Error(), Field: invalid.Field}
	}
	return problem{Type: "server_error", Title: "Something went wrong here", Status: http.StatusInternalServerError}
}

func (s *site) problem(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) { // nobody waits
		httpd.Note(r.Context(), slog.String("failure", "the caller left"))
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p := problemOf(err)
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
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.FormatInt(p.RetryAfter, 10))
	}
	writeProblem(w, r, p)
}

func writeProblem(w http.ResponseWriter, r *http.Request, p problem) {
	p.Type, p.RequestID = problemTypes+p.Type, httpd.RequestIDFrom(r.Context())
	text, _ := json.Marshal(p) // texts and numbers: it cannot fail
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(text, '\n'))
}

// apiNotFound answers for a path of the API that there is not.
func (s *site) apiNotFound(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, problem{Type: "no_such_path", Title: "There is no such path", Status: http.StatusNotFound})
}

func (s *site) apiMethod(allow string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		writeProblem(w, r, problem{Type: "method_not_allowed", Title: "The path does not take this method", Status: http.StatusMethodNotAllowed, Detail: "it takes " + allow})
	}
}

// isAPI tells the API's paths.
func isAPI(r *http.Request) bool {
	return r.URL.Path == apiPath || strings.HasPrefix(r.URL.Path, apiPath+"/")
}

// apiRoute is a method and path of the API.
type apiRoute struct {
	method, path string
	power        broker.Power
	serve        func(*site, http.ResponseWriter, use) error
}

// apiServed is every one of them. The proxy's is beside them.
var apiServed = append([]apiRoute{
	{http.MethodGet, apiPath + "/connections", broker.Lend, (*site).listConnections},
	{http.MethodGet, apiPath + "/connections/{id}", broker.Lend, (*site).showConnection},
	{http.MethodGet, apiPath + "/connections/{id}/token", broker.Lend, (*site).lendToken},
}, clientRoutes...)

// apiRoutes serves them.
func (s *site) apiRoutes() http.Handler {
	mux := http.NewServeMux()
	allow := map[string][]string{}
	for _, r := range apiServed {
		mux.HandleFunc(r.method+" "+r.path, s.api(r.power, func(w http.ResponseWriter, u use) error { return r.serve(s, w, u) }))
		allow[r.path] = append(allow[r.path], r.method)
		if r.method == http.MethodGet {
			allow[r.path] = append(allow[r.path], http.MethodHead)
		}
	}
	for path, methods := range allow {
		mux.HandleFunc(path, s.apiMethod(strings.Join(methods, ", ")))
	}
	mux.HandleFunc("/", s.apiNotFound)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if clean := path.Clean(r.URL.Path); clean != r.URL.Path { // the mux would lead on to another
			s.apiNotFound(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
