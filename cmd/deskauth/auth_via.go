package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// Signing in by way of a broker (RFC 8628): this command shows a code, any browser
// anywhere allows it, and what comes of it is a key that lends one connection.
//
//	POST /v1/device_authorization ──► address and code, for a person
//	POST /v1/token, again and again ──► the key, sealed before it is used
//	GET  /v1/connections/{id}       ──► who that is

// deviceProgram is what this command calls itself on the broker's page.
const deviceProgram = "deskauth"

// brokerAPI speaks to a broker.
type brokerAPI struct {
	root *url.URL
	http *http.Client
	key  secret.Plain
}

// viaURL reads --via. Plain HTTP is for this machine alone: a key would be read on the
// way.
func viaURL(text string, plain bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	switch {
	case err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
		return nil, usagef("--via must be a scheme and a host, such as https://connect.example.com")
	case u.Scheme == "http" && !plain && !isLoopbackHost(u.Hostname()):
		return nil, usagef("--via %s: plain HTTP would show the key to the network", text)
	}
	return u, nil
}

func isLoopbackHost(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "127.0.0.1" || host == "::1"
}

func (w whichLogin) brokerAPI(p process, root *url.URL, key secret.Plain) brokerAPI {
	// A redirect would take the key along.
	client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	client.Transport = http.DefaultTransport
	if w.Debug {
		client.Transport = debugged{http.DefaultTransport, p}
	}
	return brokerAPI{root, client, key}
}

// brokerProblem is what a broker answers instead of what was asked for: RFC 9457's form,
// and where a device asks, RFC 6749's.
type brokerProblem struct {
	Type   string     `json:"type"`
	Title  string     `json:"title"`
	Detail string     `json:"detail"`
	State  string     `json:"state"`
	Reason string     `json:"reason"`
	Code   oauth.Code `json:"error"`
	Words  string     `json:"error_description"`

	status int
}

func (p *brokerProblem) Error() string {
	return fmt.Sprintf("the broker answers with status %d, %q", p.status, printable(cmp.Or(p.Detail, p.Title, p.Words, string(p.Code))))
}

// is tells a problem by its name.
func (p *brokerProblem) is(name string) bool { return strings.HasSuffix(p.Type, ":problem:"+name) }

const brokerAnswerMost = 1 << 20

func (b brokerAPI) do(ctx context.Context, method, path string, form url.Values, out any) error {
	path, query, _ := strings.Cut(path, "?")
	at := b.root.JoinPath(path)
	at.RawQuery = query
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if !b.key.IsZero() {
		req.Header.Set("Authorization", "Bearer "+b.key.Reveal())
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, brokerAnswerMost))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 == 2 && (out == nil || json.Unmarshal(text, out) == nil) {
		return nil
	}
	problem := &brokerProblem{status: resp.StatusCode}
	if json.Unmarshal(text, problem) != nil || problem.Type == "" && problem.Code == "" {
		return &oauth.RemoteError{
			Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Sent: true,
			Err: errors.New("the answer is not a broker's"),
		}
	}
	return problem
}

// explain says what a person is to do about what a broker said.
func (v viaLogin) explain(err error) error {
	var problem *brokerProblem
	switch {
	case errors.As(err, new(coded)): // explained already
		return err
	case !errors.As(err, &problem):
		return brokerError(hostOf(v.Broker), err)
	case problem.is("key_refused"), problem.is("not_found"):
		return mustSignIn{fmt.Errorf("%s does not take the key of this login any more: run `%s`", hostOf(v.Broker), v.signInAgain())}
	case problem.is("unusable"):
		return mustSignIn{fmt.Errorf("the connection at %s cannot be used any more (%s, %s): run `%s`", v.Host, printable(problem.State), printable(problem.Reason), v.signInAgain())}
	case problem.status >= 500, problem.status == http.StatusTooManyRequests:
		return asUnavailable(fmt.Errorf("%s cannot answer now (%s): try again later", hostOf(v.Broker), printable(cmp.Or(problem.Reason, problem.Title, string(problem.Code)))))
	}
	return asRefused(err)
}

// brokerError is remoteError for what is no Zendesk.
func brokerError(host string, err error) error {
	var remote *oauth.RemoteError
	if errors.As(err, &remote) && (remote.Status/100 == 4 || !isPage(remote.ContentType) && remote.Status/100 != 3) {
		return asUnavailable(fmt.Errorf("%s does not answer as a broker does: is --via right? (%w)", host, err))
	}
	return remoteError(host, err)
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}

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
	api := o.brokerAPI(p, root, secret.Plain{})
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
		api.key = before
		_ = api.do(ctx, http.MethodDelete, "/v1/keys/current", nil, nil) // it may be over, and is used no more
	}
	api.key = v.key
	return v.welcome(ctx, p, api, at, keys)
}

// welcome finds out who it is, and makes it the current login.
func (v viaLogin) welcome(ctx context.Context, p process, api brokerAPI, at loginPlace, keys loginKeys) error {
	ring, err := keys.Load(ctx)
	if err != nil {
		return err
	}
	c, err := v.connection(ctx, api)
	if err != nil {
		return v.explain(err)
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

func (v viaLogin) connection(ctx context.Context, api brokerAPI) (c deskauth.Connection, err error) {
	return c, api.do(ctx, http.MethodGet, fmt.Sprintf("/v1/connections/%d", v.Connection), nil, &c)
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
	if err := api.do(ctx, http.MethodPost, "/v1/device_authorization", form, &codes); err != nil {
		return codes, err
	}
	if codes.DeviceCode == "" || codes.UserCode == "" || codes.Address == "" {
		return codes, &oauth.RemoteError{Status: http.StatusOK, Sent: true, Err: errors.New("the answer is not a broker's")}
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
		err := b.do(ctx, http.MethodPost, "/v1/token", form, &key)
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

// pickVia is the login by way of a broker that is meant, opened, if one is.
func (w whichLogin) pickVia(ctx context.Context, p process) (v viaLogin, api brokerAPI, is bool, err error) {
	if v, is, err = w.namedVia(p); err != nil || !is {
		return v, api, false, err
	}
	at, err := w.where(p)
	if err != nil {
		return v, api, false, err
	}
	root, err := viaURL(v.Broker, true) // it was checked when it was kept
	if err != nil {
		return v, api, false, err
	}
	if v, err = openVia(ctx, p, at, v); err != nil {
		return v, api, false, err
	}
	return v, w.brokerAPI(p, root, v.key), true, nil
}

// namedVia is the login by way of a broker that is meant, if one is. Where a Zendesk is
// named it is none, unless its broker is named too.
func (w whichLogin) namedVia(p process) (v viaLogin, is bool, err error) {
	if w.ZendeskURL != "" && w.Via == "" {
		return v, false, nil
	}
	at, err := w.where(p)
	if err != nil {
		return v, false, err
	}
	all, err := viaLogins(at.Root)
	if err != nil || len(all) == 0 && w.Via == "" {
		return v, false, err
	}
	now, err := at.current()
	if err != nil {
		return v, false, err
	}
	return w.amongVia(at, all, now)
}

func (w whichLogin) amongVia(at loginPlace, all []viaLogin, now current) (v viaLogin, is bool, err error) {
	via, account := "", ""
	if w.Via != "" {
		root, err := viaURL(w.Via, w.AllowHTTP)
		if err != nil {
			return v, false, err
		}
		via = root.String()
	}
	if w.Account != "" {
		if account, err = at.Base.CleanSubdomain(w.Account); err != nil {
			return v, false, usagef("--account: %w", err)
		}
	}
	v, found := chooseVia(all, via, account, now)
	if !found && via != "" {
		missing := viaLogin{Broker: via, Account: account}
		return v, false, mustSignIn{fmt.Errorf("nobody is signed in by way of %s: run `%s`", via, missing.signInAgain())}
	}
	// One that is only of the same account gives way to a login of our own.
	if found && via == "" && v.Broker != now.Via {
		if _, err := os.Stat(at.db()); err == nil {
			return v, false, nil
		}
	}
	return v, found, nil
}

// switchVia makes one the current login.
func (w whichLogin) switchVia(p process) (is bool, err error) {
	if w.ZendeskURL != "" && w.Via == "" {
		return false, nil
	}
	at, err := w.where(p)
	if err != nil {
		return false, err
	}
	all, err := viaLogins(at.Root)
	if err != nil {
		return false, err
	}
	v, is, err := w.amongVia(at, all, current{})
	if err != nil || !is {
		return false, err
	}
	if err := at.writeCurrent(current{Connection: broker.ConnectionID(v.Connection), Via: v.Broker}); err != nil {
		return false, err
	}
	fmt.Fprintf(p.Err, "The login at %s as %s, by way of %s, is the current one.\n", v.Host, v.Person, hostOf(v.Broker))
	return true, nil
}

func openVia(ctx context.Context, p process, at loginPlace, v viaLogin) (viaLogin, error) {
	keys, err := findLoginKeys(ctx, at.Root, p)
	if err != nil {
		return v, err
	}
	ring, err := keys.Load(ctx)
	if err != nil {
		return v, err
	}
	return v.opened(ring)
}

// token lends.
func (v viaLogin) token(ctx context.Context, api brokerAPI, minTTL time.Duration) (string, error) {
	var t deskauth.Token
	path := fmt.Sprintf("/v1/connections/%d/token", v.Connection)
	if minTTL > 0 {
		path += "?" + url.Values{"min_ttl": {minTTL.String()}}.Encode()
	}
	if err := api.do(ctx, http.MethodGet, path, nil, &t); err != nil {
		return "", v.explain(err)
	}
	return t.AccessToken, nil
}

// logout ends the key, makes sure that it has ended, and forgets it. The connection
// stays the broker's.
func (v viaLogin) logout(ctx context.Context, p process, api brokerAPI, at loginPlace) error {
	var problem *brokerProblem
	err := api.do(ctx, http.MethodDelete, "/v1/keys/current", nil, nil)
	if err == nil {
		_, err = v.connection(ctx, api)
	}
	switch {
	case errors.As(err, &problem) && problem.is("key_refused"):
	case err == nil:
		return fmt.Errorf("%s says that the key is ended, and goes on taking it; the login is kept", hostOf(v.Broker))
	default:
		return v.explain(err)
	}
	if err := os.Remove(v.file(at.Root)); err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "Signed out at %s: the key of %s is ended. The connection stays with the broker.\n", hostOf(v.Broker), v.Person)
	if now, err := at.current(); err != nil || now.Via != v.Broker || int64(now.Connection) != v.Connection {
		return err
	}
	return at.clearCurrent()
}

// status asks the broker how the connection is.
func (v viaLogin) status(ctx context.Context, p process, w whichLogin, at loginPlace, now current, offline bool) loginStatus {
	s := loginStatus{
		Source: "broker", Via: v.Broker, Account: v.Account, URL: v.Host, Name: v.Person, State: "unknown", KeyExpiresAt: timeOrNil(v.KeyExpires),
		Scope: oauth.Scope{}, MissingScope: oauth.Scope{}, Current: now.Via == v.Broker && int64(now.Connection) == v.Connection,
	}
	v, err := openVia(ctx, p, at, v)
	if err != nil {
		s.Reason, s.SignIn = err.Error(), errors.As(err, new(mustSignIn))
		return s
	}
	if offline {
		return s
	}
	root, err := viaURL(v.Broker, true)
	if err != nil {
		s.Reason = err.Error()
		return s
	}
	c, err := v.connection(ctx, w.brokerAPI(p, root, v.key))
	if err = v.orNil(err); err != nil {
		s.Unreachable, s.SignIn = err.Error(), errors.As(err, new(mustSignIn))
		return s
	}
	s.URL, s.UserID, s.Name, s.Email, s.Role = c.URL, c.User.ID, c.User.Name, c.User.Email, c.User.Role
	s.Scope, s.MissingScope = append(s.Scope, c.Scope...), append(s.MissingScope, c.Missing...)
	s.State, s.Reason, s.ExpiresAt, s.RefreshExpiresAt = string(c.State), c.Reason, c.ExpiresAt, c.RefreshExpiresAt
	s.SignIn = c.State != deskauth.Active && c.State != deskauth.Renewing && c.State != deskauth.Disabled
	return s
}

func (v viaLogin) orNil(err error) error {
	if err == nil {
		return nil
	}
	return v.explain(err)
}
