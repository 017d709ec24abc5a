package issuerhttp_test

import (
	"log/slog"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/apidoc"
	"github.com/deskauth/deskauth/internal/apidoc/contract"
	"github.com/deskauth/deskauth/internal/deskhttp"
	"github.com/deskauth/deskauth/internal/issuerhttp"
)

// described is an operation as the description and the routes both tell it.
type described struct {
	Scopes, Roles []string
}

// Each route is in the description, and whatever is in the description is a route;
// what a caller needs is the same in both.
func TestDescriptionHasEveryRoute(t *testing.T) {
	desk := &deskhttp.Server{}
	s := &issuerhttp.Server{Routes: desk.Routes(), Log: slog.New(slog.DiscardHandler)}
	served := map[string]described{http.MethodGet + " " + deskhttp.ContentPattern: {}}
	for _, pattern := range s.Programs() {
		served[pattern] = described{}
	}
	for _, r := range s.APIRoutes() {
		d := described{Scopes: slices.Clone(r.Scopes)}
		for _, role := range r.Roles {
			d.Roles = append(d.Roles, string(role))
		}
		served[r.Method+" "+r.Path] = d
	}
	told := map[string]described{}
	for _, o := range contract.Issuer().Operations() {
		told[o.Method+" "+o.Path] = described{o.Scopes, o.Roles}
	}
	if diff := cmp.Diff(served, told); diff != "" {
		t.Errorf("the routes and the description differ (-route +description):\n%s", diff)
	}
}

func TestDescriptionIsServed(t *testing.T) {
	w := onSQLite(t, options{})
	r := w.call(call{Target: apidoc.Path}).want(http.StatusOK)
	if r.Body != string(apidoc.Document()) {
		t.Error("it is another one")
	}
	for name, want := range map[string]string{
		"Content-Type": "application/yaml", "Access-Control-Allow-Origin": "*", "Cache-Control": "public, no-cache",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	w.call(call{Target: apidoc.Path, Header: header("If-None-Match", r.Header.Get("ETag"))}).want(http.StatusNotModified)
	w.call(call{Target: apidoc.Path, Host: "nobody.localhost"}).wantBody(http.StatusNotFound, "{}")
	w.call(call{Target: apidoc.Path, Method: http.MethodPost}).want(http.StatusMethodNotAllowed)
}
