package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	system "github.com/zalando/go-keyring"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// doctorFacts are what is known before anything is decided. Nothing secret is in them.
type doctorFacts struct {
	Now     time.Time // protocol time
	Offline bool
	Account string // subdomain; "": nobody says which
	Host    string
	SignIn  string // the command that signs in
	Which   string // the flags by which another command means the same account

	State    stateFacts
	Keychain keychainFacts
	Reached  *reachedFacts // nil: nobody was asked
	Login    loginFacts
	Me       *zendesk.User       // nil: not known
	Token    *zendesk.OAuthToken // nil: not known
	Client   clientFacts
	Basic    basicFacts
	Overdue  []ledgerEntry
	ByBroker []viaLogin // logins by way of brokers

	APITokens    []zendesk.APIToken
	APITokensErr error

	base *zendesk.Base // where the account is; nil: only its broker knows, and does not say
}

// stateFacts are of the directory where the logins are kept.
type stateFacts struct {
	Dir      string
	There    bool
	Logins   bool // some are kept there
	Mode     fs.FileMode
	Writable bool
	Free     uint64 // bytes; see FreeKnown
	FreeIs   bool
	Err      error
}

// keychainFacts are where the key of the logins is, and whether the keychain answers.
type keychainFacts struct {
	File string // that has the key instead; "": none
	Open bool   // it is a plain one
	Mode fs.FileMode
	Has  bool  // the keychain has the key
	Err  error // it does not answer
}

// reachedFacts are of one request that needs no credentials.
type reachedFacts struct {
	Err    error
	Status int
	Page   bool   // a page answered
	Proxy  string // the host of the proxy; "": none
	Ahead  time.Duration
	Dated  bool // the answer has a date, which Ahead is from
}

// loginFacts are of the login that is meant.
type loginFacts struct {
	Err        error // there is none, or it cannot be used
	Variable   bool  // the token is the environment's
	Broker     string
	Connection broker.Connection // of one's own; zero: it is none
}

// clientFacts are of the OAuth client by which one signs in.
type clientFacts struct {
	Identifier string
	Own        bool             // the login is of this client
	Registered *zendesk.Client  // nil: only an admin may see it
	Kept       bool             // its secret is kept here
	Answers    map[string]error // of Zendesk's sign-in page, for each redirect address
	SeenErr    error            // why Registered is nil
}

// basicFacts are what HTTP Basic has left behind on this machine.
type basicFacts struct{ Variables, Files []string }

// gather asks, in the order in which one thing needs the other. Only what nothing can be
// said without is an error.
func (d doctor) gather(ctx context.Context, p process) (doctorFacts, error) {
	at, err := d.where(p)
	if err != nil {
		return doctorFacts{}, err
	}
	keeping, closing, err := keepTime(ctx, p)
	if err != nil {
		return doctorFacts{}, err
	}
	closing()
	f := doctorFacts{Now: keeping.now(), Offline: d.Offline, State: stateOfDir(at.Root), Keychain: keychainOf(ctx, at.Root), Basic: basicLeft(p)}
	if d.Account != "" {
		if f.Account, err = at.Base.CleanSubdomain(d.Account); err != nil {
			return f, usagef("--account: %w", err)
		}
	}
	if f.ByBroker, err = viaLogins(at.Root); err != nil {
		f.State.Err = err
	}
	f.Client.Identifier = cmp.Or(d.ClientID, lookup(p, zcliClientID))
	lent, lends, err := d.namedVia(p)
	if err == nil && lends {
		f.Login.Broker = lent.Broker
	} else {
		f.base = &at.Base
	}
	if err := d.gatherLogin(ctx, p, &f); err != nil {
		return f, err
	}
	f.name(d.whichLogin, at, lent)
	if f.Overdue, err = at.ledger().overdue(f.Account, f.Now); err != nil {
		f.State.Err = errors.Join(f.State.Err, err)
	}
	if f.Account != "" && f.base != nil && !d.Offline {
		f.Reached = d.reach(ctx, p, *f.base, f.Account)
	}
	if f.Login.Err != nil && f.Reached != nil && f.Reached.Err == nil && f.Client.Identifier != "" {
		d.gatherUnsigned(ctx, p, *f.base, &f)
	}
	if ctx.Err() != nil { // what could not be asked in time is no fault of anybody's
		return f, context.Cause(ctx)
	}
	return f, nil
}

// name says how the account is named in commands.
func (f *doctorFacts) name(w whichLogin, at loginPlace, lent viaLogin) {
	w.Account = f.Account
	f.SignIn = w.signInLine(at)
	if f.Login.Broker != "" {
		f.SignIn, f.Host = lent.signInAgain(), lent.Host
	} else if f.Account != "" {
		f.Host = at.Base.URL(f.Account).Host
	}
	f.Which = strings.TrimPrefix(f.SignIn, "deskauth auth login")
}

// gatherLogin asks by the login that is meant. That there is none is a fact, too.
func (d doctor) gatherLogin(ctx context.Context, p process, f *doctorFacts) error {
	var err error
	if d.Offline && f.Login.Broker != "" {
		return nil
	} else if d.Offline {
		err = d.with(ctx, p, func(l *logins, c broker.Connection) error { return d.ownLogin(ctx, l, c, f) })
	} else {
		err = d.call(ctx, p, func(ctx context.Context, p process, c *caller) error { return d.byCaller(ctx, p, c, f) })
	}
	switch {
	case errors.As(err, new(usage)) && d.Account == "" && len(f.ByBroker) == 0, ctx.Err() != nil:
		return err
	case err != nil:
		f.Login.Err = localError(err)
	}
	return nil
}

// ownLogin is what is kept of a login here.
func (d doctor) ownLogin(ctx context.Context, l *logins, c broker.Connection, f *doctorFacts) error {
	f.Account, f.Login.Connection = c.Account, c
	all, err := l.Clients(ctx, 0, 1000)
	if err != nil {
		return err
	}
	for _, one := range all {
		if f.Client.Identifier == "" && one.ID == c.Client {
			f.Client.Identifier = one.Identifier
		}
		if one.Identifier == f.Client.Identifier && one.Account == c.Account {
			f.Client.Kept, f.Client.Own = !one.Public(), one.ID == c.Client
		}
	}
	return nil
}

func (d doctor) byCaller(ctx context.Context, p process, c *caller, f *doctorFacts) error {
	f.Account = c.account
	f.Login.Variable = lookup(p, zcliToken) != ""
	f.base = &c.base
	if c.logins != nil {
		if err := d.ownLogin(ctx, c.logins, c.connection, f); err != nil {
			return err
		}
	}
	token, err := c.CurrentToken(ctx)
	if err == nil {
		f.Token = &token
	} else if !notThere(err) && !hidden(err) {
		return c.fail(err)
	}
	if c.logins != nil { // renewed meanwhile, perhaps
		if f.Login.Connection, err = c.logins.Connection(ctx, c.connection.ID); err != nil {
			return err
		}
	}
	if me, err := c.Me(ctx); err == nil {
		f.Me = &me
	}
	d.seeClient(ctx, c, f)
	if c.logins != nil {
		f.Client.Answers = answersOf(ctx, c.logins.Broker, f.Account, f.Client.Identifier)
	}
	for one, err := range c.APITokens(ctx) {
		if err != nil {
			f.APITokensErr = err
			break
		}
		f.APITokens = append(f.APITokens, one)
	}
	return nil
}

// seeClient finds the client among those of the account, where the login may.
func (d doctor) seeClient(ctx context.Context, c *caller, f *doctorFacts) {
	for one, err := range c.Clients(ctx) {
		if err != nil {
			f.Client.SeenErr = err
			return
		}
		if one.Identifier == f.Client.Identifier || f.Client.Identifier == "" && f.Token != nil && one.ID == f.Token.ClientID {
			f.Client.Identifier, f.Client.Registered = one.Identifier, &one
			return
		}
	}
}

// answersOf asks Zendesk's sign-in page about each address that a browser comes back to.
func answersOf(ctx context.Context, b *broker.Broker, account, identifier string) map[string]error {
	if identifier == "" {
		return nil
	}
	answers := map[string]error{}
	for _, port := range loginPorts {
		answers[loginRedirect(port)] = b.CheckClient(ctx, account, identifier, loginRedirect(port))
	}
	return answers
}

// gatherUnsigned asks what needs no login, by a broker that is forgotten at once.
func (d doctor) gatherUnsigned(ctx context.Context, p process, base zendesk.Base, f *doctorFacts) {
	dir, err := os.MkdirTemp("", "deskauth-doctor-")
	if err != nil {
		return
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "none.db"))
	if err != nil {
		return
	}
	defer func() { _ = db.Close() }()
	ring, err := seal.New()
	if err != nil || db.MigrateBroker(ctx) != nil {
		return
	}
	b, err := broker.New(ctx, broker.Config{
		Store: db.Broker(), Ring: ring, Base: base, RedirectURI: noRedirect, Scope: oauth.Scope{zendesk.Read}, HTTP: d.toZendesk(p, base),
	})
	if err != nil {
		return
	}
	f.Client.Answers = answersOf(ctx, b, f.Account, f.Client.Identifier)
	_ = b.Close(ctx)
}

// reach asks for what anybody may ask (facts §6.2), and looks at who answers.
func (d doctor) reach(ctx context.Context, p process, base zendesk.Base, account string) *reachedFacts {
	u := base.URL(account).JoinPath("/api/v2/users/me.json")
	r := &reachedFacts{}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		r.Err = err
		return r
	}
	if !base.IsLocal() {
		if proxy, err := http.ProxyFromEnvironment(req); err == nil && proxy != nil {
			r.Proxy = proxy.Host // and not the name and password in it
		}
	}
	resp, err := d.toZendesk(p, base).Do(req)
	if err != nil {
		r.Err = unwrapURL(err)
		return r
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	r.Status, r.Page = resp.StatusCode, isPage(resp.Header.Get("Content-Type")) || resp.StatusCode/100 == 3
	if theirs, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		r.Ahead, r.Dated = time.Since(theirs), true
	}
	return r
}

// unwrapURL leaves out the address, which is said beside it.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func stateOfDir(dir string) (s stateFacts) {
	s.Dir = dir
	info, err := os.Stat(dir)
	there := dir
	switch {
	case err == nil:
		s.There, s.Mode = true, info.Mode()
		if !info.IsDir() {
			s.Err = fmt.Errorf("%s is a file", dir)
		}
	case errors.Is(err, fs.ErrNotExist):
		for there != filepath.Dir(there) { // the first that is there is where it would be made
			if _, err := os.Stat(there); err == nil {
				break
			}
			there = filepath.Dir(there)
		}
	default:
		s.Err = err
	}
	kept, _ := filepath.Glob(filepath.Join(dir, "*", "logins.db"))
	s.Logins = len(kept) > 0
	s.Writable = writable(there)
	s.Free, s.FreeIs = freeSpace(there)
	return s
}

// keychainOf looks where the key is, without opening anything that asks somebody.
func keychainOf(ctx context.Context, root string) (k keychainFacts) {
	for _, file := range []string{plainKeys(root), lockedKeys(root)} {
		if info, err := os.Stat(file); err == nil {
			return keychainFacts{File: file, Open: file == plainKeys(root), Mode: info.Mode()}
		}
	}
	_, err := keychain(ctx, func() (string, error) { return system.Get(keychainService, keychainEntry) })
	if errors.Is(err, system.ErrNotFound) {
		return k
	}
	k.Has, k.Err = err == nil, err
	return k
}

// basicVariables are those by which programs are given credentials of HTTP Basic.
var basicVariables = []string{"DESKAUTH_API_TOKEN", "DESKAUTH_API_TOKEN_FILE", "DESKAUTH_PASSWORD", "DESKAUTH_PASSWORD_FILE", zcliEmail, zcliAPIToken, zcliPassword, "ZENDESK_TOKEN"}

// basicLeft are the variables that are set, and the files that Zendesk's command lines and
// curl keep credentials in. Their contents are looked at for a name alone.
func basicLeft(p process) (b basicFacts) {
	for _, name := range basicVariables {
		if lookup(p, name) != "" {
			b.Variables = append(b.Variables, name)
		}
	}
	home := lookup(p, "HOME")
	if home == "" {
		return b
	}
	for _, name := range []string{".zcli", ".zat"} { // Zendesk's own command lines, new and old
		if _, err := os.Stat(filepath.Join(home, name)); err == nil {
			b.Files = append(b.Files, filepath.Join(home, name))
		}
	}
	netrc := filepath.Join(home, ".netrc")
	if f, err := os.Open(netrc); err == nil {
		text, _ := io.ReadAll(io.LimitReader(f, 1<<20))
		if f.Close() == nil && strings.Contains(string(text), "zendesk.com") {
			b.Files = append(b.Files, netrc)
		}
	}
	return b
}
