package httpd

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// All responses share the values of the headers that each has: what a handler does
// to those of one must not be seen in the next.
func TestSharedHeadersStayApart(t *testing.T) {
	meddling := true
	h := Chain(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if meddling {
			for name := range w.Header() {
				w.Header().Add(name, "more")
				w.Header().Set("Referrer-Policy", "unsafe-url")
			}
		}
	}), SecureHeaders)
	for range 2 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	meddling = false
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	want := http.Header{
		"X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"no-referrer"},
		"X-Frame-Options": {"DENY"}, "Cross-Origin-Opener-Policy": {"same-origin"},
	}
	if diff := cmp.Diff(want, w.Result().Header); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Recover brings back what stood before the handler, be it little or much.
func TestRecoverBringsHeadersBack(t *testing.T) {
	for _, before := range [][]string{nil, {"A"}, {"A", "B", "C", "D"}, {"A", "B", "C", "D", "E"}} {
		set := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for _, name := range before {
					w.Header()[name] = []string{"1", "2"}
				}
				next.ServeHTTP(w, r)
			})
		}
		h := Chain(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for _, name := range []string{"A", "B", "F"} {
				w.Header().Add(name, "of the handler")
			}
			w.Header().Del("C")
			panic("lost")
		}), set, Recover(quiet(), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		want := http.Header{}
		for _, name := range before {
			want[name] = []string{"1", "2"}
		}
		if diff := cmp.Diff(want, w.Result().Header); diff != "" {
			t.Errorf("before: %v (-want +got)\n%s", before, diff)
		}
	}
}
