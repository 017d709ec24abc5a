package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

func TestPlanClient(t *testing.T) {
	const back = "http://127.0.0.1:18484/callback"
	client := func(id int64, identifier, kind string, redirects ...string) zendesk.Client {
		return zendesk.Client{ID: id, Identifier: identifier, Kind: kind, RedirectURI: redirects}
	}
	withSecret := func(c zendesk.Client, shown string) zendesk.Client { c.Secret = shown; return c }
	global := client(1, "zdg-app", zendesk.Public, back)
	global.Global = true
	browser, robot := signInNeeds{Redirect: back}, signInNeeds{}
	held := secret.Of("abcdefghijklmnop")
	for _, c := range []struct {
		name  string
		needs signInNeeds
		all   []zendesk.Client
		want  clientPlan
	}{
		{"none there", browser, nil, clientPlan{Make: "deskauth_cli"}},
		{"one that fits", browser, []zendesk.Client{client(7, "app", zendesk.Public, "x", back)}, clientPlan{Use: client(7, "app", zendesk.Public, "x", back)}},
		{
			"several: the oldest", browser,
			[]zendesk.Client{client(9, "b", zendesk.Public, back), client(8, "a", zendesk.Public, back)},
			clientPlan{Use: client(8, "a", zendesk.Public, back), Others: []string{"b"}},
		},
		{
			"several: ours", browser,
			[]zendesk.Client{client(8, "a", zendesk.Public, back), client(9, "deskauth_cli", zendesk.Public, back)},
			clientPlan{Use: client(9, "deskauth_cli", zendesk.Public, back), Others: []string{"a"}},
		},
		{"a slash more is another address", browser, []zendesk.Client{client(7, "app", zendesk.Public, back+"/")}, clientPlan{Make: "deskauth_cli"}},
		{"a confidential one, whose secret nobody has", browser, []zendesk.Client{client(7, "app", zendesk.Confidential, back)}, clientPlan{Make: "deskauth_cli"}},
		{"a global one is somebody else's", browser, []zendesk.Client{global}, clientPlan{Make: "deskauth_cli"}},
		{"ours lacks the address", browser, []zendesk.Client{client(7, "deskauth_cli", zendesk.Public, "x")}, clientPlan{Mend: client(7, "deskauth_cli", zendesk.Public, "x")}},
		{
			"the names are taken", browser,
			[]zendesk.Client{client(7, "deskauth_cli", zendesk.Confidential), client(8, "deskauth_cli_2", zendesk.Confidential)},
			clientPlan{Make: "deskauth_cli_3"},
		},
		{
			"the one whose secret it is",
			signInNeeds{Redirect: back, Secret: held},
			[]zendesk.Client{withSecret(client(7, "a", zendesk.Confidential, back), "zzzzzzzzz"), withSecret(client(8, "b", zendesk.Confidential, back), "abcdefghi...")},
			clientPlan{Use: withSecret(client(8, "b", zendesk.Confidential, back), "abcdefghi...")},
		},
		{
			"too little is shown to tell",
			signInNeeds{Redirect: back, Secret: held},
			[]zendesk.Client{withSecret(client(8, "b", zendesk.Confidential, back), "abc")},
			clientPlan{Make: "deskauth_cli"},
		},
		{"one that acts for itself", robot, []zendesk.Client{client(7, "a", zendesk.Public, back), client(8, "b", zendesk.Confidential)}, clientPlan{Make: "deskauth_robot"}},
		{
			"one that acts for itself, by its secret",
			signInNeeds{Secret: held},
			[]zendesk.Client{withSecret(client(8, "b", zendesk.Confidential), "abcdefghi")},
			clientPlan{Use: withSecret(client(8, "b", zendesk.Confidential), "abcdefghi")},
		},
	} {
		if diff := cmp.Diff(c.want, c.needs.plan(c.all)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestRefusedBasic(t *testing.T) {
	for _, c := range []struct {
		name    string
		isToken bool
		now     time.Time
		words   string
	}{
		{"an API token", true, zendesk.APITokensEnd.Add(-time.Second), "does not take this API token with this email"},
		{"a password", false, zendesk.APITokensEnd.Add(-time.Second), "does not take this password"},
		{"an API token, after the end", true, zendesk.APITokensEnd, "any more: they ended on 2027-04-30"},
		{"a password, after the end", false, zendesk.APITokensEnd.AddDate(1, 0, 0), "any more: they ended on 2027-04-30"},
	} {
		err := refusedBasic("acme.zendesk.com", "acme", c.isToken, c.now)
		if !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), "`deskauth auth setup --account acme`") || codeOf(err) != exitRefused {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A line is read and no byte of the next: it is somebody else's.
func TestReadLine(t *testing.T) {
	r := strings.NewReader("one\n\ntwo")
	for _, want := range []string{"one", "", "two"} {
		if got, err := readLine(r); got != want || err != nil {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	if _, err := readLine(r); !errors.Is(err, io.EOF) {
		t.Errorf("after the last: %v", err)
	}
	if _, err := readLine(strings.NewReader(strings.Repeat("x", lineMost+1))); err == nil {
		t.Error("a line without an end is read")
	}
}
