package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// logins are the command line's own: connections of a broker that has no server, in a
// SQLite file for each Zendesk. What commands do at the same time is its business.
type logins struct {
	*broker.Broker
	place loginPlace
	keys  string // where the sealing keys are, for people
}

// loginPlace is where they are kept:
//
//	~/.local/state/deskauth/logins/
//	    current.json                  the login that is meant where none is named
//	    keys.json | keys.age          the sealing keys, where no keychain has them
//	    https-subdomain.zendesk.com/  a Zendesk
//	        logins.db
//	    via-https-connect.example.com/  a broker of somebody's
//	        17.json
type loginPlace struct {
	Root string
	Base zendesk.Base
}

func (w whichLogin) where(p process) (loginPlace, error) {
	dir, err := stateDir(p)
	if err != nil {
		return loginPlace{}, err
	}
	at := loginPlace{Root: filepath.Join(dir, "logins")}
	template := w.ZendeskURL
	if template == "" {
		now, err := at.current()
		if err != nil {
			return at, err
		}
		template = cmp.Or(now.Zendesk, defaultZendesk)
	}
	base, err := brokerOptions{ZendeskURL: template, AllowHTTP: w.AllowHTTP}.base()
	if err != nil {
		return at, usagef("--zendesk-url: %w", err)
	}
	at.Base = base
	return at, nil
}

// dir is a Zendesk's own.
func (l loginPlace) dir() string {
	return filepath.Join(l.Root, fileName(l.Base.String()))
}

func (l loginPlace) db() string { return filepath.Join(l.dir(), "logins.db") }

// current is the login that is meant where none is named.
type current struct {
	Zendesk    string              `json:"zendesk_url,omitempty"`
	Connection broker.ConnectionID `json:"connection"`
	Via        string              `json:"via,omitempty"` // the broker whose connection it is
}

func (l loginPlace) currentFile() string { return filepath.Join(l.Root, "current.json") }

func (l loginPlace) current() (now current, err error) {
	text, err := os.ReadFile(l.currentFile())
	if errors.Is(err, fs.ErrNotExist) {
		return now, nil
	} else if err != nil {
		return now, err
	}
	if json.Unmarshal(text, &now) != nil {
		return now, fmt.Errorf("%s is damaged: remove it, and name the account with --account", l.currentFile())
	}
	return now, nil
}

func (l loginPlace) setCurrent(id broker.ConnectionID) error {
	return l.writeCurrent(current{Zendesk: l.Base.String(), Connection: id})
}

func (l loginPlace) writeCurrent(now current) error {
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	return writeWhole(l.currentFile(), append(text, '\n'))
}

func (l loginPlace) clearCurrent() error {
	if err := os.Remove(l.currentFile()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// noRedirect is the redirect URL of commands that send nobody anywhere.
const noRedirect = "http://127.0.0.1/callback"

// open opens the logins that are there.
func (w whichLogin) open(ctx context.Context, p process) (*logins, func(), error) {
	at, err := w.where(p)
	if err != nil {
		return nil, nil, err
	}
	if _, err := os.Stat(at.db()); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, w.nobody(at)
	}
	keys, err := findLoginKeys(ctx, at.Root, p)
	if err != nil {
		return nil, nil, err
	}
	return w.openWith(ctx, p, at, keys, noRedirect)
}

// errOtherKeys says that the logins that are there cannot be opened.
var errOtherKeys = errors.New("the logins are sealed with another key")

// putAside moves logins out of the way that this key does not open: another may, one
// day. It returns where they are.
func (l loginPlace) putAside(now time.Time) (string, error) {
	to := fmt.Sprintf("%s.sealed-otherwise-%s", l.dir(), now.UTC().Format("20060102T150405Z"))
	if err := os.Rename(l.dir(), to); err != nil {
		return "", err
	}
	return to, os.MkdirAll(l.dir(), 0o700)
}

// nobody says how to sign in.
func (w whichLogin) nobody(at loginPlace) error {
	where := ""
	if w.Account != "" {
		where = " at " + w.Account
	}
	return mustSignIn{fmt.Errorf("%w%s: run `%s`", errNobody, where, w.signInLine(at))}
}

// errNobody tells that there is no login from one that is no good any more.
var errNobody = errors.New("nobody is signed in")

// signInLine is the command that signs in.
func (w whichLogin) signInLine(at loginPlace) string {
	line := "deskauth auth login --account " + shellWord(cmp.Or(w.Account, "SUBDOMAIN"))
	if at.Base.String() != defaultZendesk {
		line += " --zendesk-url '" + at.Base.String() + "'"
	}
	return line
}

func (w whichLogin) openWith(ctx context.Context, p process, at loginPlace, keys loginKeys, redirect string) (_ *logins, closing func(), err error) {
	ring, err := keys.Load(ctx)
	if err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, "sqlite:"+at.db())
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	if err := db.MigrateBroker(ctx); err != nil {
		return nil, nil, err
	}
	config := broker.Config{
		Store: db.Broker(), Ring: ring, Source: keys, Base: at.Base, RedirectURI: redirect, Scope: oauth.Scope{"read"},
		HTTP: w.toZendesk(p, at.Base),
	}
	clock, err := followClock(ctx, p)
	if err != nil {
		return nil, nil, err
	} else if clock != nil {
		config.Now = clock.Now
	}
	b, err := broker.New(ctx, config)
	if errors.Is(err, seal.ErrSealed) {
		return nil, nil, mustSignIn{fmt.Errorf("%w than %s has: sign in again with `deskauth auth login`", errOtherKeys, keys)}
	} else if err != nil {
		return nil, nil, err
	}
	if err := b.KeepBase(ctx); err != nil {
		return nil, nil, err
	}
	return &logins{b, at, keys.String()}, func() {
		if ctx.Err() != nil {
			defer sayFinishing(p)()
		}
		_ = b.Close(context.WithoutCancel(ctx))
		_ = db.Close()
	}, nil
}

// sayFinishing says why a command does not end at once that was asked to: a token that
// Zendesk has been asked for is lost, and the login with it, if nobody takes the answer.
func sayFinishing(p process) (ended func()) {
	late := time.AfterFunc(time.Second, func() {
		fmt.Fprintln(p.Err, "deskauth: it ends when Zendesk has answered what it was asked; another Ctrl-C ends it at once, and may lose a login")
	})
	return func() { late.Stop() }
}

// all are the logins at this Zendesk: few, for they are one person's.
func (l *logins) all(ctx context.Context) (all []broker.Connection, err error) {
	for after := broker.ConnectionID(0); ; after = all[len(all)-1].ID {
		some, err := l.Connections(ctx, after, 100)
		if err != nil || len(some) == 0 {
			return all, err
		}
		all = append(all, some...)
	}
}

// named is the subdomain that was named, as a person pastes it; "" where none was.
func (l *logins) named(w whichLogin) (string, error) {
	if w.Account == "" {
		return "", nil
	}
	account, err := l.Base.CleanSubdomain(w.Account)
	if err != nil {
		return "", usagef("--account: %w", err)
	}
	return account, nil
}

// pick is the login that is meant: of the account that is named, else the current one,
// else the only one.
func (l *logins) pick(ctx context.Context, p process, w whichLogin) (broker.Connection, error) {
	all, err := l.all(ctx)
	if err != nil {
		return broker.Connection{}, err
	}
	now, err := l.place.current()
	if err != nil {
		return broker.Connection{}, err
	}
	if now.Zendesk != l.place.Base.String() {
		now = current{}
	}
	account, err := l.named(w)
	if err != nil {
		return broker.Connection{}, err
	}
	w.saysWhoWins(p, account, all, now)
	c, found := choose(all, account, now.Connection)
	switch {
	case !found && account == "" && len(all) > 0:
		return c, usagef("there are several logins: name one with --account, or choose one with `deskauth auth switch`")
	case !found:
		return c, w.nobody(l.place)
	}
	return c, nil
}

// choose decides which of some logins is meant.
func choose(all []broker.Connection, account string, now broker.ConnectionID) (c broker.Connection, found bool) {
	var of []broker.Connection
	for _, one := range all {
		if account == "" || one.Account == account {
			of = append(of, one)
		}
	}
	for _, one := range of {
		if one.ID == now {
			return one, true
		}
	}
	switch {
	case len(of) == 1, len(of) > 1 && account != "":
		return of[len(of)-1], true // of several people at an account, who came last
	}
	return c, false
}
