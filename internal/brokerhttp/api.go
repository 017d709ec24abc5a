package brokerhttp

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
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

// anyPower is for what every key may do.
const anyPower broker.Power = ""

// api puts the key before a route of the API.
func (s *site) api(power broker.Power, serve func(http.ResponseWriter, use) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		key, err := s.presented(r)
		if err == nil {
			httpd.Note(r.Context(), slog.Int64("key", int64(key.ID)))
			if power != anyPower && !key.Allows(power, 0) {
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

// noBearer says that a request brought nothing that could be a key.
type noBearer struct{ why string }

func (e noBearer) Error() string { return e.why }
func (noBearer) Unwrap() error   { return broker.ErrKeyRefused }

// presented is the key that a request is asked with.
func (s *site) presented(r *http.Request) (broker.Key, error) {
	plain := bearerOf(r)
	switch {
	case !plain.IsZero():
		return s.Broker.KeyOf(r.Context(), plain)
	case r.Header.Get("Authorization") == "":
		return broker.Key{}, noBearer{"there is none: send Authorization: Bearer KEY"}
	}
	return broker.Key{}, noBearer{"the header Authorization has no bearer: send Authorization: Bearer KEY"}
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
var apiServed = slices.Concat(connectionRoutes, clientRoutes, changeRoutes, keyRoutes, passRoutes, linkRoutes, eventRoutes, webhookRoutes, madeTokenRoutes)

// openRoute is a method and path for programs that have no key yet.
type openRoute struct {
	method, path string
	serve        func(*site, http.ResponseWriter, *http.Request)
}

// apiRoutes serves them.
func (s *site) apiRoutes() http.Handler {
	mux := http.NewServeMux()
	allow := map[string][]string{}
	for _, r := range openServed {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, q *http.Request) { r.serve(s, w, q) })
		allow[r.path] = append(allow[r.path], r.method)
	}
	for _, r := range apiServed {
		mux.HandleFunc(r.method+" "+r.path, s.api(r.power, func(w http.ResponseWriter, u use) error {
			if err := checkQuery(u.URL.RawQuery, queries[r.method+" "+r.path]); err != nil {
				return err
			}
			return s.once(w, u, func(w http.ResponseWriter, u use) error { return r.serve(s, w, u) })
		}))
		allow[r.path] = append(allow[r.path], r.method)
		if r.method == http.MethodGet {
			allow[r.path] = append(allow[r.path], http.MethodHead)
		}
	}
	// One path is within another's pattern, which a mux takes for an ambiguity; both take
	// the same methods.
	delete(allow, ownKeyPath)
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
