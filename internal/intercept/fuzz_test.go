package intercept

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzZendesk reads a request to the proxy, by CONNECT or in absolute form, as the
// server does: a host that would be reached as one of Zendesk's is known for it.
func FuzzZendesk(f *testing.F) {
	for _, s := range []string{
		"CONNECT acme.zendesk.com:443 HTTP/1.1\r\nHost: acme.zendesk.com:443\r\n\r\n",
		"GET http://ACME.zendesk.com./x HTTP/1.1\r\nHost: other\r\n\r\n",
		"GET http://[::1]:80/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT zendesk.com. HTTP/1.1\r\n\r\n", "GET http://a@zendesk.com/ HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: xzendesk.com\r\n\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			return
		}
		for _, host := range []string{r.Host, r.URL.Host} {
			// What a resolver is asked for: without port, and without the root's dot.
			dialed := strings.ToLower(strings.TrimSuffix((&url.URL{Host: host}).Hostname(), "."))
			if isReal := dialed == "zendesk.com" || strings.HasSuffix(dialed, ".zendesk.com"); isReal && !Zendesk(host) {
				t.Fatalf("%q would reach the real Zendesk", host)
			}
			if Zendesk(host) && loopback(host) {
				t.Fatalf("%q is both", host)
			}
		}
	})
}

// FuzzMapping rewrites answers: one that is not ours to read passes as it was, and
// no answer keeps an address that the program does not know.
func FuzzMapping(f *testing.F) {
	f.Add("application/json", `{"url":"http://acme.localhost:4000/api"}`)
	f.Add("text/html; charset=utf-8", `<a href="http://acme.localhost:4000/">`)
	f.Add("image/png", "http://acme.localhost:4000/")
	f.Add("", "")
	base := &url.URL{Scheme: "http", Host: "localhost:4000"}
	f.Fuzz(func(t *testing.T, contentType, body string) {
		m := names("acme.zendesk.com", base)
		resp := &http.Response{
			Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
			Request: httptest.NewRequest(http.MethodGet, "http://acme.localhost:4000/", nil),
		}
		if err := m.back(resp); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.ContentLength >= 0 && resp.ContentLength != int64(len(got)) {
			t.Fatalf("a length of %d for %d bytes", resp.ContentLength, len(got))
		}
		kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
		if kind != "application/json" && kind != "text/html" && string(got) != body {
			t.Fatalf("%q was changed to %q", body, got)
		}
	})
}

func FuzzCertificates(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("junk"))
	f.Fuzz(func(t *testing.T, bundle []byte) {
		for _, c := range certificates(bundle) {
			if c == nil {
				t.Fatal("a certificate that is none")
			}
		}
	})
}
