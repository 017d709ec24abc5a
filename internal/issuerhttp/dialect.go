package issuerhttp

import (
	"net/http"
	"net/url"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// dialect is how a product speaks on the wire. Support and Chat share every
// handler; what differs stands here.
type dialect struct {
	product       issuer.Product
	authorizePath string
	tokenPath     string
	// has tells whether an account has the product at all.
	has func(issuer.Account) bool

	decode    func(contentType string, body []byte, query url.Values) (url.Values, *oauth.Error)
	lifetimes func(extra url.Values) (zendesk.Lifetimes, *oauth.Error)
	// tokenWords and redirectWords are the descriptions of errors.
	tokenWords    func(oauth.Code) string
	redirectWords func(oauth.Code, oauth.ResponseType) string
	// wrongMethod is the body for a method other than POST at the token endpoint.
	wrongMethod func() any
}

var support = dialect{
	product:       issuer.Support,
	authorizePath: zendesk.AuthorizePath,
	tokenPath:     zendesk.TokenPath,
	has:           func(issuer.Account) bool { return true },
	decode:        zendesk.DecodeTokenParams,
	lifetimes:     zendesk.DecodeLifetimes,
	tokenWords:    func(c oauth.Code) string { return zendesk.Description(c, zendesk.Token) },
	redirectWords: func(c oauth.Code, _ oauth.ResponseType) string { return zendesk.Description(c, zendesk.Authorize) },
	wrongMethod: func() any {
		return &oauth.Error{Code: oauth.InvalidRequest, Description: zendesk.Description(oauth.InvalidRequest, zendesk.Token)}
	},
}

var chatDialect = dialect{
	product:       issuer.Chat,
	authorizePath: chat.AuthorizePath,
	tokenPath:     chat.TokenPath,
	has:           func(a issuer.Account) bool { return a.Chat != issuer.ChatOff },
	decode:        chat.DecodeTokenParams,
	lifetimes:     func(url.Values) (zendesk.Lifetimes, *oauth.Error) { return zendesk.Lifetimes{}, nil },
	tokenWords:    func(oauth.Code) string { return "" },
	redirectWords: func(_ oauth.Code, t oauth.ResponseType) string {
		if t == oauth.ResponseToken {
			return chat.Denied // of every error: S4 shows it for a malformed request too
		}
		return ""
	},
	wrongMethod: func() any { return rawJSON(chat.MethodNotAllowed) },
}

var dialects = []dialect{support, chatDialect}

// speaking returns the dialect of a product.
func speaking(p issuer.Product) dialect {
	for _, d := range dialects {
		if d.product == p {
			return d
		}
	}
	return support
}

// account finds the account of a request, if it has the product.
func (s *Server) account(r *http.Request, d dialect) (issuer.Account, error) {
	a, err := s.Hosts.Account(r.Context(), r.Host)
	if err == nil && !d.has(a) {
		err = issuer.ErrNotFound
	}
	return a, err
}
