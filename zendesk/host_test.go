package zendesk_test

import (
	"strings"
	"testing"

	"github.com/deskauth/deskauth/zendesk"
)

func TestCheckSubdomain(t *testing.T) {
	for s, part := range map[string]string{
		"acme": "", "d3v-acme": "", "a1b": "", "abc": "", strings.Repeat("a", 63): "", "a--b": "", "xn--a": "",

		"": "empty", "ab": "at least 3", strings.Repeat("a", 64): "at most 63", "1ab": "begins", "-ab": "begins",
		"ab-": "end", "Acme": "lower-case", "a.b": "lower-case", "a_b": "lower-case", "acmé": "lower-case",
		"acme/x": "lower-case", "acme@evil": "lower-case", "acme\n": "lower-case", "a%2e": "lower-case",
	} {
		err := zendesk.CheckSubdomain(s)
		if part == "" && err != nil || part != "" && (err == nil || !strings.Contains(err.Error(), part)) {
			t.Errorf("%q: %v, want something about %q", s, err, part)
		}
	}
}

func TestCleanSubdomain(t *testing.T) {
	for typed, want := range map[string]string{
		"acme":                    "acme",
		" Acme ":                  "acme",
		"acme.zendesk.com":        "acme",
		"ACME.Zendesk.COM.":       "acme",
		"acme.zendesk.com/agent/": "acme",
		"https://acme.zendesk.com/agent/tickets/1?x=https://other.zendesk.com#y": "acme",
		"http://acme.localhost:4000/":                                            "acme",
		"acme.localhost:4000":                                                    "acme",
		"https://acme.zendesk.com:443":                                           "acme",

		"": "", "  ": "", "www.zendesk.com": "", "localhost:4000": "", "localhost": "", "zendesk.com": "",
		"acme.evil.example": "", "acme.zendesk.com.evil.example": "", "https://acme.zendesk.com@evil.example/": "",
		"https://evil.example/acme.zendesk.com": "", "a.b.zendesk.com": "", "ftp://acme.zendesk.com": "",
		"ac me": "", "acme\u212a": "", "acme\x00": "", "127.0.0.1:4000": "", "[::1]": "", "https://": "", "acme.": "acme",
		"acme:80": "", `http:\\acme.zendesk.com`: "", "..": "",
	} {
		got, err := zendesk.CleanSubdomain(typed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", typed, got, err, want)
		}
	}
}

func TestParseBase(t *testing.T) {
	for _, c := range []struct {
		template string
		options  []zendesk.BaseOption
		want     string // of acme; "" when the template is refused
	}{
		{"https://{subdomain}.zendesk.com", nil, "https://acme.zendesk.com"},
		{"https://{subdomain}.zendesk.com/", nil, "https://acme.zendesk.com"},
		{"HTTPS://{subdomain}.Desk.example:8443", nil, "https://acme.desk.example:8443"},
		{"http://{subdomain}.localhost:4000", nil, "http://acme.localhost:4000"},
		{"http://{subdomain}.zd.localhost", nil, "http://acme.zd.localhost"},
		{"http://{subdomain}.desk.example", []zendesk.BaseOption{zendesk.AllowHTTP}, "http://acme.desk.example"},

		{"http://{subdomain}.zendesk.com", nil, ""},
		{"http://{subdomain}.localhost.evil.example", nil, ""},
		{"http://{subdomain}.notlocalhost", nil, ""},
		{"https://zendesk.com", nil, ""},
		{"https://{subdomain}", nil, ""},
		{"https://{subdomain}.", nil, ""},
		{"https://x.{subdomain}.zendesk.com", nil, ""},
		{"https://{subdomain}.{subdomain}.zendesk.com", nil, ""},
		{"https://{subdomain}zendesk.com", nil, ""},
		{"https://{subdomain}.zendesk.com/path", nil, ""},
		{"https://{subdomain}.zendesk.com//", nil, ""},
		{"https://{subdomain}.zendesk.com?x", nil, ""},
		{"https://{subdomain}.zendesk.com#x", nil, ""},
		{"https://{subdomain}.user@evil.example", nil, ""},
		{"https://user@{subdomain}.zendesk.com", nil, ""},
		{"https://{subdomain}.127.0.0.1", nil, ""},
		{"https://{subdomain}.zendesk.com:", nil, ""},
		{"https://{subdomain}.zendesk.com:0", nil, ""},
		{"https://{subdomain}.zen desk.com", nil, ""},
		{"https://{subdomain}..com", nil, ""},
		{"ftp://{subdomain}.zendesk.com", nil, ""},
		{"{subdomain}.zendesk.com", nil, ""},
		{"", nil, ""},
	} {
		b, err := zendesk.ParseBase(c.template, c.options...)
		got := ""
		if err == nil {
			got = b.URL("acme").String()
		}
		if got != c.want {
			t.Errorf("%q: %q, %v, want %q", c.template, got, err, c.want)
		}
	}
}

func TestBaseMakesNoOtherHost(t *testing.T) {
	b, err := zendesk.ParseBase("http://{subdomain}.desk.localhost:4000")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"", "evil.example/", "a@b", "ACME", "a.b", "acme:80", "x"} {
		if u := b.URL(s); u != nil {
			t.Errorf("%q became %s", s, u)
		}
	}
	if got := b.URL("acme").JoinPath(zendesk.TokenPath).String(); got != "http://acme.desk.localhost:4000/oauth/tokens" {
		t.Error(got)
	}
	again, err := zendesk.ParseBase(b.String())
	if err != nil || again != b || !b.IsLocal() {
		t.Errorf("%v, %v", again, err)
	}
	if got, err := b.CleanSubdomain("http://acme.desk.localhost:4000/x"); got != "acme" || err != nil {
		t.Errorf("its own address: %q, %v", got, err)
	}
	var none zendesk.Base
	if none.URL("acme") != nil || none.String() != "" || none.IsLocal() {
		t.Error("the zero Base is somewhere")
	}
	if got, err := none.CleanSubdomain("acme.zendesk.com"); got != "acme" || err != nil {
		t.Errorf("the zero Base: %q, %v", got, err)
	}
}

func FuzzCleanSubdomain(f *testing.F) {
	f.Add("https://acme.zendesk.com/agent")
	f.Add("Acme.localhost:4000")
	f.Add("acme@evil.example#.zendesk.com")
	f.Fuzz(func(t *testing.T, typed string) {
		s, err := zendesk.CleanSubdomain(typed)
		if err != nil {
			return
		}
		if err := zendesk.CheckSubdomain(s); err != nil {
			t.Fatalf("%q became %q: %v", typed, s, err)
		}
		if again, err := zendesk.CleanSubdomain(s); again != s || err != nil {
			t.Fatalf("%q became %q, %v", s, again, err)
		}
	})
}

func TestReserved(t *testing.T) {
	for s, want := range map[string]bool{
		"www": true, "support": true, "api": true, "developer": true, "static": true,
		"": false, "acme": false, "WWW": false, "support2": false, "acme-support": false,
	} {
		if got := zendesk.Reserved(s); got != want {
			t.Errorf("Reserved(%q) = %t", s, got)
		}
	}
}
