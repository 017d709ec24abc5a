package chat_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"

	"github.com/deskauth/deskauth/zendesk/chat"
)

func FuzzDecodeTokenParams(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", []byte("grant_type=authorization_code&code=c"))
	f.Add("application/x-www-form-urlencoded; charset=utf-8", []byte("a=%zz"))
	f.Add("application/json", []byte(`{"grant_type":"password"}`))
	f.Add("", []byte("a;b"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		params, bad := chat.DecodeTokenParams(contentType, body, nil)
		if bad != nil {
			return
		}
		again, err := url.ParseQuery(params.Encode())
		if err != nil || len(again) != len(params) {
			t.Fatalf("%v became %v: %v", params, again, err)
		}
	})
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{`"https://a"`, `["https://a","b"]`, `[]`, `null`, `[null]`, `{}`, `[1]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a chat.Addresses
		if json.Unmarshal(data, &a) != nil {
			return
		}
		encoded, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var again chat.Addresses
		if err := json.Unmarshal(encoded, &again); err != nil || !slices.Equal(a, again) {
			t.Fatalf("%q became %q: %v", a, again, err)
		}
	})
}
