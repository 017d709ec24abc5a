package broker

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ClientID is the broker's own number of an OAuth client.
type ClientID int64

// Product is the Zendesk product that a client and its tokens belong to. The two
// do not accept each other's.
type Product string

// The products.
const (
	Support Product = "support"
	Chat    Product = "chat"
)

// Client is an OAuth client as registered at Zendesk. One without an account is
// global: it serves every account that has none of its own.
type Client struct {
	ID         ClientID
	Account    string // "" = global
	Product    Product
	Identifier string         // the "Unique identifier", which Zendesk's OAuth endpoints want as client_id
	Secrets    []ClientSecret // in the order in which they are tried
	ChosenAt   time.Time      // of several the one chosen last serves; zero: it is being made, and serves nobody
	Version    int64          // raised by every change
}

// ClientSecret is one of a client's secrets. Its number is the version of the client
// that it came with: no two ever have the same.
type ClientSecret struct {
	Number int64
	Sealed Sealed
	Added  time.Time // zero: not known
	Worked time.Time // when Zendesk last gave tokens for it
}

// SecretID names one secret of all.
type SecretID struct {
	Client ClientID
	Number int64
}

// ClientState is a client as people look at it. Its secrets are not what they are.
type ClientState struct {
	Client
	Circuits    []Circuit // of the accounts that refuse it
	Connections int       // that are of it, those that are being made included
}

// ClientChange is what is to become of a client.
type ClientChange struct {
	From  int64  // the version that it was decided on
	Next  Client // its ChosenAt, Version and Secrets
	Event Event  // without a kind: the secrets are as they were
}

// Public tells whether the client has no secret. It then proves itself by PKCE
// alone, at the exchange (Zendesk refreshes a public client's token without).
func (c Client) Public() bool { return len(c.Secrets) == 0 }

// Words is what the client is found by.
func (c Client) Words() string { return strings.ToLower(c.Account + " " + c.Identifier) }

// secretPlace is what the client's secret of a number is sealed for.
func (c Client) secretPlace(number int64) string {
	return fmt.Sprintf("broker_client_secrets/%d/%d", c.ID, number)
}

// Roll says where a new secret stands. The zero Roll puts it first, so that it is
// tried before those that are there, which stay for as long as Zendesk takes them.
type Roll struct {
	Last    bool // tried when all others are refused
	DropOld bool // those that are there go
}

// Rolled is the client with a secret, of its own or a new one, in the place that the
// roll gives it.
func (c Client) Rolled(s ClientSecret, r Roll) Client {
	rest := slices.DeleteFunc(slices.Clone(c.Secrets), func(old ClientSecret) bool { return r.DropOld || old.Number == s.Number })
	if r.Last {
		c.Secrets = append(rest, s)
	} else {
		c.Secrets = append([]ClientSecret{s}, rest...)
	}
	c.Version = max(c.Version+1, s.Number)
	return c
}

// Without is the client without the secret of a number; false when it has none such.
func (c Client) Without(number int64) (Client, bool) {
	rest := slices.DeleteFunc(slices.Clone(c.Secrets), func(s ClientSecret) bool { return s.Number == number })
	if len(rest) == len(c.Secrets) {
		return c, false
	}
	c.Secrets = rest
	c.Version++
	return c, true
}

// Sealed is a secret as it is stored: opaque, with the id of the key that sealed
// it, by which a rotation finds what it has not yet done.
type Sealed struct {
	Bytes []byte
	Key   uint32
}

// IsZero tells whether nothing is sealed.
func (s Sealed) IsZero() bool { return len(s.Bytes) == 0 }

// Circuit is open while a client's credentials are refused at an account: no
// request goes there before RetryAt, and it was said once.
type Circuit struct {
	Client   ClientID
	Account  string
	OpenedAt time.Time
	RetryAt  time.Time
	Failures int
	Reason   Reason
}

// Closed tells whether requests may go out.
func (c Circuit) Closed(now time.Time) bool { return !now.Before(c.RetryAt) }

// Open is the circuit after its client was refused (again).
func (c Circuit) Open(now time.Time, reason Reason) Circuit {
	if c.Failures == 0 {
		c.OpenedAt = now
	}
	c.Failures++
	c.Reason = reason
	c.RetryAt = now.Add(min(time.Minute<<min(c.Failures-1, 10), time.Hour))
	return c
}
