package broker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Config is what a broker needs. Store, Ring, Base and RedirectURI have no default.
type Config struct {
	Store       Store
	Ring        *seal.Ring
	Source      seal.Source // where Ring is from, and read again when a value names a key that it lacks; nil: nowhere
	Keyless     bool        // there is no Ring: for what changes nothing that is sealed; the rest fails
	Base        zendesk.Base
	HTTP        *http.Client // NewHTTPClient's; nil makes one for Base
	RedirectURI string       // one constant string: registered, authorized and exchanged (facts §12.6)
	Scope       oauth.Scope  // asked when a sign-in names none; default "read"

	// Accounts may connect; none named: every account. It decides about sign-ins:
	// connections that are there are lent all the same.
	Accounts Accounts

	// Operators are the accounts whose admins may see and do everything on the pages.
	Operators Operators

	// Brands are other hosts of the accounts that their tokens may be sent to.
	Brands Brands

	AccessLife  time.Duration // asked of Zendesk; default 30 minutes
	RefreshLife time.Duration // asked of Zendesk; default 30 days
	EventsKeep  time.Duration // how long the audit trail goes back; default 400 days

	// PrivateWebhooks lets webhooks lead to plain HTTP and private addresses.
	PrivateWebhooks bool
	WebhookHTTP     *http.Client // NewWebhookClient's; nil makes one
	PendingMost     int          // deliveries that may wait for one webhook; default 10,000

	Observer Observer // of what is done, for metrics, traces and logs

	Now    func() time.Time // protocol time; default time.Now
	Rand   io.Reader        // default crypto/rand
	Timing Timing
}

// Timing holds the durations of machine time. Zero fields get their defaults.
type Timing struct {
	Lease  time.Duration // a claim whose counter stood still for so long is given up: 5 s
	Poll   time.Duration // how often a claim of another's is looked at: 100 ms
	Post   time.Duration // one request to Zendesk: 20 s
	Other  time.Duration // how long an open attempt of another's is waited for: 20 s
	Flight time.Duration // a whole renewal: 60 s
	Drain  time.Duration // between the last lending of a token and its renewal: none

	Redeliver []time.Duration // between the tries of a webhook's delivery: over a day in all
	Patience  time.Duration   // with a webhook that takes nothing: five days
}

// Broker connects people and lends their tokens. It is safe for concurrent use.
type Broker struct {
	Config
	name    string // tells this process's claims from others'
	claims  atomic.Int64
	flights singleflight.Group

	life   sync.RWMutex // read-held by each flight, so that Close waits for them
	closed bool
	ending chan struct{} // closed when Close begins
	ends   sync.Once

	behind behind // what is done after its caller was answered

	quiet quiet

	delivering delivering

	opened opened // tokens in the clear
	ring   ring   // the sealing keys

	wrongCodes   tries // of devices
	wrongSecrets tries // of passes

	mu   sync.Mutex
	used map[ConnectionID]noted // not stored yet
	uses map[UsesOn]Uses        // gathered of them, not stored yet

	worked   map[SecretID]time.Time
	keysUsed map[KeyID]time.Time
	keys     map[secret.Digest]knownKey
}

// errClosed answers what comes after Close.
var errClosed = errors.New("the broker is closed")

// New checks the configuration and that the sealing keys are those of the store.
// Close it in the end; let Run go on beside it.
func New(ctx context.Context, c Config) (*Broker, error) {
	switch {
	case c.Store == nil || (c.Ring == nil) != c.Keyless:
		return nil, errors.New("broker: a store and sealing keys are needed")
	case c.Base.String() == "":
		return nil, errors.New("broker: the address of Zendesk is needed")
	}
	if err := oauth.CheckRedirectURI(c.RedirectURI); err != nil {
		return nil, fmt.Errorf("broker: the redirect URL %q: %w", c.RedirectURI, err)
	}
	if err := errors.Join(c.Accounts.Check(), c.Operators.Check()); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	c.setDefaults()
	if err := c.asked().Check(); err != nil {
		return nil, fmt.Errorf("broker: %s", err.Reason)
	}
	if err := c.checkRing(ctx); err != nil {
		return nil, err
	}
	b := &Broker{Config: c, ending: make(chan struct{}), name: secret.Code(c.Rand).Reveal(), used: map[ConnectionID]noted{}, uses: map[UsesOn]Uses{}, keysUsed: map[KeyID]time.Time{}, worked: map[SecretID]time.Time{}}
	b.ring.use(c.Ring)
	return b, nil
}

func (c *Config) setDefaults() {
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	set(&c.AccessLife, zendesk.DefaultExpiresIn*time.Second)
	set(&c.RefreshLife, zendesk.DefaultRefreshTokenExpiresIn*time.Second)
	set(&c.EventsKeep, DefaultEventsKeep)
	set(&c.Timing.Lease, 5*time.Second)
	set(&c.Timing.Poll, 100*time.Millisecond)
	set(&c.Timing.Post, 20*time.Second)
	set(&c.Timing.Other, 20*time.Second)
	set(&c.Timing.Flight, time.Minute)
	set(&c.Timing.Patience, webhookPatience)
	if c.PendingMost == 0 {
		c.PendingMost = pendingMost
	}
	if c.Timing.Redeliver == nil {
		c.Timing.Redeliver = redeliver
	}
	if c.WebhookHTTP == nil {
		c.WebhookHTTP = NewWebhookClient(c.PrivateWebhooks)
	}
	if c.Scope.IsEmpty() {
		c.Scope = oauth.Scope{"read"}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.HTTP == nil {
		c.HTTP = NewHTTPClient(HTTPConfig{Base: c.Base})
	}
}

// DefaultEventsKeep is how long events are kept where nothing else is said.
const DefaultEventsKeep = 400 * 24 * time.Hour

// asked are the lifetimes that every token request asks for (facts §12.2).
func (c *Config) asked() zendesk.Lifetimes {
	access, refresh := int64(c.AccessLife/time.Second), int64(c.RefreshLife/time.Second)
	return zendesk.Lifetimes{ExpiresIn: &access, RefreshTokenExpiresIn: &refresh}
}

// now is protocol time as it is stored.
func (b *Broker) now() time.Time { return b.Now().UTC().Truncate(time.Microsecond) }

// withPair is the connection with the pair sealed for its row.
func (b *Broker) withPair(ctx context.Context, c Connection, p Pair) (Connection, error) {
	var err error
	if c.Access, err = b.seal(ctx, p.Access, c.place("access")); err != nil {
		return c, err
	}
	c.Refresh, err = b.seal(ctx, p.Refresh, c.place("refresh"))
	return c, err
}

// Close waits for what is in flight and stores what was noted. The store stays
// open.
func (b *Broker) Close(ctx context.Context) error {
	b.ends.Do(func() { close(b.ending) })
	b.life.Lock()
	b.closed = true
	b.life.Unlock()
	b.behind.end()
	return errors.Join(b.flush(ctx), b.keepUses(ctx), b.leave(ctx))
}
