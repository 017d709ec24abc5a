package oauth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
)

// The address that Zendesk's own command line opens.
const zcliQuery = "response_type=code&client_id=zdg-zcli-oauth&redirect_uri=http%3A%2F%2Flocalhost%3A19186%2F" +
	"&scope=read+write&state=s1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"

func parse(t *testing.T, query string) url.Values {
	t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDecodeAuthorizeRequest(t *testing.T) {
	got, err := oauth.DecodeAuthorizeRequest(parse(t, zcliQuery+"&locale=de"))
	if err != nil {
		t.Fatal(err)
	}
	want := oauth.AuthorizeRequest{
		ResponseType: oauth.ResponseCode, ClientID: "zdg-zcli-oauth",
		RedirectURI: "http://localhost:19186/", HasRedirectURI: true,
		Scope: "read write", State: "s1",
		CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", CodeChallengeMethod: "S256",
		Extra: url.Values{"locale": {"de"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeAuthorizeRequestRefuses(t *testing.T) {
	long := strings.Repeat("x", 2049)
	for _, c := range []struct {
		name, query, reason string
		want                oauth.AuthorizeRequest
	}{
		{
			"a repeated redirect is none, but was given", "client_id=a&redirect_uri=https://a&redirect_uri=https://b", `"redirect_uri" is repeated`,
			oauth.AuthorizeRequest{ClientID: "a", HasRedirectURI: true},
		},
		{
			"even the same one twice", "client_id=a&redirect_uri=https://a&redirect_uri=https://a", `"redirect_uri" is repeated`,
			oauth.AuthorizeRequest{ClientID: "a", HasRedirectURI: true},
		},
		{
			"a repeated scope leaves the redirect readable", "client_id=a&redirect_uri=https://a&state=s&scope=x&scope=y", `"scope" is repeated`,
			oauth.AuthorizeRequest{ClientID: "a", RedirectURI: "https://a", HasRedirectURI: true, State: "s"},
		},
		{"too long", "client_id=a&state=" + long, `"state" is too long`, oauth.AuthorizeRequest{ClientID: "a"}},
		{"NUL", "client_id=a%00", `"client_id" holds a NUL`, oauth.AuthorizeRequest{}},
		{"not UTF-8", "client_id=a&scope=%ff", `"scope" is not UTF-8`, oauth.AuthorizeRequest{ClientID: "a"}},
		{"an unknown one not UTF-8", "client_id=a&x=%ff", `"x" is not UTF-8`, oauth.AuthorizeRequest{ClientID: "a"}},
		{"too long in all", "client_id=a&" + strings.Repeat("k=1234567890&", 2000), "the request is too long", oauth.AuthorizeRequest{ClientID: "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := oauth.DecodeAuthorizeRequest(parse(t, c.query))
			if err == nil || err.Code != oauth.InvalidRequest || err.Reason != c.reason {
				t.Errorf("error %v, want reason %q", err, c.reason)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeAuthorizeRequestAccepts(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		want  oauth.AuthorizeRequest
	}{
		"nothing":                       {"", oauth.AuthorizeRequest{}},
		"an empty redirect is none":     {"redirect_uri=", oauth.AuthorizeRequest{}},
		"an unknown one may come twice": {"x=1&x=2", oauth.AuthorizeRequest{Extra: url.Values{"x": {"1", "2"}}}},
		"2 KiB exactly":                 {"state=" + strings.Repeat("x", 2048), oauth.AuthorizeRequest{State: strings.Repeat("x", 2048)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := oauth.DecodeAuthorizeRequest(parse(t, c.query))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExtraCannotOverrideAField(t *testing.T) {
	r := oauth.AuthorizeRequest{ClientID: "app", Extra: url.Values{"client_id": {"other"}, "prompt": {"login"}}}
	if got := r.Encode().Encode(); got != "client_id=app&prompt=login" {
		t.Error(got)
	}
}

func TestAuthorizeResponse(t *testing.T) {
	want := oauth.AuthorizeResponse{State: "s", Error: "access_denied", ErrorDescription: "The end-user or authorization server denied the request."}
	query := want.Encode().Encode()
	if q := "error=access_denied&error_description=The+end-user+or+authorization+server+denied+the+request.&state=s"; query != q {
		t.Errorf("got  %s\nwant %s", query, q)
	}
	got, err := oauth.DecodeAuthorizeResponse(parse(t, query))
	if err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := oauth.DecodeAuthorizeResponse(parse(t, "code=a&code=b")); err == nil {
		t.Error("two codes were taken")
	}
}

func TestImplicitResponse(t *testing.T) {
	n := int64(1800)
	want := oauth.ImplicitResponse{AccessToken: "t", TokenType: "bearer", Scope: "read", State: "s", ExpiresIn: &n}
	fragment := want.Encode().Encode()
	if f := "access_token=t&expires_in=1800&scope=read&state=s&token_type=bearer"; fragment != f {
		t.Errorf("got  %s\nwant %s", fragment, f)
	}
	got, err := oauth.DecodeImplicitResponse(parse(t, fragment))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzAuthorizeRequest(f *testing.F) {
	f.Add(zcliQuery)
	f.Add("client_id=a&client_id=b&x=1&x=2&y=")
	f.Add("redirect_uri=&scope=%20&state=%00&%ff=1")
	f.Fuzz(func(t *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		r, bad := oauth.DecodeAuthorizeRequest(v)
		if bad != nil {
			return
		}
		again, bad := oauth.DecodeAuthorizeRequest(r.Encode())
		if bad != nil {
			t.Fatalf("what was encoded is refused: %v", bad)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
