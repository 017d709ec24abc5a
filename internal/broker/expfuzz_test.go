package broker

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzJWTExpiry: what is read out of a token is a time that can be stored, and what
// a token says is what is read.
func FuzzJWTExpiry(f *testing.F) {
	f.Add("opaque", int64(1))
	f.Add("h.eyJleHAiOjE4MDAwMDAwMDB9.s", int64(1800000000))
	f.Add("..", int64(-1))
	f.Add("h.bnVsbA.s", int64(0))
	f.Add("h.eyJleHAiOjFlNDAwfQ.s", int64(1)<<40)
	f.Add("h.eyJleHAiOiIxIn0.s", int64(1)<<40+1)
	f.Fuzz(func(t *testing.T, token string, exp int64) {
		most := time.Unix(1<<40, 0)
		got, ok := jwtExpiry(token)
		if ok && (got.Before(time.Unix(0, 0)) || got.After(most) || strings.Count(token, ".") != 2) || !ok && !got.IsZero() {
			t.Fatalf("%q: %v %v", token, got, ok)
		}
		at := time.Unix(exp, 0).UTC()
		claims := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"1","exp":` + strconv.FormatInt(exp, 10) + `}`))
		got, ok = jwtExpiry("h." + claims + ".s")
		if usable := exp > 0 && !at.After(most); ok != usable || ok && !got.Equal(at) {
			t.Fatalf("exp %d: %v %v", exp, got, ok)
		}
	})
}
