package control

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestOnlyProgramsOfThisMachine(t *testing.T) {
	c := &Controls{Faults: &Faults{}, Journal: NewJournal(8, time.Now)}
	for _, tt := range []struct {
		method, host, origin, contentType, path string
		want                                    int
	}{
		{"GET", "127.0.0.1:4001", "", "", "/", http.StatusOK},
		{"GET", "localhost:4001", "", "", "/", http.StatusOK},
		{"GET", "[::1]:4001", "", "", "/", http.StatusOK},
		{"GET", "127.0.0.1:4001", "", "", "/nothing", http.StatusNotFound},
		{"GET", "evil.example:4001", "", "", "/", http.StatusForbidden},
		{"GET", "acme.localhost.evil.example", "", "", "/", http.StatusForbidden},
		{"GET", "127.0.0.1:4001", "http://127.0.0.1:4001", "", "/", http.StatusForbidden},
		{"GET", "127.0.0.1:4001", "null", "", "/", http.StatusForbidden},
		{"POST", "127.0.0.1:4001", "", "application/json", "/journal/marks", http.StatusOK},
		{"POST", "127.0.0.1:4001", "", "application/json; charset=utf-8", "/journal/marks", http.StatusOK},
		{"POST", "127.0.0.1:4001", "", "", "/journal/marks", http.StatusUnsupportedMediaType},
		{"POST", "127.0.0.1:4001", "", "text/plain", "/journal/marks", http.StatusUnsupportedMediaType},
		{"POST", "127.0.0.1:4001", "", "application/x-www-form-urlencoded", "/journal/marks", http.StatusUnsupportedMediaType},
		{"DELETE", "127.0.0.1:4001", "", "", "/faults", http.StatusNoContent},
		{"DELETE", "127.0.0.1:4001", "", "", "/faults/1", http.StatusNotFound},
		{"DELETE", "127.0.0.1:4001", "", "", "/faults/x", http.StatusNotFound},
	} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		r.Host = tt.host
		for name, value := range map[string]string{"Origin": tt.origin, "Content-Type": tt.contentType} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s %s, Host %q, Origin %q, type %q: %d, want %d", tt.method, tt.path, tt.host, tt.origin, tt.contentType, w.Code, tt.want)
		}
	}
}
