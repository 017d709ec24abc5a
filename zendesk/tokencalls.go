package zendesk

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// TokenFilter says which tokens are listed. The zero one means the caller's own that are
// good.
type TokenFilter struct {
	ClientID       int64 // of this client of the account's, by its number
	GlobalClientID int64 // of this global client, which ClientID does not find
	All            bool  // of everybody in the account, for an admin
	// IncludeExpired lists those too that are over. Zendesk looks at it with All alone.
	IncludeExpired bool
}

func (f TokenFilter) query() url.Values {
	q := url.Values{}
	for name, id := range map[string]int64{"client_id": f.ClientID, "global_client_id": f.GlobalClientID} {
		if id != 0 {
			q.Set(name, strconv.FormatInt(id, 10))
		}
	}
	for name, on := range map[string]bool{"all": f.All, "include_expired": f.IncludeExpired} {
		if on {
			q.Set(name, "true")
		}
	}
	return q
}

func readToken(data []byte, t *OAuthToken) error {
	if err := exactly(data, t); err != nil || t.ID != 0 {
		return err
	}
	return errRecord
}

func hasToken(e OAuthTokenEnvelope) bool { return e.Token.ID != 0 }

// OAuthTokens lists tokens, which are cut short. Errors as for Me, and ErrTooDeep.
func (a *API) OAuthTokens(ctx context.Context, f TokenFilter, options ...ListOption) iter.Seq2[OAuthToken, error] {
	return list(ctx, a, OAuthTokensPath, "tokens", f.query(), options, readToken)
}

// OAuthToken is a token by its number. Errors as for Me; an *APIError with Status 404
// when there is none that the caller may see.
func (a *API) OAuthToken(ctx context.Context, id int64) (OAuthToken, error) {
	e, err := one(ctx, a, call{method: http.MethodGet, path: numbered(OAuthTokensPath, id)}, exactly[OAuthTokenEnvelope], hasToken)
	return e.Token, err
}

// CurrentToken is what Zendesk knows of the token itself: its scopes and, when
// it expires, its expires_at. Errors as for Me.
func (a *API) CurrentToken(ctx context.Context) (OAuthToken, error) {
	e, err := one(ctx, a, call{method: http.MethodGet, path: OAuthTokensCurrentPath}, exactly[OAuthTokenEnvelope], hasToken)
	return e.Token, err
}

// CreateOAuthToken makes a token of a client, by its number, that acts as the caller and
// lives until it is revoked. FullToken is the access token, this once. Errors as for Me.
func (a *API) CreateOAuthToken(ctx context.Context, clientID int64, scopes ...string) (OAuthToken, error) {
	type wanted struct {
		ClientID int64    `json:"client_id"`
		Scopes   []string `json:"scopes"`
	}
	in := struct {
		Token wanted `json:"token"`
	}{wanted{clientID, append([]string{}, scopes...)}}
	e, err := sent(ctx, a, http.MethodPost, OAuthTokensPath, in, exactly[OAuthTokenEnvelope],
		func(e OAuthTokenEnvelope) bool { return hasToken(e) && e.Token.FullToken != "" })
	return e.Token, err
}

// RevokeOAuthToken ends a token by its number, and its refresh token with it. Errors as
// for OAuthToken.
func (a *API) RevokeOAuthToken(ctx context.Context, id int64) error {
	return a.Delete(ctx, numbered(OAuthTokensPath, id))
}

// RevokeCurrent revokes the token and the refresh token that belongs to it. A
// token that is gone already is no error.
func (a *API) RevokeCurrent(ctx context.Context) error {
	err := a.Delete(ctx, OAuthTokensCurrentPath)
	if statusOf(err) == http.StatusUnauthorized {
		return nil
	}
	return err
}
