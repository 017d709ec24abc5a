package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// Authorized is what a user's tokens of one client open, taken together.
type Authorized struct {
	Client Client
	Scope  oauth.Scope
	Since  time.Time
	Used   time.Time // zero: never
}

// AuthorizedApps lists the clients that hold access in a user's name: by a token
// that opens the API, or by one that can be refreshed.
func (i *Issuer) AuthorizedApps(ctx context.Context, a Account, u User, p Product) ([]Authorized, error) {
	var all []Authorized
	// A refresh ends the token by which a client came, and not that it came.
	uses, err := i.Store.UsesOf(ctx, a.ID, p, u.ID)
	if err != nil {
		return nil, err
	}
	places := map[ClientID]int{}
	err = i.eachLive(ctx, a, u, p, func(t Token) error {
		n, known := places[t.Client]
		if !known {
			c, err := i.Store.ClientByID(ctx, a.ID, p, t.Client)
			if errors.Is(err, ErrNotFound) {
				return nil // it was deleted just now, and its tokens with it
			} else if err != nil {
				return err
			}
			n = len(all)
			places[t.Client], all = n, append(all, Authorized{Client: c, Since: t.Created, Used: uses[c.ID]})
		}
		all[n] = all[n].and(t)
		return nil
	})
	return all, err
}

func (v Authorized) and(t Token) Authorized {
	for _, scope := range t.Scope {
		if !v.Scope.Has(scope) {
			v.Scope = append(v.Scope, scope)
		}
	}
	if t.Created.Before(v.Since) {
		v.Since = t.Created
	}
	if t.Used.After(v.Used) {
		v.Used = t.Used
	}
	return v
}

// eachLive goes through a user's tokens that are worth something yet.
func (i *Issuer) eachLive(ctx context.Context, a Account, u User, p Product, do func(Token) error) error {
	now := i.Now()
	for r := (Range{Limit: listStep}); ; {
		page, err := i.Tokens(ctx, a, p, TokenFilter{User: u.ID, Expired: true}, r)
		if err != nil {
			return err
		}
		for _, t := range page.Items {
			if t.Opens(now) || t.Refreshes(now) {
				if err := do(t); err != nil {
					return err
				}
			}
			r.After = int64(t.ID)
		}
		if !page.More {
			return nil
		}
	}
}

// RevokeApp ends all that a client holds in a user's name. A token that is
// refreshed meanwhile leaves a successor, so it looks again.
func (i *Issuer) RevokeApp(ctx context.Context, a Account, u User, p Product, client ClientID, by By) error {
	for range swapTries {
		raced := false
		err := i.eachLive(ctx, a, u, p, func(t Token) error {
			if t.Client != client {
				return nil
			}
			err := i.revoke(ctx, t, by)
			if errors.Is(err, ErrConflict) {
				raced = true
				return nil
			}
			return err
		})
		if err != nil || !raced {
			return err
		}
	}
	return ErrConflict
}

// OwnToken is CreateToken for a user of any role, who sees what they ask for: a
// scope must exist, and be among those that the client may have. It returns
// Invalids.
func (i *Issuer) OwnToken(ctx context.Context, a Account, u User, client ClientID, scopes []string, base string, by By) (Token, secret.Plain, error) {
	const field = "allowed_scopes"
	var all Invalids
	c, err := i.ownClient(ctx, a, Support, client)
	if errors.Is(err, ErrNotFound) {
		all.add("client_id", Blank, "must be a client of this account")
		return Token{}, secret.Plain{}, all
	} else if err != nil {
		return Token{}, secret.Plain{}, err
	}
	p, asked := i.Policies[Support], scopeOf(scopes)
	if len(asked) == 0 {
		all.add(field, Blank, "choose at least one")
	}
	for _, scope := range asked {
		if !p.Known(scope) {
			all.add(field, NotAllowed, "there is no scope %q", shortened(scope))
		}
	}
	if outside, exceeds := p.exceeds(p.known(asked), c.AllowedScopes); exceeds && len(c.AllowedScopes) > 0 {
		all.add(field, NotAllowed, "%s is not among the allowed scopes of this client: %s", outside, c.AllowedScopes)
	}
	if len(all) > 0 {
		return Token{}, secret.Plain{}, all
	}
	return i.CreateToken(ctx, a, Support, u, client, asked, base, by)
}

// LiveTokens counts the tokens of a user that are worth something yet, of all
// products, among the newest ones: more tells that there may be more.
func (i *Issuer) LiveTokens(ctx context.Context, a Account, u User) (n int, more bool, err error) {
	now := i.Now()
	for p := range i.Policies {
		page, err := i.Tokens(ctx, a, p, TokenFilter{User: u.ID, Expired: true}, Range{Descending: true, Limit: listStep})
		if err != nil {
			return 0, false, err
		}
		for _, t := range page.Items {
			if t.Opens(now) || t.Refreshes(now) {
				n++
			}
		}
		more = more || page.More
	}
	return n, more, nil
}
