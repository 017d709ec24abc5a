package issuerhttp

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/deskauth/deskauth/internal/apidoc"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Paths that Zendesk does not have. They stand beside its own, so that a team
// can run the issuer in front of an API of its own.
const (
	introspectPath = "/oauth/introspect"
	revokePath     = "/oauth/revoke"
	keysPath       = "/.well-known/jwks.json"
)

// root is the account's address as the client sees it.
func root(r *http.Request) string { return httpd.Scheme(r) + "://" + r.Host }

// metadata describes the issuer (RFC 8414).
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	if _, err := s.Hosts.Account(r.Context(), r.Host); err != nil {
		s.refuseToken(w, r, support, err)
		return
	}
	base := root(r)
	writeOAuth(w, http.StatusOK, oauth.Metadata{
		Issuer:                base,
		AuthorizationEndpoint: base + zendesk.AuthorizePath,
		TokenEndpoint:         base + zendesk.TokenPath,
		IntrospectionEndpoint: base + introspectPath,
		RevocationEndpoint:    base + revokePath,
		JWKSURI:               base + keysPath,
		ScopesSupported:       supportedScopes(),
		ResponseTypesSupported: []string{
			oauth.ResponseCode, oauth.ResponseToken,
		},
		GrantTypesSupported: []string{
			string(oauth.GrantAuthorizationCode), string(oauth.GrantRefreshToken), string(oauth.GrantClientCredentials), "implicit",
		},
		TokenEndpointAuthMethodsSupported: []string{"client_secret_post", "client_secret_basic", "none"},
		CodeChallengeMethodsSupported:     []string{oauth.MethodS256},
	})
}

func supportedScopes() []string {
	var all []string
	for _, p := range zendesk.AllPermissions() {
		all = append(all, p.String())
	}
	return all
}

// publicKeys publishes what checks an account's JWTs (RFC 7517).
func (s *Server) publicKeys(w http.ResponseWriter, r *http.Request) {
	account, err := s.Hosts.Account(r.Context(), r.Host)
	if err != nil {
		s.refuseToken(w, r, support, err)
		return
	}
	keys, err := s.Issuer.PublicKeys(r.Context(), account)
	if err != nil {
		s.refuseToken(w, r, support, err)
		return
	}
	writeOAuth(w, http.StatusOK, keys)
}

// describe serves the description of all this.
func (s *Server) describe(w http.ResponseWriter, r *http.Request) {
	if _, err := s.Hosts.Account(r.Context(), r.Host); err != nil {
		s.refuseToken(w, r, support, err)
		return
	}
	apidoc.Serve(w, r)
}

// introspect is RFC 7662 for confidential clients of the account.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	req, err := s.clientRequest(r)
	if err != nil {
		s.refuseToken(w, r, support, err)
		return
	}
	t, err := s.Issuer.Introspect(r.Context(), req)
	if errors.Is(err, issuer.ErrNotFound) {
		writeOAuth(w, http.StatusOK, oauth.Introspection{})
		return
	} else if err != nil {
		s.refuseToken(w, r, support, err)
		return
	}
	answer := oauth.Introspection{
		Active: true, Scope: t.Scope.String(), Issuer: root(r),
		Subject: strconv.FormatInt(int64(t.User), 10), ClientID: t.Holder.Identifier, IssuedAt: t.Created.Unix(),
	}
	if !t.IsRefresh {
		answer.TokenType = "bearer"
	}
	if ends := t.Expires(); !ends.IsZero() {
		answer.ExpiresAt = ends.Unix()
	}
	writeOAuth(w, http.StatusOK, answer)
}

// revoke is RFC 7009: 200 whether or not there was such a token.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	req, err := s.clientRequest(r)
	if err == nil {
		err = s.Issuer.Revoke(r.Context(), req)
	}
	if err != nil {
		s.refuseToken(w, r, support, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// clientRequest reads the form of both: a token, and who asks.
func (s *Server) clientRequest(r *http.Request) (issuer.ClientRequest, error) {
	account, err := s.Hosts.Account(r.Context(), r.Host)
	if err != nil {
		return issuer.ClientRequest{}, err
	}
	httpd.Note(r.Context(), slog.String("account", account.Subdomain))
	body, err := readBody(r)
	if err != nil {
		return issuer.ClientRequest{}, err
	}
	params, malformed := zendesk.DecodeTokenParams(r.Header.Get("Content-Type"), body, nil)
	if malformed != nil {
		return issuer.ClientRequest{}, malformed
	}
	token, malformed := oauth.DecodeTokenRef(params)
	if malformed != nil {
		return issuer.ClientRequest{}, malformed
	}
	who, malformed := oauth.DecodeClient(r.Header.Values("Authorization"), params)
	if malformed != nil {
		return issuer.ClientRequest{}, malformed
	}
	return issuer.ClientRequest{
		Account: account, Product: issuer.Support, TokenRequest: who, Token: secret.Of(token.Token),
		Origin: originOf(r),
	}, nil
}
