package deskauthtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/deskhttp"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/issuerhttp"
	"github.com/deskauth/deskauth/internal/seed"
	"github.com/deskauth/deskauth/internal/store"
)

// Zendesk is a local one. It is safe for concurrent use.
type Zendesk struct {
	Clock   *Clock
	Faults  *Faults
	Journal *Journal

	options  options
	db       *store.DB
	issuer   *issuer.Issuer
	desk     *desk.Desk
	controls *control.Controls
	server   *httptest.Server // what answers as Zendesk
	steering *httptest.Server // what `deskauth control` asks
	fail     func(error)
	helper   func() // marks its caller as no place to report, like testing.TB.Helper
	close    func() error
}

// Option changes what New starts with.
type Option func(*options)

type options struct {
	accounts []Account
	seed     string
	random   string
	at       time.Time
	log      *slog.Logger
}

// Accounts are there instead of the default one.
func Accounts(accounts ...Account) Option {
	return func(o *options) { o.accounts = accounts }
}

// Seed is the text of a seed file, as `deskauth issuer --seed` reads it, whose
// accounts are there instead of the default one.
func Seed(yaml string) Option { return func(o *options) { o.seed = yaml } }

// RandomSeed makes codes, tokens and numbers the same in each run: for tests that
// compare with a file. Requests must come one after the other.
func RandomSeed(text string) Option { return func(o *options) { o.random = text } }

// FrozenAt stops the clock at a time from the start.
func FrozenAt(at time.Time) Option { return func(o *options) { o.at = at } }

// Log takes what the server logs. It is silent otherwise: the journal tells more.
func Log(log *slog.Logger) Option { return func(o *options) { o.log = log } }

// New starts a local Zendesk that ends with the test. What goes wrong in it fails
// the test.
func New(t testing.TB, opts ...Option) *Zendesk {
	t.Helper()
	z, err := start(t.TempDir(), opts)
	if err != nil {
		t.Fatalf("deskauthtest: %v", err)
	}
	z.helper = t.Helper
	z.fail = func(err error) {
		t.Helper()
		t.Fatalf("deskauthtest: %v", err)
	}
	t.Cleanup(func() {
		if err := z.close(); err != nil {
			t.Errorf("deskauthtest: %v", err)
		}
	})
	return z
}

// Start is New outside of a test. The caller closes it; what goes wrong in between
// panics.
func Start(opts ...Option) (*Zendesk, error) {
	dir, err := os.MkdirTemp("", "deskauthtest-")
	if err != nil {
		return nil, err
	}
	z, err := start(dir, opts)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	ended := z.close
	z.helper = func() {}
	z.fail = func(err error) { panic("deskauthtest: " + err.Error()) }
	z.close = sync.OnceValue(func() error { return errors.Join(ended(), os.RemoveAll(dir)) })
	return z, nil
}

// Close ends it and removes its database. With New the test does that.
func (z *Zendesk) Close() error { return z.close() }

func start(dir string, opts []Option) (_ *Zendesk, err error) {
	ctx := context.Background()
	z := &Zendesk{options: options{accounts: []Account{DefaultAccount()}, log: slog.New(slog.DiscardHandler)}}
	for _, o := range opts {
		o(&z.options)
	}
	if z.db, err = store.Open(ctx, "sqlite:"+filepath.Join(dir, "zendesk.db")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = z.db.Close()
		}
	}()
	for _, migrate := range []func(context.Context) error{z.db.MigrateIssuer, z.db.MigrateDesk, z.db.MigrateControl} {
		if err := migrate(ctx); err != nil {
			return nil, err
		}
	}
	done := make(chan struct{})
	if err := z.steer(ctx, done); err != nil {
		return nil, err
	}
	if err := z.controls.Start(ctx); err != nil {
		return nil, err
	}
	z.desk = &desk.Desk{Store: z.db.Desk(), Files: desk.NewFiles(filepath.Join(dir, "files")), Now: z.issuer.Now, Rand: z.issuer.Rand}
	z.controls.Quiet = z.desk.Jobs.Forget
	z.serve()
	z.close = sync.OnceValue(func() error {
		close(done)
		z.server.Close()
		z.steering.Close()
		return errors.Join(z.issuer.FlushUses(ctx), z.desk.Close(), z.db.Close())
	})
	return z, nil
}

// steer makes the issuer and its controls.
func (z *Zendesk) steer(ctx context.Context, done <-chan struct{}) (err error) {
	z.issuer = &issuer.Issuer{
		Store: z.db.Issuer(), Passwords: issuer.NewPasswords(), Policies: issuerhttp.Policies(),
		Now: time.Now, Rand: rand.Reader, Uses: &issuer.Uses{},
	}
	restart := func() {}
	if z.options.random != "" {
		fixed := control.NewRand(z.options.random)
		z.issuer.Rand, restart = fixed, fixed.Restart
	}
	if z.controls, err = control.New(ctx, z.db.Control(), z.issuer, z.hosts()); err != nil {
		return err
	}
	z.controls.Done = done
	z.controls.Seed = z.plantYAML
	z.controls.Start = func(ctx context.Context) error {
		restart()
		return z.begin(ctx)
	}
	z.Clock, z.Faults, z.Journal = &Clock{z}, &Faults{z}, &Journal{z}
	return nil
}

// begin is how everything is at the start, and after a Reset.
func (z *Zendesk) begin(ctx context.Context) error {
	if at := z.options.at; !at.IsZero() {
		if _, err := z.controls.Clock.Change(ctx, func(c control.Clock, machine time.Time) (control.Clock, error) {
			return c.Run(machine, 0).At(machine, at)
		}); err != nil {
			return err
		}
	}
	if z.options.seed != "" {
		_, err := z.plantYAML(ctx, []byte(z.options.seed))
		return err
	}
	for _, a := range z.options.accounts {
		if err := z.plant(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func (z *Zendesk) plantYAML(ctx context.Context, yaml []byte) ([]string, error) {
	file, err := seed.Parse("the seed", yaml)
	if err != nil {
		return nil, err
	}
	return file.Apply(ctx, z.issuer, z.db.Desk())
}

func (z *Zendesk) hosts() apihttp.Hosts {
	return apihttp.Hosts{Store: z.issuer.Store, BaseDomains: []string{zendeskDomain, "localhost"}}
}

// serve opens both listeners, on loopback. The transport of this package, and
// nobody else, is believed when it says that a request came by https.
func (z *Zendesk) serve() {
	log := z.options.log
	surface := &issuerhttp.Server{Issuer: z.issuer, Log: log, Demo: true, Hosts: z.hosts(), Bend: z.controls.Bend}
	helpdesk := &deskhttp.Server{Desk: z.desk, Issuer: z.issuer, Hosts: z.hosts()}
	surface.Routes, surface.Handlers = helpdesk.Routes(), map[string]http.Handler{deskhttp.ContentPattern: helpdesk.Content(log)}
	surface.DefaultGroup, surface.AgentPages = helpdesk.DefaultGroup, helpdesk.AgentPages()
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	z.server = httptest.NewUnstartedServer(httpd.Chain(z.controls.Wrap(surface.Handler()),
		httpd.RequestID, httpd.Log(log), httpd.Recover(log, surface.Panicked), httpd.ClientAddress(loopback), httpd.SecureHeaders))
	z.steering = httptest.NewUnstartedServer(httpd.Chain(z.controls.Handler(), httpd.RequestID, httpd.Recover(log, nil)))
	for _, s := range []*httptest.Server{z.server, z.steering} {
		s.Config.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
		s.Start()
	}
}

// URL is an account's root, for programs that can be told where Zendesk is:
// "http://acme.localhost:PORT". Where names below localhost do not resolve, use
// Client, which needs no resolver.
func (z *Zendesk) URL(subdomain string) string {
	return strings.Replace(z.Base(), "{subdomain}", subdomain, 1)
}

// Base is URL with the subdomain left open: "http://{subdomain}.localhost:PORT".
func (z *Zendesk) Base() string {
	return fmt.Sprintf("http://{subdomain}.localhost:%s", z.port())
}

func (z *Zendesk) port() string {
	_, port, _ := strings.Cut(z.server.Listener.Addr().String(), ":")
	return port
}

// ControlAddress is what `deskauth control --control`, and DESKAUTH_CLOCK of a
// broker that is to keep the same time, take.
func (z *Zendesk) ControlAddress() string { return z.steering.Listener.Addr().String() }

// Snapshot is everything that was stored at a moment.
type Snapshot struct{ all control.Snapshot }

// Snapshot keeps everything as it is now.
func (z *Zendesk) Snapshot() Snapshot {
	z.helper()
	s, err := z.controls.Snapshot(context.Background())
	z.check(err)
	return Snapshot{s}
}

// Restore puts everything back, and with it the time, if it was steered.
func (z *Zendesk) Restore(s Snapshot) {
	z.helper()
	z.check(z.controls.Restore(context.Background(), s.all))
}

// Reset puts everything back to the start. The journal goes on.
func (z *Zendesk) Reset() {
	z.helper()
	z.check(z.controls.Reset(context.Background()))
}

// check fails the test at the line of the test, not at one of this package: all that
// stands between calls helper.
func (z *Zendesk) check(err error) {
	z.helper()
	if err != nil {
		z.fail(err)
	}
}
