package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// roundTripper answers a request as a test says.
type roundTripper func(*http.Request) (*http.Response, error)

func (a roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// What --debug says has nothing secret in it, wherever in a request or its answer that
// stands, and whatever stands round it.
func FuzzDebug(f *testing.F) {
	const secret = "Zk3nB0qVw8Xy2Lr5Tt7Ud9Pe1Ha4Jc6Mf0Gs3Di"
	for shape := range 16 {
		f.Add(byte(shape), "", "")
		f.Add(byte(shape), "token=", "&x=1")
		f.Add(byte(shape), "\x1b[2J\r\n", "\xff")
		f.Add(byte(shape), "/", "/;%")
	}
	f.Fuzz(func(t *testing.T, shape byte, before, behind string) {
		value := before + secret + behind
		if strings.Contains(before+behind, secret[:12]) {
			return
		}
		r := &http.Request{Method: http.MethodPost, URL: &url.URL{Scheme: "https", Host: "acme.zendesk.com", Path: "/oauth/tokens"}, Header: http.Header{}}
		resp := &http.Response{Status: "200 OK", StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(value))}
		var failed error
		switch shape % 16 {
		case 0:
			r.Header.Set("Authorization", "Bearer "+value)
		case 1:
			r.SetBasicAuth(value, value)
		case 2:
			r.Header.Set("Cookie", value)
		case 3:
			r.Body = io.NopCloser(strings.NewReader(value))
		case 4:
			r.URL.RawQuery = "code=" + secret + "&" + url.Values{before: {value}}.Encode()
		case 5:
			r.URL.RawQuery = url.Values{"a": {before}, secret: {}}.Encode() // a value without a name
		case 6:
			r.URL.Path = "/api/v2/uploads/" + value
		case 7:
			r.URL.User = url.UserPassword(value, value)
		case 8:
			r.URL.Fragment = value
		case 9:
			resp.Status = "200 " + value
		case 10:
			resp.Header.Set("Content-Type", value)
		case 11:
			resp.Header.Set("Content-Type", "text/html; charset="+value)
		case 12:
			resp.Header.Set("X-Request-Id", value)
		case 13:
			resp.Header.Set("Location", value)
			resp.Header.Set("Set-Cookie", value)
		case 14:
			failed = errors.New("net/http: malformed HTTP response " + value)
		case 15:
			failed = &url.Error{Op: "Post", URL: "https://acme.zendesk.com/?code=" + value, Err: errors.New(value)}
		}
		var said bytes.Buffer
		got, err := debugged{roundTripper(func(*http.Request) (*http.Response, error) {
			if failed != nil {
				return nil, failed
			}
			return resp, nil
		}), process{Err: &said}}.RoundTrip(r) //nolint:bodyclose // it is resp, whose body is closed below
		_ = resp.Body.Close()
		if got != nil && got != resp || !errors.Is(err, failed) {
			t.Errorf("the answer is another: %v, %v", got, err)
		}
		if strings.Contains(said.String(), secret) || strings.Contains(said.String(), secret[:24]) {
			t.Errorf("shape %d: %q", shape%16, said.String())
		}
		if lines := strings.Count(said.String(), "\n"); lines != 1 || !strings.Contains(said.String(), "acme.zendesk.com") && shape%16 != 15 {
			t.Errorf("shape %d says %q", shape%16, said.String())
		}
	})
}
