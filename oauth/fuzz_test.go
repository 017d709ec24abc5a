package oauth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
)

// The decoders of what strangers send: none panics, what was encoded is decoded
// to the same, and no error or text holds a secret.

func FuzzClient(f *testing.F) {
	f.Add("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3", "client_id=s6BhdRkqt3&token=t")
	f.Add("Basic YTo=", "client_secret=s")
	f.Add("bAsIc  YSUyMDpiJTNB", "")
	f.Add("Basic !!!", "client_id=a&client_id=b")
	f.Add("Bearer t", "client_id=a%00")
	f.Fuzz(func(t *testing.T, authorization, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		r, bad := oauth.DecodeClient([]string{authorization}, v)
		if bad != nil {
			if bad.Code != oauth.InvalidRequest && bad.Code != oauth.InvalidClient {
				t.Fatalf("refused with %s", bad.Code)
			}
			return
		}
		if (r.ClientAuth == oauth.ClientAuthNone) != (r.ClientSecret == "") && r.ClientAuth != oauth.ClientAuthBasic {
			t.Fatalf("a secret %t, by %s", r.ClientSecret != "", r.ClientAuth)
		}
		if len(r.ClientSecret) > 12 && strings.Contains(fmt.Sprintf("%v %+v %#v", r, r, r), r.ClientSecret) &&
			!strings.Contains(r.ClientID+r.RedirectURI+r.Scope+r.Username+fmt.Sprint(r.Extra), r.ClientSecret) {
			t.Fatal("the secret is printed")
		}
	})
}

func FuzzTokenRef(f *testing.F) {
	f.Add("token=t&token_type_hint=refresh_token")
	f.Add("token=&token=t")
	f.Add("token=%ff")
	f.Fuzz(func(t *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		r, bad := oauth.DecodeTokenRef(v)
		if bad != nil {
			return
		}
		if again, bad := oauth.DecodeTokenRef(r.Encode()); bad != nil || again != r {
			t.Fatalf("decoded again: %v", bad)
		}
	})
}

func FuzzAuthorizeResponse(f *testing.F) {
	f.Add("code=c&state=s")
	f.Add("error=access_denied&error_description=no&state=s")
	f.Add("code=c&code=d")
	f.Fuzz(func(t *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		r, bad := oauth.DecodeAuthorizeResponse(v)
		if bad != nil {
			return
		}
		if again, bad := oauth.DecodeAuthorizeResponse(r.Encode()); bad != nil || again != r {
			t.Fatalf("decoded again: %v", bad)
		}
	})
}

func FuzzImplicitResponse(f *testing.F) {
	f.Add("access_token=t&token_type=Bearer&scope=read&state=s&expires_in=1800")
	f.Add("error=access_denied&expires_in=1e3")
	f.Add("expires_in=-1&expires_in=1")
	f.Fuzz(func(t *testing.T, fragment string) {
		v, err := url.ParseQuery(fragment)
		if err != nil {
			return
		}
		r, bad := oauth.DecodeImplicitResponse(v)
		if bad != nil {
			return
		}
		if r.ExpiresIn != nil && *r.ExpiresIn < 0 {
			t.Fatalf("expires %d seconds ago", *r.ExpiresIn)
		}
		again, bad := oauth.DecodeImplicitResponse(r.Encode())
		if bad != nil {
			t.Fatal(bad)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzTokenResponse(f *testing.F) {
	f.Add([]byte(`{"access_token":"t","token_type":"bearer","scope":"read","expires_in":1800,"refresh_token":"r","refresh_token_expires_in":"2592000"}`))
	f.Add([]byte(`{"access_token":"t","scope":["read","write"],"expires_in":null}`))
	f.Add([]byte(`{"access_token":"t","expires_in":1.8e3,"refresh_token":7}`))
	f.Add([]byte(`{"access_token":17}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var r oauth.TokenResponse
		if json.Unmarshal(body, &r) != nil {
			return
		}
		if r.AccessToken == "" {
			t.Fatal("taken without a token")
		}
		for _, n := range []*int64{r.ExpiresIn, r.RefreshTokenExpiresIn} {
			if n != nil && *n < 0 {
				t.Fatalf("a lifetime of %d", *n)
			}
		}
		encoded, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again oauth.TokenResponse
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatalf("%v: %s", err, encoded)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParseError(f *testing.F) {
	f.Add(400, "application/json", []byte(`{"error":"invalid_grant","error_description":"x","error_uri":"https://a"}`))
	f.Add(500, "text/html", []byte(`{"error":{"code":"server_error","message":"x"}}`))
	f.Add(401, "", []byte(`{"error":{"type":"invalid_client"}}`))
	f.Add(502, "text/html", []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		e := oauth.ParseError(status, contentType, body)
		if e == nil {
			return
		}
		if e.Code == "" || len(e.Code) > 64 || strings.ContainsAny(string(e.Code), " \n\x00") {
			t.Fatalf("the code %q", e.Code)
		}
		if status >= 500 && e.Code != oauth.ServerError && e.Code != oauth.TemporarilyUnavailable {
			t.Fatalf("a failing server says %s", e.Code)
		}
		if len(e.Description) > 600 || len(e.URI) > 600 {
			t.Fatal("it is not bounded")
		}
	})
}

// FuzzRetryAfter: a date may be in the year 7000, and how long to wait for it is the
// caller's to bound; but no answer makes anybody wait a negative time.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "60", "-1", "1.5", "99999999999999999999", "Sun, 22 Nov 2026 09:00:00 GMT", "soon"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if wait := oauth.RetryAfter(http.Header{"Retry-After": {value}}); wait < 0 {
			t.Fatalf("%q is %s", value, wait)
		}
	})
}
