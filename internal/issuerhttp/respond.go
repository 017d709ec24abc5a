package issuerhttp

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// busyWait is how long to wait when too many passwords are being checked.
const busyWait = 2 * time.Second

// fail turns the error of a page into a page, or into a redirect where the
// client's address is known to be genuine.
func (s *Server) fail(v visit, err error) {
	var unverified *issuer.Unverified
	var refused *issuer.Refused
	var tooMany *issuer.TooMany
	var tooLarge *http.MaxBytesError
	common := v.page()
	switch {
	case errors.As(err, &unverified):
		web.Render(v.w, http.StatusBadRequest, web.Invalid{
			Page: common, Account: v.account.Name, Subdomain: v.account.Subdomain, Detail: unverified.Words, Sent: sent(v.r),
		})
	case errors.As(err, &refused):
		d := speaking(refused.Authorization.Client.Product)
		_ = v.leave(refused.Redirect(d.redirectWords(refused.Cause.Code, refused.Authorization.ResponseType)))
	case errors.Is(err, issuer.ErrBusy):
		web.Render(v.w, http.StatusTooManyRequests, web.TooMany{
			Page: common, Account: v.account.Name, Subdomain: v.account.Subdomain, RetryAfter: wholeSeconds(busyWait),
		})
	case errors.As(err, &tooMany):
		web.Render(v.w, http.StatusTooManyRequests, web.TooMany{
			Page: common, Account: v.account.Name, Subdomain: v.account.Subdomain, RetryAfter: wholeSeconds(tooMany.After),
		})
	case errors.Is(err, issuer.ErrNotFound):
		web.Render(v.w, http.StatusNotFound, web.NotFound{
			Page: common, Account: v.account.Name, Subdomain: v.account.Subdomain, HomeURL: "/",
		})
	case errors.Is(err, errForm), errors.As(err, &tooLarge):
		web.Render(v.w, http.StatusBadRequest, web.Invalid{Page: common, Account: v.account.Name, Subdomain: v.account.Subdomain})
	case s.Issuer.Store.Away(err):
		httpd.NoteAway(v.w, v.r, err)
		web.Render(v.w, http.StatusServiceUnavailable, web.ServerError{
			Page: common, Account: v.account.Name, Subdomain: v.account.Subdomain,
		})
		return
	default:
		s.Log.ErrorContext(v.r.Context(), "page failed", "error", err, "request_id", common.RequestID)
		web.Render(v.w, http.StatusInternalServerError, web.ServerError{
			Page: common, Account: v.account.Name, Subdomain: v.account.Subdomain,
		})
		return
	}
	httpd.Note(v.r.Context(), slog.String("reason", err.Error()))
}

// errForm says that a form cannot be read.
var errForm = errors.New("the form cannot be read")

// sent lists what an invalid authorization request held, for whoever debugs it.
// None of the parameters of such a request is a secret.
func sent(r *http.Request) []web.Param {
	var params []web.Param
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope"} {
		for _, value := range r.URL.Query()[name] {
			params = append(params, web.Param{Name: name, Value: value})
		}
	}
	return params
}

func wholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// oauthError finds the protocol error in err and gives it the dialect's words.
func (d dialect) oauthError(err error) *oauth.Error {
	var known *oauth.Error
	if !errors.As(err, &known) {
		return nil
	}
	said := *known
	said.Description = d.tokenWords(known.Code)
	return &said
}

// Panicked answers a request whose handler panicked, in the dialect of what was
// asked for.
func (s *Server) Panicked(w http.ResponseWriter, r *http.Request) {
	id := httpd.RequestIDFrom(r.Context())
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/"):
		(&apihttp.API{Log: s.Log}).Fail(w, r, zendesk.InternalError)
	case r.URL.Path == zendesk.TokenPath, r.URL.Path == chat.TokenPath:
		writeOAuth(w, http.StatusInternalServerError, serverError(id))
	default:
		web.Render(w, http.StatusInternalServerError, web.ServerError{Page: visit{r: r}.page()})
	}
}

func serverError(requestID string) *oauth.Error {
	return &oauth.Error{Code: oauth.ServerError, Description: "Something went wrong. Request " + requestID + "."}
}
