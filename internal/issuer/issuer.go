package issuer

import (
	"context"
	"io"
	"time"
)

// Issuer holds the use cases of an authorization server for many accounts. Its
// fields are set once, before use; it is then safe for concurrent use.
type Issuer struct {
	Store     Store
	Passwords *Passwords
	Policies  map[Product]Policy

	// Now is protocol time: expiry, codes, sessions. In a demo it can be
	// steered; the machine's time is never asked here.
	Now func() time.Time
	// Rand makes secrets.
	Rand io.Reader
	// Uses gathers when tokens were used, for the store to be told in one go.
	Uses *Uses
	// Tell is told of every verdict, if it is not nil: a demo keeps a journal. It
	// must not block.
	Tell func(ctx context.Context, v Verdict)

	keys  keyCache
	guard guard
}

// Forget drops what is remembered of the store: a demo exchanges rows beneath it.
func (i *Issuer) Forget() {
	i.keys.forgetAll()
	if i.Uses != nil {
		i.Uses.take()
	}
}
