package issuer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/deskauth/deskauth/internal/secret"
)

// ErrEnded says that an account can have no new API tokens: Zendesk ends them
// (facts section 9).
var ErrEnded = errors.New("API tokens can no longer be created")

// apiTokensMost is how many an account may have (facts section 6.1).
const apiTokensMost = 256

// APITokens lists an account's API tokens.
func (i *Issuer) APITokens(ctx context.Context, a Account, r Range) (Page[APIToken], error) {
	page, err := i.Store.APITokens(ctx, a.ID, r)
	for n, t := range page.Items {
		page.Items[n] = i.withAPIUse(t)
	}
	return page, err
}

// APIToken returns an API token of an account.
func (i *Issuer) APIToken(ctx context.Context, a Account, id APITokenID) (APIToken, error) {
	t, err := i.Store.APITokenByID(ctx, a.ID, id)
	return i.withAPIUse(t), err
}

func (i *Issuer) withAPIUse(t APIToken) APIToken {
	if used := i.Uses.ofAPIToken(APITokenRef{t.Account, t.ID}); used.After(t.Used) {
		t.Used = used
	}
	return t
}

func (t APIToken) check() error {
	var all Invalids
	all.text("description", t.Description, lineMost, false)
	return all.orNil()
}

// CreateAPIToken adds an API token and returns it with its value, which nobody
// can be told again. It returns ErrEnded where the account's time for them is
// over, or Invalids.
func (i *Issuer) CreateAPIToken(ctx context.Context, a Account, description string, by By) (APIToken, secret.Plain, error) {
	if !a.TakesNewAPITokens(i.Now()) {
		return APIToken{}, secret.Plain{}, ErrEnded
	}
	now, value := i.Now(), secret.New(i.Rand)
	t := APIToken{
		Account: a.ID, Digest: value.Digest(), Hint: value.Hint(TokenHint), Description: description,
		Active: true, Created: now, Updated: now,
	}
	if err := t.check(); err != nil {
		return APIToken{}, secret.Plain{}, err
	}
	there, err := i.Store.APITokens(ctx, a.ID, Range{Limit: 1, Count: true})
	if err != nil {
		return APIToken{}, secret.Plain{}, err
	}
	if there.Total >= apiTokensMost {
		var all Invalids
		all.add("base", NotAllowed, "an account has at most %d API tokens", apiTokensMost)
		return APIToken{}, secret.Plain{}, all
	}
	t, err = i.Store.AddAPIToken(ctx, t, by.event(a.ID, now, ActionAPITokenCreated, "api_token", 0, description))
	i.tellChange(ctx, t.verdict(APITokenAdded, a, by, ""), err)
	return t, value, err
}

// APITokenChange is what somebody wants of an API token; nil leaves a field as
// it is.
type APITokenChange struct {
	Description *string
	Active      *bool
}

// UpdateAPIToken changes an API token. It returns Invalids.
func (i *Issuer) UpdateAPIToken(ctx context.Context, a Account, id APITokenID, change APITokenChange, by By) (APIToken, error) {
	for range swapTries {
		old, err := i.Store.APITokenByID(ctx, a.ID, id)
		if err != nil {
			return APIToken{}, err
		}
		next := old
		set(&next.Description, change.Description)
		set(&next.Active, change.Active)
		if err := next.check(); err != nil {
			return APIToken{}, err
		}
		changed := next.differs(old)
		if len(changed) == 0 {
			return i.withAPIUse(old), nil
		}
		next.Updated = touched(old.Updated, i.Now())
		e := by.event(a.ID, i.Now(), ActionAPITokenUpdated, "api_token", int64(id), strings.Join(changed, ", "))
		if err := i.Store.ReplaceAPIToken(ctx, old, next, e); !errors.Is(err, ErrConflict) {
			i.tellChange(ctx, next.verdict(next.became(old), a, by, strings.Join(changed, ", ")), err)
			return i.withAPIUse(next), err
		}
	}
	return APIToken{}, ErrConflict
}

// DeleteAPIToken deletes an API token.
func (i *Issuer) DeleteAPIToken(ctx context.Context, a Account, id APITokenID, by By) error {
	err := i.Store.DeleteAPIToken(ctx, a.ID, id, by.event(a.ID, i.Now(), ActionAPITokenDeleted, "api_token", int64(id), ""))
	i.tellChange(ctx, APIToken{}.verdict(APITokenDeleted, a, by, fmt.Sprintf("number %d", id)), err)
	return err
}
