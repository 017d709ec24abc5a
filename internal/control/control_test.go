package control

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOnlyProgramsOfThisMachine(t *testing.T) {
	for _, tt := range []struct {
		host, origin, path string
		want               int
	}{
		{"127.0.0.1:4001", "", "/", http.StatusOK},
		{"localhost:4001", "", "/", http.StatusOK},
		{"[::1]:4001", "", "/", http.StatusOK},
		{"127.0.0.1:4001", "", "/clock", http.StatusNotFound},
		{"evil.example:4001", "", "/", http.StatusForbidden},
		{"acme.localhost.evil.example", "", "/", http.StatusForbidden},
		{"127.0.0.1:4001", "http://127.0.0.1:4001", "/", http.StatusForbidden},
		{"127.0.0.1:4001", "null", "/", http.StatusForbidden},
	} {
		r := httptest.NewRequest(http.MethodGet, tt.path, nil)
		r.Host = tt.host
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("GET %s, Host %q, Origin %q: %d, want %d", tt.path, tt.host, tt.origin, w.Code, tt.want)
		}
	}
}
