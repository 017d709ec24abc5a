package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

func TestPickClient(t *testing.T) {
	all := []zendesk.Client{
		{ID: 7, Identifier: "app", Name: "App"},
		{ID: 8, Identifier: "other", Name: "Twin"},
		{ID: 9, Identifier: "third", Name: "twin"},
		{ID: 10, Identifier: "7", Name: "Seven"},
		{ID: 11, Identifier: "sync", Name: "Sync"},
	}
	for _, c := range []struct {
		named string
		want  int64
		code  int
		says  string
	}{
		{"app", 7, 0, ""},
		{"APP", 7, 0, ""},
		{"8", 8, 0, ""},
		{"sync", 11, 0, ""},
		{"Seven", 10, 0, ""},
		{"7", 0, exitUsage, `"7" could be any of 7 (app, "App"), 10 (7, "Seven")`},
		{"Twin", 0, exitUsage, `8 (other, "Twin"), 9 (third, "twin")`},
		{"snyc", 0, exitNotFoundAt, "did you mean sync?"},
		{"nothing like it", 0, exitNotFoundAt, `no OAuth client "nothing like it"`},
	} {
		got, err := pickClient(all, c.named)
		switch {
		case c.code == 0 && (err != nil || got.ID != c.want):
			t.Errorf("%q: client %d, %v; want %d", c.named, got.ID, err, c.want)
		case c.code != 0 && (err == nil || codeOf(err) != c.code || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%q: %v; want code %d and %q", c.named, err, c.code, c.says)
		}
	}
}

func TestClientWarnings(t *testing.T) {
	const slash, public, useless = "ends with a slash", "PKCE is required", "nobody can sign in by it"
	for _, c := range []struct {
		name   string
		client zendesk.Client
		want   []string
	}{
		{"nothing", zendesk.Client{Kind: zendesk.Confidential, RedirectURI: []string{"https://a.example/cb"}}, nil},
		{"a slash", zendesk.Client{Kind: zendesk.Confidential, RedirectURI: []string{"https://a.example/cb/"}}, []string{slash}},
		{"the root", zendesk.Client{Kind: zendesk.Confidential, RedirectURI: []string{"https://a.example/"}}, []string{slash}},
		{"both", zendesk.Client{Kind: zendesk.Confidential, RedirectURI: []string{"https://a.example/cb/", "https://a.example/cb"}}, nil},
		{"a slash in a query", zendesk.Client{Kind: zendesk.Confidential, RedirectURI: []string{"https://a.example/cb?to=/"}}, nil},
		{"overlap", zendesk.Client{Kind: zendesk.Confidential, AllowedScopes: []string{"read", "tickets:read", "tickets:write"}}, []string{"tickets:read is within read"}},
		{"a whole resource", zendesk.Client{Kind: zendesk.Confidential, AllowedScopes: []string{"tickets", "tickets:read"}}, []string{"tickets:read is within tickets"}},
		{"twice", zendesk.Client{Kind: zendesk.Confidential, AllowedScopes: []string{"read", "read"}}, []string{"read is within read"}},
		{"apart", zendesk.Client{Kind: zendesk.Confidential, AllowedScopes: []string{"read", "tickets:write"}}, nil},
		{"public", zendesk.Client{Kind: zendesk.Public, RedirectURI: []string{"https://a.example/cb"}}, []string{public}},
		{"public for itself", zendesk.Client{Kind: zendesk.Public}, []string{useless}},
	} {
		got := clientWarnings(c.client)
		fits := len(got) == len(c.want)
		for i := range min(len(got), len(c.want)) {
			fits = fits && strings.Contains(got[i], c.want[i])
		}
		if !fits {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestIdentifierOfAName(t *testing.T) {
	for name, want := range map[string]string{
		"Order sync": "order_sync", "  A -- B  ": "a_b", "Größe 2": "gr_e_2", "日本": "",
	} {
		if got := identifierOf(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90d": 90 * aDay, "2w": 14 * aDay, "1y": 365 * aDay, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute,
		"": 0, "d": 0, "90": 0, "0d": 0, "-1d": 0, "1.5d": 0, "101y": 0, "soon": 0, "9999999999d": 0,
	} {
		var s span
		if err := s.Set(text); (err == nil) != (want != 0) || err == nil && time.Duration(s) != want {
			t.Errorf("%q: %v, %v; want %v", text, time.Duration(s), err, want)
		}
	}
}

func TestTimesForPeople(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "less than a second", 17 * time.Second: "17 s", 14*time.Minute + 17*time.Second: "14 min 17 s", 2*aDay + 3*time.Hour + time.Minute: "2 d 3 h",
		time.Hour + time.Second: "1 h", 400 * aDay: "1 y 35 d",
	} {
		if got := about(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{0: "now", -3*aDay - time.Hour: "3 d ago", 28 * time.Minute: "in 28 min"} {
		if got := relative(now.Add(d), now); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestWhichTokensAreMeant(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	at := func(ago time.Duration) *zendesk.Time { return &zendesk.Time{Time: now.Add(-ago)} }
	refresh := "abc..."
	for _, c := range []struct {
		name   string
		token  zendesk.OAuthToken
		state  tokenState
		unused time.Duration // up to this it counts as unused for
	}{
		{"for ever", zendesk.OAuthToken{CreatedAt: at(time.Hour)}, tokenActive, time.Hour},
		{"used", zendesk.OAuthToken{CreatedAt: at(time.Hour), UsedAt: at(time.Minute), ExpiresAt: at(-time.Minute)}, tokenActive, time.Minute},
		{"over at this instant", zendesk.OAuthToken{CreatedAt: at(time.Hour), ExpiresAt: at(0)}, tokenExpired, time.Hour},
		{"renewable", zendesk.OAuthToken{CreatedAt: at(time.Hour), ExpiresAt: at(1), RefreshToken: &refresh, RefreshTokenExpiresAt: at(-1)}, tokenRenewable, time.Hour},
		{"renewable for ever", zendesk.OAuthToken{CreatedAt: at(time.Hour), ExpiresAt: at(1), RefreshToken: &refresh}, tokenRenewable, time.Hour},
		{"both over", zendesk.OAuthToken{CreatedAt: at(time.Hour), ExpiresAt: at(1), RefreshToken: &refresh, RefreshTokenExpiresAt: at(1)}, tokenExpired, time.Hour},
	} {
		c.token.UserID = 7
		if got := stateOf(c.token, now); got != c.state {
			t.Errorf("%s: %s, want %s", c.name, got, c.state)
		}
		for _, m := range []struct {
			of   meantTokens
			want bool
		}{
			{meantTokens{states: []tokenState{c.state}}, true},
			{meantTokens{states: []tokenState{"another"}}, false},
			{meantTokens{states: []tokenState{c.state}, user: 7}, true},
			{meantTokens{states: []tokenState{c.state}, user: 8}, false},
			{meantTokens{states: []tokenState{c.state}, unused: c.unused}, true},
			{meantTokens{states: []tokenState{c.state}, unused: c.unused + 1}, false},
		} {
			if got := m.of.includes(c.token, now); got != m.want {
				t.Errorf("%s: %+v includes it: %v", c.name, m.of, got)
			}
		}
	}
}

// Commands side by side add to the ledger, and a line that a crash cut off harms no other.
func TestLedger(t *testing.T) {
	l := ledger{t.TempDir() + "/logins/ledger.jsonl"}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	in := func(d time.Duration) *time.Time { at := now.Add(d); return &at }
	for _, e := range []ledgerEntry{
		{Token: 1, Account: "acme", DueAt: in(2 * time.Hour)},
		{Token: 2, Account: "acme"},
		{Token: 1, Account: "globex", DueAt: in(time.Hour)},
		{Token: 3, Account: "acme", DueAt: in(time.Hour)},
	} {
		if err := l.add(e); err != nil {
			t.Fatal(err)
		}
	}
	f, err := l.open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"token":9,"acc`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.add(ledgerEntry{Token: 3, Account: "acme", EndedAt: in(0)}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		account string
		at      time.Duration
		want    []int64
	}{{"", 0, nil}, {"", time.Hour, []int64{1}}, {"acme", time.Hour, nil}, {"acme", 2 * time.Hour, []int64{1}}, {"", 3 * time.Hour, []int64{1, 1}}} {
		due, err := l.overdue(c.account, now.Add(c.at))
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, e := range due {
			got = append(got, e.Token)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q after %v:\n%s", c.account, c.at, d)
		}
	}
}

// A report that a kill cut off, anywhere, is one to resume from.
func TestReportIsCutOff(t *testing.T) {
	name := t.TempDir() + "/report.jsonl"
	r, err := newReport(name, reportHead{Account: "acme", Zendesk: "https://{subdomain}.zendesk.com"}, []tokenRecord{{ID: 1}, {ID: 2}, {ID: 3}})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []result{{ID: 1, Result: revoked}, {ID: 2, Result: failed, Why: "it could not"}} {
		if err := r.add(one); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.f.WriteString(`{"id":3,"result":"revo`); err != nil {
		t.Fatal(err)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first leaves one that reads the same
		again, err := openReport(name)
		if err != nil {
			t.Fatal(err)
		}
		var left []int64
		for _, one := range again.left() {
			left = append(left, one.ID)
		}
		if d := cmp.Diff([]int64{2, 3}, left); d != "" {
			t.Errorf("left:\n%s", d)
		}
		if err := again.close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := newReport(name, reportHead{}, nil); codeOf(err) != exitUsage {
		t.Errorf("written over: %v", err)
	}
}
