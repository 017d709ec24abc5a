package intercept

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// rewriteMost bounds the answers in which addresses are rewritten: pages and JSON are
// smaller, and what is larger is a file.
const rewriteMost = 8 << 20

// Remote answers for Zendesk by an issuer that runs elsewhere, at address:
// http://localhost:4000, or the same with {subdomain}. before the host. The account acme
// is asked for as acme.localhost:4000, and its answers name acme.zendesk.com again.
// The connection goes to the address's host whatever the account, because most resolvers
// know no names below localhost; an IP address stands for localhost.
func Remote(address string) (http.Handler, error) {
	base, err := remoteBase(address)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		// Never through a proxy: the variables of this process may name one.
		Transport:     &http.Transport{DisableCompression: true},
		FlushInterval: -1,
		Rewrite:       func(r *httputil.ProxyRequest) { names(r.In.Host, base).out(r) },
		ModifyResponse: func(r *http.Response) error {
			return names(r.Request.Header.Get(askedFor), base).back(r)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "deskauth run: the issuer at "+base.Host+" was not reached", http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if label, found := strings.CutSuffix(hostname(r.Host), "."+domain); !found || label == "" || strings.Contains(label, ".") {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}), nil
}

func remoteBase(address string) (*url.URL, error) {
	base, err := url.Parse(strings.Replace(address, "://{subdomain}.", "://", 1))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || strings.Trim(base.Path, "/") != "" ||
		base.RawQuery != "" || base.User != nil || Zendesk(base.Host) {
		return nil, fmt.Errorf("%q is not the address of an issuer, such as http://localhost:4000", address)
	}
	return base, nil
}

// reachWait is how long an issuer may take to say anything at all.
const reachWait = 10 * time.Second

// Reach finds out whether anybody answers at an issuer's address, whatever they say.
func Reach(ctx context.Context, address string) error {
	base, err := remoteBase(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reachWait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, base.JoinPath("/").String(), nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{DisableKeepAlives: true} // never through a proxy, as Remote
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// askedFor carries the host that the program asked for through httputil.ReverseProxy,
// which shows ModifyResponse the request that was sent. The issuer ignores it.
const askedFor = "Deskauth-Asked-For"

// mapping is one account under its two names.
type mapping struct {
	host        string   // acme.zendesk.com
	base        *url.URL // of the issuer
	local       string   // acme.localhost:4000
	here, there []byte   // the origins: https://acme.zendesk.com, http://acme.localhost:4000
}

func names(host string, base *url.URL) mapping {
	m := mapping{host: hostname(host), base: base}
	below := base.Host
	if _, err := netip.ParseAddr(base.Hostname()); err == nil {
		// There are no names below an address; localhost is an issuer's own default.
		below = strings.TrimSuffix("localhost:"+base.Port(), ":")
	}
	m.local = strings.TrimSuffix(m.host, domain) + below
	m.here, m.there = []byte("https://"+m.host), []byte(base.Scheme+"://"+m.local)
	return m
}

// out sends a request to the issuer. Origin and Referer are mapped, because forms are
// accepted only from pages of the same origin.
func (m mapping) out(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = m.base.Scheme, m.base.Host, m.local
	r.Out.Header.Set(askedFor, m.host)
	r.Out.Header.Del("Accept-Encoding") // addresses are looked for in the plain body
	for _, name := range []string{"Origin", "Referer"} {
		if value, found := strings.CutPrefix(r.Out.Header.Get(name), string(m.here)); found {
			r.Out.Header.Set(name, string(m.there)+value)
		}
	}
}

// back gives an answer the addresses that the program knows.
func (m mapping) back(r *http.Response) error {
	for _, values := range r.Header {
		for i := range values {
			values[i] = strings.ReplaceAll(values[i], string(m.there), string(m.here))
		}
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind != "application/json" && kind != "text/html" || r.Header.Get("Content-Encoding") != "" || r.ContentLength > rewriteMost {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, rewriteMost+1))
	if err != nil {
		return err
	}
	if len(body) > rewriteMost { // its length was not said; it goes on as it is
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
		return nil
	}
	_ = r.Body.Close()
	body = bytes.ReplaceAll(body, m.there, m.here)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if r.Request.Method != http.MethodHead {
		r.ContentLength = int64(len(body))
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	return nil
}
