package issuerhttp

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

func (s *Server) showAPITokens(v visit, u issuer.User) error {
	return s.renderAPITokens(v, u, http.StatusOK, web.APITokens{})
}

// renderAPITokens shows the list, the newest first, beneath what was typed.
func (s *Server) renderAPITokens(v visit, u issuer.User, status int, p web.APITokens) error {
	r := v.ranged(true)
	page, err := s.Issuer.APITokens(v.r.Context(), v.account, r)
	if err != nil {
		return err
	}
	p.Center, p.Removal, p.AccessOff = v.center(u), string(v.account.BasicAt(s.Issuer.Now())), !v.account.TokenAccess
	for _, t := range page.Items {
		p.Tokens = append(p.Tokens, apiTokenRow(t))
	}
	p.Pager = pager(web.PathAPITokens, r, page, func(t issuer.APIToken) int64 { return int64(t.ID) })
	web.Render(v.w, status, p)
	return nil
}

func apiTokenRow(t issuer.APIToken) web.APITokenRow {
	return web.APITokenRow{
		ID: int64(t.ID), Description: t.Description, Hint: t.Hint, Active: t.Active,
		Created: web.Moment{Time: t.Created}, Used: web.Moment{Time: t.Used},
	}
}

// addAPIToken makes an API token and shows it, this once. Where their time is over
// the page says so, whoever may have had the form open since before.
func (s *Server) addAPIToken(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	description := v.r.PostForm.Get(web.FieldDescription)
	_, full, err := s.Issuer.CreateAPIToken(v.r.Context(), v.account, description, v.by(u))
	again := v.foundAt(web.PathAPITokens)
	if errors.Is(err, issuer.ErrEnded) {
		return s.renderAPITokens(again, u, http.StatusForbidden, web.APITokens{})
	}
	if wrong, ok := problems(v.page().Lang, err); ok {
		return s.renderAPITokens(again, u, http.StatusUnprocessableEntity, web.APITokens{Description: description, Problems: wrong})
	} else if err != nil {
		return err
	}
	web.Render(v.w, http.StatusOK, web.ShowAPIToken{Center: v.center(u), Description: description, Token: full.Reveal(), BaseURL: root(v.r)})
	return nil
}

// switchAPIToken activates or deactivates one.
func (s *Server) switchAPIToken(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	active, err := strconv.ParseBool(v.r.PostForm.Get(web.FieldActive))
	if err != nil {
		return errForm
	}
	id, err := v.number()
	if err != nil {
		return err
	}
	if _, err := s.Issuer.UpdateAPIToken(v.r.Context(), v.account, issuer.APITokenID(id), issuer.APITokenChange{Active: &active}, v.by(u)); err != nil {
		return err
	}
	done := web.DoneDeactivated
	if active {
		done = web.DoneActivated
	}
	return v.see(web.Within(web.PathAPITokens, "done", string(done)))
}

func (s *Server) askDeleteAPIToken(v visit, u issuer.User) error {
	id, err := v.number()
	if err != nil {
		return err
	}
	t, err := s.Issuer.APIToken(v.r.Context(), v.account, issuer.APITokenID(id))
	if err != nil {
		return err
	}
	web.Render(v.w, http.StatusOK, web.DeleteAPIToken{Center: v.center(u), APITokenRow: apiTokenRow(t)})
	return nil
}

func (s *Server) deleteAPITokenPage(v visit, u issuer.User) error {
	id, err := v.number()
	if err != nil {
		return err
	}
	if err := s.Issuer.DeleteAPIToken(v.r.Context(), v.account, issuer.APITokenID(id), v.by(u)); err != nil {
		return err
	}
	return v.see(web.Within(web.PathAPITokens, "done", string(web.DoneDeleted)))
}
