package brokerhttp_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
)

// nobody is where a benchmark's answers go.
type nobody struct{ header http.Header }

func (n *nobody) Header() http.Header         { return n.header }
func (n *nobody) Write(p []byte) (int, error) { return len(p), nil }
func (n *nobody) WriteHeader(int)             {}

// BenchmarkProxy is the handler's work, with a real Zendesk behind it, beside a bare
// httputil.ReverseProxy's. `make bench` compares processes.
func BenchmarkProxy(b *testing.B) {
	p := newProxySite(b)
	p.serves(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"user":{"id":7}}`) })
	call := func(b *testing.B, h http.Handler) {
		b.Helper()
		b.ReportAllocs()
		for b.Loop() {
			r := httptest.NewRequest(http.MethodGet, p.root+"/api/v2/users/me.json", nil)
			r.Header.Set("Authorization", "Bearer "+p.key)
			h.ServeHTTP(&nobody{http.Header{}}, r)
			p.last()
		}
	}
	b.Run("broker", func(b *testing.B) { call(b, p.handler) })
	b.Run("bare", func(b *testing.B) {
		transport := broker.NewHTTPClient(broker.HTTPConfig{Base: p.zendesk, Streams: true}).Transport
		call(b, &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.zendesk.URL("acme"))
			r.Out.URL.Path = "/api/v2/users/me.json"
			r.Out.Header.Set("Authorization", "Bearer constant")
		}})
	})
}

// BenchmarkLend is the handler's work for a token.
func BenchmarkLend(b *testing.B) {
	a := newAPISite(b)
	key := a.key(broker.Key{Can: []broker.Power{broker.Lend}})
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/v1/connections/%d/token", a.id), nil)
		r.Header.Set("Authorization", "Bearer "+key)
		a.handler.ServeHTTP(&nobody{http.Header{}}, r)
	}
}
