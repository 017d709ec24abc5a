package httpd

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
)

// requestIDLength gives 100 bits in the base 32 of rand.Text.
const requestIDLength = 20

// RequestID names the request in logs, error pages and the X-Request-Id
// header. An id that the client sends is ignored, because people who read logs
// trust that one id is one request.
func RequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, w, r := enter(w, r)
		x.id = strings.ToLower(rand.Text()[:requestIDLength])
		w.Header().Set("X-Request-Id", x.id)
		next.ServeHTTP(w, r)
	})
}

// RequestIDFrom returns the id of the request that ctx belongs to, or "".
func RequestIDFrom(ctx context.Context) string {
	if x := exchangeFrom(ctx); x != nil {
		return x.id
	}
	return ""
}
