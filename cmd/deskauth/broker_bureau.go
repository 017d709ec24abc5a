package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/oauth"
)

// bureau is the broker's database, opened by a command beside or instead of the
// server. Its client is the one that the server was started with.
type bureau struct {
	DB           string
	SealingKeys  string
	ZendeskURL   string
	AllowHTTP    bool
	AllowPrivate bool
}

// Flags of the broker and of what works beside it.
const (
	brokerDBUsage    = "the broker's database: sqlite:PATH or postgres://… (default a SQLite file in the user's state directory)"
	sealingKeysUsage = "`file` of the keys that seal the tokens (default in the user's state directory)"
)

func (o *bureau) flags(f *pflag.FlagSet) {
	f.StringVar(&o.DB, "db", "", brokerDBUsage)
	markSecret(f, "db")
	f.StringVar(&o.SealingKeys, "sealing-keys", "", sealingKeysUsage)
	f.StringVar(&o.ZendeskURL, "zendesk-url", "https://{subdomain}.zendesk.com", "where Zendesk's accounts are")
	f.BoolVar(&o.AllowHTTP, "zendesk-plain-http", false, "allow a --zendesk-url of plain HTTP that is not this machine")
	f.BoolVar(&o.AllowPrivate, "zendesk-private", false, "allow a --zendesk-url that leads to private addresses")
}

// open makes a broker of what is there. It makes nothing: a key or a connection in a
// new database would be of no use to the server.
func (o bureau) open(ctx context.Context, p process) (_ *broker.Broker, closing func(), err error) {
	base, err := brokerOptions{ZendeskURL: o.ZendeskURL, AllowHTTP: o.AllowHTTP}.base()
	if err != nil {
		return nil, nil, usagef("--zendesk-url: %w", err)
	}
	dsn, err := withDefaultSQLite(o.DB, "broker", p)
	if err != nil {
		return nil, nil, err
	}
	if path, isFile := strings.CutPrefix(dsn, "sqlite:"); isFile {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("there is no database at %s: name the broker's with --db, or start `deskauth broker` once", path)
		}
	}
	keys, err := sealingKeys(o.SealingKeys, p)
	if err != nil {
		return nil, nil, err
	}
	if _, err := os.Stat(keys); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("there are no sealing keys at %s: name the broker's with --sealing-keys", keys)
	}
	ring, err := seal.OpenFile(keys)
	if err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, dsn)
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
		Store: db.Broker(), Ring: ring, Base: base, Scope: oauth.Scope{"read"},
		HTTP:        broker.NewHTTPClient(broker.HTTPConfig{Base: base, AllowPrivate: o.AllowPrivate}),
		RedirectURI: "http://localhost" + brokerhttp.DefaultCallbackPath, // nobody is sent anywhere
	}
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

// sealingKeys is the file of the keys, where none is named the usual one.
func sealingKeys(named string, p process) (string, error) {
	if named != "" {
		return named, nil
	}
	dir, err := stateDir(p)
	return dir + "/sealing-keys.json", err
}
