package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Checks of the login, of its OAuth client, and of the account.

// mustRefresh is when every OAuth client must renew its tokens (facts §9).
var mustRefresh = time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)

// unsigned is why nothing is said of what only a login shows; "": it does.
func (f doctorFacts) unsigned() string {
	switch {
	case f.Offline:
		return "--offline"
	case f.Login.Err != nil:
		return "there is no login that works"
	}
	return ""
}

func (f doctorFacts) checkLogin() []finding {
	c, err := f.Login.Connection, f.Login.Err
	switch {
	case errors.Is(err, errNobody):
		return []finding{warning(f.SignIn, "%v%s", errNobody, f.where())}
	case err != nil && errors.As(err, new(mustSignIn)):
		why, mend := withMend(err)
		return []finding{fault(cmp.Or(mend, f.SignIn), "%s", why)}
	case err != nil:
		return []finding{fault("", "the login cannot be looked at: %v", err)}
	case f.Login.Variable:
		return []finding{fine("%s takes the token in %s", f.Host, zcliToken)}
	case c.ID != 0 && !c.Lendable():
		return []finding{fault(f.SignIn, "the login at %s cannot be used any more (%s)", f.Host, strings.TrimSuffix(string(c.State)+", "+string(c.Reason), ", "))}
	case f.Offline && f.Login.Broker != "":
		return []finding{fine("the login at %s is by way of %s, as far as can be told here", f.Host, f.Login.Broker)}
	case f.Offline:
		return []finding{fine("%s is signed in at %s, as far as can be told here", person(c), f.Host)}
	}
	who := person(c)
	if c.ID == 0 && f.Me != nil {
		who = f.Me.Name
	}
	return []finding{fine("%s is signed in at %s, which takes the token", cmp.Or(who, "somebody"), f.Host)}
}

func (f doctorFacts) where() string {
	if f.Host == "" {
		return ""
	}
	return " at " + f.Host
}

// withMend takes an error and the command that it ends with apart; "": it has none.
func withMend(err error) (why, mend string) {
	why, mend, _ = strings.Cut(err.Error(), ": run `")
	return why, strings.TrimSuffix(mend, "`")
}

func (f doctorFacts) checkLifetimes() []finding {
	c := f.Login.Connection
	expires, renewable := timeOrNil(c.AccessExpires), timeOrNil(c.RefreshExpires)
	byItself := f.Login.Broker != "" || c.Grant == oauth.GrantClientCredentials || !c.Refresh.IsZero()
	switch {
	case f.Token != nil:
		expires, renewable = atOrNil(f.Token.ExpiresAt), atOrNil(f.Token.RefreshTokenExpiresAt)
		byItself = byItself || f.Token.RefreshToken != nil
	case c.ID == 0:
		return []finding{skipped(cmp.Or(f.unsigned(), "the token does not say"))}
	}
	days := daysUntil(mustRefresh, f.Now)
	switch {
	case expires == nil && days <= 0:
		return []finding{fault(f.SignIn, "the token does not expire by itself: since %s Zendesk wants clients to renew theirs, and may end it any day", mustRefresh.Format(time.DateOnly))}
	case expires == nil:
		return []finding{warning(f.SignIn, "the token does not expire, as those of older clients: from %s, in %s, Zendesk wants clients to renew theirs", mustRefresh.Format(time.DateOnly), numberOf(days, "day"))}
	case renewable != nil && !renewable.After(f.Now):
		return []finding{fault(f.SignIn, "what renews the token was over at %s", stamp(renewable))}
	case renewable != nil && renewable.Sub(f.Now) < soonOver:
		return []finding{warning("deskauth auth status"+f.Which, "what renews the token ends in %s, at %s, unless the login is used before", about(renewable.Sub(f.Now)), stamp(renewable))}
	case renewable == nil && !byItself:
		return []finding{warning(f.SignIn, "the token ends at %s, and nothing is there to renew it", stamp(expires))}
	case renewable == nil:
		return []finding{fine("the token lives until %s, and is renewed", stamp(expires))}
	}
	return []finding{fine("the token lives until %s, and is renewed until %s", stamp(expires), stamp(renewable))}
}

func (f doctorFacts) checkRole() []finding {
	role := f.Login.Connection.User.Role
	if f.Me != nil {
		role = f.Me.Role
	}
	switch role {
	case "":
		return []finding{skipped(cmp.Or(f.unsigned(), "the scopes do not let the login say who it is"))}
	case "admin":
		return []finding{fine("admin: every command is open")}
	case "agent":
		return []finding{warning("have an admin sign in, for these", "agent: tickets are open; `client`, `token` and `migrate` want an admin")}
	}
	return []finding{warning("have an agent or an admin sign in", "%s: only requests of their own are open, neither tickets nor clients and tokens", role)}
}

func (f doctorFacts) checkClient() []finding {
	k := f.Client
	if k.Identifier == "" {
		return []finding{skipped("it is not known which: name it with --client-id")}
	}
	for _, err := range k.Answers {
		if failure := (*broker.Failure)(nil); errors.As(err, &failure) && failure.Kind == broker.NoSuchClient {
			cause := "%s has no client %s: it takes the unique identifier, and that of one made for all accounts (it begins zdg-) once Zendesk has approved it"
			return []finding{fault("deskauth client list"+f.Which, cause, f.Host, k.Identifier)}
		}
	}
	c := k.Registered
	if c == nil {
		return []finding{skipped(cmp.Or(f.unsigned(), fmt.Sprintf("what %s is registered as, an admin's login with the scope read alone may see", k.Identifier)))}
	}
	scope := "made for this account"
	if c.Global {
		scope = "made for all accounts"
	}
	switch acts := k.Own && f.Login.Connection.Grant == oauth.GrantClientCredentials; {
	case c.Kind == zendesk.Public && acts:
		return []finding{fault("deskauth client update "+shellWord(c.Identifier)+" --kind confidential"+f.Which, "%s is public now: Zendesk lets no public client act for itself", c.Identifier)}
	case c.Kind == zendesk.Public && k.Kept:
		return []finding{warning("", "%s is public, %s, and a secret of it is kept here: PKCE does without", c.Identifier, scope)}
	case c.Kind == zendesk.Public:
		return []finding{fine("%s is public, %s: it signs in by PKCE, without a secret", c.Identifier, scope)}
	case !k.Kept && k.Own:
		return []finding{warning(f.SignIn+" --client-id "+shellWord(c.Identifier)+" --client-secret-file FILE", "%s is confidential, %s, and no secret of it is kept here: its tokens may not be renewed", c.Identifier, scope)}
	}
	return []finding{fine("%s is confidential, %s", c.Identifier, scope)}
}

// checkRedirects compares the addresses that are registered with those that a browser
// comes back to: Zendesk compares every character (facts §1.6).
func (f doctorFacts) checkRedirects() []finding {
	if f.Client.Own && f.Login.Connection.Grant == oauth.GrantClientCredentials {
		return []finding{skipped("the client acts for itself: nobody is sent anywhere")}
	}
	if f.Login.Broker != "" {
		return []finding{skipped("people come back to " + f.Login.Broker + ", by its own client")}
	}
	if f.Client.Registered == nil && len(f.Client.Answers) == 0 {
		return []finding{skipped(cmp.Or(f.unsigned(), "it is not known which client"))}
	}
	var all []finding
	there := 0
	for _, port := range loginPorts {
		want := loginRedirect(port)
		is, why := f.Client.takes(want)
		if is {
			there++
			continue
		}
		mend := fmt.Sprintf("deskauth client update %s --add-redirect %s%s", shellWord(f.Client.Identifier), want, f.Which)
		all = append(all, warning(mend, "the client %s lacks %s%s", f.Client.Identifier, want, why))
	}
	switch {
	case there == len(loginPorts):
		return []finding{fine("the client %s has the three addresses that a browser comes back to", f.Client.Identifier)}
	case there == 0:
		for n := range all { // nobody can sign in
			all[n].Result = healthFault
		}
	}
	return all
}

// takes tells whether a client may send a browser back to an address, and what it has
// that looks like it, as it is registered.
func (k clientFacts) takes(want string) (is bool, instead string) {
	if k.Registered == nil {
		return k.Answers[want] == nil, ""
	}
	if slices.Contains(k.Registered.RedirectURI, want) {
		return true, ""
	}
	for _, have := range k.Registered.RedirectURI {
		if how := mistaken(have, want); how != "" {
			return false, fmt.Sprintf("; it has %s, %s", have, how)
		}
	}
	return false, ""
}

// mistaken says by what an address that is registered misses the one that is wanted; "":
// it is another.
func mistaken(have, want string) string {
	h, err := url.Parse(strings.TrimSpace(have))
	w, errW := url.Parse(want)
	if err != nil || errW != nil || h.Port() != w.Port() || h.Port() == "" {
		return ""
	}
	var how []string
	if have != strings.TrimSpace(have) {
		how = append(how, "with a space")
	}
	if !strings.EqualFold(h.Scheme, w.Scheme) {
		how = append(how, h.Scheme+" for "+w.Scheme)
	}
	if h.Hostname() != w.Hostname() {
		how = append(how, h.Hostname()+" for "+w.Hostname())
	}
	switch {
	case h.Path == w.Path+"/":
		how = append(how, "with a slash at its end")
	case h.Path != w.Path:
		how = append(how, fmt.Sprintf("the path %s for %s", cmp.Or(h.Path, "nothing"), w.Path))
	}
	if h.RawQuery != "" || h.Fragment != "" {
		how = append(how, "with more behind the path")
	}
	return strings.Join(how, ", ")
}

func (f doctorFacts) checkScopes() []finding {
	c, allowed := f.Login.Connection, oauth.Scope(nil)
	granted := c.Granted
	if f.Token != nil {
		granted = f.Token.Scopes
	}
	if c.ID == 0 && f.Token == nil {
		return []finding{skipped(cmp.Or(f.unsigned(), "the token does not say"))}
	}
	var all []finding
	if f.Client.Registered != nil && f.Client.Own {
		allowed = f.Client.Registered.AllowedScopes
	}
	if outside := zendesk.Within(c.Asked, allowed); len(outside) > 0 {
		all = append(all, warning(fmt.Sprintf("deskauth client update %s --allowed-scope %s%s", shellWord(f.Client.Identifier), shellWord(strings.Join(append(slices.Clone(allowed), outside...), ",")), f.Which),
			"the client %s may have %s alone, and logins ask for %s too: Zendesk refuses that", f.Client.Identifier, strings.Join(allowed, " "), outside))
	}
	if missing := c.Missing(); len(missing) > 0 {
		all = append(all, warning(f.SignIn+" --scope "+shellWord(c.Asked.String()), "Zendesk did not grant %s of %s", missing, c.Asked))
	}
	if !zendesk.Covers(granted, zendesk.Read) || !zendesk.Covers(granted, zendesk.Write) {
		all = append(all, warning(f.SignIn+" --scope 'read write'", "with %s `client`, `token` and `migrate` are closed: they want read and write", cmpScope(granted)))
	}
	if len(all) == 0 {
		return []finding{fine("%s: what was asked for was granted", granted)}
	}
	return all
}

func (f doctorFacts) checkAPITokens() []finding {
	switch why := f.unsigned(); {
	case why != "":
		return []finding{skipped(why)}
	case f.APITokensErr != nil:
		return []finding{skipped("only an admin's login with the scope read may list them, where Zendesk lists them at all")}
	}
	active := 0
	var last time.Time
	for _, t := range f.APITokens {
		if t.Active {
			active++
		}
		if at := atOrNil(t.LastUsedAt); t.Active && at != nil && at.After(last) {
			last = *at
		}
	}
	if active == 0 {
		return []finding{fine("%s has none that is active", f.Host)}
	}
	used := "never used"
	if !last.IsZero() {
		used = "last used at " + stamp(&last)
	}
	return []finding{warning("deskauth migrate api-tokens check"+f.Which, "%s has %s, %s, which %s", f.Host, numberOf(active, "active API token"), used, basicEnds(f.Now))}
}

// basicEnds says when API tokens end.
func basicEnds(now time.Time) string {
	day := zendesk.APITokensEnd.Format(time.DateOnly)
	if left := daysUntil(zendesk.APITokensEnd, now); left > 0 {
		return fmt.Sprintf("end on %s, in %s", day, numberOf(left, "day"))
	}
	return "ended on " + day
}

// daysUntil are whole days, a begun one counted.
func daysUntil(t, now time.Time) int {
	return int((t.Sub(now) + 24*time.Hour - 1) / (24 * time.Hour))
}
