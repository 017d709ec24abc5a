package zendesk_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

func TestDecodeTokenParams(t *testing.T) {
	for _, c := range []struct{ name, contentType, body, query, want string }{
		{"JSON", asJSON, `{"grant_type":"x","code":"c d"}`, "", "grant_type=x&code=c+d"},
		{"JSON with a charset", "Application/JSON; charset=utf-8", `{"a":"b"}`, "", "a=b"},
		{"numbers keep their text", asJSON, `{"expires_in":1800,"f":1800.0,"e":1e3}`, "", "expires_in=1800&f=1800.0&e=1e3"},
		{"booleans", asJSON, `{"a":true,"b":false}`, "", "a=true&b=false"},
		{"null is absent", asJSON, `{"a":null,"b":""}`, "", "b="},
		{"an array as Ruby prints it", asJSON, `{"scope":["read","write"]}`, "", "scope=" + url.QueryEscape(`["read", "write"]`)},
		{
			"an odd array", asJSON, `{"a":[1,null,true,[],["#{x}","q\"\\\n","\u001b\u0001","é"]]}`, "",
			"a=" + url.QueryEscape(`[1, nil, true, [], ["\#{x}", "q\"\\\n", "\e\x01", "é"]]`),
		},
		{"escapes", asJSON, `{"a":"\u00e9\ud83d\ude00"}`, "", "a=é😀"},
		{"an empty object", asJSON, ` {} `, "", ""},
		{"form", asForm, "grant_type=x&scope=read+write", "", "grant_type=x&scope=read+write"},
		{"form repeats are the next step's", asForm, "a=1&a=2", "", "a=1&a=2"},
		{"no content type is a form", "", "a=1", "", "a=1"},
		{"query alone", "", "", "a=1&b=2", "a=1&b=2"},
		{"query with an empty body of any kind", "text/plain", " \n", "a=1", "a=1"},
		{"body and query", asJSON, `{"a":"1"}`, "b=2", "a=1&b=2"},
		{"null in the body leaves the query's", asJSON, `{"a":null}`, "a=1", "a=1"},
		{"nothing", "", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			query, _ := url.ParseQuery(c.query)
			want, _ := url.ParseQuery(c.want)
			got, err := zendesk.DecodeTokenParams(c.contentType, []byte(c.body), query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeTokenParamsRefuses(t *testing.T) {
	for _, c := range []struct{ name, contentType, body, query, reason string }{
		{"the same in both", asForm, "a=1", "a=1", `"a" is both in the body and in the query`},
		{"a repeated name", asJSON, `{"a":1,"a":1}`, "", `"a" is repeated`},
		{"even of null", asJSON, `{"a":null,"a":1}`, "", `"a" is repeated`},
		{"even when escaped", asJSON, `{"a":1,"\u0061":1}`, "", `"a" is repeated`},
		{"a nested object", asJSON, `{"a":{"b":1}}`, "", `"a" is an object`},
		{"an object in an array", asJSON, `{"a":[{}]}`, "", `"a" holds an object`},
		{"a deep array", asJSON, `{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, "", `"a" is nested too deep`},
		{"an array", asJSON, `["a"]`, "", "the body is not a JSON object"},
		{"a text", asJSON, `"a"`, "", "the body is not a JSON object"},
		{"null", asJSON, `null`, "", "the body is not a JSON object"},
		{"two objects", asJSON, `{"a":1}{}`, "", "something follows the JSON object"},
		{"garbage behind", asJSON, `{"a":1}x`, "", "something follows the JSON object"},
		{"cut off", asJSON, `{"a":1`, "", "the body is not a JSON object"},
		{"cut off in a value", asJSON, `{"a":`, "", `"a" is not JSON`},
		{"cut off in an array", asJSON, `{"a":[1`, "", `"a" is not JSON`},
		{"a form that says JSON", asJSON, "a=1", "", "the body is not a JSON object"},
		{"JSON that says form", asForm, `{"a":1}`, "", "the body is not a form, as its Content-Type says"},
		{"JSON that says nothing", "", ` {"a":1}`, "", "the body is not a form, as its Content-Type says"},
		{"a page that says form", asForm, `<html>`, "", "the body is not a form, as its Content-Type says"},
		{"a broken form", asForm, "a=%zz", "", "the form cannot be read"},
		{"a form with semicolons", asForm, "a=1;b=2", "", "the form cannot be read"},
		{"a form not UTF-8", asForm, "a=%ff", "", "the form is not UTF-8 text"},
		{"a form with a NUL", asForm, "a=%00", "", "the form is not UTF-8 text"},
		{"a name with a NUL", asForm, "a%00=1", "", "the form is not UTF-8 text"},
		{"JSON not UTF-8", asJSON, "{\"a\":\"\xff\"}", "", "the body is not UTF-8 text"},
		{"JSON with an escaped NUL", asJSON, `{"a":"\u0000"}`, "", "the body holds a NUL"},
		{"JSON with a raw NUL", asJSON, "{\"a\":1}\x00", "", "the body is not UTF-8 text"},
		{"text", "text/plain", "a=1", "", `the Content-Type "text/plain" is not supported`},
		{"XML", "application/xml", "<a/>", "", `the Content-Type "application/xml" is not supported`},
		{"multipart", "multipart/form-data; boundary=x", "--x--", "", `the Content-Type "multipart/form-data" is not supported`},
		{"a broken type", "application/", "a=1", "", "the Content-Type cannot be read"},
		{"two types", "application/json, text/html", `{}`, "", "the Content-Type cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			query, _ := url.ParseQuery(c.query)
			got, err := zendesk.DecodeTokenParams(c.contentType, []byte(c.body), query)
			if err == nil || err.Code != oauth.InvalidRequest || err.Reason != c.reason || got != nil {
				t.Errorf("%v, %v, want %q", got, err, c.reason)
			}
		})
	}
}

// A scope as an array gives a token, but one that is good for nothing.
func TestScopeAsArrayIsUseless(t *testing.T) {
	params, err := zendesk.DecodeTokenParams(asJSON, []byte(`{"grant_type":"x","scope":["read","write"]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	req, err := oauth.DecodeTokenRequest(nil, params)
	if err != nil {
		t.Fatal(err)
	}
	known, unknown := zendesk.Split(oauth.ParseScope(req.Scope))
	if !known.IsEmpty() || !unknown.Equal(oauth.Scope{`["read",`, `"write"]`}) {
		t.Errorf("known %q, unknown %q", known, unknown)
	}
}

func FuzzDecodeTokenParams(f *testing.F) {
	f.Add(asJSON, `{"grant_type":"x","scope":["read",null,[1]],"n":1.5,"b":true}`, "a=1")
	f.Add(asForm, "a=1&b=%00", "b=2")
	f.Add("text/plain; charset", "{", "")
	f.Add(asJSON, `{"a":[{"b":1}]}x`, "a")
	f.Fuzz(func(t *testing.T, contentType, body, rawQuery string) {
		query, _ := url.ParseQuery(rawQuery)
		params, bad := zendesk.DecodeTokenParams(contentType, []byte(body), query)
		if bad != nil {
			if bad.Code != oauth.InvalidRequest || bad.Reason == "" {
				t.Fatalf("%v", bad)
			}
			return
		}
		for name, all := range params {
			if len(all) == 0 {
				t.Fatalf("%q has no value", name)
			}
		}
		// What was read is a form like any other.
		if again, bad := zendesk.DecodeTokenParams(asForm, []byte(params.Encode()), nil); bad == nil && !cmp.Equal(params, again) {
			t.Fatal(cmp.Diff(params, again))
		}
	})
}
