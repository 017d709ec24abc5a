package brokerhttp

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
)

// A program without a key gets one by RFC 8628. It is a public client: what it calls
// itself is shown, and proves nothing. Errors are those of RFC 6749 §5.2.
//
//	POST /v1/device_authorization ──► device code, user code, /device
//	POST /v1/token                ──► authorization_pending … or a key
var openServed = []openRoute{
	{http.MethodPost, apiPath + "/device_authorization", (*site).authorizeDevice},
	{http.MethodPost, apiPath + "/token", (*site).deviceToken},
}

// deviceCodes is the answer of RFC 8628 §3.2.
type deviceCodes struct {
	DeviceCode      string `json:"device_code"`
	UserCode        string `json:"user_code"`
	VerificationURI string `json:"verification_uri"`
	Complete        string `json:"verification_uri_complete"`
	ExpiresIn       int64  `json:"expires_in"`
	Interval        int64  `json:"interval"`
}

func (s *site) authorizeDevice(w http.ResponseWriter, r *http.Request) {
	q, err := openRequest(w, r)
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	codes, failed := s.Broker.AskDevice(r.Context(), broker.AskDevice{
		Program: q.ClientID, Account: q.Extra.Get("account"), Product: broker.Product(q.Extra.Get("product")),
		Scope: oauth.ParseScope(q.Scope), Address: httpd.AddressText(r.Context()),
	})
	if failed != nil {
		s.oauthError(w, r, failed)
		return
	}
	page := url.URL{Scheme: s.PublicURL.Scheme, Host: s.PublicURL.Host, Path: devicePath}
	answer := deviceCodes{
		DeviceCode: codes.DeviceCode.Reveal(), UserCode: codes.UserCode.Reveal(), VerificationURI: page.String(),
		ExpiresIn: int64(codes.Expires.Sub(codes.Created) / time.Second), Interval: int64(codes.Pause / time.Second),
	}
	page.RawQuery = url.Values{web.FieldUserCode: {answer.UserCode}}.Encode()
	answer.Complete = page.String()
	_ = writeJSON(w, http.StatusOK, answer) // it cannot fail
}

// deviceKey is the answer of RFC 6749 §5.1, whose token is a key of this broker's.
type deviceKey struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Connection  int64  `json:"connection"`
}

func (s *site) deviceToken(w http.ResponseWriter, r *http.Request) {
	q, err := openRequest(w, r)
	code := q.Extra.Get("device_code")
	switch {
	case err != nil:
	case q.GrantType == "":
		err = oauth.Errorf(oauth.InvalidRequest, "'grant_type' required.")
	case q.GrantType != oauth.GrantDeviceCode:
		err = oauth.Errorf(oauth.UnsupportedGrantType, "the one grant here is %s", oauth.GrantDeviceCode)
	case code == "":
		err = oauth.Errorf(oauth.InvalidRequest, "'device_code' required.")
	}
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	key, plain, failed := s.Broker.DeviceKey(r.Context(), secret.Of(code), q.ClientID)
	if failed != nil {
		s.oauthError(w, r, failed)
		return
	}
	connection := int64(key.Connections[0])
	httpd.Note(r.Context(), slog.Int64("key", int64(key.ID)), slog.Int64("connection", connection))
	_ = writeJSON(w, http.StatusOK, deviceKey{
		AccessToken: plain.Reveal(), TokenType: "Bearer", ExpiresIn: int64(key.Expires.Sub(key.Created) / time.Second), Connection: connection,
	})
}

// openRequest reads a form that a public client sent. The parameters stand in the body
// (RFC 8628 §3.1), so that no log of addresses has a device code.
func openRequest(w http.ResponseWriter, r *http.Request) (oauth.TokenRequest, error) {
	w.Header().Set("Cache-Control", "no-store")
	// A program is no page: one of another site could have the browser of an office ask
	// until nobody there may ask any more.
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return oauth.TokenRequest{}, oauth.Errorf(oauth.InvalidRequest, "a page of another site may not ask")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return oauth.TokenRequest{}, oauth.Errorf(oauth.InvalidRequest, "the body is application/x-www-form-urlencoded")
	}
	if err := r.ParseForm(); err != nil {
		return oauth.TokenRequest{}, oauth.Errorf(oauth.InvalidRequest, "the body is too long or no form")
	}
	q, bad := oauth.DecodeClient(r.Header.Values("Authorization"), r.PostForm)
	switch {
	case bad != nil:
		return oauth.TokenRequest{}, bad
	case q.ClientID == "":
		return q, oauth.Errorf(oauth.InvalidRequest, "'client_id' required.")
	case q.ClientSecret != "":
		return q, oauth.Errorf(oauth.InvalidClient, "a program has no secret here")
	}
	return q, nil
}

// oauthError is the one place where an error becomes an answer of these routes.
func (s *site) oauthError(w http.ResponseWriter, r *http.Request, err error) {
	var refused *oauth.Error
	var many *broker.TooMany
	answer := oauth.Error{Code: oauth.ServerError}
	status := http.StatusInternalServerError
	switch {
	case r.Context().Err() != nil && errors.Is(err, context.Canceled): // nobody waits
		httpd.Note(r.Context(), slog.String("failure", "the caller left"))
		w.WriteHeader(http.StatusBadRequest)
		return
	case errors.As(err, &refused):
		// What the reason says, the program has sent itself.
		answer = oauth.Error{Code: refused.Code, Description: described(refused)}
		status = refused.Code.Status()
	case errors.As(err, &many):
		answer = oauth.Error{Code: oauth.TemporarilyUnavailable, Description: "too many programs wait for a person"}
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.FormatInt(wholeSeconds(many.Wait), 10))
	case s.Broker.Store.Away(err):
		httpd.NoteAway(w, r, err)
		answer.Code, status = oauth.TemporarilyUnavailable, http.StatusServiceUnavailable
		w.Header().Set("Retry-After", strconv.Itoa(httpd.AwayWait))
	default:
		httpd.Note(r.Context(), slog.String("error", err.Error()))
	}
	if status != http.StatusInternalServerError {
		httpd.Note(r.Context(), slog.String("failure", string(answer.Code)), slog.String("reason", err.Error()))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="deskauth"`)
	}
	_ = writeJSON(w, status, answer)
}

// described says what is wrong with a request that could be mended, and nothing of a
// code.
func described(e *oauth.Error) string {
	switch e.Code {
	case oauth.InvalidRequest, oauth.InvalidScope, oauth.UnsupportedGrantType, oauth.InvalidClient:
		return e.Reason
	}
	return ""
}
