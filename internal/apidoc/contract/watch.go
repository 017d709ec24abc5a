package contract

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

// Watch has a transport hold every exchange against the contract, and fails the
// test that t returns with what is not so.
func (c *Contract) Watch(next http.RoundTripper, t func() testing.TB) http.RoundTripper {
	return watching(next, c.Check, t)
}

// WatchRefusals is Watch for routes that a test made up: of their answers, only
// the errors are the API's own.
func (c *Contract) WatchRefusals(next http.RoundTripper, t func() testing.TB) http.RoundTripper {
	return watching(next, c.CheckRefusal, t)
}

func watching(next http.RoundTripper, check func(Exchange) []string, t func() testing.TB) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		e := Exchange{Request: r}
		if r.Body != nil && r.ContentLength > 0 { // an endless body is for the server to end
			sent, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			e.Sent, r.Body = sent, io.NopCloser(bytes.NewReader(sent))
		}
		resp, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		e.Body, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return nil, err
		}
		resp.Body = io.NopCloser(bytes.NewReader(e.Body))
		e.Status, e.Header = resp.StatusCode, resp.Header
		for _, fault := range check(e) {
			t().Errorf("against the description: %s %s: %s", r.Method, r.URL.Path, fault)
		}
		return resp, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
