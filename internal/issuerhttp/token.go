package issuerhttp

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// tokenMost bounds the body of a token request.
const tokenMost = 64 << 10

// token is POST /oauth/tokens, or what it is called in a product (facts sections
// 2 and 8.3).
func (s *Server) token(d dialect) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.exchange(r, d)
		if err != nil {
			s.refuseToken(w, r, d, err)
			return
		}
		writeOAuth(w, http.StatusOK, answer)
	}
}

func (s *Server) exchange(r *http.Request, d dialect) (oauth.TokenResponse, error) {
	account, err := s.account(r, d)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	httpd.Note(r.Context(), slog.String("account", account.Subdomain))
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		// A page of another site: Zendesk's token endpoint is for servers (facts
		// section 2.6), and a page must not use up a client's failures.
		return oauth.TokenResponse{}, oauth.Errorf(oauth.InvalidRequest, "a form of another site")
	}
	req, err := tokenRequest(r, d)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	req.Account, req.Product, req.Base, req.Origin = account, d.product, root(r), originOf(r)
	req.Bent = s.bent(r)
	return s.Issuer.Exchange(r.Context(), req)
}

func originOf(r *http.Request) issuer.Origin {
	return issuer.Origin{Address: httpd.AddressText(r.Context()), RequestID: httpd.RequestIDFrom(r.Context())}
}

// readBody reads a body that MaxBody bounds.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		// Broken off, or chunked in a way that cannot be read: no fault of ours.
		err = oauth.Errorf(oauth.InvalidRequest, "the body cannot be read")
	}
	return body, err
}

// tokenRequest reads a request from wherever Zendesk takes it: a JSON body, a
// form, or the query.
func tokenRequest(r *http.Request, d dialect) (issuer.TokenRequest, error) {
	body, err := readBody(r)
	if err != nil {
		return issuer.TokenRequest{}, err
	}
	if len(r.Header.Values("Content-Type")) > 1 {
		return issuer.TokenRequest{}, oauth.Errorf(oauth.InvalidRequest, "more than one Content-Type")
	}
	// Not r.URL.Query, which drops in silence what it cannot read.
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return issuer.TokenRequest{}, oauth.Errorf(oauth.InvalidRequest, "the query cannot be read")
	}
	params, malformed := d.decode(r.Header.Get("Content-Type"), body, query)
	if malformed != nil {
		return issuer.TokenRequest{}, malformed
	}
	decoded, malformed := oauth.DecodeTokenRequest(r.Header.Values("Authorization"), params)
	if malformed != nil {
		return issuer.TokenRequest{}, malformed
	}
	lifetimes, malformed := d.lifetimes(decoded.Extra)
	if malformed != nil {
		return issuer.TokenRequest{}, malformed
	}
	return issuer.TokenRequest{TokenRequest: decoded, Lifetimes: issuer.Lifetimes(lifetimes)}, nil
}

// refuseToken answers in the words of the token endpoint. Why exactly, only the
// log learns.
func (s *Server) refuseToken(w http.ResponseWriter, r *http.Request, d dialect, err error) {
	var tooMany *issuer.TooMany
	var tooLarge *http.MaxBytesError
	said := d.oauthError(err)
	switch {
	case said != nil:
		if said.Code == oauth.InvalidClient {
			w.Header().Set("WWW-Authenticate", zendesk.TokenChallenge)
		}
		writeOAuth(w, said.Code.Status(), said)
	case errors.As(err, &tooLarge):
		writeOAuth(w, http.StatusRequestEntityTooLarge, d.oauthError(oauth.Errorf(oauth.InvalidRequest, "too large")))
	case errors.As(err, &tooMany):
		w.Header().Set("Retry-After", strconv.Itoa(wholeSeconds(tooMany.After)))
		writeOAuth(w, http.StatusTooManyRequests, &oauth.Error{
			Code: oauth.TemporarilyUnavailable, Description: "Too many failed client authentications. Wait and try again.",
		})
	case errors.Is(err, issuer.ErrNotFound):
		writeOAuth(w, http.StatusNotFound, struct{}{}) // no such account
	case r.Context().Err() != nil:
		// The client is gone: there is nobody to tell.
		writeOAuth(w, http.StatusBadRequest, d.oauthError(oauth.Errorf(oauth.InvalidRequest, "broken off")))
	case s.Issuer.Store.Away(err):
		httpd.NoteAway(w, r, err)
		writeOAuth(w, http.StatusServiceUnavailable, &oauth.Error{
			Code: oauth.TemporarilyUnavailable, Description: "The server cannot answer now. Wait and try again.",
		})
		return
	default:
		s.Log.ErrorContext(r.Context(), "token request failed", "error", err, "request_id", httpd.RequestIDFrom(r.Context()))
		writeOAuth(w, http.StatusInternalServerError, serverError(httpd.RequestIDFrom(r.Context())))
		return
	}
	httpd.Note(r.Context(), slog.String("reason", err.Error()))
}

// wrongMethod refuses the methods that an endpoint does not take. A browser's
// preflight gets the same: Zendesk's token endpoint cannot be called from a page
// (facts 2.6).
func wrongMethod(e endpoint) http.HandlerFunc {
	allow := e.method
	if allow == http.MethodGet {
		allow = "GET, HEAD"
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allow)
		writeOAuth(w, http.StatusMethodNotAllowed, e.refusal())
	}
}

// rawJSON is a body that is JSON already.
type rawJSON string

func (j rawJSON) MarshalJSON() ([]byte, error) { return []byte(j), nil }

// Values of headers that all answers share: there is no room to add to them.
var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
	noCache  = []string{"no-cache"}
)

// writeOAuth answers with JSON that no cache may keep (RFC 6749 section 5.1).
func writeOAuth(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	h["Content-Type"], h["Cache-Control"], h["Pragma"] = jsonType, noStore, noCache
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
