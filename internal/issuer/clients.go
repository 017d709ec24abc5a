package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// ClientFilter picks clients of an account. Those that stand for a global
// client are never among them: the account does not own them.
type ClientFilter struct {
	User UserID // whose they are; zero: anybody's
}

// Clients lists the clients that an account owns.
func (i *Issuer) Clients(ctx context.Context, a Account, p Product, f ClientFilter, r Range) (Page[Client], error) {
	return i.Store.ClientPage(ctx, a.ID, p, f, r)
}

// ClientByID returns a client that the account owns.
func (i *Issuer) ClientByID(ctx context.Context, a Account, p Product, id ClientID) (Client, error) {
	return i.ownClient(ctx, a, p, id)
}

func (i *Issuer) ownClient(ctx context.Context, a Account, p Product, id ClientID) (Client, error) {
	c, err := i.Store.ClientByID(ctx, a.ID, p, id)
	if err == nil && c.Global != 0 {
		return Client{}, ErrNotFound
	}
	return c, err
}

// ClientChange is what somebody wants of a client; nil leaves a field as it is.
// Nothing of it has been checked.
type ClientChange struct {
	Name, Identifier, Description, Company, Kind *string
	User                                         *UserID // to whom it belongs: for whom it acts by client credentials
	RedirectURIs, AllowedScopes                  *[]string
	AnyLoopbackPort                              *bool
	Logo                                         *[]byte // a file; empty: none any more
}

func (c Client) with(change ClientChange) Client {
	set(&c.Name, change.Name)
	set(&c.Identifier, change.Identifier)
	set(&c.Description, change.Description)
	set(&c.Company, change.Company)
	set(&c.User, change.User)
	set(&c.AnyLoopbackPort, change.AnyLoopbackPort)
	if change.Kind != nil {
		c.Kind = Kind(*change.Kind)
	}
	if change.RedirectURIs != nil {
		c.RedirectURIs = slices.Clone(*change.RedirectURIs)
	}
	if change.AllowedScopes != nil {
		c.AllowedScopes = oauth.Scope(slices.Clone(*change.AllowedScopes))
	}
	return c
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// How long texts of a client may be, in characters, and how many redirect URIs
// it may have.
const (
	lineMost        = 255
	descriptionMost = 2000
	redirectsMost   = 100
)

// GlobalPrefix begins the identifiers of global clients and of no other (facts
// section 4.3).
const GlobalPrefix = "zdg-"

// check lists what is wrong with a client as somebody wants it.
func (c Client) check(p Policy) (all Invalids) {
	all.text("name", c.Name, lineMost, true)
	all.text("description", c.Description, descriptionMost, false)
	all.text("company", c.Company, lineMost, false)
	if c.Kind != Public && c.Kind != Confidential {
		all.add("kind", NotAllowed, "must be public or confidential")
	}
	c.checkIdentifier(&all)
	c.checkRedirects(&all)
	c.checkAllowed(&all, p)
	return all
}

// text checks what a person types: it may be long up to a point, and hold no
// control characters but the ends of lines.
func (all *Invalids) text(field, value string, most int, needed bool) {
	switch {
	case needed && strings.TrimSpace(value) == "":
		all.add(field, Blank, "cannot be blank")
	case utf8.RuneCountInString(value) > most:
		all.add(field, NotAllowed, "is too long (at most %d characters)", most)
	case !utf8.ValidString(value): // a form can hold any bytes; PostgreSQL takes none that are no text
		all.add(field, Malformed, "is not UTF-8")
	case strings.ContainsFunc(value, func(c rune) bool { return unicode.IsControl(c) && (needed || !strings.ContainsRune("\r\n\t", c)) }):
		all.add(field, Malformed, "holds a control character")
	}
}

// checkIdentifier allows what RFC 6749 appendix A.1 allows in a client_id, but
// for the space, which looks like a mistake wherever it is shown.
func (c Client) checkIdentifier(all *Invalids) {
	const field = "identifier"
	switch {
	case strings.TrimSpace(c.Identifier) == "":
		all.add(field, Blank, "cannot be blank")
	case len(c.Identifier) > lineMost:
		all.add(field, NotAllowed, "is too long (at most %d characters)", lineMost)
	case strings.ContainsFunc(c.Identifier, func(r rune) bool { return r <= ' ' || r > '~' }):
		all.add(field, Malformed, "must be ASCII letters, digits and signs without spaces")
	case strings.HasPrefix(strings.ToLower(c.Identifier), GlobalPrefix):
		all.add(field, NotAllowed, "must not begin with %s, which is for global clients", GlobalPrefix)
	}
}

// checkRedirects names the line of each address that cannot be: people type
// them one a line.
func (c Client) checkRedirects(all *Invalids) {
	field := c.redirectsField()
	if len(c.RedirectURIs) > redirectsMost {
		all.add(field, NotAllowed, "must be at most %d", redirectsMost)
		return
	}
	for n, uri := range c.RedirectURIs {
		if err := oauth.CheckRedirectURI(uri); err != nil {
			*all = append(*all, &Invalid{Field: field, Flaw: Malformed, Line: n + 1, Why: fmt.Sprintf("line %d: %s", n+1, err)})
		} else if slices.Contains(c.RedirectURIs[:n], uri) {
			*all = append(*all, &Invalid{Field: field, Flaw: Taken, Line: n + 1, Why: fmt.Sprintf("line %d: is there twice", n+1)})
		}
	}
}

// checkAllowed refuses scopes of which one includes the other, as Zendesk's
// Admin Center does: "read" with "tickets:read" (facts section 4.5).
func (c Client) checkAllowed(all *Invalids, p Policy) {
	const field = "allowed_scopes"
	if len(c.AllowedScopes) > scopesMost {
		all.add(field, NotAllowed, "must be at most %d", scopesMost)
		return
	}
	for n, scope := range c.AllowedScopes {
		if !p.Known(scope) {
			all.add(field, NotAllowed, "there is no scope %q", shortened(scope))
			continue
		}
		for m, other := range c.AllowedScopes {
			// Of two alike, each would include the other: the first one stays.
			alike := other == scope
			if m != n && (alike && m < n || !alike && p.Known(other) && p.Covers(oauth.Scope{other}, scope)) {
				all.add(field, NotAllowed, "%s overlaps %s, which includes it", scope, other)
				break
			}
		}
	}
}

// shortened keeps what is repeated to its sender short.
func shortened(s string) string { return clipped(s, 40) }

// clipped cuts a text after so many characters, and shows it.
func clipped(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// CreateClient adds a client and returns it with its secret, which nobody can
// be told again. Left out, its kind is confidential, and it belongs to whoever
// creates it. It returns Invalids.
func (i *Issuer) CreateClient(ctx context.Context, a Account, p Product, change ClientChange, by By) (Client, secret.Plain, error) {
	now, key := i.Now(), secret.New(i.Rand)
	c := Client{Account: a.ID, Product: p, Kind: Confidential, User: by.User}.with(change)
	c.Created, c.Updated = now, now
	c.Secrets = []ClientSecret{newClientSecret(now, key)}
	if err := i.checkClient(ctx, Client{}, &c, change.Logo); err != nil {
		return Client{}, secret.Plain{}, err
	}
	c, err := i.Store.AddClient(ctx, c, by.event(a.ID, now, ActionClientCreated, c.Noun(), 0, c.Identifier))
	if errors.Is(err, ErrTaken) {
		return Client{}, secret.Plain{}, Invalids{identifierTaken()}
	}
	i.tellChange(ctx, c.verdict(ClientCreated, a, by, ""), err)
	return c, key, err
}

func newClientSecret(now time.Time, key secret.Plain) ClientSecret {
	return ClientSecret{Digest: key.Digest(), Hint: key.Hint(ClientSecretHint), Created: now}
}

func identifierTaken() *Invalid {
	return &Invalid{Field: "identifier", Flaw: Taken, Why: "has already been taken"}
}

// checkClient is check, and what it takes a look into the account to know: that
// no other client has the identifier, and that the owner is an admin. A new
// logo is made here too, so that all that is wrong is told at once.
func (i *Issuer) checkClient(ctx context.Context, old Client, c *Client, file *[]byte) error {
	all := c.check(i.Policies[c.Product])
	if err := c.draw(ctx, file, &all); err != nil {
		return err
	}
	// One that cannot be is nobody's, and no text that a database could look for.
	sound := !slices.ContainsFunc(all, func(one *Invalid) bool { return one.Field == "identifier" })
	if c.Identifier != old.Identifier && sound {
		_, err := i.Store.Client(ctx, c.Account, c.Product, c.Identifier)
		if err == nil {
			all = append(all, identifierTaken())
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	if c.User != old.User {
		u, err := i.Store.User(ctx, c.Account, c.User)
		switch {
		case errors.Is(err, ErrNotFound), err == nil && (u.Role != Admin || !u.MaySignIn()):
			all.add("user_id", NotAllowed, "must be the id of an admin of this account")
		case err != nil:
			return err
		}
	}
	return all.orNil()
}

// UpdateClient changes a client that the account owns. It returns Invalids.
func (i *Issuer) UpdateClient(ctx context.Context, a Account, p Product, id ClientID, change ClientChange, by By) (Client, error) {
	for range swapTries {
		old, err := i.ownClient(ctx, a, p, id)
		if err != nil {
			return Client{}, err
		}
		next := old.with(change)
		if err := i.checkClient(ctx, old, &next, change.Logo); err != nil {
			return Client{}, err
		}
		changed := next.differs(old)
		if next.User != old.User {
			changed = append(changed, "user_id")
		}
		if next.Identifier != old.Identifier {
			changed = append(changed, "identifier")
		}
		if next.Logo.Name != old.Logo.Name {
			changed = append(changed, "logo")
		}
		if len(changed) == 0 {
			return old, nil
		}
		next.Updated = touched(old.Updated, i.Now())
		e := by.event(a.ID, i.Now(), ActionClientUpdated, old.Noun(), int64(id), strings.Join(changed, ", "))
		switch err = i.Store.ReplaceClient(ctx, old, next, e); {
		case errors.Is(err, ErrTaken):
			return Client{}, Invalids{identifierTaken()}
		case !errors.Is(err, ErrConflict):
			i.tellChange(ctx, next.verdict(ClientUpdated, a, by, strings.Join(changed, ", ")), err)
			return next, err
		}
	}
	return Client{}, ErrConflict
}

// oldSecretMost bounds how long a secret may live on beside its successor.
const oldSecretMost = 30 * 24 * time.Hour

// GenerateSecret gives a client a new secret and returns it. The old one ends at
// once, as at Zendesk, or lives on for a while: an extension, so that a secret
// can be rolled out. It returns Invalids.
func (i *Issuer) GenerateSecret(ctx context.Context, a Account, p Product, id ClientID, oldLife time.Duration, by By) (Client, secret.Plain, error) {
	if oldLife < 0 || oldLife > oldSecretMost {
		return Client{}, secret.Plain{}, Invalids{{
			Field: "old_secret_expires_in", Flaw: NotAllowed, Why: fmt.Sprintf("must be from 0 to %d", int(oldSecretMost/time.Second)),
		}}
	}
	key := secret.New(i.Rand)
	for range swapTries {
		old, err := i.ownClient(ctx, a, p, id)
		if err != nil {
			return Client{}, secret.Plain{}, err
		}
		now := i.Now()
		next := old.roll(now, newClientSecret(now, key), oldLife)
		e := by.event(a.ID, now, ActionClientSecretGenerated, old.Noun(), int64(id), "")
		if err := i.Store.ReplaceSecrets(ctx, old, next, e); !errors.Is(err, ErrConflict) {
			i.tellChange(ctx, next.verdict(ClientSecretRolled, a, by, ""), err)
			return next, key, err
		}
	}
	return Client{}, secret.Plain{}, ErrConflict
}

// roll puts a new secret beside what lives on of the old ones. None lives longer
// than it would have.
func (c Client) roll(now time.Time, fresh ClientSecret, oldLife time.Duration) Client {
	until := now.Add(oldLife)
	var kept []ClientSecret
	for _, s := range c.Secrets {
		if s.Expires.IsZero() || s.Expires.After(until) {
			s.Expires = until
		}
		if now.Before(s.Expires) {
			kept = append(kept, s)
		}
	}
	c.Secrets = append(kept, fresh)
	c.Updated = touched(c.Updated, now)
	return c
}

// SecretHint is what is shown of the secret that has no end; "" when there is none.
func (c Client) SecretHint() string {
	for _, s := range c.Secrets {
		if s.Expires.IsZero() {
			return s.Hint
		}
	}
	return ""
}

// DeleteClient deletes a client that the account owns, with its codes and
// tokens (facts section 3.3).
func (i *Issuer) DeleteClient(ctx context.Context, a Account, p Product, id ClientID, by By) error {
	c, err := i.ownClient(ctx, a, p, id)
	if err != nil {
		return err
	}
	err = i.Store.DeleteClient(ctx, c, by.event(a.ID, i.Now(), ActionClientDeleted, c.Noun(), int64(id), c.Identifier))
	i.tellChange(ctx, c.verdict(ClientDeleted, a, by, ""), err)
	return err
}
