package apihttp

import "net/http"

// Zendesk lets pages of other origins call its API, with an OAuth bearer and
// with nothing else. No cookie opens the API, so any origin may.

// allowOrigin lets the page that sent a bearer read the answer.
func allowOrigin(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Origin") == "" {
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, Link, Location, X-Rate-Limit, X-Rate-Limit-Remaining")
}

// preflight answers the question that a browser asks before it sends an
// Authorization header across origins (Fetch standard, CORS-preflight).
func preflight(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, X-On-Behalf-Of, X-Requested-With")
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}
