package oauth_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
)

func ptr[T any](v T) *T { return &v }

func TestTokenResponseOnTheWire(t *testing.T) {
	for _, c := range []struct {
		wire string
		want oauth.TokenResponse
	}{
		{
			`{"access_token":"a","token_type":"bearer","scope":"read write","expires_in":86400,"refresh_token":"r","refresh_token_expires_in":604800}`,
			oauth.TokenResponse{AccessToken: "a", TokenType: "bearer", Scope: "read write", ExpiresIn: ptr[int64](86400), RefreshToken: "r", RefreshTokenExpiresIn: ptr[int64](604800)},
		},
		{
			`{"access_token":"a","token_type":"bearer","scope":"read"}`,
			oauth.TokenResponse{AccessToken: "a", TokenType: "bearer", Scope: "read"},
		},
	} {
		wire, err := json.Marshal(c.want)
		if err != nil || string(wire) != c.wire {
			t.Errorf("got  %s, %v\nwant %s", wire, err, c.wire)
		}
		var got oauth.TokenResponse
		if err := json.Unmarshal([]byte(c.wire), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTokenResponseTolerates(t *testing.T) {
	for wire, want := range map[string]oauth.TokenResponse{
		`{"access_token":"a","expires_in":"1800"}`:                   {AccessToken: "a", ExpiresIn: ptr[int64](1800)},
		`{"access_token":"a","expires_in":1800.0}`:                   {AccessToken: "a", ExpiresIn: ptr[int64](1800)},
		`{"access_token":"a","expires_in":1.8e3}`:                    {AccessToken: "a", ExpiresIn: ptr[int64](1800)},
		`{"access_token":"a","expires_in":" 1800 "}`:                 {AccessToken: "a", ExpiresIn: ptr[int64](1800)},
		`{"access_token":"a","expires_in":0}`:                        {AccessToken: "a", ExpiresIn: ptr[int64](0)},
		`{"access_token":"a","expires_in":null,"scope":null}`:        {AccessToken: "a"},
		`{"access_token":"a","expires_in":-1}`:                       {AccessToken: "a"},
		`{"access_token":"a","expires_in":1.5}`:                      {AccessToken: "a"},
		`{"access_token":"a","expires_in":1e99}`:                     {AccessToken: "a"},
		`{"access_token":"a","expires_in":"soon"}`:                   {AccessToken: "a"},
		`{"access_token":"a","expires_in":{"s":1},"more":[1]}`:       {AccessToken: "a"},
		`{"access_token":"a","refresh_token_expires_in":"604800"}`:   {AccessToken: "a", RefreshTokenExpiresIn: ptr[int64](604800)},
		`{"access_token":"a","scope":["read","write"]}`:              {AccessToken: "a", Scope: "read write"},
		`{"access_token":"a","token_type":7,"refresh_token":null}`:   {AccessToken: "a"},
		`{"access_token":"a","refresh_token":"r","expires_in":true}`: {AccessToken: "a", RefreshToken: "r"},
	} {
		var got oauth.TokenResponse
		if err := json.Unmarshal([]byte(wire), &got); err != nil {
			t.Errorf("%s: %v", wire, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", wire, diff)
		}
	}
}

func TestTokenResponseRefuses(t *testing.T) {
	for _, wire := range []string{
		`{}`, `{"access_token":""}`, `{"access_token":null}`, `{"access_token":7}`, `{"access_token":{}}`, `[]`, `"a"`, ``, `{"access_token":"a"`,
	} {
		got := oauth.TokenResponse{Scope: "before"}
		if err := json.Unmarshal([]byte(wire), &got); err == nil {
			t.Errorf("%s was taken as %v", wire, got)
		}
	}
}

func TestTokenResponseRefusesAnEndlessScope(t *testing.T) {
	word := strings.Repeat("x", 1023)
	for n, taken := range map[int]bool{8: true, 9: false} {
		words := slices.Repeat([]string{word}, n)
		array, err := json.Marshal(words)
		if err != nil {
			t.Fatal(err)
		}
		for _, scope := range []string{`"` + strings.Join(words, " ") + `"`, string(array)} {
			var got oauth.TokenResponse
			err := json.Unmarshal([]byte(`{"access_token":"a","scope":`+scope+`}`), &got)
			if (err == nil) != taken {
				t.Errorf("%d KiB: %v", n, err)
			}
		}
	}
}
