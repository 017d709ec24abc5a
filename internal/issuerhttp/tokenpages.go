package issuerhttp

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

// showTokens lists the account's tokens, or one client's, the newest first.
func (s *Server) showTokens(v visit, u issuer.User) error {
	p := web.Tokens{Center: v.center(u)}
	f := issuer.TokenFilter{Expired: true}
	if text := v.r.URL.Query().Get(web.FieldClient); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return issuer.ErrNotFound
		}
		c, err := s.Issuer.ClientByID(v.r.Context(), v.account, issuer.Support, issuer.ClientID(id))
		if err != nil {
			return err
		}
		f.Client, p.Client, p.ClientID = c.ID, c.Name, id
	}
	r := v.ranged(true)
	page, err := s.Issuer.Tokens(v.r.Context(), v.account, issuer.Support, f, r)
	if err != nil {
		return err
	}
	names := s.namesIn(v.account)
	for _, t := range page.Items {
		row, err := s.tokenRow(v.r.Context(), t, names)
		if err != nil {
			return err
		}
		p.Tokens = append(p.Tokens, row)
	}
	p.Pager = pager(web.PathTokens, r, page, func(t issuer.Token) int64 { return int64(t.ID) }, web.FieldClient, v.r.URL.Query().Get(web.FieldClient))
	web.Render(v.w, http.StatusOK, p)
	return nil
}

func (s *Server) tokenRow(ctx context.Context, t issuer.Token, names *names) (row web.TokenRow, err error) {
	row = web.TokenRow{
		ID: int64(t.ID), Hint: t.AccessHint, Scope: t.Scope.String(), State: web.TokenExpired,
		Created: web.Moment{Time: t.Created}, Used: web.Moment{Time: t.Used},
	}
	now := s.Issuer.Now()
	switch {
	case t.Opens(now):
		row.State, row.Expires = web.TokenActive, web.Moment{Time: t.AccessExpires}
	case t.Refreshes(now):
		row.State, row.Expires = web.TokenRenewable, web.Moment{Time: t.RefreshExpires}
	}
	if row.Client, err = names.client(ctx, t.Client); err != nil {
		return row, err
	}
	row.User, err = names.user(ctx, t.User)
	return row, err
}

// names looks up what people call the clients and users of a list, each once.
type names struct {
	store   issuer.Store
	account issuer.AccountID
	clients map[issuer.ClientID]string
	users   map[issuer.UserID]string
}

func (s *Server) namesIn(a issuer.Account) *names {
	return &names{s.Issuer.Store, a.ID, map[issuer.ClientID]string{}, map[issuer.UserID]string{}}
}

func (n *names) client(ctx context.Context, id issuer.ClientID) (string, error) {
	if name, known := n.clients[id]; known {
		return name, nil
	}
	c, err := n.store.ClientByID(ctx, n.account, issuer.Support, id)
	if err != nil && !errors.Is(err, issuer.ErrNotFound) { // deleted just now: without a name
		return "", err
	}
	n.clients[id] = c.Name
	return c.Name, nil
}

func (n *names) user(ctx context.Context, id issuer.UserID) (string, error) {
	if name, known := n.users[id]; known {
		return name, nil
	}
	u, err := n.store.User(ctx, n.account, id)
	if err != nil && !errors.Is(err, issuer.ErrNotFound) {
		return "", err
	}
	n.users[id] = u.Name
	return u.Name, nil
}

// revokeTokens ends the one whose own button was pressed, or all that were ticked.
// One that has ended meanwhile is what was wanted.
func (s *Server) revokeTokens(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	chosen := v.r.PostForm[web.FieldToken]
	if only := v.r.PostForm.Get(web.FieldOnly); only != "" {
		chosen = []string{only}
	}
	var ids []issuer.TokenID
	for _, text := range chosen {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errForm
		}
		ids = append(ids, issuer.TokenID(id))
	}
	for _, id := range ids {
		err := s.Issuer.RevokeToken(v.r.Context(), u, issuer.Support, id, v.by(u))
		if err != nil && !errors.Is(err, issuer.ErrNotFound) {
			return err
		}
	}
	var done string
	if len(ids) > 0 {
		done = string(web.DoneRevoked)
	}
	return v.see(web.Within(web.PathTokens, web.FieldClient, v.r.PostForm.Get(web.FieldClient), "done", done))
}
