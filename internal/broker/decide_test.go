package broker

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestDue(t *testing.T) {
	const never = time.Duration(-1)
	for _, c := range []struct {
		name         string
		life, left   time.Duration // never: the token does not expire
		minTTL, jits time.Duration
		want         bool
	}{
		{"fresh", 30 * time.Minute, 30 * time.Minute, 0, 0, false},
		{"five minutes left of thirty", 30 * time.Minute, 5 * time.Minute, 0, 0, false},
		{"just under five minutes left of thirty", 30 * time.Minute, 5*time.Minute - 1, 0, 0, true},
		{"jitter renews earlier", 30 * time.Minute, 5*time.Minute + 10*time.Second, 0, 20 * time.Second, true},
		{"a short life has a fifth, not five minutes", 10 * time.Minute, 3 * time.Minute, 0, 0, false},
		{"under a fifth of a short life", 10 * time.Minute, 2*time.Minute - 1, 0, 0, true},
		{"over", 30 * time.Minute, -time.Hour, 0, 0, true},
		{"the caller wants more than is left", 48 * time.Hour, 5 * time.Hour, 6 * time.Hour, 0, true},
		{"the caller wants less than is left", 48 * time.Hour, 7 * time.Hour, 6 * time.Hour, 0, false},
		{"the caller wants more than a renewal gives", 30 * time.Minute, 25 * time.Minute, 6 * time.Hour, 0, false},
		{"and the token has aged", 30 * time.Minute, 23 * time.Minute, 6 * time.Hour, 0, true},
		{"does not expire", never, never, 6 * time.Hour, time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := Connection{AccessIssued: noon.Add(c.left - c.life), AccessExpires: noon.Add(c.left)}
			if c.life == never {
				conn = Connection{AccessIssued: noon.Add(-time.Hour)}
			}
			if got := conn.Due(noon, c.minTTL, c.jits); got != c.want {
				t.Errorf("Due = %t, want %t", got, c.want)
			}
		})
	}
}

func TestJitterIsSteadyAndSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	for id := range 100 {
		c := Connection{ID: ConnectionID(id), Generation: 3}
		j := c.Jitter(time.Minute)
		if j != c.Jitter(time.Minute) || j < 0 || j >= time.Minute {
			t.Fatalf("jitter of connection %d is %v, then %v", id, j, c.Jitter(time.Minute))
		}
		seen[j] = true
	}
	if len(seen) < 90 {
		t.Errorf("100 connections share %d jitters", len(seen))
	}
	if j := (Connection{ID: 1}).Jitter(0); j != 0 {
		t.Errorf("no jitter allowed, and %v given", j)
	}
}

func TestJudge(t *testing.T) {
	attempt := func(o ...Outcome) (all []Attempt) {
		for _, one := range o {
			all = append(all, Attempt{Outcome: one})
		}
		return all
	}
	for _, c := range []struct {
		name  string
		reply Reply
		s     Situation
		want  Verdict
	}{
		{"renewed", Reply{Result: Renewed}, Situation{}, Verdict{Action: Keep}},
		{
			"refused, and nobody else tried",
			Reply{Result: GrantRefused},
			Situation{},
			Verdict{Action: Name, State: Reauthorize, Reason: RefreshRefused},
		},
		{
			"refused, and others were refused or not sent",
			Reply{Result: GrantRefused},
			Situation{Others: attempt(Refused, Unsent)},
			Verdict{Action: Name, State: Reauthorize, Reason: RefreshRefused},
		},
		{
			"refused while another waits for its answer",
			Reply{Result: GrantRefused},
			Situation{Others: attempt(Open)},
			Verdict{Action: AwaitOther, Reason: AnotherTries},
		},
		{
			"refused, and the other's answer never came",
			Reply{Result: GrantRefused},
			Situation{Others: attempt(Open), Waited: true},
			Verdict{Action: Name, State: InDoubt, Reason: AnswerLost},
		},
		{
			"refused after an answer was lost",
			Reply{Result: GrantRefused},
			Situation{Others: attempt(Refused, Unanswered)},
			Verdict{Action: Name, State: InDoubt, Reason: AnswerLost},
		},
		{
			"the scope",
			Reply{Result: ScopeRefused},
			Situation{},
			Verdict{Action: Name, State: Reauthorize, Reason: ScopeGone},
		},
		{
			"the client, with another secret",
			Reply{Result: ClientRejected},
			Situation{MoreSecrets: true},
			Verdict{Action: NextSecret},
		},
		{
			"the client, for good",
			Reply{Result: ClientRejected},
			Situation{},
			Verdict{Action: Wait, Reason: CredentialsWrong, Wait: time.Second},
		},
		{"no answer", Reply{Result: Lost}, Situation{}, Verdict{Action: Again}},
		{
			"no answer twice",
			Reply{Result: Lost},
			Situation{SentAgain: true},
			Verdict{Action: Wait, Reason: AnswerLost, Wait: time.Second},
		},
		{
			"told to wait",
			Reply{Result: Busy, RetryAfter: 7 * time.Second},
			Situation{},
			Verdict{Action: Wait, Reason: ToldToWait, Wait: 7 * time.Second},
		},
		{
			"an answer without sense",
			Reply{Result: Failed},
			Situation{},
			Verdict{Action: Wait, Reason: ToldToWait, Wait: time.Second},
		},
		{
			"nobody there",
			Reply{Result: NotSent},
			Situation{},
			Verdict{Action: Wait, Reason: NotReached, Wait: time.Second},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Connection{}.Judge(c.reply, c.s)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadReply(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		want    Result
		outcome Outcome
	}{
		{"a pair", nil, Renewed, Answered},
		{"invalid_grant", &oauth.Error{Code: oauth.InvalidGrant}, GrantRefused, Refused},
		{"invalid_client", &oauth.Error{Code: oauth.InvalidClient}, ClientRejected, Refused},
		{"unauthorized_client", &oauth.Error{Code: oauth.UnauthorizedClient}, ClientRejected, Refused},
		{"invalid_scope", &oauth.Error{Code: oauth.InvalidScope}, ScopeRefused, Refused},
		{"invalid_request", &oauth.Error{Code: oauth.InvalidRequest}, Failed, Unanswered},
		{"no connection", &oauth.RemoteError{}, NotSent, Unsent},
		{"reset after the first byte", &oauth.RemoteError{Sent: true}, Lost, Unanswered},
		{"200 with a page", &oauth.RemoteError{Status: 200, Sent: true}, Lost, Unanswered},
		{"429", &oauth.RemoteError{Status: 429, Sent: true}, Busy, Refused},
		{"503", &oauth.RemoteError{Status: 503, Sent: true}, Failed, Unanswered},
		{"403 with a page", &oauth.RemoteError{Status: 403, Sent: true}, Failed, Unanswered},
		{"something else", errors.New("?"), Lost, Unanswered},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ReadReply(oauth.TokenResponse{}, c.err)
			if r.Result != c.want || r.Outcome() != c.outcome {
				t.Errorf("read as %s, %s; want %s, %s", r.Result, r.Outcome(), c.want, c.outcome)
			}
		})
	}
}

func TestBackOff(t *testing.T) {
	for _, c := range []struct {
		failures int
		told     time.Duration
		want     time.Duration
	}{
		{0, 0, time.Second},
		{3, 0, 8 * time.Second},
		{6, 0, time.Minute},
		{600, 0, time.Minute},
		{0, 90 * time.Second, 90 * time.Second},
		{5, time.Second, 32 * time.Second},
		{0, 1000 * time.Hour, time.Hour},
	} {
		if got := (Connection{Failures: c.failures}).BackOff(c.told); got != c.want {
			t.Errorf("after %d failures, told %v: %v, want %v", c.failures, c.told, got, c.want)
		}
	}
}

func TestNextHealsWhatWasLostAndLeavesWhatWasEnded(t *testing.T) {
	for state, want := range map[State]State{
		Active: Active, InDoubt: Active, Reauthorize: Active,
		Pending: Pending, Disabled: Disabled, Revoked: Revoked,
	} {
		c := Connection{
			State: state, Reason: AnswerLost, Generation: 4, Failures: 3, RetryAt: noon, Claim: Claim{"x", 7},
		}.Next(Pair{Issued: noon, AccessExpires: noon.Add(time.Hour)}, true)
		if c.State != want || c.Generation != 5 || c.Failures != 0 || !c.RetryAt.IsZero() || c.Claim != (Claim{}) || !c.Forced {
			t.Errorf("%s became %+v", state, c)
		}
		if c.State == Active && c.Reason != NoReason {
			t.Errorf("%s is active because of %q", state, c.Reason)
		}
	}
}

func TestReconnect(t *testing.T) {
	pending := Connection{User: User{ID: 7, Role: "agent"}, Asked: oauth.Scope{"read"}, AccessExpires: noon.Add(time.Minute)}
	for state, want := range map[State]State{
		Active: Active, InDoubt: Active, Reauthorize: Active, Revoked: Active, Disabled: Disabled,
	} {
		c := Connection{ID: 3, State: state, Generation: 9, User: User{ID: 7, Role: "admin"}}.
			Reconnect(pending, Pair{Scope: oauth.Scope{"read"}, AccessExpires: noon.Add(time.Hour)})
		if c.State != want || c.ID != 3 || c.Generation != 10 || c.User.Role != "agent" || !c.AccessExpires.Equal(pending.AccessExpires) {
			t.Errorf("%s became %+v", state, c)
		}
	}
}

func TestShown(t *testing.T) {
	for _, c := range []struct {
		state State
		owner string
		want  State
	}{
		{Active, "", Active},
		{Active, "x", Renewing},
		{InDoubt, "x", InDoubt},
	} {
		if got := (Connection{State: c.state, Claim: Claim{Owner: c.owner}}).Shown(); got != c.want {
			t.Errorf("%s claimed by %q is shown as %s, want %s", c.state, c.owner, got, c.want)
		}
	}
}

func TestMissing(t *testing.T) {
	for _, c := range []struct{ asked, granted, want string }{
		{"read", "read", ""},
		{"read write", "read", "write"},
		{"tickets:read users:write", "read", "users:write"},
		{"tickets", "tickets:read tickets:write", ""},
		{"read", "", "read"},
	} {
		conn := Connection{Asked: oauth.ParseScope(c.asked), Granted: oauth.ParseScope(c.granted)}
		if got := conn.Missing().String(); got != c.want {
			t.Errorf("asked %q, granted %q: missing %q, want %q", c.asked, c.granted, got, c.want)
		}
	}
}

func TestAccept(t *testing.T) {
	browser := secret.Of("the browser")
	open := Flow{Binding: browser.Digest(), Expires: noon}
	spent := open
	spent.Spent = noon.Add(-time.Minute)
	for _, c := range []struct {
		name    string
		flow    Flow
		at      time.Time
		browser secret.Plain
		want    Kind
	}{
		{"in time", open, noon.Add(-1), browser, ""},
		{"too late", open, noon, browser, StateExpired},
		{"again", spent, noon.Add(-1), browser, StateUsed},
		{"again and too late", spent, noon.Add(1), browser, StateUsed},
		{"another browser", open, noon.Add(-1), secret.Of("another"), WrongBrowser},
		{"another browser learns nothing of what was used", spent, noon.Add(1), secret.Of("another"), WrongBrowser},
		{"no cookie", open, noon.Add(-1), secret.Plain{}, WrongBrowser},
		{"no cookie, nor was there one", Flow{Binding: secret.Plain{}.Digest(), Expires: noon}, noon.Add(-1), secret.Plain{}, WrongBrowser},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.flow.Accept(c.at, c.browser); got != c.want {
				t.Errorf("Accept = %q, want %q", got, c.want)
			}
		})
	}
}

func TestLocalPath(t *testing.T) {
	for in, want := range map[string]string{
		"/":                     "/",
		"/a/b?c=d#e":            "/a/b?c=d#e",
		"":                      "",
		"a":                     "",
		"//evil.example":        "",
		`/\evil.example`:        "",
		`/a\b`:                  "",
		"/a\r\nSet-Cookie: x=y": "",
		"/\t/evil.example":      "",
		"https://evil.example":  "",
		"/%":                    "",
		"/a%zz?b":               "",
		"/a?b=%":                "/a?b=%",
		"/a\xff":                "",
		"/\u00e9":               "/\u00e9",
	} {
		if got := LocalPath(in); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCircuit(t *testing.T) {
	var c Circuit
	if !c.Closed(noon) {
		t.Error("a circuit that never opened is not closed")
	}
	var waits []time.Duration
	for range 9 {
		c = c.Open(noon, CredentialsWrong)
		waits = append(waits, c.RetryAt.Sub(noon))
	}
	want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60}
	for i := range want {
		want[i] *= time.Minute
	}
	if diff := cmp.Diff(want, waits); diff != "" {
		t.Error(diff)
	}
	if c.Closed(noon.Add(time.Hour-1)) || !c.Closed(noon.Add(time.Hour)) {
		t.Error("the circuit does not close at its time")
	}
}

func TestPairTellsLifetimes(t *testing.T) {
	jwt := "h." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1795348800}`)) + ".s" // 2026-11-22T12:00:00Z + some
	n := func(v int64) *int64 { return &v }
	b := &Broker{Config: Config{Now: func() time.Time { return noon }}}
	for _, c := range []struct {
		name            string
		in              oauth.TokenResponse
		access, refresh time.Time
		guessed         bool
	}{
		{
			"told",
			oauth.TokenResponse{AccessToken: "a", RefreshToken: "r", ExpiresIn: n(600), RefreshTokenExpiresIn: n(3600)},
			noon.Add(10 * time.Minute), noon.Add(time.Hour), false,
		},
		{"told beats the JWT", oauth.TokenResponse{AccessToken: jwt, ExpiresIn: n(600)}, noon.Add(10 * time.Minute), time.Time{}, false},
		{
			"the JWT tells",
			oauth.TokenResponse{AccessToken: jwt, RefreshToken: "r", RefreshTokenExpiresIn: n(3600)},
			time.Unix(1795348800, 0).UTC(), noon.Add(time.Hour), false,
		},
		{
			"nothing tells",
			oauth.TokenResponse{AccessToken: "a", RefreshToken: "r"},
			noon.Add(30 * time.Minute), noon.Add(30 * 24 * time.Hour), true,
		},
		{
			"longer than time",
			oauth.TokenResponse{AccessToken: "a", ExpiresIn: n(1 << 62)},
			noon.Add(100 * 365 * 24 * time.Hour),
			time.Time{},
			false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := b.pair(Connection{Product: Support}, c.in)
			if !p.AccessExpires.Equal(c.access) || !p.RefreshExpires.Equal(c.refresh) || p.Guessed != c.guessed {
				t.Errorf("access until %v, refresh until %v, guessed %t", p.AccessExpires, p.RefreshExpires, p.Guessed)
			}
		})
	}
}

func TestPairKeepsTheScopeThatIsNotTold(t *testing.T) {
	b := &Broker{Config: Config{Now: func() time.Time { return noon }}}
	first := b.pair(Connection{Product: Support, Asked: oauth.Scope{"read"}}, oauth.TokenResponse{AccessToken: "a"})
	if first.Scope.String() != "read" {
		t.Errorf("first exchange: %q, want what was asked", first.Scope)
	}
	later := b.pair(Connection{Product: Support, Generation: 1, Asked: oauth.Scope{"read", "write"}, Granted: oauth.Scope{"read"}},
		oauth.TokenResponse{AccessToken: "a"})
	if later.Scope.String() != "read" {
		t.Errorf("renewal: %q, want what was granted", later.Scope)
	}
}

func TestJWTExpiryRefusesNonsense(t *testing.T) {
	for _, claims := range []string{`{"exp":0}`, `{"exp":-5}`, `{"exp":1e300}`, `{"exp":"soon"}`, `{}`, `[]`, `no JSON`} {
		if at, ok := jwtExpiry("h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s"); ok {
			t.Errorf("%s expires at %v", claims, at)
		}
	}
	for _, token := range []string{"", "opaque", "a.b", "a.!!.c", "a.b.c.d"} {
		if at, ok := jwtExpiry(token); ok {
			t.Errorf("%q expires at %v", token, at)
		}
	}
}

func TestPublicAddress(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true,
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "fe80::1": false, "fd00::1": false, "0.0.0.0": false, "::": false,
		"100.64.0.1": false, "224.0.0.1": false, "ff02::1": false, "255.255.255.255": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "198.18.0.1": false,
		"198.19.255.255": false, "198.20.0.1": true, "192.0.0.8": false, "192.0.2.1": false, "192.0.1.1": true,
		"198.51.100.1": false, "203.0.113.1": false, "192.88.99.1": false, "240.0.0.1": false, "0.1.2.3": false,
		"2a00::1": true, "2001:200::1": true, "3ffe::1": true, "::ffff:8.8.8.8": true,
		"2001:db8::1": false, "2001:2::1": false, "2001:20::1": false, "2001::1": false, "3fff:fff::1": false,
		"100::1": false, "::127.0.0.1": false, "::ffff:0:8.8.8.8": false, "4000::1": false, "5f00::1": false, "fec0::1": false, "e000::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("public(%s) = %t, want %t", text, got, want)
		}
	}
}

func TestTextsOfZendesk(t *testing.T) {
	for in, want := range map[string]string{
		"Ada Admin":                         "Ada Admin",
		"Ada\x00 Admin":                     "Ada Admin",
		"\x00\x1f\x7f\u0085":                "",
		"Zoë مريم 😀":                        "Zoë مريم 😀",
		strings.Repeat("é", 1<<20):          strings.Repeat("é", textMost/2),
		"x" + strings.Repeat("é", textMost): "x" + strings.Repeat("é", textMost/2-1),
	} {
		if got := plainText(in); got != want {
			t.Errorf("%.40q became %.40q (%d bytes)", in, got, len(got))
		}
	}
}
