package httpd

import (
	"context"
	"crypto/rand"
	"net/http"
)

// requestIDLength gives 100 bits in base 32.
const requestIDLength = 20

const requestIDAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

// RequestID names the request in logs, error pages and the X-Request-Id
// header. An id that the client sends is ignored, because people who read logs
// trust that one id is one request.
func RequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, w, r := enter(w, r)
		x.id = newRequestID()
		x.idValue[0] = x.id
		w.Header()["X-Request-Id"] = x.idValue[:]
		next.ServeHTTP(w, r)
	})
}

func newRequestID() string {
	var id [requestIDLength]byte
	_, _ = rand.Read(id[:]) // it never fails
	for n, b := range id {
		id[n] = requestIDAlphabet[b%32] // 256 is a multiple of 32: no letter is favoured
	}
	return string(id[:])
}

// RequestIDFrom returns the id of the request that ctx belongs to, or "".
func RequestIDFrom(ctx context.Context) string {
	if x := exchangeFrom(ctx); x != nil {
		return x.id
	}
	return ""
}
