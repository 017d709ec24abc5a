package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// known is what the map holds of a token.
type known struct {
	scope, client, user string
	issued, expires     int64
}

// tokenMap introspects by a hash and a map.
type tokenMap struct {
	secret [sha256.Size]byte
	mu     sync.RWMutex
	known  map[[sha256.Size]byte]known
}

func newMap(secret string, n int) *tokenMap {
	m := &tokenMap{secret: sha256.Sum256([]byte(secret)), known: map[[sha256.Size]byte]known{}}
	now := time.Now().Unix()
	for i := range n {
		m.known[sha256.Sum256(fmt.Appendf(nil, "token-%d", i))] = known{
			scope: "read", client: "bench", user: "1", issued: now, expires: now + 1<<20,
		}
	}
	return m
}

// introspection is RFC 7662 section 2.2, with the members that the issuer sends.
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
	Issued    int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Issuer    string `json:"iss,omitempty"`
}

func (m *tokenMap) introspect(w http.ResponseWriter, r *http.Request) {
	presented := sha256.Sum256([]byte(r.PostFormValue("client_secret")))
	if subtle.ConstantTimeCompare(presented[:], m.secret[:]) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	digest := sha256.Sum256([]byte(r.PostFormValue("token")))
	m.mu.RLock()
	t, ok := m.known[digest]
	m.mu.RUnlock()
	answer := introspection{}
	if ok && t.expires > time.Now().Unix() {
		answer = introspection{
			Active: true, Scope: t.scope, ClientID: t.client, TokenType: "bearer", Subject: t.user,
			Issued: t.issued, Expires: t.expires, Issuer: "http://" + r.Host,
		}
	}
	writeJSON(w, answer)
}

func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body)
}
