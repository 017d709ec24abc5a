package httpd

import (
	"log/slog"
	"net/http"
	"strconv"
)

// AwayWait is how long a client is asked to wait while the database cannot be reached,
// in seconds. Connections are made anew by themselves.
const AwayWait = 1

// NoteAway notes that the database cannot be reached, and tells the client when to come
// back. The answer, a 503, is the surface's own.
func NoteAway(w http.ResponseWriter, r *http.Request, err error) {
	Note(r.Context(), slog.String("failure", "the database cannot be reached"), slog.String("error", err.Error()))
	w.Header().Set("Retry-After", strconv.Itoa(AwayWait))
}
