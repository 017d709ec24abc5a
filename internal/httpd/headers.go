package httpd

import (
	"maps"
	"net/http"
)

// SecureHeaders sets what holds for every response. A page adds its own
// Content-Security-Policy, which depends on the redirect it offers.
func SecureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), secure)
		next.ServeHTTP(w, r)
	})
}

// secure is shared by all responses: a handler that adds to one of them gets a copy
// of its own, since there is no room.
var secure = http.Header{
	"X-Content-Type-Options": {"nosniff"},
	// Addresses carry codes and state (RFC 9700 §4.2.4).
	"Referrer-Policy": {"no-referrer"},
	// Consent must not be clicked inside of another page (RFC 9700 §4.16).
	"X-Frame-Options": {"DENY"},
	// The window that opened us may not reach into ours.
	"Cross-Origin-Opener-Policy": {"same-origin"},
}

// MaxBody lets a handler read n bytes of the body; then reading fails with
// *http.MaxBytesError, which the surface answers in its own words, and the
// connection is closed after the answer.
func MaxBody(n int64) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := enter(w, r)
			// Only net/http's own writer can be told to close the connection
			// of a client that goes on sending; ours would hide it.
			r.Body = http.MaxBytesReader(x.ResponseWriter, r.Body, n)
			next.ServeHTTP(w, r)
		})
	}
}
