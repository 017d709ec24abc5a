package apihttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// caller finds out who calls: by a bearer token in the header or in the query
// (RFC 6750 section 2; libraries of Zendesk's clients use both), or nobody.
func (a *API) caller(w http.ResponseWriter, r *http.Request, account issuer.Account) (issuer.Caller, error) {
	token, scheme, err := credentials(r)
	if err != nil {
		return issuer.Caller{}, err
	}
	switch scheme {
	case "":
		return issuer.Caller{Account: account}, nil
	case "bearer":
		allowOrigin(w, r) // so that a page can read the refusal, too
		return a.Issuer.Bearer(r.Context(), account, issuer.Support, token)
	default:
		return issuer.Caller{}, zendesk.CouldntAuthenticate
	}
}

// credentials reads the one place where a request may carry them. More than one
// is refused (RFC 6750 section 2), before any is looked at; so is a query that
// cannot be read, because whoever sent a token in it must not pass for nobody.
func credentials(r *http.Request) (token secret.Plain, scheme string, err error) {
	headers := r.Header.Values("Authorization")
	params, unreadable := url.ParseQuery(r.URL.RawQuery)
	query := params["access_token"]
	if unreadable != nil || len(headers)+len(query) > 1 {
		return secret.Plain{}, "", zendesk.InvalidBearerRequest
	}
	if len(query) == 1 {
		return secret.Of(query[0]), "bearer", nil
	}
	if len(headers) == 0 {
		return secret.Plain{}, "", nil
	}
	name, value, _ := strings.Cut(headers[0], " ")
	return secret.Of(strings.TrimSpace(value)), strings.ToLower(name), nil
}
