// Package control is the listener through which a demo issuer is steered. So
// far it answers what it is; the clock and the faults come to stand here, apart
// from the public listener, so that they can never leak onto it.
package control

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
)

// Handler serves the control listener: JSON, for programs of this machine.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, map[string]any{"name": "deskauth control", "controls": []string{}})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusNotFound, map[string]any{"error": "no such control"})
	})
	return local(mux)
}

// local refuses what a web page could send: another host name (DNS rebinding),
// or any request with an Origin.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.Host) || r.Header.Get("Origin") != "" {
			write(w, http.StatusForbidden, map[string]any{"error": "this listener is for programs of this machine"})
			return
		}
		next.ServeHTTP(w, r)
	})
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

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
