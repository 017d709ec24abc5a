package broker

import (
	"fmt"
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
	Identifier string // the "Unique identifier", which Zendesk's OAuth endpoints want as client_id
	Secrets    []Sealed
	ChosenAt   time.Time // of several the one chosen last serves
}

// Public tells whether the client has no secret. It then proves itself by PKCE
// alone, at the exchange (Zendesk refreshes a public client's token without).
func (c Client) Public() bool { return len(c.Secrets) == 0 }

// secretPlace is what the client's secret at a position is sealed for.
func (c Client) secretPlace(position int) string {
	return fmt.Sprintf("broker_client_secrets/%d/%d", c.ID, position)
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
