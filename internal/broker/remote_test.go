package broker_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/zendesk"
)

// remote is the other party: a Zendesk of one account whose answers a test can
// spoil. Left alone it is honest: one live pair, replaced by each exchange.
type remote struct {
	base zendesk.Base

	mu      sync.Mutex
	n       int // pairs so far
	access  string
	refresh string
	posts   []url.Values // token requests that arrived
	faults  []fault      // of the next token requests, in their order
	paths   map[string]http.HandlerFunc
	edit    func(answer map[string]any)
	secret  string
	more    []string // secrets that are taken too
	userID  any
}

// fault answers a token request in the honest handler's place; commit does what
// that one would have done to the tokens.
type fault func(w http.ResponseWriter, r *http.Request, commit func() map[string]any)

func newRemote(t testing.TB) *remote {
	t.Helper()
	z := &remote{secret: "s3cret-of-the-client", userID: 7, paths: map[string]http.HandlerFunc{}}
	server := httptest.NewServer(z)
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if z.base, err = zendesk.ParseBase("http://{subdomain}.localhost:" + port); err != nil {
		t.Fatal(err)
	}
	return z
}

func (z *remote) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	z.mu.Lock()
	special := z.paths[r.URL.Path]
	z.mu.Unlock()
	switch {
	case special != nil:
		special(w, r)
	case r.URL.Path == zendesk.AuthorizePath:
		http.Redirect(w, r, "/signin", http.StatusFound)
	case r.URL.Path == zendesk.TokenPath:
		z.token(w, r)
	case r.URL.Path == zendesk.UsersMePath:
		z.me(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (z *remote) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "no form", http.StatusBadRequest)
		return
	}
	z.mu.Lock()
	z.posts = append(z.posts, r.PostForm)
	var spoil fault
	if len(z.faults) > 0 {
		spoil, z.faults = z.faults[0], z.faults[1:]
	}
	z.mu.Unlock()
	if spoil != nil {
		spoil(w, r, z.commit)
		return
	}
	z.mu.Lock()
	secret := r.PostForm.Get("client_secret")
	wrongSecret := secret != z.secret && !slices.Contains(z.more, secret)
	wrongGrant := r.PostForm.Get("grant_type") == "refresh_token" && r.PostForm.Get("refresh_token") != z.refresh
	z.mu.Unlock()
	switch {
	case wrongSecret:
		refuse(w, http.StatusUnauthorized, "invalid_client")
	case wrongGrant:
		refuse(w, http.StatusBadRequest, "invalid_grant")
	default:
		reply(w, z.commit())
	}
}

// commit replaces the pair and returns the answer that tells it.
func (z *remote) commit() map[string]any {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.n++
	z.access, z.refresh = fmt.Sprintf("access-%d", z.n), fmt.Sprintf("refresh-%d", z.n)
	answer := map[string]any{
		"access_token": z.access, "token_type": "bearer", "scope": "read",
		"expires_in": 1800, "refresh_token": z.refresh, "refresh_token_expires_in": 2592000,
	}
	if z.edit != nil {
		z.edit(answer)
	}
	return answer
}

func (z *remote) me(w http.ResponseWriter, r *http.Request) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+z.access {
		refuse(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	reply(w, map[string]any{"user": map[string]any{
		"id": z.userID, "name": "Ada Admin", "email": "admin@acme.example", "role": "admin",
	}})
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "said for the test"})
}

// spoil sets the faults of the next token requests.
func (z *remote) spoil(f ...fault) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.faults = append(z.faults, f...)
}

// serve answers a path by h, or honestly again when h is nil.
func (z *remote) serve(path string, h http.HandlerFunc) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if h == nil {
		delete(z.paths, path)
		return
	}
	z.paths[path] = h
}

// refreshes are the refresh requests that arrived.
func (z *remote) refreshes() (n int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, p := range z.posts {
		if p.Get("grant_type") == "refresh_token" {
			n++
		}
	}
	return n
}

func (z *remote) live() string {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.access
}

// end has the live access token refused from now on, and leaves the refresh token.
func (z *remote) end() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.access = "somebody ended it"
}

// The faults.

func with(status int, code string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ func() map[string]any) { refuse(w, status, code) }
}

func page(status int) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ func() map[string]any) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html><h1>We'll be back</h1>" + strings.Repeat("<p>soon</p>", 100)))
	}
}

func tooMany(w http.ResponseWriter, _ *http.Request, _ func() map[string]any) {
	w.Header().Set("Retry-After", "90")
	http.Error(w, "Number of allowed API requests per minute exceeded", http.StatusTooManyRequests)
}

// hangUp closes the connection without an answer.
func hangUp(http.ResponseWriter, *http.Request, func() map[string]any) { panic(http.ErrAbortHandler) }

// loseAnswer replaces the pair and closes the connection.
func loseAnswer(_ http.ResponseWriter, _ *http.Request, commit func() map[string]any) {
	commit()
	panic(http.ErrAbortHandler)
}

// spoilAnswer replaces the pair and answers what cannot be read.
func spoilAnswer(w http.ResponseWriter, _ *http.Request, commit func() map[string]any) {
	commit()
	_, _ = w.Write([]byte(`{"access_token": "acc`))
}
