package deskauthtest

import (
	"net/http"
	"strings"
	"time"
)

// zendeskDomain is the real one, for which the local one answers.
const zendeskDomain = "zendesk.com"

// Client is an HTTP client for whom https://*.zendesk.com, and the addresses of
// URL, are this local Zendesk. A subdomain that is no account is answered with
// 404; no request for a zendesk.com name leaves the process. Other hosts are
// reached as http.DefaultTransport reaches them.
func (z *Zendesk) Client() *http.Client {
	return &http.Client{Transport: z.Transport(http.DefaultTransport)}
}

// Transport is Client's, with another one for other hosts; nil: they cannot be
// reached.
func (z *Zendesk) Transport(others http.RoundTripper) http.RoundTripper {
	return &transport{
		zendesk: z, others: others,
		// A connection for each request: net/http repeats a GET by itself when a used
		// connection breaks, and a fault would seem not to have happened.
		// Without a pause a body would be sent though the token is refused before it.
		local: &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: 5 * time.Second},
	}
}

type transport struct {
	zendesk *Zendesk
	others  http.RoundTripper
	local   *http.Transport
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.zendesk.answers(r) {
		if t.others == nil {
			if r.Body != nil {
				_ = r.Body.Close()
			}
			return nil, &notZendesk{r.URL.Host}
		}
		return t.others.RoundTrip(r)
	}
	local := r.Clone(r.Context())
	if local.Host == "" {
		local.Host = r.URL.Host
	}
	local.Header.Set("X-Forwarded-Proto", r.URL.Scheme)
	local.URL.Scheme, local.URL.Host = "http", t.zendesk.server.Listener.Addr().String()
	resp, err := t.local.RoundTrip(local)
	if resp != nil {
		resp.Request = r // cookies and redirects are relative to what was asked
	}
	return resp, err
}

// answers tells whether a request is for this Zendesk.
func (z *Zendesk) answers(r *http.Request) bool {
	name := strings.TrimSuffix(strings.ToLower(r.URL.Hostname()), ".")
	if name == zendeskDomain || strings.HasSuffix(name, "."+zendeskDomain) {
		return true
	}
	return r.URL.Port() == z.port() && (name == "localhost" || strings.HasSuffix(name, ".localhost") || name == "127.0.0.1")
}

type notZendesk struct{ host string }

func (e *notZendesk) Error() string { return "deskauthtest: " + e.host + " is not Zendesk" }
