package prove_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/journey"
)

func freePort(t *testing.T) string { t.Helper(); return journey.FreePort(t) }

// clockAhead serves the clock of the controls, with another time.
func (w *world) clockAhead(by time.Duration) (address string) {
	w.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		s, err := w.control.Clock(r.Context())
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadGateway)
			return
		}
		if s.Base == nil { // the machine's own
			s.Base, s.Set, s.Steered = &s.Now, &s.Machine, true
		}
		ahead := s.Base.Add(by)
		s.Base, s.Now = &ahead, s.Now.Add(by)
		out.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(out).Encode(s)
	}))
	w.t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
