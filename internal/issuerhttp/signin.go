package issuerhttp

import (
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
)

// peopleMost bounds whom a demo offers to be picked.
const peopleMost = 50

// signInPage is where a person comes who wants to sign in for its own sake.
func (s *Server) signInPage(v visit) error {
	next := localPath(v.r.URL.Query().Get("return_to"))
	if _, err := s.Issuer.SignedIn(v.r.Context(), v.account, v.session); err == nil {
		return v.see(next)
	} else if !errors.Is(err, issuer.ErrNotFound) {
		return err
	}
	return s.showSignIn(v, http.StatusOK, web.SignIn{Next: next})
}

func (s *Server) showSignIn(v visit, status int, p web.SignIn) error {
	v.back = web.Within(signInPath, "return_to", p.Next)
	p.Page, p.Account, p.Subdomain, p.Action = v.page(), v.account.Name, v.account.Subdomain, signInPath
	if auth, found := s.waiting(v, p.Next); found {
		p.Application, p.FormOrigins = auth.Client.Name, []string{oauth.RedirectOrigin(auth.RedirectURI)}
	}
	people, err := s.people(v)
	if err != nil {
		return err
	}
	p.People = people
	web.Render(v.w, status, p)
	return nil
}

// people are those whom a demo lets sign in without a password.
func (s *Server) people(v visit) ([]web.Person, error) {
	if !s.Demo {
		return nil, nil
	}
	users, err := s.Issuer.Store.Users(v.r.Context(), v.account.ID, peopleMost)
	if err != nil {
		return nil, err
	}
	var people []web.Person
	for _, u := range users {
		if u.MaySignIn() {
			people = append(people, person(u))
		}
	}
	return people, nil
}

func person(u issuer.User) web.Person {
	return web.Person{Name: u.Name, Email: u.Email, Role: string(u.Role)}
}

// signIn is the form of the sign-in page.
func (s *Server) signIn(v visit) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	next := localPath(v.r.PostForm.Get(web.FieldNext))
	email := v.r.PostForm.Get(web.FieldEmail)
	session, err := s.signInBy(v, email)
	if problem, status := signInProblem(err); problem != web.ProblemNone {
		page := web.SignIn{Next: next, Email: email, Problem: problem}
		var tooMany *issuer.TooMany
		switch {
		case errors.As(err, &tooMany):
			page.RetryAfter = wholeSeconds(tooMany.After)
		case errors.Is(err, issuer.ErrBusy):
			page.RetryAfter = wholeSeconds(busyWait)
		}
		return s.showSignIn(v, status, page)
	} else if err != nil {
		return err
	}
	v.remember(session)
	return v.see(next)
}

// errMissing says that a field of the sign-in form was left empty.
var errMissing = errors.New("email or password is empty")

// emailMost is the longest address that mail can carry (RFC 5321 section
// 4.5.3.1.3, less the angle brackets).
const emailMost = 254

// noEmail tells whether a text cannot be anybody's email, so that it is not looked
// for: PostgreSQL takes neither a NUL nor a key of any length.
func noEmail(text string) bool {
	return len(text) > emailMost || strings.ContainsRune(text, 0) || !utf8.ValidString(text)
}

func (s *Server) signInBy(v visit, email string) (secret.Plain, error) {
	picked := v.r.PostForm.Get(web.FieldPerson)
	if noEmail(email) || noEmail(picked) {
		return secret.Plain{}, issuer.ErrSignIn
	}
	if picked != "" && s.Demo {
		return s.Issuer.SignInAs(v.r.Context(), v.account, picked, v.session, v.origin())
	}
	password := v.r.PostForm.Get(web.FieldPassword)
	if email == "" || password == "" {
		return secret.Plain{}, errMissing
	}
	in := issuer.SignIn{Email: email, Password: secret.Of(password), Origin: v.origin()}
	return s.Issuer.SignIn(v.r.Context(), v.account, in, v.session)
}

// signInProblem tells what the form says of an error, if it is the person's.
func signInProblem(err error) (web.Problem, int) {
	var tooMany *issuer.TooMany
	switch {
	case errors.Is(err, errMissing):
		return web.ProblemMissing, http.StatusUnprocessableEntity
	case errors.Is(err, issuer.ErrSignIn):
		return web.ProblemCredentials, http.StatusUnauthorized
	case errors.As(err, &tooMany), errors.Is(err, issuer.ErrBusy):
		return web.ProblemTooMany, http.StatusTooManyRequests
	default:
		return web.ProblemNone, 0
	}
}

func (s *Server) signOut(v visit) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	next := v.r.PostForm.Get(web.FieldNext)
	if next == "" {
		next = signedOutPath
	}
	return s.endSession(v, localPath(next))
}

// signedOut is where a sign-out ends that was wanted for its own sake.
func (s *Server) signedOut(v visit) error {
	if _, err := s.Issuer.SignedIn(v.r.Context(), v.account, v.session); err == nil {
		return v.see("/") // signed in again meanwhile
	} else if !errors.Is(err, issuer.ErrNotFound) {
		return err
	}
	web.Render(v.w, http.StatusOK, web.SignedOut{
		Page: v.page(), Account: v.account.Name, Subdomain: v.account.Subdomain, SignInURL: signInPath,
	})
	return nil
}

func (s *Server) endSession(v visit, next string) error {
	if err := s.Issuer.SignOut(v.r.Context(), v.account, v.session, v.origin()); err != nil {
		return err
	}
	v.forget()
	return v.see(next)
}

// formError tells a form that is too long or malformed from a fault of ours.
func formError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return errForm
}
