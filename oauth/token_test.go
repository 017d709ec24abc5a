package oauth_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
)

func basic(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }

func TestDecodeTokenRequest(t *testing.T) {
	const code = "grant_type=authorization_code&code=c&redirect_uri=https%3A%2F%2Fa%2Fcb"
	base := oauth.TokenRequest{GrantType: oauth.GrantAuthorizationCode, Code: "c", RedirectURI: "https://a/cb"}
	with := func(change func(*oauth.TokenRequest)) oauth.TokenRequest {
		r := base
		change(&r)
		return r
	}
	for _, c := range []struct {
		name          string
		authorization []string
		params        string
		want          oauth.TokenRequest
	}{
		{"a secret in the body", nil, code + "&client_id=app&client_secret=s", with(func(r *oauth.TokenRequest) {
			r.ClientID, r.ClientSecret, r.ClientAuth = "app", "s", oauth.ClientAuthBody
		})},
		// RFC 6749 §2.3.1
		{"the RFC's Basic header", []string{"Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"}, code, with(func(r *oauth.TokenRequest) {
			r.ClientID, r.ClientSecret, r.ClientAuth = "s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", oauth.ClientAuthBasic
		})},
		{"Basic is form-decoded", []string{basic("a%3Ab+c:p%2Bq%25")}, code, with(func(r *oauth.TokenRequest) {
			r.ClientID, r.ClientSecret, r.ClientAuth = "a:b c", "p+q%", oauth.ClientAuthBasic
		})},
		{"the scheme has no case", []string{"bASIC  " + strings.TrimPrefix(basic("app:s"), "Basic ")}, code, with(func(r *oauth.TokenRequest) {
			r.ClientID, r.ClientSecret, r.ClientAuth = "app", "s", oauth.ClientAuthBasic
		})},
		{"the same id in the body", []string{basic("app:s")}, code + "&client_id=app", with(func(r *oauth.TokenRequest) {
			r.ClientID, r.ClientSecret, r.ClientAuth = "app", "s", oauth.ClientAuthBasic
		})},
		{"a public client by Basic", []string{basic("app:")}, code + "&code_verifier=v", with(func(r *oauth.TokenRequest) {
			r.ClientID, r.CodeVerifier = "app", "v"
		})},
		{"Basic without a secret, a secret in the body", []string{basic("app:")}, code + "&client_secret=s", with(func(r *oauth.TokenRequest) {
			r.ClientID, r.ClientSecret, r.ClientAuth = "app", "s", oauth.ClientAuthBody
		})},
		{"another scheme is not the client's", []string{"Bearer t"}, code, base},
		{"an empty header", []string{""}, code, base},
		{"an empty scope is none", nil, code + "&scope=", base},
		{"a scope", nil, code + "&scope=read", with(func(r *oauth.TokenRequest) { r.Scope, r.HasScope = "read", true })},
		{"a scope of a space is one", nil, code + "&scope=+", with(func(r *oauth.TokenRequest) { r.Scope, r.HasScope = " ", true })},
		{"what is not known is kept", nil, code + "&expires_in=300&x=", with(func(r *oauth.TokenRequest) {
			r.Extra = url.Values{"expires_in": {"300"}, "x": {""}}
		})},
		{"a refresh", nil, "grant_type=refresh_token&refresh_token=r", oauth.TokenRequest{GrantType: oauth.GrantRefreshToken, RefreshToken: "r"}},
		{"a password", nil, "grant_type=password&username=u&password=p", oauth.TokenRequest{GrantType: oauth.GrantPassword, Username: "u", Password: "p"}},
		{"a grant nobody knows", nil, "grant_type=magic", oauth.TokenRequest{GrantType: "magic"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := oauth.DecodeTokenRequest(c.authorization, parse(t, c.params))
			if err != nil {
				t.Fatal(err)
			}
			if got.Password != c.want.Password || got.ClientSecret != c.want.ClientSecret {
				t.Error("another secret")
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeTokenRequestRefuses(t *testing.T) {
	const grant = "grant_type=client_credentials"
	for _, c := range []struct {
		name          string
		authorization []string
		params        string
		code          oauth.Code
		reason        string
	}{
		{"no grant", nil, "client_id=a", oauth.InvalidRequest, "'grant_type' required."},
		{"an empty grant", nil, "grant_type=", oauth.InvalidRequest, "'grant_type' required."},
		{"no code", nil, "grant_type=authorization_code&refresh_token=r", oauth.InvalidRequest, "'code' required."},
		{"an empty code", nil, "grant_type=authorization_code&code=", oauth.InvalidRequest, "'code' required."},
		{"no refresh token", nil, "grant_type=refresh_token&code=c", oauth.InvalidRequest, "'refresh_token' required."},
		{"a repeated parameter", nil, grant + "&code=a&code=b", oauth.InvalidRequest, `"code" is repeated`},
		{"a repeated grant", nil, grant + "&" + grant, oauth.InvalidRequest, `"grant_type" is repeated`},
		{"a repeated unknown one", nil, grant + "&expires_in=1&expires_in=1", oauth.InvalidRequest, `"expires_in" is repeated`},
		{"two headers", []string{basic("a:s"), "Bearer t"}, grant, oauth.InvalidRequest, "more than one Authorization header"},
		{"two ids", []string{basic("a:s")}, grant + "&client_id=b", oauth.InvalidRequest, "two different client ids"},
		{"two secrets", []string{basic("a:s")}, grant + "&client_secret=s", oauth.InvalidRequest, "a client secret both in the Authorization header and in the body"},
		{"Basic that is not base64", []string{"Basic !"}, grant, oauth.InvalidClient, "the Basic header cannot be read"},
		{"Basic without a colon", []string{basic("a")}, grant, oauth.InvalidClient, "the Basic header cannot be read"},
		{"Basic without an id", []string{basic(":s")}, grant, oauth.InvalidClient, "the Basic header cannot be read"},
		{"Basic that is no form", []string{basic("a:%zz")}, grant, oauth.InvalidClient, "the Basic header cannot be read"},
		{"Basic alone", []string{"Basic"}, grant, oauth.InvalidClient, "the Basic header cannot be read"},
		{"Basic with a NUL", []string{basic("a:%00")}, grant, oauth.InvalidRequest, "the Basic header is too long, not UTF-8 or holds a NUL"},
		{"NUL", nil, grant + "&code=%00", oauth.InvalidRequest, `"code" holds a NUL`},
		{"not UTF-8", nil, grant + "&code=%ff", oauth.InvalidRequest, `"code" is not UTF-8`},
		{"an unknown name not UTF-8", nil, grant + "&%ff=1", oauth.InvalidRequest, "a parameter's name is not UTF-8"},
		{"too long", nil, grant + "&code=" + strings.Repeat("x", 8193), oauth.InvalidRequest, `"code" is too long`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := oauth.DecodeTokenRequest(c.authorization, parse(t, c.params))
			if err == nil || err.Code != c.code || err.Reason != c.reason {
				t.Errorf("got %v, want %s: %s", err, c.code, c.reason)
			}
		})
	}
}

func TestClientAuthNames(t *testing.T) {
	for auth, want := range map[oauth.ClientAuth]string{
		oauth.ClientAuthNone: "none", oauth.ClientAuthBasic: "client_secret_basic", oauth.ClientAuthBody: "client_secret_post",
	} {
		if got := auth.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzTokenRequest(f *testing.F) {
	f.Add("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3", "grant_type=authorization_code&code=c&scope=+&expires_in=3")
	f.Add("", "grant_type=refresh_token&refresh_token=r&client_id=a&client_secret=s")
	f.Add("Bearer t", "grant_type=x&a=&a=")
	f.Fuzz(func(t *testing.T, authorization, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		r, bad := oauth.DecodeTokenRequest([]string{authorization}, v)
		if bad != nil {
			return
		}
		if r.ClientAuth == oauth.ClientAuthBasic {
			r.ClientAuth = oauth.ClientAuthBody // where Encode puts it
		}
		again, bad := oauth.DecodeTokenRequest(nil, r.Encode())
		if bad != nil {
			t.Fatalf("what was encoded is refused: %v", bad)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
