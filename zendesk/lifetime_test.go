package zendesk_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

func ptr[T any](v T) *T { return &v }

func TestDecodeLifetimes(t *testing.T) {
	for query, want := range map[string]zendesk.Lifetimes{
		"":                                      {},
		"expires_in=&refresh_token_expires_in=": {},
		"expires_in=1800":                       {ExpiresIn: ptr[int64](1800)},
		"expires_in=0":                          {ExpiresIn: ptr[int64](0)},
		"expires_in=1&refresh_token_expires_in=604800": {ExpiresIn: ptr[int64](1), RefreshTokenExpiresIn: ptr[int64](604800)},
	} {
		v, _ := url.ParseQuery(query)
		got, err := zendesk.DecodeLifetimes(v)
		if err != nil {
			t.Errorf("%q: %v", query, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
		if again, err := zendesk.DecodeLifetimes(got.Encode()); err != nil || !cmp.Equal(got, again) {
			t.Errorf("%q does not survive Encode: %v, %v", query, again, err)
		}
	}
	for _, query := range []string{
		"expires_in=soon", "expires_in=-1", "expires_in=%2B1", "expires_in=1800.0", "expires_in=1e3", "expires_in=+1",
		"expires_in=0x10", "expires_in=99999999999999999999", "expires_in=1&expires_in=1", "refresh_token_expires_in=x",
	} {
		v, _ := url.ParseQuery(query)
		if got, err := zendesk.DecodeLifetimes(v); err == nil || err.Code != oauth.InvalidRequest {
			t.Errorf("%q: %v, %v", query, got, err)
		}
	}
}

func TestLifetimesCheck(t *testing.T) {
	for _, c := range []struct {
		access, refresh int64
		ok              bool
	}{
		{300, 604800, true},
		{172800, 7776000, true},
		{299, 604800, false},
		{172801, 604800, false},
		{300, 604799, false},
		{300, 7776001, false},
		{0, 604800, false},
	} {
		err := zendesk.Lifetimes{ExpiresIn: &c.access, RefreshTokenExpiresIn: &c.refresh}.Check()
		if (err == nil) != c.ok {
			t.Errorf("%d, %d: %v", c.access, c.refresh, err)
		}
	}
	if err := (zendesk.Lifetimes{}).Check(); err != nil {
		t.Errorf("nothing asked: %v", err)
	}
}
