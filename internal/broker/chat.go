package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// Chat has neither users/me nor tokens/current. What tells whose a token is is the
// list of its agent's tokens, which are cut short there (facts §8.6).

// errNotListed says that a Chat token is not in the list that it opened.
var errNotListed = errors.New("the list of Chat's tokens does not tell whose this one is")

// probeChat asks for the account, which any Chat token may read. It tells no end.
func probeChat(ctx context.Context, api *zendesk.API) (time.Time, error) {
	var account chat.Account
	return time.Time{}, api.Get(ctx, chat.AccountPath, &account)
}

func whoOfChat(ctx context.Context, api *zendesk.API, access secret.Plain) (User, error) {
	tokens, err := chatTokens(ctx, api, access)
	if err != nil {
		return User{}, err
	}
	return User{ID: tokens[0].AgentID}, nil
}

// revokeChat deletes the token by its number. Where two begin alike nobody can tell
// which it is, and the other one may be in use.
func revokeChat(ctx context.Context, api *zendesk.API, access secret.Plain) error {
	tokens, err := chatTokens(ctx, api, access)
	var refused *zendesk.APIError
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return nil
	} else if err != nil {
		return err
	} else if len(tokens) > 1 {
		return errNotListed
	}
	return api.Delete(ctx, fmt.Sprintf("%s/%d", chat.TokensPath, tokens[0].ID))
}

// chatTokens finds a token by its beginning among those of its agent: one at least, or
// an error.
func chatTokens(ctx context.Context, api *zendesk.API, access secret.Plain) (found []chat.Token, err error) {
	var all []chat.Token
	if err := api.Get(ctx, chat.TokensPath, &all); err != nil {
		return nil, err
	}
	for _, t := range all {
		beginning := strings.TrimRight(t.AccessToken, ".…*")
		if beginning != "" && t.AgentID != 0 && strings.HasPrefix(access.Reveal(), beginning) {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		return nil, errNotListed
	}
	return found, nil
}
