package control

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
)

// local refuses what a web page could send: another host name (DNS rebinding),
// any request with an Origin or of another site's page, and a body in a form that
// forms can have.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Nobody may load what is here into a page of theirs (Fetch, section 3.7).
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		if !loopback(r.Host) || r.Header.Get("Origin") != "" || foreign(r) {
			write(w, http.StatusForbidden, map[string]any{"error": "this listener is for programs of this machine"})
			return
		}
		if r.Method == http.MethodPost || r.Method == http.MethodPut {
			if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
				write(w, http.StatusUnsupportedMediaType, map[string]any{"error": "Content-Type must be application/json"})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// foreign tells whether a browser sends this for a page that is not ours (Fetch
// Metadata). One exception is a link that somebody follows to the live page: whoever
// put it there sees nothing of where it leads. Another port is another server, so
// same-site is foreign. Programs send no such header.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	followed := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	return !(followed && r.Method == http.MethodGet && r.URL.Path == LivePath)
}

func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// bodyMost bounds a body: that of a snapshot, the largest.
const bodyMost = 256 << 20

// readJSON reads a body into v. An empty one is an empty object; a field that
// nobody knows is a mistake that should not pass in silence.
func readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, bodyMost))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return &Invalid{"body", err.Error()}
	}
	if d.More() {
		return &Invalid{"body", "has more than one JSON value"}
	}
	return nil
}

// answered turns what a control returns into JSON.
func answered(serve func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := serve(r)
		switch {
		case err != nil:
			refuse(w, err)
		case answer == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			write(w, http.StatusOK, answer)
		}
	}
}

func refuse(w http.ResponseWriter, err error) {
	var invalid *Invalid
	status := http.StatusInternalServerError
	switch {
	case errors.As(err, &invalid):
		status = http.StatusUnprocessableEntity
	case errors.Is(err, ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, ErrConflict):
		status = http.StatusConflict
	}
	// Whoever reads this runs the demo: there is nothing to hide from them.
	answer := map[string]any{"error": err.Error()}
	if invalid != nil {
		answer["field"] = invalid.Field
	}
	write(w, status, answer)
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
