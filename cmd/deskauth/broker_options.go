package main

import (
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// brokerOptions are the flags of `deskauth broker`.
type brokerOptions struct {
	serving
	Listen           string
	ListenFlag       string // empty: "listen"; dev calls it by another name
	DB               string
	PublicURL        string
	ZendeskURL       string
	ClientID         string
	ClientSecretFile string
	ChatClientID     string
	ChatSecretFile   string
	ChatSecret       secret.Plain // read from the file or the variable; not a flag
	Keys             keyring
	Scope            string
	AllowHTTP        bool
	AllowPrivate     bool
	Accounts         []string
	Operators        []string
	EventsKeep       int // days
	Drain            time.Duration
	BrandHosts       []string // ACCOUNT=SUBDOMAIN
	PrivateWebhooks  bool
	OwnZendesk       bool             // it is the same wherever it listens; not a flag
	Account          string           // filled into the subdomain box; not a flag
	Now              func() time.Time // protocol time; nil: this machine's, or what DESKAUTH_CLOCK names
}

func (o *brokerOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.Listen, "listen", "127.0.0.1:4002", "`address` to serve on")
	f.StringVar(&o.DB, "db", "", "sqlite:PATH or postgres://… (default a SQLite file in the user's state directory)")
	markSecret(f, "db")
	f.StringVar(&o.PublicURL, "public-url", "", "`URL` that browsers know the broker by (default http://localhost and the port)")
	f.StringVar(&o.ZendeskURL, "zendesk-url", defaultZendesk, "where Zendesk's accounts are; http://{subdomain}.localhost:4000 is the local one")
	f.StringVar(&o.ClientID, "client-id", "", "unique `identifier` of the OAuth client at Zendesk")
	f.StringVar(&o.ClientSecretFile, "client-secret-file", "", "`file` with the client's secret; or the variable DESKAUTH_CLIENT_SECRET; none for a public client")
	f.StringVar(&o.ChatClientID, "chat-client-id", "", "`identifier` of the OAuth client at Zendesk Chat, for connections made at /connect?product=chat")
	f.StringVar(&o.ChatSecretFile, "chat-client-secret-file", "", "`file` with its secret; or the variable DESKAUTH_CHAT_CLIENT_SECRET")
	o.Keys.flags(f, "`file` of the keys that seal the tokens; made on first start, and never to be lost (default in the user's state directory)")
	f.StringVar(&o.Scope, "scope", "read", "`scopes` to ask for, separated by spaces")
	f.BoolVar(&o.AllowHTTP, "zendesk-plain-http", false, "allow a --zendesk-url of plain HTTP that is not this machine: whoever sits between reads every token")
	f.BoolVar(&o.AllowPrivate, "zendesk-private", false, "allow a --zendesk-url that leads to private addresses, for an issuer of one's own")
	f.StringSliceVar(&o.Accounts, "account", nil, "`subdomain` of an account whose people may connect; may repeat (default those of every account)")
	f.StringSliceVar(&o.Operators, "operators", nil, "`subdomain` of an account whose admins see and steer everything on the pages; may repeat (default nobody's: a link that is printed lets the first operator in)")
	f.StringSliceVar(&o.BrandHosts, "brand-host", nil, "`ACCOUNT=SUBDOMAIN` of a brand, to which the account's tokens may be sent through the proxy; may repeat")
	f.IntVar(&o.EventsKeep, "events-keep", int(broker.DefaultEventsKeep/day), "how many `days` the audit trail goes back")
	f.BoolVar(&o.PrivateWebhooks, "webhook-private", false, webhookPrivateUsage)
	f.DurationVar(&o.Drain, "drain", 0, "how long to wait, before a renewal ends a token, for the calls under way with it, such as 2s; it is not lent meanwhile")
	o.serving.flags(f, "127.0.0.1:4004")
}

// defaultZendesk is where Zendesk's accounts are.
const defaultZendesk = "https://{subdomain}.zendesk.com"

const day = 24 * time.Hour

// eventsKeepMost is a century, in days.
const eventsKeepMost = 36500

// drainMost leaves time for the renewal itself.
const drainMost = 30 * time.Second

func checkEventsKeep(days int) error {
	if days < 1 || days > eventsKeepMost {
		return usagef("--events-keep must be a number of days from 1 to %d", eventsKeepMost)
	}
	return nil
}

// brands reads --brand-host.
func (o brokerOptions) brands(base zendesk.Base) (broker.Brands, error) {
	all := broker.Brands{}
	for _, text := range o.BrandHosts {
		account, brand, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usagef("--brand-host %q: it is ACCOUNT=SUBDOMAIN, such as acme=acme-shop", text)
		}
		account, err := base.CleanSubdomain(account)
		if err == nil {
			brand, err = base.CleanSubdomain(brand)
		}
		if err != nil {
			return nil, usagef("--brand-host: %w", err)
		}
		all[account] = append(all[account], brand)
	}
	return all, nil
}

// unproxied tells whether an address is open to other machines with neither TLS
// nor a proxy that is known to have it.
func (s serving) unproxied(e edge, a net.Addr) bool {
	return s.PlainHTTP && e.tls == nil && len(e.trusted) == 0 && !loopback(a)
}

// publicURL is what browsers know the broker by: localhost where nothing else is
// said, because a redirect URL on it needs no TLS.
func (o brokerOptions) publicURL(e edge, l net.Listener) (*url.URL, error) {
	text := o.PublicURL
	if text == "" {
		text = e.scheme() + "://localhost:" + port(l)
	}
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return nil, usagef("--public-url must be a scheme and a host, such as https://connect.example.com")
	}
	if err := oauth.CheckRedirectURI(brokerhttp.RedirectURI(u, "")); err != nil {
		return nil, usagef("--public-url %s cannot be sent back to: %w", text, err)
	}
	return u, nil
}

// checkScope refuses what cannot be a scope (RFC 6749 section 3.3), and slips of those
// that Zendesk has: each person would be refused, one by one.
func checkScope(scope string) error {
	if err := doubtScopes(oauth.ParseScope(scope)); err != nil {
		return usagef("--scope: %w", err)
	}
	return nil
}

func (o brokerOptions) base() (zendesk.Base, error) {
	if o.AllowHTTP {
		return zendesk.ParseBase(o.ZendeskURL, zendesk.AllowHTTP)
	}
	return zendesk.ParseBase(o.ZendeskURL)
}
