package apihttp

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// caller finds out who calls: by a bearer token in the header or in the query
// (RFC 6750 section 2; libraries of Zendesk's clients use both), or nobody.
func (a *API) caller(w http.ResponseWriter, r *http.Request, account issuer.Account, p issuer.Product) (issuer.Caller, error) {
	token, scheme, err := credentials(r)
	if err != nil {
		return issuer.Caller{}, err
	}
	switch scheme {
	case "":
		return issuer.Caller{Account: account}, nil
	case "bearer":
		allowOrigin(w, r) // so that a page can read the refusal, too
		return a.Issuer.Bearer(r.Context(), account, p, token)
	case "basic":
		if p == issuer.Chat && account.Chat != issuer.ChatOnly {
			return issuer.Caller{}, issuer.ErrBasic // OAuth is obligatory there (facts section 8)
		}
		username, password, ok := r.BasicAuth()
		if !ok {
			return issuer.Caller{}, issuer.ErrBasic
		}
		return a.Issuer.Basic(r.Context(), account, username, secret.Of(password), OriginOf(r))
	default:
		return issuer.Caller{}, zendesk.CouldntAuthenticate
	}
}

// permitted checks what a caller may reach: a bearer as far as its scopes go,
// Basic authentication everything that its user may.
func permitted(c issuer.Caller, scopes []string) error {
	if c.Via == issuer.ViaBearer && !zendesk.Covers(c.Token.Scope, scopes...) {
		return zendesk.MissingScopes(scopes...)
	}
	return nil
}

// behalfHeader names the end user for whom an admin's token acts (facts 5.5).
const behalfHeader = "X-On-Behalf-Of"

// onBehalf makes the caller act as the end user whom the request names.
func (a *API) onBehalf(r *http.Request, c issuer.Caller) (issuer.Caller, error) {
	named := r.Header.Values(behalfHeader)
	if len(named) == 0 {
		return c, nil
	}
	if err := permitted(c, []string{zendesk.Impersonate}); err != nil {
		return c, err
	}
	id, err := strconv.ParseInt(named[0], 10, 64)
	if err != nil || len(named) > 1 {
		return c, issuer.ErrForbidden
	}
	return a.Issuer.OnBehalfOf(r.Context(), c, issuer.UserID(id))
}

// credentials reads the one place where a request may carry them. More than one
// is refused (RFC 6750 section 2), before any is looked at; so is a query that
// cannot be read, because whoever sent a token in it must not pass for nobody.
func credentials(r *http.Request) (token secret.Plain, scheme string, err error) {
	headers := r.Header.Values("Authorization")
	var query []string
	var unreadable error
	if r.URL.RawQuery != "" {
		var params url.Values
		params, unreadable = url.ParseQuery(r.URL.RawQuery)
		query = params["access_token"]
	}
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
