package issuerhttp

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/web"
)

// showUserList lists the account's users, the newest first.
func (s *Server) showUserList(v visit, u issuer.User) error {
	query, r := v.r.URL.Query(), v.ranged(true)
	p := web.Users{Center: v.center(u), Search: query.Get(web.FieldSearch), Role: query.Get(web.FieldRole)}
	var roles []issuer.Role
	if p.Role != "" {
		roles = []issuer.Role{issuer.Role(p.Role)}
	}
	page, err := s.Issuer.SearchUsers(v.r.Context(), v.account, p.Search, roles, r)
	if err != nil {
		return err
	}
	for _, one := range page.Items {
		p.Users = append(p.Users, userRow(one))
	}
	p.Pager = pager(web.PathUsers, r, page, func(u issuer.User) int64 { return int64(u.ID) }, web.FieldSearch, p.Search, web.FieldRole, p.Role)
	web.Render(v.w, http.StatusOK, p)
	return nil
}

func userRow(u issuer.User) web.UserRow {
	return web.UserRow{
		ID: int64(u.ID), Person: person(u), Suspended: u.Suspended, HasPassword: u.PasswordHash != "", Created: web.Moment{Time: u.Created},
	}
}

// userOf finds the user of the page.
func (s *Server) userOf(v visit) (issuer.User, error) {
	id, err := v.number()
	if err != nil {
		return issuer.User{}, err
	}
	return s.Issuer.User(v.r.Context(), v.account, issuer.UserID(id))
}

// editUserPage is the page of a user as they are kept.
func (s *Server) editUserPage(v visit, u, of issuer.User) (web.EditUser, error) {
	p := web.EditUser{
		Center: v.center(u), UserRow: userRow(of), Seen: version(of.Updated), Self: u.ID == of.ID,
		Form: web.UserForm{Name: of.Name, Role: string(of.Role)},
	}
	var err error
	p.Tokens, p.TokensMore, err = s.Issuer.LiveTokens(v.r.Context(), v.account, of)
	return p, err
}

// editUser shows the page of a user, or at "new" that of one to be made.
func (s *Server) editUser(v visit, u issuer.User) error {
	if v.r.PathValue("id") == "new" {
		web.Render(v.w, http.StatusOK, web.EditUser{Center: v.center(u), Form: web.UserForm{Role: string(issuer.EndUser)}})
		return nil
	}
	of, err := s.userOf(v)
	if err != nil {
		return err
	}
	p, err := s.editUserPage(v, u, of)
	if err != nil {
		return err
	}
	web.Render(v.w, http.StatusOK, p)
	return nil
}

func (s *Server) addUser(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	in := v.r.PostForm
	f := web.UserForm{Name: in.Get(web.FieldName), Email: in.Get(web.FieldEmail), Role: in.Get(web.FieldRole)}
	want := issuer.NewUser{Email: f.Email, Name: f.Name, Role: issuer.Role(f.Role)}
	if password := in.Get(web.FieldPassword); password != "" {
		want.Password = secret.Of(password)
	}
	made, err := s.Issuer.CreateUser(v.r.Context(), v.account, want, v.by(u))
	if wrong, ok := problems(v.page().Lang, err); ok {
		web.Render(v.w, http.StatusUnprocessableEntity, web.EditUser{Center: v.foundAt(web.PathUsers + "/new").center(u), Form: f, Problems: wrong})
		return nil
	} else if err != nil {
		return err
	}
	return v.see(v.userURL(made.ID, web.DoneAdded))
}

func (v visit) userURL(id issuer.UserID, done web.Done) string {
	return web.Within(web.PathUsers+"/"+strconv.FormatInt(int64(id), 10), "done", string(done))
}

func (s *Server) saveUser(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	in := v.r.PostForm
	seen, err := sawAt(in)
	if err != nil {
		return err
	}
	f := web.UserForm{Name: in.Get(web.FieldName), Role: in.Get(web.FieldRole)}
	return s.changeUser(v, u, web.DoneSaved, f, func(of issuer.User) error {
		change := issuer.UserChange{Name: &f.Name, Role: (*issuer.Role)(&f.Role), Seen: seen}
		_, err := s.Issuer.UpdateUser(v.r.Context(), v.account, of.ID, change, v.by(u))
		return err
	})
}

// suspendUser suspends a user, or lets them in again.
func (s *Server) suspendUser(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	suspended, err := strconv.ParseBool(v.r.PostForm.Get(web.FieldSuspended))
	if err != nil {
		return errForm
	}
	done := web.DoneUnsuspended
	if suspended {
		done = web.DoneSuspended
	}
	return s.changeUser(v, u, done, web.UserForm{}, func(of issuer.User) error {
		_, err := s.Issuer.UpdateUser(v.r.Context(), v.account, of.ID, issuer.UserChange{Suspended: &suspended}, v.by(u))
		return err
	})
}

// setPassword gives a user another password. Their sessions end, so that whoever
// changes their own signs in anew.
func (s *Server) setPassword(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	password := secret.Of(v.r.PostForm.Get(web.FieldPassword))
	return s.changeUser(v, u, web.DonePassword, web.UserForm{}, func(of issuer.User) error {
		return s.Issuer.SetPassword(v.r.Context(), v.account, of.ID, password, v.by(u))
	})
}

// changeUser changes the user of the page and comes back to it. What cannot be is
// said there: f is what was typed, its zero value where the page shows what is kept.
func (s *Server) changeUser(v visit, u issuer.User, done web.Done, f web.UserForm, change func(of issuer.User) error) error {
	of, err := s.userOf(v)
	if err != nil {
		return err
	}
	err = change(of)
	wrong, isInvalid := problems(v.page().Lang, err)
	overtaken, refused := errors.Is(err, issuer.ErrConflict), errors.Is(err, issuer.ErrSelf)
	status := http.StatusConflict
	switch {
	case err == nil:
		return v.see(v.userURL(of.ID, done))
	case errors.Is(err, issuer.ErrForbidden): // no admin any more, since a moment ago
		return v.see(v.userURL(of.ID, web.DoneNothing))
	case isInvalid:
		status = http.StatusUnprocessableEntity
	case overtaken:
		if of, err = s.userOf(v); err != nil {
			return err
		}
	case !refused:
		return err
	}
	p, err := s.editUserPage(v.foundAt(v.userURL(of.ID, "")), u, of)
	if err != nil {
		return err
	}
	p.Problems, p.Overtaken, p.Refused = wrong, overtaken, refused
	if isInvalid && f != (web.UserForm{}) {
		p.Form = f
	}
	web.Render(v.w, status, p)
	return nil
}

func (s *Server) askDeleteUser(v visit, u issuer.User) error {
	of, err := s.userOf(v)
	if err != nil {
		return err
	}
	return s.showDeleteUser(v, u, of, http.StatusOK, web.DeleteUser{})
}

func (s *Server) showDeleteUser(v visit, u, of issuer.User, status int, p web.DeleteUser) error {
	var err error
	if p.Tokens, p.TokensMore, err = s.Issuer.LiveTokens(v.r.Context(), v.account, of); err != nil {
		return err
	}
	p.Center, p.UserRow = v.center(u), userRow(of)
	web.Render(v.w, status, p)
	return nil
}

// confirmDeleteUser deletes a user whose email was typed.
func (s *Server) confirmDeleteUser(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	of, err := s.userOf(v)
	if err != nil {
		return err
	}
	if typed := v.r.PostForm.Get(web.FieldTyped); !strings.EqualFold(strings.TrimSpace(typed), of.Email) {
		return s.showDeleteUser(v.foundAt(v.r.URL.Path), u, of, http.StatusUnprocessableEntity, web.DeleteUser{Typed: typed, Mistyped: true})
	}
	err = s.Issuer.DeleteUser(v.r.Context(), v.account, of.ID, v.by(u))
	if errors.Is(err, issuer.ErrSelf) || errors.Is(err, issuer.ErrForbidden) {
		return s.changeUser(v, u, web.DoneNothing, web.UserForm{}, func(issuer.User) error { return err })
	} else if err != nil {
		return err
	}
	return v.see(web.Within(web.PathUsers, "done", string(web.DoneDeleted)))
}
