package issuer

import (
	"context"
	"errors"
	"strings"

	"github.com/deskauth/deskauth/internal/secret"
)

// ErrBasic says that Basic authentication was refused.
var ErrBasic = errors.New("basic authentication refused")

// tokenSuffix tells an API token from a password: "{email}/token" (facts 6.1).
const tokenSuffix = "/token"

// Basic returns the caller of Basic authentication: an email with a password, or
// "{email}/token" with an API token, as far as the account still takes them.
//
// A wrong password makes an anonymous caller, not an error: Zendesk answers what
// it would answer anybody (facts section 6.2). A wrong API token is ErrBasic.
func (i *Issuer) Basic(ctx context.Context, a Account, username string, password secret.Plain, from Origin) (Caller, error) {
	nobody := Caller{Account: a}
	if a.TakesNoBasic() {
		return nobody, nil
	}
	if email, isToken := strings.CutSuffix(username, tokenSuffix); isToken {
		return i.byAPIToken(ctx, a, email, password, from)
	}
	if !a.PasswordAccess || a.BasicAt(i.Now()) == BasicOff {
		return nobody, nil
	}
	u, err := i.byPassword(ctx, a, SignIn{Email: username, Password: password, Origin: from}, mindful{i.Passwords})
	if errors.Is(err, ErrSignIn) {
		return nobody, nil
	} else if err != nil {
		return Caller{}, err
	}
	return Caller{Account: a, User: u, Via: ViaPassword}, nil
}

// byAPIToken lets any user of the account in: an API token names none.
func (i *Issuer) byAPIToken(ctx context.Context, a Account, email string, token secret.Plain, from Origin) (Caller, error) {
	now := i.Now()
	if !a.TokenAccess || a.BasicAt(now) == BasicOff {
		return Caller{}, ErrBasic
	}
	within := limits("api token", a.ID, "", from)
	if err := i.allowed(ctx, now, within); err != nil {
		return Caller{}, err
	}
	t, err := i.Store.APIToken(ctx, a.ID, token.Digest())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Caller{}, err
	}
	u, err := i.Store.UserByEmail(ctx, a.ID, NormalEmail(email))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Caller{}, err
	}
	if err := i.trySecret(ctx, now, within, func() error {
		if !t.Active || u.ID == 0 || !u.MaySignIn() {
			return ErrBasic
		}
		return nil
	}); err != nil {
		return Caller{}, err
	}
	i.Uses.noteAPIToken(APITokenRef{a.ID, t.ID}, now)
	return Caller{Account: a, User: u, Via: ViaAPIToken}, nil
}

// OnBehalfOf returns a caller who acts as an end user of the account. Only an
// admin's bearer may, and only end users can be acted for (facts section 5.5);
// the scope "impersonate" is the edge's to check, with all scopes. ErrForbidden
// otherwise.
func (i *Issuer) OnBehalfOf(ctx context.Context, c Caller, id UserID) (Caller, error) {
	if c.Via != ViaBearer || c.User.Role != Admin {
		return Caller{}, ErrForbidden
	}
	u, err := i.Store.User(ctx, c.Account.ID, id)
	if errors.Is(err, ErrNotFound) || err == nil && (u.Role != EndUser || !u.MaySignIn()) {
		return Caller{}, ErrForbidden
	} else if err != nil {
		return Caller{}, err
	}
	c.Actor, c.User = c.User.ID, u
	return c, nil
}
