package control

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// visit is a request with what it says it is about, before anybody has proven
// anything: enough to choose faults by, and to journal.
type visit struct {
	route   *http.Request // method and path alone, for patterns
	account issuer.Account
	product issuer.Product
	client  string // the identifier
	grant   oauth.GrantType
	mints   bool // whether a token may come of it

	token    issuer.Token // the one that the request presents
	hasToken bool
	hints    []string
	user     issuer.UserID // whose token or code it presents

	bent issuer.Bent
}

type visitKey struct{}

// visitOf returns the visit of a request that came through Wrap, or nil.
func visitOf(ctx context.Context) *visit {
	v, _ := ctx.Value(visitKey{}).(*visit)
	return v
}

// look finds out what a request is about. What cannot be found stays empty: the
// surface will say what is wrong with it.
func (c *Controls) look(r *http.Request) *visit {
	path := strings.TrimSuffix(r.URL.Path, ".json") // Zendesk takes every path with and without
	v := &visit{
		route:   &http.Request{Method: r.Method, URL: &url.URL{Path: path}},
		product: issuer.Support,
	}
	if path == chat.AuthorizePath || path == chat.TokenPath || strings.HasPrefix(path, "/api/v2/chat/") {
		v.product = issuer.Chat
	}
	var err error
	if v.account, err = c.Hosts.Account(r.Context(), r.Host); err != nil {
		return v
	}
	switch path {
	case zendesk.TokenPath, chat.TokenPath:
		c.lookAtTokenRequest(r, v)
	case zendesk.AuthorizePath, chat.AuthorizePath:
		v.client, v.mints = r.URL.Query().Get("client_id"), true
	case consentPath:
		v.mints = true // whose client it is stands in a form that is not read twice
	default:
		c.lookAtBearer(r, v)
	}
	return v
}

// consentPath is where the consent page's buttons lead.
const consentPath = "/oauth/authorizations"

// peekMost is more than a token request has.
const peekMost = 64 << 10

// lookAtTokenRequest reads the body and puts it back.
func (c *Controls) lookAtTokenRequest(r *http.Request, v *visit) {
	v.mints = true
	body, err := io.ReadAll(io.LimitReader(r.Body, peekMost))
	rest := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), errorOr(err, rest)), rest}
	if err != nil {
		return
	}
	decode := zendesk.DecodeTokenParams
	if v.product == issuer.Chat {
		decode = chat.DecodeTokenParams
	}
	params, malformed := decode(r.Header.Get("Content-Type"), body, r.URL.Query())
	if malformed != nil {
		return
	}
	req, malformed := oauth.DecodeTokenRequest(r.Header.Values("Authorization"), params)
	if malformed != nil {
		return
	}
	v.client, v.grant = req.ClientID, req.GrantType
	ctx, store, a := r.Context(), c.Issuer.Store, v.account.ID
	if req.RefreshToken != "" {
		if t, err := store.TokenByRefresh(ctx, a, v.product, secret.Of(req.RefreshToken).Digest()); err == nil {
			v.presents(t)
		}
	}
	if req.Code != "" {
		if code, err := store.Code(ctx, a, v.product, secret.Of(req.Code).Digest()); err == nil {
			v.user = code.User
		}
	}
}

// errorOr goes on with an error where there was one.
func errorOr(err error, rest io.Reader) io.Reader {
	if err == nil {
		return rest
	}
	return failing{err}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// lookAtBearer finds the token of a call of the API, wherever it may stand (RFC
// 6750 section 2).
func (c *Controls) lookAtBearer(r *http.Request, v *visit) {
	token := r.URL.Query().Get("access_token")
	if scheme, value, found := strings.Cut(r.Header.Get("Authorization"), " "); found && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(value)
	}
	if token == "" {
		return
	}
	t, err := c.Issuer.Store.TokenByAccess(r.Context(), v.account.ID, v.product, secret.Of(token).Digest())
	if err != nil {
		return
	}
	v.presents(t)
	if client, err := c.Issuer.Store.ClientByID(r.Context(), t.Account, t.Product, t.Client); err == nil {
		v.client = client.Identifier
	}
}

func (v *visit) presents(t issuer.Token) {
	v.token, v.hasToken, v.user = t, true, t.User
	v.hints = slices.DeleteFunc([]string{t.RefreshHint, t.AccessHint}, func(h string) bool { return h == "" })
}
