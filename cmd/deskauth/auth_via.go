package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Signing in by way of a broker (RFC 8628): this command shows a code, any browser
// anywhere allows it, and what comes of it is a key that lends one connection.
//
//	POST /v1/device_authorization ──► address and code, for a person
//	POST /v1/token, again and again ──► the key, sealed before it is used
//	GET  /v1/connections/{id}       ──► who that is

// deviceProgram is what this command calls itself on the broker's page.
const deviceProgram = "deskauth"

// viaLogin signs in by way of a broker.
func (o loginOptions) viaLogin(ctx context.Context, p process) error {
	root, err := viaURL(o.Via, o.AllowHTTP)
	if err != nil {
		return err
	}
	at, err := o.where(p)
	if err != nil {
		return err
	}
	account := ""
	if o.Account != "" {
		if account, err = o.account(at); err != nil {
			return err
		}
	}
	// What comes must have where to be kept before it is asked for.
	keys, err := makeLoginKeys(ctx, at.Root, o.Insecure, p)
	if err != nil {
		return err
	}
	ring, err := keys.Load(ctx)
	if err != nil {
		return err
	}
	v := viaLogin{Broker: root.String(), Account: account}
	api := brokerAPI{root: root, http: o.toBroker(p, brokerTime)}
	codes, err := o.askDevice(ctx, api, account)
	if err != nil {
		return v.explain(err)
	}
	o.showCode(ctx, p, codes)
	waiting, cancel := context.WithTimeoutCause(ctx, min(o.Timeout, time.Duration(codes.ExpiresIn)*time.Second), asUnavailable(errors.New("nobody allowed it in time: the code is over")))
	defer cancel()
	key, err := api.poll(waiting, codes)
	if err != nil {
		return v.explainDevice(err)
	}
	v.Connection, v.key = key.Connection, secret.Of(key.AccessToken)
	v.KeyExpires = time.Now().Add(time.Duration(key.ExpiresIn) * time.Second).UTC().Truncate(time.Second)
	before := v.kept(at.Root, ring)
	if err := v.keep(at.Root, ring); err != nil { // it is nowhere else
		return err
	}
	if !before.IsZero() {
		old := viaLogin{Broker: v.Broker, key: before}.client(o.whichLogin, p)
		_ = old.EndOwnKey(ctx) // it may be over, and is used no more
		_ = old.Close()
	}
	return v.welcome(ctx, p, v.client(o.whichLogin, p), at, keys)
}

// welcome finds out who it is, and makes it the current login.
func (v viaLogin) welcome(ctx context.Context, p process, b *deskauth.Client, at loginPlace, keys loginKeys) error {
	ring, err := keys.Load(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }()
	c, err := b.Connection(ctx, v.Connection)
	if err != nil {
		return v.explain(err)
	}
	if zendesk.CheckSubdomain(c.Account) != nil {
		return fmt.Errorf("%s says that connection %d is of the account %q, which no account is called", hostOf(v.Broker), v.Connection, c.Account)
	}
	v.Account, v.Host, v.Person = printable(c.Account), printable(hostOf(c.URL)), person(broker.Connection{User: broker.User(c.User)})
	if err := v.keep(at.Root, ring); err != nil {
		return err
	}
	if err := at.writeCurrent(current{Connection: broker.ConnectionID(v.Connection), Via: v.Broker}); err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "Signed in at %s as %s, by way of %s.\n", v.Host, v.Person, hostOf(v.Broker))
	fmt.Fprintf(p.Err, "The login is kept sealed; its key is in %s. It ends on %s.\n", keys, v.KeyExpires.Format(time.DateOnly))
	return nil
}

// deviceCodes is the answer of RFC 8628 §3.2.
type deviceCodes struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Address    string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int64  `json:"expires_in"`
	Interval   int64  `json:"interval"`
}

func (o loginOptions) askDevice(ctx context.Context, api brokerAPI, account string) (codes deviceCodes, err error) {
	form := url.Values{"client_id": {deviceProgram}, "scope": {o.Scope}}
	if account != "" {
		form.Set("account", account)
	}
	if err := api.do(ctx, withForm("/v1/device_authorization", form), &codes); err != nil {
		return codes, err
	}
	if codes.DeviceCode == "" || codes.UserCode == "" || codes.Address == "" {
		return codes, notABroker(&http.Response{StatusCode: http.StatusOK})
	}
	return codes, nil
}

func (o loginOptions) showCode(ctx context.Context, p process, codes deviceCodes) {
	fmt.Fprintln(p.Err, "Open this address in any browser, on any machine, and type the code:")
	fmt.Fprintf(p.Err, "\n  %s\n  %s\n\n", printable(codes.Address), bold(p, p.Err, printable(codes.UserCode)))
	if u, err := url.Parse(codes.Complete); err == nil && !o.NoBrowser && (u.Scheme == "https" || u.Scheme == "http") {
		_ = openBrowser(ctx, p, codes.Complete) // the address was said
	}
}

// deviceKey is the answer of RFC 6749 §5.1, whose token is a key of the broker's.
type deviceKey struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
	Connection  int64  `json:"connection"`
}

// defaultPause is RFC 8628 §3.2's, and what §3.5 adds to it.
const defaultPause = 5 * time.Second

// pause is what the broker asks for. Whatever that is, nobody is asked without one, and
// the least is no less later.
func (c deviceCodes) pause() time.Duration {
	if c.Interval <= 0 {
		return defaultPause
	}
	return time.Duration(min(c.Interval, 3600)) * time.Second
}

// poll asks until somebody has decided. A network that fails is no decision (RFC 8628
// §3.5): it is asked again, less often.
func (b brokerAPI) poll(ctx context.Context, codes deviceCodes) (key deviceKey, err error) {
	pause := codes.pause()
	form := url.Values{"grant_type": {string(oauth.GrantDeviceCode)}, "client_id": {deviceProgram}, "device_code": {codes.DeviceCode}}
	for {
		select {
		case <-ctx.Done():
			return key, context.Cause(ctx)
		case <-time.After(pause):
		}
		err := b.do(ctx, withForm("/v1/token", form), &key)
		var problem *brokerProblem
		switch {
		case err == nil && key.AccessToken != "" && key.Connection > 0:
			return key, nil
		case errors.As(err, &problem) && problem.Code == oauth.AuthorizationPending:
		case errors.As(err, &problem) && problem.Code == oauth.SlowDown:
			pause += defaultPause
		case errors.As(err, &problem) && problem.status < 500 && problem.status != http.StatusTooManyRequests:
			return key, err
		default:
			pause = max(pause, min(2*pause, time.Minute))
		}
	}
}

// explainDevice says why nobody is signed in.
func (v viaLogin) explainDevice(err error) error {
	var problem *brokerProblem
	switch {
	case errors.As(err, &problem) && problem.Code == oauth.AccessDenied:
		return errors.New("nobody is signed in: it was denied")
	case errors.As(err, &problem) && (problem.Code == oauth.ExpiredToken || problem.Code == oauth.InvalidGrant):
		return asUnavailable(errors.New("nobody allowed it in time: the code is over"))
	case errors.As(err, new(coded)):
		return err
	}
	return v.explain(err)
}
