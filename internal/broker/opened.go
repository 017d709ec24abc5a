package broker

import (
	"bytes"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// openedMost bounds how many tokens are remembered in the clear.
const openedMost = 4096

// opened remembers access tokens in the clear, so that one which is lent often is not
// unsealed each time. It decides nothing: a token is the one that a row holds, or it
// is not returned. The zero value remembers none.
type opened struct {
	tokens sync.Map // ConnectionID → openToken

	mu    sync.Mutex
	count int
}

type openToken struct {
	sealed  []byte // the row's; never changed in place
	plain   secret.Plain
	expires time.Time
}

func (o *opened) get(c Connection) (secret.Plain, bool) {
	v, ok := o.tokens.Load(c.ID)
	if !ok {
		return secret.Plain{}, false
	}
	t := v.(openToken) //nolint:forcetypeassert // nothing else is put there
	return t.plain, bytes.Equal(t.sealed, c.Access.Bytes)
}

func (o *opened) keep(c Connection, plain secret.Plain) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.count >= openedMost { // the few that are lent are soon back
		o.tokens.Clear()
		o.count = 0
	}
	if _, there := o.tokens.Swap(c.ID, openToken{c.Access.Bytes, plain, c.AccessExpires}); !there {
		o.count++
	}
}

// drop forgets a token that is not lent any more.
func (o *opened) drop(id ConnectionID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, there := o.tokens.LoadAndDelete(id); there {
		o.count--
	}
}

// sweep forgets those that are over.
func (o *opened) sweep(now time.Time) {
	o.tokens.Range(func(id, v any) bool {
		t := v.(openToken) //nolint:forcetypeassert // nothing else is put there
		if !t.expires.IsZero() && !now.Before(t.expires) {
			o.drop(id.(ConnectionID)) //nolint:forcetypeassert // nothing else is a key
		}
		return true
	})
}
