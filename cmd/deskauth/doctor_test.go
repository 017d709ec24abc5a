package main

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

var doctorNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func zt(t time.Time) *zendesk.Time { return &zendesk.Time{Time: t} }

// healthy are facts in which nothing is wrong.
func healthy() doctorFacts {
	admin := broker.Connection{
		ID: 1, Account: "acme", Client: 1, User: broker.User{ID: 7, Name: "Ada Admin", Role: "admin"}, State: broker.Active,
		Asked: oauth.Scope{"read", "write"}, Granted: oauth.Scope{"read", "write"}, Access: broker.Sealed{Bytes: []byte("sealed")},
	}
	refresh := "1234567890"
	return doctorFacts{
		Now: doctorNow, Account: "acme", Host: "acme.zendesk.com", SignIn: "deskauth auth login --account acme", Which: " --account acme",
		State:    stateFacts{Dir: "/state", There: true, Logins: true, Mode: 0o700 | fs.ModeDir, Writable: true, Free: 1 << 30, FreeIs: true},
		Keychain: keychainFacts{Has: true},
		Reached:  &reachedFacts{Status: 200, Dated: true, Ahead: time.Second},
		Login:    loginFacts{Connection: admin},
		Me:       &zendesk.User{Role: "admin"},
		Token: &zendesk.OAuthToken{
			Scopes: []string{"read", "write"}, RefreshToken: &refresh,
			ExpiresAt: zt(doctorNow.Add(time.Hour)), RefreshTokenExpiresAt: zt(doctorNow.AddDate(0, 0, 30)),
		},
		Client: clientFacts{Identifier: "cli", Own: true, Registered: &zendesk.Client{
			Identifier: "cli", Kind: zendesk.Public, RedirectURI: []string{loginRedirect(18484), loginRedirect(18485), loginRedirect(18486)},
		}},
	}
}

func TestNothingWrong(t *testing.T) {
	for _, f := range healthy().decide() {
		if f.Result != healthOK && f.Check != "broker logins" {
			t.Errorf("%+v", f)
		}
	}
	if err := faulty(healthy().decide()); err != nil {
		t.Error(err)
	}
}

// Each fact that is wrong is told by its check alone, with what mends it.
func TestWhatTheDoctorFinds(t *testing.T) {
	redirects := func(all ...string) func(*doctorFacts) {
		return func(f *doctorFacts) { f.Client.Registered.RedirectURI = all }
	}
	for _, c := range []struct {
		name        string
		spoil       func(*doctorFacts)
		check       string
		result      health
		cause, mend string
	}{
		{"readable", func(f *doctorFacts) { f.State.Mode = 0o755 }, "state directory", healthWarning, "other users of this machine can look into /state (mode 0755)", "chmod 700 /state"},
		{"read-only", func(f *doctorFacts) { f.State.Writable = false }, "state directory", healthFault, "/state cannot be written to", "XDG_STATE_HOME"},
		{"full", func(f *doctorFacts) { f.State.Free = 4096 }, "state directory", healthFault, "no space left", "make some space"},
		{"nearly full", func(f *doctorFacts) { f.State.Free = 20 << 20 }, "state directory", healthWarning, "little space is left for /state: 20 MB", ""},
		{"a file in its place", func(f *doctorFacts) { f.State.Err = errors.New("/state is a file") }, "state directory", healthFault, "/state is a file", "XDG_STATE_HOME"},

		{"a plain key", func(f *doctorFacts) { f.Keychain = keychainFacts{File: "/state/keys.json", Open: true, Mode: 0o600} }, "keychain", healthWarning, "in a plain file, /state/keys.json", ""},
		{"a key for all", func(f *doctorFacts) { f.Keychain = keychainFacts{File: "/state/keys.json", Open: true, Mode: 0o644} }, "keychain", healthFault, "other users of this machine can read /state/keys.json", "chmod 600 /state/keys.json"},
		{"a locked key", func(f *doctorFacts) { f.Keychain = keychainFacts{File: "/state/keys.age", Mode: 0o600} }, "keychain", healthOK, "a passphrase opens, /state/keys.age", ""},
		{"no answer", func(f *doctorFacts) { f.Keychain = keychainFacts{Err: errNoKeychain} }, "keychain", healthFault, "the system's keychain cannot be used", "--insecure-storage"},
		{"no answer, nothing kept", func(f *doctorFacts) { f.Keychain, f.State.Logins = keychainFacts{Err: errNoKeychain}, false }, "keychain", healthWarning, "the system's keychain cannot be used", "DESKAUTH_PASSPHRASE"},

		{"captive", func(f *doctorFacts) { f.Reached = &reachedFacts{Status: 200, Page: true} }, "network", healthFault, "a web page answers for acme.zendesk.com", "open any page"},
		{"captive, by a proxy", func(f *doctorFacts) { f.Reached = &reachedFacts{Status: 302, Page: true, Proxy: "proxy.example:3128"} }, "network", healthFault, "through the proxy proxy.example:3128", ""},
		{"no account", func(f *doctorFacts) { f.Reached = &reachedFacts{Status: 404} }, "network", healthFault, "nobody has the account", "--account"},
		{"down", func(f *doctorFacts) { f.Reached = &reachedFacts{Status: 503, Page: true} }, "network", healthFault, "cannot answer now (status 503)", "later"},
		{"no network", func(f *doctorFacts) { f.Reached = &reachedFacts{Err: errors.New("no route")} }, "network", healthFault, "acme.zendesk.com cannot be reached now: no route", ""},
		{"offline", func(f *doctorFacts) { f.Offline, f.Reached = true, nil }, "network", healthSkipped, "--offline", ""},

		{"an hour ahead", func(f *doctorFacts) { f.Reached.Ahead = time.Hour }, "clock", healthFault, "is 1h0m0s ahead of that of acme.zendesk.com", "set the clock"},
		{"an hour behind", func(f *doctorFacts) { f.Reached.Ahead = -time.Hour }, "clock", healthFault, "is 1h0m0s behind that of acme.zendesk.com", "set the clock"},
		{"a minute ahead", func(f *doctorFacts) { f.Reached.Ahead = time.Minute }, "clock", healthOK, "level", ""},
		{"no date", func(f *doctorFacts) { f.Reached.Dated = false }, "clock", healthSkipped, "no answer", ""},

		{"nobody", func(f *doctorFacts) { f.Login = loginFacts{Err: mustSignIn{errNobody}} }, "login", healthWarning, "nobody is signed in at acme.zendesk.com", "deskauth auth login --account acme"},
		{"refused", func(f *doctorFacts) {
			f.Login.Err = mustSignIn{errors.New("it is over: run `deskauth auth login --via https://b.example`")}
		}, "login", healthFault, "it is over", "deskauth auth login --via https://b.example"},
		{"over", func(f *doctorFacts) {
			f.Login.Connection.State, f.Login.Connection.Reason = broker.Reauthorize, broker.RefreshRefused
		}, "login", healthFault, "cannot be used any more (reauthorize, refresh_refused)", "auth login"},

		{"a key that ended", func(f *doctorFacts) {
			f.ByBroker = []viaLogin{{Broker: "https://b.example", Host: "acme.zendesk.com", KeyExpires: doctorNow}}
		}, "broker logins", healthFault, "ended at 2026-11-23 12:00 UTC", "--via https://b.example"},
		{"a key that ends", func(f *doctorFacts) {
			f.ByBroker = []viaLogin{{Broker: "https://b.example", KeyExpires: doctorNow.AddDate(0, 0, 2)}}
		}, "broker logins", healthWarning, "ends in 2 d", "--via https://b.example"},

		{"no expiry", func(f *doctorFacts) { f.Token.ExpiresAt = nil }, "lifetimes", healthWarning, "from 2027-04-01, in 129 days", "auth login"},
		{"no expiry, after the day", func(f *doctorFacts) { f.Token.ExpiresAt, f.Now = nil, mustRefresh }, "lifetimes", healthFault, "since 2027-04-01", "auth login"},
		{"renewable for a day", func(f *doctorFacts) { f.Token.RefreshTokenExpiresAt = zt(doctorNow.AddDate(0, 0, 1)) }, "lifetimes", healthWarning, "what renews the token ends in 1 d", "auth status --account acme"},
		{"not renewable any more", func(f *doctorFacts) { f.Token.RefreshTokenExpiresAt = zt(doctorNow) }, "lifetimes", healthFault, "what renews the token was over", "auth login"},
		{"never renewable", func(f *doctorFacts) { f.Token.RefreshToken, f.Token.RefreshTokenExpiresAt = nil, nil }, "lifetimes", healthWarning, "nothing is there to renew it", "auth login"},
		{"by itself", func(f *doctorFacts) {
			f.Token.RefreshToken, f.Token.RefreshTokenExpiresAt, f.Login.Connection.Grant = nil, nil, oauth.GrantClientCredentials
		}, "lifetimes", healthOK, "and is renewed", ""},

		{"an agent", func(f *doctorFacts) { f.Me.Role = "agent" }, "role", healthWarning, "agent: tickets are open", "admin"},
		{"an end user", func(f *doctorFacts) { f.Me.Role = "end-user" }, "role", healthWarning, "end-user: only requests of their own", "agent"},

		{"no such client", func(f *doctorFacts) {
			f.Client.Answers = map[string]error{loginRedirect(18484): &broker.Failure{Kind: broker.NoSuchClient}}
		}, "client", healthFault, "acme.zendesk.com has no client cli", "deskauth client list --account acme"},
		{"a secret too many", func(f *doctorFacts) { f.Client.Kept = true }, "client", healthWarning, "PKCE does without", ""},
		{"a secret too few", func(f *doctorFacts) { f.Client.Registered.Kind = zendesk.Confidential }, "client", healthWarning, "no secret of it is kept here", "--client-secret-file"},
		{"a robot that is public", func(f *doctorFacts) { f.Login.Connection.Grant = oauth.GrantClientCredentials }, "client", healthFault, "no public client act for itself", "--kind confidential"},
		{"another client's kind", func(f *doctorFacts) { f.Client.Own, f.Login.Connection.Grant = false, oauth.GrantClientCredentials }, "client", healthOK, "cli is public", ""},
		{"global", func(f *doctorFacts) { f.Client.Registered.Global = true }, "client", healthOK, "made for all accounts", ""},
		{"unseen", func(f *doctorFacts) { f.Client.Registered = nil }, "client", healthSkipped, "an admin's login with the scope read alone may see", ""},

		{
			"a slash", redirects(loginRedirect(18484), loginRedirect(18485)+"/", loginRedirect(18486)), "redirect addresses", healthWarning,
			"lacks http://127.0.0.1:18485/callback; it has http://127.0.0.1:18485/callback/, with a slash at its end", "deskauth client update cli --add-redirect http://127.0.0.1:18485/callback --account acme",
		},
		{"https", redirects("https://127.0.0.1:18484/callback", loginRedirect(18485), loginRedirect(18486)), "redirect addresses", healthWarning, "it has https://127.0.0.1:18484/callback, https for http", ""},
		{"localhost", redirects("http://localhost:18484/callback", loginRedirect(18485), loginRedirect(18486)), "redirect addresses", healthWarning, "it has http://localhost:18484/callback, localhost for 127.0.0.1", ""},
		{"a space", redirects("http://127.0.0.1:18484/callback ", loginRedirect(18485), loginRedirect(18486)), "redirect addresses", healthWarning, "it has http://127.0.0.1:18484/callback , with a space", ""},
		{"another path", redirects("http://127.0.0.1:18484", loginRedirect(18485), loginRedirect(18486)), "redirect addresses", healthWarning, "the path nothing for /callback", ""},
		{"none", redirects("https://app.example/callback"), "redirect addresses", healthFault, "the client cli lacks http://127.0.0.1:18484/callback", "--add-redirect"},
		{"none, as the sign-in page says", func(f *doctorFacts) {
			f.Client.Registered = nil
			f.Client.Answers = map[string]error{}
			for _, port := range loginPorts {
				f.Client.Answers[loginRedirect(port)] = &broker.Failure{Kind: broker.RedirectMismatch}
			}
		}, "redirect addresses", healthFault, "the client cli lacks http://127.0.0.1:18484/callback", "--add-redirect"},

		{"a ceiling", func(f *doctorFacts) { f.Client.Registered.AllowedScopes = []string{"read", "tickets:write"} }, "scopes", healthWarning, "may have read tickets:write alone, and logins ask for write too", "--allowed-scope read,tickets:write,write"},
		{"not granted", func(f *doctorFacts) {
			f.Login.Connection.Granted, f.Token.Scopes = oauth.Scope{"read"}, []string{"read"}
		}, "scopes", healthWarning, "Zendesk did not grant write of read write", "--scope 'read write'"},

		{"variables", func(f *doctorFacts) { f.Basic.Variables = []string{zcliEmail, zcliAPIToken} }, "basic", healthWarning, "ZENDESK_EMAIL, ZENDESK_API_TOKEN, which end on 2027-04-30, in 158 days", "unset ZENDESK_EMAIL ZENDESK_API_TOKEN"},
		{"a file", func(f *doctorFacts) { f.Basic.Files = []string{"/home/ada/.zcli"} }, "basic", healthWarning, "/home/ada/.zcli may hold credentials", "remove it"},

		{"old tokens", func(f *doctorFacts) {
			f.APITokens = []zendesk.APIToken{{Active: true, LastUsedAt: zt(doctorNow)}, {Active: true}, {}}
		}, "api tokens", healthWarning, "has 2 active API tokens, last used at 2026-11-23 12:00 UTC, which end on 2027-04-30", "deskauth migrate api-tokens check --account acme"},
		{"unlisted", func(f *doctorFacts) { f.APITokensErr = errors.New("403") }, "api tokens", healthSkipped, "only an admin's login", ""},
		{"overdue", func(f *doctorFacts) { f.Overdue = []ledgerEntry{{DueAt: &doctorNow}} }, "ledger", healthWarning, "1 token made here should have been revoked, the first at 2026-11-23 12:00 UTC", "deskauth token sweep --account acme"},
	} {
		f := healthy()
		c.spoil(&f)
		var found []string
		is := false
		for _, one := range f.decide() {
			if one.Check == c.check {
				found = append(found, string(one.Result)+": "+one.Cause+" > "+one.Mend)
				is = is || one.Result == c.result && strings.Contains(one.Cause, c.cause) && strings.Contains(one.Mend, c.mend)
			}
		}
		if !is {
			t.Errorf("%s: want %s: %s > %s; found\n%s", c.name, c.result, c.cause, c.mend, strings.Join(found, "\n"))
		}
	}
}

// A fault makes the command fail, and warnings do not.
func TestFaultsAreCounted(t *testing.T) {
	err := faulty([]finding{warning("", "x"), fault("", "y"), skipped("z"), fault("", "y")})
	if codeOf(err) != exitPartly || err.Error() != "2 faults: what mends each stands beside it" {
		t.Errorf("%v, code %d", err, codeOf(err))
	}
}
