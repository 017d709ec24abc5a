package brokerhttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/web"
)

// outcome is how a kind of failure is answered.
type outcome struct {
	page   web.Failure
	status int
}

// outcomes are those of every kind. What the person or the browser brought is a
// 4xx, what Zendesk did is a 502.
var outcomes = map[broker.Kind]outcome{
	broker.Denied:           {web.Denied, http.StatusForbidden},
	broker.StateExpired:     {web.StateExpired, http.StatusBadRequest},
	broker.StateUsed:        {web.StateUsed, http.StatusBadRequest},
	broker.WrongBrowser:     {web.WrongBrowser, http.StatusBadRequest},
	broker.RedirectMismatch: {web.FailedRedirect, http.StatusBadGateway},
	broker.NoSuchClient:     {web.FailedClient, http.StatusBadGateway},
	broker.NoSuchAccount:    {web.FailedAccount, http.StatusNotFound},
	broker.ScopeNotAllowed:  {web.ScopeNotAllowed, http.StatusBadGateway},
	broker.Unreachable:      {web.Unreachable, http.StatusBadGateway},
	broker.AnsweredWrongly:  {web.AnsweredWrongly, http.StatusBadGateway},
	broker.ClientRefused:    {web.ClientRefused, http.StatusBadGateway},
	broker.Anonymous:        {web.Anonymous, http.StatusBadGateway},
	broker.LinkOver:         {web.LinkOver, http.StatusGone},
	broker.WrongPerson:      {web.WrongPerson, http.StatusForbidden},
	broker.DeviceOver:       {web.DeviceOver, http.StatusBadRequest},
	broker.TokensOver:       {web.FailedOtherwise, http.StatusBadGateway}, // no page leads there
	broker.Misc:             {web.FailedOtherwise, http.StatusBadGateway},
}

// failed turns the broker's error into a page, and notes the reason for the log.
func (s *site) failed(w http.ResponseWriter, r *http.Request, err error) {
	var failure *broker.Failure
	var invalid *broker.Invalid
	switch {
	case errors.Is(err, broker.ErrNotInvited):
		httpd.Note(r.Context(), slog.String("failure", err.Error()))
		page := s.signInPage(r)
		page.Uninvited = true
		web.Render(w, http.StatusForbidden, page)
		return
	case errors.As(err, &failure) && failure.Kind == broker.NotServed && failure.Purpose == broker.SigningIn:
		httpd.Note(r.Context(), slog.String("failure", string(failure.Kind)), slog.String("account", failure.Account))
		page := s.signInPage(r)
		page.Problem, page.Subdomain, page.ReturnTo = web.ProblemNotServed, failure.Account, failure.ReturnTo
		web.Render(w, http.StatusUnprocessableEntity, page)
		return
	case errors.As(err, &failure) && failure.Kind == broker.NotServed:
		s.notServed(w, r, failure)
		return
	case errors.As(err, &failure):
	case errors.As(err, &invalid):
		page := s.homePage(r, "", "")
		page.Problem = web.ProblemSubdomainInvalid
		web.Render(w, http.StatusUnprocessableEntity, page)
		return
	case r.Context().Err() != nil && errors.Is(err, context.Canceled): // nobody waits for the page
		httpd.Note(r.Context(), slog.String("failure", "the browser left"))
		w.WriteHeader(http.StatusBadRequest)
		return
	case s.Broker.Store.Away(err):
		httpd.NoteAway(w, r, err)
		web.Render(w, http.StatusServiceUnavailable, web.ServerError{Page: s.page(r), Brand: web.Broker})
		return
	default:
		httpd.Note(r.Context(), slog.String("error", err.Error()))
		s.serverError(w, r)
		return
	}
	how, ok := outcomes[failure.Kind]
	if !ok {
		how = outcomes[broker.Misc]
	}
	httpd.Note(r.Context(), slog.String("failure", string(failure.Kind)), slog.String("account", failure.Account))
	if failure.Err != nil {
		httpd.Note(r.Context(), slog.String("reason", failure.Err.Error()))
	}
	web.Render(w, how.status, web.ConnectFailed{
		Page:     s.page(r),
		Kind:     how.page,
		Account:  s.host(failure.Account),
		Answer:   failure.Answer,
		RetryURL: s.retryURL(failure),
	})
}

// servedMost bounds how many accounts the page names. A site for a few is its
// people's own; one for many does not show everybody its list of customers.
const servedMost = 3

// notServed asks again, for an account whose people may connect.
func (s *site) notServed(w http.ResponseWriter, r *http.Request, f *broker.Failure) {
	httpd.Note(r.Context(), slog.String("failure", string(f.Kind)), slog.String("account", f.Account))
	page := s.homePage(r, f.Account, f.ReturnTo)
	page.Problem = web.ProblemNotServed
	if served := s.Broker.Accounts; len(served) <= servedMost {
		for _, account := range served {
			page.Served = append(page.Served, s.host(account))
		}
	}
	web.Render(w, http.StatusUnprocessableEntity, page)
}

// retryURL begins again with what is known of the sign-in that failed.
func (s *site) retryURL(f *broker.Failure) string {
	switch {
	case f.Link != 0: // the link is in the mail that brought it, and not kept here
		return ""
	case f.Purpose == broker.SigningIn:
		return web.Within(web.PathBoardSignIn, "account", f.Account, web.FieldReturnTo, f.ReturnTo)
	case f.Device == 0:
		return s.again(f.Account, f.ReturnTo)
	case f.Kind == broker.Denied: // its code is over, and the program knows
		return ""
	}
	return devicePath
}

func (s *site) again(account, returnTo string) string {
	return web.Within(s.ConnectPath, "account", account, web.FieldReturnTo, returnTo)
}

func (s *site) notFound(w http.ResponseWriter, r *http.Request) {
	web.Render(w, http.StatusNotFound, web.NotFound{Page: s.page(r), Brand: web.Broker, HomeURL: s.ConnectPath})
}

func (s *site) methodNotAllowed(allow []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		web.Render(w, http.StatusMethodNotAllowed, web.MethodNotAllowed{
			Page: s.page(r), Brand: web.Broker, Method: r.Method, Allow: allow,
		})
	}
}

func (s *site) serverError(w http.ResponseWriter, r *http.Request) {
	if s.API && isAPI(r) {
		writeProblem(w, r, problemOf(nil))
		return
	}
	web.Render(w, http.StatusInternalServerError, web.ServerError{Page: s.page(r), Brand: web.Broker})
}

// crossOrigin answers a form that another site sent.
func (s *site) crossOrigin(w http.ResponseWriter, r *http.Request) {
	web.Render(w, http.StatusForbidden, web.ConnectFailed{Page: s.page(r), Kind: web.FailedOtherwise, RetryURL: s.ConnectPath})
}
