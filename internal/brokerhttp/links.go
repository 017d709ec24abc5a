package brokerhttp

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
)

// linkRoutes are those by which a program makes links for people. It sees its own; an
// admin's sees all.
var linkRoutes = []apiRoute{
	{http.MethodPost, apiPath + "/links", broker.Link, (*site).makeLink},
	{http.MethodGet, apiPath + "/links", broker.Link, (*site).listLinks},
	{http.MethodDelete, apiPath + "/links/{id}", broker.Link, (*site).revokeLink},
}

// whose is the key whose links are meant: 0 all keys'.
func (u use) whose() broker.KeyID {
	if u.key.Allows(broker.Admin, 0) {
		return 0
	}
	return u.key.ID
}

func (s *site) makeLink(w http.ResponseWriter, u use) error {
	var body struct {
		deskauth.LinkRequest
		ExpiresIn span `json:"expires_in"`
	}
	if err := readBody(u.Request, &body); err != nil {
		return err
	}
	id := broker.ConnectionID(body.Connection)
	switch {
	case body.Connection < 0 || id != 0 && !u.key.Allows(broker.Link, id):
		return broker.ErrNotFound
	case id == 0 && len(u.key.Connections) > 0: // it reaches no connection that is to come
		return broker.ErrForbidden
	}
	wish := LinkWish(body.LinkRequest)
	wish.Life = time.Duration(body.ExpiresIn)
	wish.Key, wish.Maker = u.key.ID, u.key.Name
	made, err := s.Broker.MakeLink(u.Context(), u.key.Actor(), wish)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, deskauth.NewLink{Link: s.publishedLink(made.ConnectLink), URL: made.URL.Reveal()})
}

// LinkWish is what a program asks of a link, in the broker's types.
func LinkWish(r deskauth.LinkRequest) broker.NewLink {
	life := time.Duration(r.ExpiresIn) * time.Second
	if r.ExpiresIn < 0 || r.ExpiresIn > int64(broker.LinkLongest/time.Second) { // the product may be anything
		life = time.Second // which is refused, with the bounds
	}
	return broker.NewLink{
		Connection: broker.ConnectionID(r.Connection), Account: r.Account, Product: broker.Product(r.Product),
		Scope: r.Scope, ReturnTo: r.ReturnTo, Life: life,
	}
}

func (s *site) listLinks(w http.ResponseWriter, u use) error {
	list := func(after broker.LinkID, limit int) ([]broker.ConnectLink, error) {
		return s.Broker.Links(u.Context(), u.whose(), after, limit)
	}
	all, next, err := part(u, list, func(l broker.ConnectLink) broker.LinkID { return l.ID })
	if err != nil {
		return err
	}
	page := deskauth.LinkPage{Links: []deskauth.Link{}, NextCursor: next}
	for _, l := range all {
		page.Links = append(page.Links, s.publishedLink(l))
	}
	return writeJSON(w, http.StatusOK, page)
}

func (s *site) revokeLink(w http.ResponseWriter, u use) error {
	id, err := strconv.ParseInt(u.PathValue("id"), 10, 64)
	if err != nil {
		return errNoRecord
	}
	if err := s.Broker.RevokeLink(u.Context(), u.key.Actor(), u.whose(), broker.LinkID(id)); err != nil {
		return ofRecord(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *site) publishedLink(l broker.ConnectLink) deskauth.Link {
	return PublishedLink(l, s.Broker.Now())
}

// PublishedLink is a link as other programs see it, at an instant.
func PublishedLink(l broker.ConnectLink, now time.Time) deskauth.Link {
	return deskauth.Link{
		ID: int64(l.ID), Connection: int64(l.Connection), Account: l.Account, Product: string(l.Product),
		Scope: append(oauth.Scope{}, l.Scope...), ReturnTo: l.ReturnTo, State: l.State(now),
		CreatedAt: l.Created, ExpiresAt: l.Expires, SpentAt: orNil(l.Spent), CameTo: int64(l.Made),
	}
}

// errNoRecord says that there is no link or key of the number in the path.
var errNoRecord = errors.New("there is no such record")

func ofRecord(err error) error {
	if errors.Is(err, broker.ErrNotFound) {
		return errNoRecord
	}
	return err
}

// recordProblem is what problemOf says of links and keys.
func recordProblem(err error) (problem, bool) {
	if !errors.Is(err, errNoRecord) {
		return problem{}, false
	}
	return problem{Type: "not_found", Title: "There is none of that number that has not ended", Status: http.StatusNotFound}, true
}

// link shows what a link is for. It changes nothing: mail scanners open links.
func (s *site) link(w http.ResponseWriter, r *http.Request) {
	l, c, err := s.Broker.OpenLink(r.Context(), secret.Of(r.PathValue("secret")))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	web.Render(w, http.StatusOK, s.linkPage(r, l, c))
}

func (s *site) linkPage(r *http.Request, l broker.ConnectLink, c broker.Connection) web.ConnectLink {
	p := web.ConnectLink{
		Page: s.page(r), Maker: l.Maker, Again: l.Connection != 0, User: c.User.Name, Asked: l.Scope,
		Subdomain: s.Account, BaseSuffix: strings.TrimPrefix(s.host("acme"), "acme"), FormOrigins: []string{s.formOrigin()},
	}
	if l.Account != "" {
		p.Account = s.host(l.Account)
	}
	return p
}

// follow begins the sign-in of a link.
func (s *site) follow(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.badForm(w, r, err)
		return
	}
	plain, typed := secret.Of(r.PathValue("secret")), r.PostForm.Get(web.FieldSubdomain)
	account, _ := s.Broker.Base.CleanSubdomain(typed) // none: told below, where one is needed
	departure, err := s.Broker.FollowLink(r.Context(), plain, broker.ConnectRequest{Account: account, Browser: s.cookie.read(r)})
	var invalid *broker.Invalid
	if errors.As(err, &invalid) {
		if l, c, failed := s.Broker.OpenLink(r.Context(), plain); failed == nil {
			page := s.linkPage(r, l, c)
			page.Subdomain, page.Problem = typed, web.ProblemSubdomainInvalid
			if strings.TrimSpace(typed) == "" {
				page.Problem = web.ProblemSubdomainMissing
			}
			web.Render(w, http.StatusUnprocessableEntity, page)
			return
		}
	}
	if err != nil {
		s.failed(w, r, err)
		return
	}
	httpd.Note(r.Context(), slog.String("account", account))
	s.cookie.set(w, departure.Browser)
	w.Header().Set("Cache-Control", "no-store")
	redirect(w, http.StatusSeeOther, departure.URL)
}
