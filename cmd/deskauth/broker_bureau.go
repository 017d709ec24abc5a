package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// bureau is the broker's database, opened by a command beside or instead of the
// server. Its client is the one that the server was started with.
type bureau struct {
	DB              string
	Keys            keyring
	ZendeskURL      string
	AllowHTTP       bool
	AllowPrivate    bool
	PrivateWebhooks bool
	Asks            bool   // it asks Zendesk, and so must know where that is
	Seals           bool   // it seals or opens something, without asking
	PublicURL       string // where links lead; "": it makes none
}

// links adds the flag of what makes links.
func (o *bureau) links(f *pflag.FlagSet) {
	f.StringVar(&o.PublicURL, "public-url", "http://localhost:4002", "`URL` that browsers know the broker by, as it was started with")
}

// redirectURI is at the public URL, where links lead too. Nobody is sent there else.
func (o *bureau) redirectURI() (string, error) {
	if o.PublicURL == "" {
		return "http://localhost" + brokerhttp.DefaultCallbackPath, nil
	}
	u, err := url.Parse(o.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" && u.Path != "/" {
		return "", usagef("--public-url must be a scheme and a host, such as https://connect.example.com")
	}
	return brokerhttp.RedirectURI(u, ""), nil
}

// Flags of the broker and of what works beside it.
const (
	brokerDBUsage    = "the broker's database: sqlite:PATH or postgres://… (default a SQLite file in the user's state directory)"
	sealingKeysUsage = "`file` of the keys that seal the tokens (default in the user's state directory)"
)

func (o *bureau) flags(f *pflag.FlagSet) {
	f.StringVar(&o.DB, "db", "", brokerDBUsage)
	markSecret(f, "db")
	o.Keys.flags(f, sealingKeysUsage)
	if !o.Asks && !o.Seals {
		// Of no use there, and taken all the same: one set of flags does for every command.
		_ = f.MarkHidden("sealing-keys")
		_ = f.MarkHidden("sealing-keys-exec")
	}
	if !o.Asks {
		return
	}
	f.StringVar(&o.ZendeskURL, "zendesk-url", "", "where Zendesk's accounts are (default as the broker was started with)")
	f.BoolVar(&o.AllowHTTP, "zendesk-plain-http", false, "allow a --zendesk-url of plain HTTP that is not this machine")
	f.BoolVar(&o.AllowPrivate, "zendesk-private", false, "allow a --zendesk-url that leads to private addresses")
}

// open makes a broker of what is there. It makes nothing: a key or a connection in a
// new database would be of no use to the server. One that does not ask Zendesk needs
// no sealing keys, for it has no use for a token.
func (o *bureau) open(ctx context.Context, p process) (_ *broker.Broker, closing func(), err error) {
	if o.ZendeskURL != "" { // before anything is opened
		if _, err := o.base(o.ZendeskURL); err != nil {
			return nil, nil, err
		}
	}
	config := broker.Config{Scope: oauth.Scope{"read"}, PrivateWebhooks: o.PrivateWebhooks}
	if config.RedirectURI, err = o.redirectURI(); err != nil {
		return nil, nil, err
	}
	dsn, err := o.dsn(p)
	if err != nil {
		return nil, nil, err
	}
	if !o.Asks && !o.Seals {
		config.Keyless = true
	} else if config.Source, config.Ring, err = o.Keys.there(ctx, p, sayKeeper(p)); err != nil {
		return nil, nil, err
	}
	db, err := openBeside(ctx, dsn)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	config.Store = db.Broker()
	if config.Base, err = o.zendesk(ctx, config.Store); err != nil {
		return nil, nil, err
	}
	config.HTTP = broker.NewHTTPClient(broker.HTTPConfig{Base: config.Base, AllowPrivate: o.AllowPrivate})
	clock, err := followClock(ctx, p)
	if err != nil {
		return nil, nil, err
	} else if clock != nil {
		config.Now = clock.Now
	}
	b, err := broker.New(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	return b, func() { _ = b.Close(context.WithoutCancel(ctx)); _ = db.Close() }, nil
}

// look opens the database alone, for what reads nothing that is sealed.
func (o *bureau) look(ctx context.Context, p process) (_ broker.Store, closing func(), err error) {
	dsn, err := o.dsn(p)
	if err != nil {
		return nil, nil, err
	}
	db, err := openBeside(ctx, dsn)
	if err != nil {
		return nil, nil, err
	}
	return db.Broker(), func() { _ = db.Close() }, nil
}

// dsn names a database that is there.
func (o *bureau) dsn(p process) (string, error) {
	dsn, err := withDefaultSQLite(o.DB, "broker", p)
	if err != nil {
		return "", err
	}
	if path, isFile := strings.CutPrefix(dsn, "sqlite:"); isFile {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("there is no database at %s: name the broker's with --db or DESKAUTH_DB (that of `deskauth dev` is broker.db in its --data directory), or start `deskauth broker` once", path)
		}
	}
	return dsn, nil
}

// openBeside opens a broker's database. It makes no tables in one that an issuer has and
// no broker: that one was named by mistake.
func openBeside(ctx context.Context, dsn string) (*store.DB, error) {
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if db.Has(ctx, store.IssuerPart) && !db.Has(ctx, store.BrokerPart) {
		return nil, errors.Join(errors.New("--db is an issuer's database, and no broker has used it: name the broker's"), db.Close())
	}
	if err := db.MigrateBroker(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// zendesk is where the broker's accounts are, as it noted itself: a default would
// send the tokens of a local Zendesk, and its client's secret, to the real one.
func (o *bureau) zendesk(ctx context.Context, s broker.Store) (zendesk.Base, error) {
	kept, err := s.Zendesk(ctx)
	if err != nil && !errors.Is(err, broker.ErrNotFound) {
		return zendesk.Base{}, err
	}
	switch {
	case !o.Asks:
		return zendesk.ParseBase(cmp.Or(kept, defaultZendesk), zendesk.AllowHTTP) // never asked
	case kept == "" && o.ZendeskURL == "":
		return zendesk.Base{}, usagef("--zendesk-url is missing: no broker has noted yet in this database where its Zendesk is; name the one that it is started with")
	}
	base, err := o.base(cmp.Or(o.ZendeskURL, kept))
	if err == nil && kept != "" && base.String() != kept {
		err = usagef("--zendesk-url: %w", &broker.OtherZendesk{Kept: kept, Asked: base.String()})
	}
	return base, err
}

func (o *bureau) base(template string) (zendesk.Base, error) {
	base, err := brokerOptions{ZendeskURL: template, AllowHTTP: o.AllowHTTP}.base()
	if err != nil {
		return base, usagef("--zendesk-url: %w", err)
	}
	return base, nil
}
