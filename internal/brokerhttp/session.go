package brokerhttp

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/web"
)

// The broker's own pages, for whoever is signed in.
//
//	GET  /connections ──► the session's Viewer ──► fresh: the page, as far as the viewer sees
//	                            │ none: /sign-in      stale: Zendesk is asked again, and back to the same page
//	POST /sign-in ──► Zendesk ──► the callback ──► a new session ──► the page
//
// A form that comes from a stale session does nothing: see signedIn.

// sessionCookieFor names the cookie of a session. It has no Max-Age: it goes with the
// browser.
func sessionCookieFor(public *url.URL) cookie {
	if public.Scheme == "https" {
		return cookie{name: "__Host-deskauth-broker", secure: true}
	}
	return cookie{name: "deskauth_broker"}
}

// setForNow gives the browser what it keeps until it is closed.
func (c cookie) setForNow(w http.ResponseWriter, value secret.Plain) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name, Value: value.Reveal(), Path: "/", Secure: c.secure, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // Strict would not come along on the way back from Zendesk
	})
}

func (c cookie) clear(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name, Path: "/", MaxAge: -1, Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// visit is what a signed-in page is asked by.
type visit struct {
	*http.Request
	viewer broker.Viewer
	who    audience // of the page
}

// signedIn puts the session before a page, and who the page is there for. Whoever is
// not signed in is led there and back. A role that was told too long ago is asked for anew before anything is shown
// or done: a page goes through Zendesk and comes back by itself, a form says that
// nothing was done. A form is read here, once for all pages.
func (s *site) signedIn(who audience, serve func(http.ResponseWriter, visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := s.Broker.Viewer(r.Context(), s.session.read(r))
		looks := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case errors.Is(err, broker.ErrNotFound) && looks:
			w.Header().Set("Cache-Control", "no-store")
			redirect(w, http.StatusSeeOther, web.Within(web.PathBoardSignIn, web.FieldReturnTo, broker.LocalPath(r.URL.RequestURI())))
		case errors.Is(err, broker.ErrNotFound):
			s.undone(w, r, "")
		case err != nil:
			s.failed(w, r, err)
		case v.Stale && r.Method == http.MethodGet:
			s.askAgain(w, r, v)
		case v.Stale:
			s.undone(w, r, v.Account)
		default:
			httpd.Note(r.Context(), slog.String("account", v.Account), slog.Int64("user", v.User.ID))
			if err := r.ParseForm(); err != nil && !looks || unkeepable(r.Form) {
				s.badForm(w, r, err)
				return
			}
			err := broker.ErrNotFound
			if who.has(v) {
				err = serve(w, visit{r, v, who})
			}
			if err != nil {
				s.failedVisit(w, visit{r, v, who}, err)
			}
		}
	}
}

// unkeepable tells of a query or form what no text of a database can be, nor be compared
// with: NUL, or what is not UTF-8. One engine would refuse it and the other find nothing.
func unkeepable(form url.Values) bool {
	bad := func(text string) bool { return strings.ContainsRune(text, 0) || !utf8.ValidString(text) }
	for _, values := range form {
		if slices.ContainsFunc(values, bad) {
			return true
		}
	}
	return false
}

// failedVisit answers an error behind the session.
func (s *site) failedVisit(w http.ResponseWriter, v visit, err error) {
	if errors.Is(err, broker.ErrNotFound) || errors.Is(err, broker.ErrForbidden) { // what one may not see is not there
		page := web.BoardMissing{Operators: !v.who.has(v.viewer)}
		v.who = everybody // in whose language it is said
		page.Board = s.boardPage(v)
		web.Render(w, http.StatusNotFound, page)
		return
	}
	s.failed(w, v.Request, err)
}

// askAgain sends the browser through Zendesk, and back to the page that was asked for.
func (s *site) askAgain(w http.ResponseWriter, r *http.Request, v broker.Viewer) {
	if r.Header.Get("Accept") == "text/event-stream" { // nobody sees where a script is sent
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.leave(w, r, broker.SignInRequest{Account: v.Account, ReturnTo: r.URL.RequestURI(), Browser: s.cookie.read(r)})
}

func (s *site) leave(w http.ResponseWriter, r *http.Request, ask broker.SignInRequest) {
	departure, err := s.Broker.SignIn(r.Context(), ask)
	switch {
	case errors.Is(err, broker.ErrNotInvited):
		page := s.signInPage(r)
		page.Uninvited = true
		web.Render(w, http.StatusForbidden, page)
	case err != nil:
		s.failed(w, r, err)
	default:
		s.cookie.set(w, departure.Browser)
		w.Header().Set("Cache-Control", "no-store")
		redirect(w, http.StatusSeeOther, departure.URL)
	}
}

// undone answers a form that comes from nobody who may send it now.
func (s *site) undone(w http.ResponseWriter, r *http.Request, account string) {
	page := s.signInPage(r)
	page.Undone, page.ReturnTo = true, web.PathConnections
	if account != "" {
		page.Subdomain = account
	}
	web.Render(w, http.StatusForbidden, page)
}

func (s *site) signInPage(r *http.Request) web.BoardSignIn {
	page := web.BoardSignIn{
		Page: s.page(r), BaseSuffix: strings.TrimPrefix(s.host("acme"), "acme"),
		Subdomain: s.Account, FormOrigins: []string{s.formOrigin()},
	}
	if page.Subdomain == "" && len(s.Broker.Operators) == 1 {
		page.Subdomain = s.Broker.Operators[0]
	}
	return page
}

// InvitationURL is the link that lets the first operator in.
func InvitationURL(public *url.URL, invitation secret.Plain) string {
	return public.JoinPath(web.PathBoardSignIn).String() + "?" + url.Values{web.FieldInvitation: {invitation.Reveal()}}.Encode()
}

// showSignIn is GET /sign-in. With an invitation in its address it changes nothing
// either: programs that look at links open it too.
func (s *site) showSignIn(w http.ResponseWriter, r *http.Request) {
	query, page, status := r.URL.Query(), s.signInPage(r), http.StatusOK
	if account, err := s.Broker.Base.CleanSubdomain(query.Get("account")); err == nil {
		page.Subdomain = account
	}
	page.ReturnTo, page.Out = broker.LocalPath(query.Get(web.FieldReturnTo)), query.Get("out") == "yes"
	if page.Invitation = query.Get(web.FieldInvitation); page.Invitation != "" {
		switch err := s.Broker.Invited(r.Context(), secret.Of(page.Invitation)); {
		case errors.Is(err, broker.ErrNotInvited):
			page.Uninvited, page.Invitation, status = true, "", http.StatusForbidden
		case err != nil:
			s.failed(w, r, err)
			return
		}
	}
	web.Render(w, status, page)
}

// signIn is POST /sign-in.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.badForm(w, r, err)
		return
	}
	form := r.PostForm
	account, err := s.Broker.Base.CleanSubdomain(form.Get(web.FieldSubdomain))
	if err != nil {
		page := s.signInPage(r)
		page.Problem, page.Subdomain = web.ProblemSubdomainInvalid, form.Get(web.FieldSubdomain)
		page.ReturnTo, page.Invitation = broker.LocalPath(form.Get(web.FieldReturnTo)), form.Get(web.FieldInvitation)
		if strings.TrimSpace(page.Subdomain) == "" {
			page.Problem = web.ProblemSubdomainMissing
		}
		web.Render(w, http.StatusUnprocessableEntity, page)
		return
	}
	httpd.Note(r.Context(), slog.String("account", account))
	s.leave(w, r, broker.SignInRequest{
		Account: account, ReturnTo: form.Get(web.FieldReturnTo), Browser: s.cookie.read(r),
		Invitation: secret.Of(form.Get(web.FieldInvitation)),
	})
}

// admitted answers the callback of a sign-in to these pages. The session of before
// ends: its id was known before somebody signed in.
func (s *site) admitted(w http.ResponseWriter, r *http.Request, a broker.Arrival) {
	if a.Left != nil {
		httpd.Note(r.Context(), slog.String("sign_in_token_left", a.Left.Error()))
	}
	if !a.Session.IsZero() {
		if err := s.Broker.SignOut(r.Context(), s.session.read(r)); err != nil {
			s.failed(w, r, err)
			return
		}
		s.session.setForNow(w, a.Session)
	}
	to := a.Flow.ReturnTo
	if to == "" {
		to = web.PathConnections
	}
	w.Header().Set("Cache-Control", "no-store")
	redirect(w, http.StatusSeeOther, to)
}

// signOut is POST /sign-out.
func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	if err := s.Broker.SignOut(r.Context(), s.session.read(r)); err != nil {
		s.failed(w, r, err)
		return
	}
	s.session.clear(w)
	w.Header().Set("Cache-Control", "no-store")
	redirect(w, http.StatusSeeOther, web.Within(web.PathBoardSignIn, "out", "yes"))
}
