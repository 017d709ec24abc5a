package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/telemetry"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Config says where connections are kept and how the program is known to Zendesk.
type Config struct {
	// One of the three: the path of a SQLite file, created when it is missing; the
	// postgres:// address of a database; or a pool of PostgreSQL connections, which
	// stays the caller's to close.
	Path string
	DSN  string
	DB   *sql.DB

	// SealingKeys is the file of the keys that seal the tokens. It is created when
	// it is missing. Back it up: without it every connection is lost.
	SealingKeys string

	// PublicURL is the scheme and host that browsers know the program by, such as
	// https://app.example; plain http for this machine alone.
	PublicURL string
	// ConnectPath and CallbackPath default to /connect and /zendesk/oauth/callback.
	ConnectPath, CallbackPath string

	// ZendeskURL says where Zendesk is; default the real one, https://{subdomain}.zendesk.com.
	// A test that leaves it out talks to that: it gives Base of its deskauthtest.Zendesk. It
	// cannot change while the database has connections.
	ZendeskURL string
	// Account is filled in where a person is asked for the subdomain.
	Account string
	// Accounts are those whose people may connect, by subdomain; default Account
	// alone. With neither, people of every Zendesk account may, and who they are is
	// their account's word: see the package's doc. Connections that are there stay.
	Accounts []string
	// Brands are the subdomains of an account's brands, by the account's own: HTTPClient
	// takes requests to them too. A token of the account is sent there.
	Brands map[string][]string
	// ClientID is the OAuth client's unique identifier. A public client has no
	// ClientSecret.
	ClientID, ClientSecret string
	// Scopes are asked for; default read.
	Scopes []string
	// Proxy is asked for the proxy of each request to Zendesk; nil: none. The proxy
	// resolves names then, and must keep requests from private addresses itself.
	Proxy func(*http.Request) (*url.URL, error)

	// Drain is how long a renewal waits for the calls under way with the token that
	// it ends, which is not lent meanwhile; default: it does not wait.
	Drain time.Duration

	// OnConnected answers the browser after a sign-in, once per sign-in. returnTo is
	// the return_to of the link to ConnectPath if that was a path, else "". Without
	// it a page says who was connected.
	OnConnected func(w http.ResponseWriter, r *http.Request, c deskauth.Connection, returnTo string)

	Log *slog.Logger // nil: no log
	// Now is the time by which tokens expire; nil: time.Now. A test gives Clock.Now of
	// its deskauthtest.Zendesk.
	Now func() time.Time
}

// Format hides the secret from every verb of fmt.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "embedded.Config{PublicURL: %q, ClientID: %q}", c.PublicURL, c.ClientID)
}

// LogValue hides the secret from slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Broker keeps connections and lends their tokens. It is safe for concurrent use.
type Broker struct {
	broker  *broker.Broker
	public  *url.URL
	connect string // the path of the connect page
	handler http.Handler
	calls   http.RoundTripper
	close   func() error
}

// Open opens the database, brings its tables up to date, checks that the sealing
// keys are its own, and begins the housekeeping. Close the Broker in the end.
func Open(ctx context.Context, c Config) (_ *Broker, err error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	public, base, err := c.addresses()
	if err != nil {
		return nil, err
	}
	switch {
	case c.Account == "":
	case len(c.Accounts) == 0:
		c.Accounts = []string{c.Account}
	case !slices.Contains(c.Accounts, c.Account):
		return nil, fmt.Errorf("embedded: Account %q is not among Accounts", c.Account)
	}
	if c.SealingKeys == "" {
		return nil, errors.New("embedded: SealingKeys is missing: name a file, which is created at the first start")
	}
	keys := seal.File(c.SealingKeys)
	ring, err := keys.Load(ctx)
	if err != nil {
		return nil, err
	}
	db, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	// The only program on a SQLite file lends from memory; a second one reads rows.
	if err := db.Hold(ctx, "broker"); err != nil && !errors.Is(err, store.ErrHeld) {
		return nil, err
	}
	if err := db.MigrateBroker(ctx); err != nil {
		return nil, err
	}
	network := broker.HTTPConfig{Base: base, Proxy: c.Proxy}
	inner, err := broker.New(ctx, broker.Config{
		Store: db.Broker(), Ring: ring, Source: keys, Base: base, HTTP: broker.NewHTTPClient(network),
		RedirectURI: brokerhttp.RedirectURI(public, c.CallbackPath), Scope: oauth.Scope(c.Scopes), Accounts: c.Accounts,
		Brands: c.Brands, Observer: telemetry.Lines(c.Log, nil),
		Timing: broker.Timing{Drain: c.Drain}, Now: c.Now,
	})
	if err != nil {
		return nil, err
	}
	if err := inner.KeepBase(ctx); err != nil {
		return nil, fmt.Errorf("embedded: ZendeskURL: %w", err)
	}
	var secrets []secret.Plain
	if c.ClientSecret != "" {
		secrets = append(secrets, secret.Of(c.ClientSecret))
	}
	if err := inner.UseClient(ctx, broker.Itself, "", broker.Support, c.ClientID, secrets...); err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	network.Streams = true
	calls := broker.NewHTTPClient(network).Transport
	return &Broker{
		broker: inner, public: public, connect: c.ConnectPath, handler: c.pages(inner, public, calls), calls: calls,
		close: keepHouse(inner, db, c.Log),
	}, nil
}

func (c Config) addresses() (public *url.URL, base zendesk.Base, err error) {
	if public, err = url.Parse(c.PublicURL); err != nil || public.Host == "" || public.Path != "" && public.Path != "/" || public.RawQuery != "" {
		return nil, base, fmt.Errorf("embedded: PublicURL %q: expected a scheme and a host, such as https://app.example", c.PublicURL)
	}
	if c.ZendeskURL == "" {
		c.ZendeskURL = "https://{subdomain}.zendesk.com"
	}
	if base, err = zendesk.ParseBase(c.ZendeskURL); err != nil {
		return nil, base, fmt.Errorf("embedded: ZendeskURL %w", err)
	}
	return public, base, nil
}

func (c Config) open(ctx context.Context) (*store.DB, error) {
	switch {
	case c.Path != "" && c.DSN == "" && c.DB == nil:
		return store.Open(ctx, "sqlite:"+c.Path)
	case c.Path == "" && c.DSN != "" && c.DB == nil:
		return store.Open(ctx, c.DSN)
	case c.Path == "" && c.DSN == "" && c.DB != nil:
		if err := isPostgres(c.DB); err != nil {
			return nil, err
		}
		return store.FromPostgres(c.DB), nil
	}
	return nil, errors.New("embedded: name one database: Path, DSN or DB")
}

// isPostgres refuses a pool to SQLite: a file has one writer and settings of its own,
// which other connections would not keep.
func isPostgres(pool *sql.DB) error {
	if driver := fmt.Sprintf("%T", pool.Driver()); strings.Contains(strings.ToLower(driver), "sqlite") {
		return fmt.Errorf("embedded: DB is a pool of %s: a SQLite file is opened by its Path, and DB is for PostgreSQL", driver)
	}
	return nil
}

func (c Config) pages(b *broker.Broker, public *url.URL, calls http.RoundTripper) http.Handler {
	pages := brokerhttp.Config{
		Broker: b, Passes: true, Calls: calls, PublicURL: public, ConnectPath: c.ConnectPath, CallbackPath: c.CallbackPath, Account: c.Account, Log: c.Log,
	}
	if c.OnConnected != nil {
		pages.OnConnected = func(w http.ResponseWriter, r *http.Request, conn broker.Connection, returnTo string) {
			c.OnConnected(w, r, brokerhttp.Published(b.Base, conn), returnTo)
		}
	}
	return brokerhttp.New(pages)
}

// keepHouse runs the broker's housekeeping until the function that it returns is
// called, which waits for what is in flight.
func keepHouse(b *broker.Broker, db *store.DB, log *slog.Logger) (end func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		b.Run(ctx, func(err error) { log.Error("broker", "error", err) })
	})
	return sync.OnceValue(func() error {
		cancel()
		done.Wait()
		return errors.Join(b.Close(context.Background()), db.Close())
	})
}

// Close waits for the renewals in flight and closes the database.
func (b *Broker) Close() error { return b.close() }

// Handler serves the page that asks for the subdomain (ConnectPath), the callback
// (CallbackPath), the page of the result, those of links (/link/…) and passes (/pass) and
// the style sheet at /static/. Mount it at "/": patterns of the program's own that say more come first.
func (b *Broker) Handler() http.Handler { return b.handler }

// RedirectURL is the callback's address, to be registered at Zendesk equal in every
// character.
func (b *Broker) RedirectURL() string { return b.broker.RedirectURI }

// Connection returns a connection. The error is deskauth.ErrNotFound when there is
// none of that id.
func (b *Broker) Connection(ctx context.Context, id int64) (deskauth.Connection, error) {
	c, err := b.broker.Connection(ctx, broker.ConnectionID(id))
	return brokerhttp.Published(b.broker.Base, c), b.publicError(err)
}

// Connections lists all connections, in the order of their ids. A loop that gets an error
// gets nothing more.
func (b *Broker) Connections(ctx context.Context) iter.Seq2[deskauth.Connection, error] {
	return listed(b, func(after broker.ConnectionID) ([]broker.Connection, error) {
		return b.broker.Connections(ctx, after, partMost)
	},
		func(c broker.Connection) broker.ConnectionID { return c.ID },
		func(c broker.Connection) deskauth.Connection { return brokerhttp.Published(b.broker.Base, c) })
}

// Disable keeps a connection and neither lends nor renews its tokens until Enable.
// The error is deskauth.ErrNotFound, or *deskauth.Unusable for one that cannot be.
func (b *Broker) Disable(ctx context.Context, id int64) error {
	_, err := b.broker.Disable(ctx, broker.Itself, broker.ConnectionID(id))
	return b.publicError(err)
}

// Enable ends what Disable began.
func (b *Broker) Enable(ctx context.Context, id int64) error {
	_, err := b.broker.Enable(ctx, broker.Itself, broker.ConnectionID(id))
	return b.publicError(err)
}

// Renew renews a connection though its token may have long to live, which ends that
// token. The error is one of Token's.
func (b *Broker) Renew(ctx context.Context, id int64) error {
	_, err := b.broker.RenewNow(ctx, broker.ConnectionID(id))
	return b.publicError(err)
}

// Revoke ends a connection at Zendesk, makes sure that its tokens are not taken any
// more, and deletes it. When that fails the connection is disabled and stays, so that
// it can be tried again: deskauth.ErrNotRevoked.
func (b *Broker) Revoke(ctx context.Context, id int64) error {
	err := b.broker.Revoke(ctx, broker.Itself, broker.ConnectionID(id))
	if brokerhttp.NotRevoked(err) {
		return fmt.Errorf("%w: %w", deskauth.ErrNotRevoked, err)
	}
	return b.publicError(err)
}

// ConnectClient connects the program's own client to an account, by its credentials:
// its calls are those of the admin who made the client. No scopes: those of Config.
func (b *Broker) ConnectClient(ctx context.Context, account string, scopes ...string) (deskauth.Connection, error) {
	c, err := b.broker.ConnectClient(ctx, broker.Itself, broker.ForClient{Account: account, Scope: oauth.Scope(scopes)})
	return brokerhttp.Published(b.broker.Base, c), b.publicError(err)
}

// Import takes over a pair of tokens that were issued to the program's client, once
// Zendesk has said whose they are. With rotate it is renewed at once, so that no other
// copy is good any more; that also takes a pair whose access token is over. Without a
// refresh token ("") the connection ends with the access token.
func (b *Broker) Import(ctx context.Context, account, access, refresh string, rotate bool) (deskauth.Connection, error) {
	c, err := b.broker.Import(ctx, broker.Itself, broker.Import{Account: account, Access: secret.Of(access), Refresh: secret.Of(refresh), Rotate: rotate})
	return brokerhttp.Published(b.broker.Base, c), b.publicError(err)
}

// Token lends a connection's access token, renewed if it is about to expire. The
// error is deskauth.ErrNotFound, *deskauth.ReauthorizeError, *deskauth.Unusable,
// *deskauth.Unavailable or deskauth.ErrAway.
func (b *Broker) Token(ctx context.Context, id int64, options ...deskauth.TokenOption) (deskauth.Token, error) {
	wish := deskauth.WishOf(options...)
	g, err := b.broker.Token(ctx, broker.ConnectionID(id), wish.MinTTL)
	if err != nil {
		return deskauth.Token{}, b.publicError(err)
	}
	return deskauth.Token{
		AccessToken: g.Access.Reveal(), ExpiresAt: orNil(g.Connection.AccessExpires), Generation: g.Connection.Generation,
		Unmet: g.Unmet(b.broker.Now(), wish.MinTTL),
	}, nil
}

// HTTPClient returns a client that calls Zendesk's API as a connection: it adds the
// token, renews it in time, and sends a request again, once, when the API says that
// the token is over and the request's body is no longer than 1 MiB. It speaks to
// the connection's account alone: a redirect to another host is returned to the
// caller, not followed.
//
// Errors of the connection are those of Token, wrapped in *url.Error.
func (b *Broker) HTTPClient(id int64) *http.Client {
	calls := &broker.Transport{Broker: b.broker, ID: broker.ConnectionID(id), Next: b.calls}
	return &http.Client{
		Transport: publicErrors{b, calls},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme || len(via) > 5 {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// API calls Zendesk's API as a connection, through HTTPClient.
func (b *Broker) API(c deskauth.Connection) *zendesk.API {
	return &zendesk.API{Base: b.broker.Base.URL(c.Account), HTTP: b.HTTPClient(c.ID)}
}

type publicErrors struct {
	of   *Broker
	next http.RoundTripper
}

func (t publicErrors) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	return resp, t.of.publicError(err)
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
