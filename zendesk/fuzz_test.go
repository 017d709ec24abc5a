package zendesk_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

func FuzzDecodeLifetimes(f *testing.F) {
	f.Add("1800", "2592000")
	f.Add("", "-1")
	f.Add("+5", "٣")
	f.Add("99999999999999999999", "1e3")
	f.Fuzz(func(t *testing.T, access, refresh string) {
		l, bad := zendesk.DecodeLifetimes(url.Values{"expires_in": {access}, "refresh_token_expires_in": {refresh}})
		if bad != nil {
			return
		}
		for _, n := range []*int64{l.ExpiresIn, l.RefreshTokenExpiresIn} {
			if n != nil && *n < 0 {
				t.Fatalf("a lifetime of %d", *n)
			}
		}
		again, bad := zendesk.DecodeLifetimes(l.Encode())
		if bad != nil {
			t.Fatal(bad)
		}
		if diff := cmp.Diff(l, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParseAPIError(f *testing.F) {
	for _, body := range []string{
		`{"error":"RecordNotFound","description":"Not found"}`, `{"error":{"title":"Forbidden","message":"No"}}`,
		`{"errors":[{"code":"InvalidPaginationDepth","title":"x","detail":"y"}]}`, `{"errors":[]}`, `{"errors":[1]}`,
		`{"error":"RecordInvalid","description":"x","details":{"name":[{"description":"Name: cannot be blank","error":"BlankValue"}]}}`,
		`{"error":"invalid_token","error_description":"x"}`, "Number of allowed API requests per minute exceeded", "<html>", "", "{", "null",
	} {
		f.Add(404, "60", []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, retryAfter string, body []byte) {
		e := zendesk.ParseAPIError(status, http.Header{"Retry-After": {retryAfter}, "X-Request-Id": {retryAfter}}, body)
		if e == nil || e.Status != status || e.RetryAfter < 0 {
			t.Fatalf("%+v", e)
		}
		if len(e.Code) > 600 || len(e.Description) > 600 || len(e.RequestID) > 200 {
			t.Fatal("it is not bounded")
		}
		if strings.ContainsAny(e.Error(), "\n\r\x00\x1b") {
			t.Fatalf("what a server wrote breaks a line of the log: %q", e.Error())
		}
	})
}

func FuzzParseBase(f *testing.F) {
	for _, s := range []string{
		"https://{subdomain}.zendesk.com", "http://{subdomain}.localhost:4000/", "HTTPS://{subdomain}.Example.com:443", "https://zendesk.com",
		"https://{subdomain}.a@b", "https://{subdomain}.a?b", "http://{subdomain}.example.com", "https://{subdomain}.[::1]", "https://{subdomain}.",
	} {
		f.Add(s, "acme")
	}
	f.Fuzz(func(t *testing.T, template, subdomain string) {
		b, err := zendesk.ParseBase(template)
		if err != nil {
			return
		}
		again, err := zendesk.ParseBase(b.String())
		if err != nil || again != b {
			t.Fatalf("%q became %q, which is refused or another: %v", template, b, err)
		}
		u := b.URL(subdomain)
		if u == nil {
			return
		}
		read, err := url.Parse(u.String())
		if err != nil || read.User != nil || read.Path != "" || read.RawQuery != "" || read.Hostname() != u.Hostname() ||
			!strings.HasPrefix(read.Hostname(), subdomain+".") {
			t.Fatalf("%q leads to %q: %v", template, u, err)
		}
		if read.Scheme == "http" && !b.IsLocal() {
			t.Fatalf("%q is plain http to another machine", u)
		}
	})
}

// What the API's client reads, and what a program makes of the public shapes.
func FuzzShapes(f *testing.F) {
	for _, s := range []string{
		`{"user":{"id":1,"name":"A","role":"admin","created_at":"2026-11-22T09:00:00Z","tags":["a"],"user_fields":{"a":1},"photo":{"x":[1]}}}`,
		`{"user":{"id":null}}`, `{"token":{"id":1,"scopes":["read"],"expires_at":"2026-11-22T09:00:00+02:00"}}`, `{"user":{"id":1.5}}`,
		`{"ticket":{"id":1,"custom_fields":[{"id":1,"value":["a"]}],"satisfaction_rating":{"score":"good"}},"audit":{"events":[{"id":1,"type":"Change","value":"a"}]}}`,
		`{"user":{"created_at":"9999-12-31T23:59:59Z"}}`, `{"user":[]}`,
		`{"token":{"expires_at":"0000-01-01T00:00:00+01:00"}}`, `{"token":{"expires_at":"9999-12-31T23:00:00-01:00"}}`, `{"token":{"expires_at":null}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, shape := range []any{&zendesk.UserEnvelope{}, &zendesk.OAuthTokenEnvelope{}, &zendesk.ClientEnvelope{}, &zendesk.TicketEnvelope{}, &zendesk.UploadEnvelope{}} {
			if json.Unmarshal(body, shape) != nil {
				continue
			}
			first, err := json.Marshal(shape)
			if err != nil {
				t.Fatalf("%T was read and cannot be written: %v", shape, err)
			}
			if err := json.Unmarshal(first, shape); err != nil {
				t.Fatalf("%T was written and cannot be read: %v: %s", shape, err, first)
			}
			if second, err := json.Marshal(shape); err != nil || !bytes.Equal(first, second) {
				t.Fatalf("%T is written in two ways: %v\n%s\n%s", shape, err, first, second)
			}
		}
	})
}
