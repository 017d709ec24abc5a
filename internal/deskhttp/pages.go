package deskhttp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

// AgentPage is a page for agents. Whoever has the sessions says who asks: see
// issuerhttp.Server.AgentPages.
type AgentPage = func(w http.ResponseWriter, r *http.Request, c issuer.Caller, center web.Center) error

// AgentPages are the pages of tickets, to be read and not changed, by their paths for
// http.ServeMux. They stand where links to tickets of a real Zendesk lead.
func (s *Server) AgentPages() map[string]AgentPage {
	return map[string]AgentPage{web.PathTickets: s.ticketsPage, web.PathTickets + "/{id}": s.ticketPageOf}
}

// pageRows is how many tickets, or comments of one, a page has.
const pageRows = 50

func (s *Server) ticketsPage(w http.ResponseWriter, r *http.Request, c issuer.Caller, center web.Center) error {
	offset := offsetOf(r)
	found, err := s.Desk.Tickets(r.Context(), c, desk.Filter{}, desk.Range{Descending: true, Offset: offset, Limit: pageRows})
	if err != nil {
		return pageError(err)
	}
	p, names := web.Tickets{Center: center}, s.names(c.Account)
	for _, t := range found.Items {
		row, err := names.row(r.Context(), t)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	p.Pager = offsetPager(web.PathTickets, offset, found.More)
	web.Render(w, http.StatusOK, p)
	return nil
}

func (s *Server) ticketPageOf(w http.ResponseWriter, r *http.Request, c issuer.Caller, center web.Center) error {
	number, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || number <= 0 {
		return issuer.ErrNotFound
	}
	t, err := s.Desk.Ticket(r.Context(), c, number)
	if err != nil {
		return pageError(err)
	}
	offset := offsetOf(r)
	said, err := s.Desk.Comments(r.Context(), c, number, desk.Range{Offset: offset, Limit: pageRows})
	if err != nil {
		return pageError(err)
	}
	p, names := web.Ticket{Center: center, Created: web.Moment{Time: t.Created}}, s.names(c.Account)
	if p.TicketRow, err = names.row(r.Context(), t); err != nil {
		return err
	}
	for _, one := range said.Items {
		author, err := names.of(r.Context(), one.Author)
		if err != nil {
			return err
		}
		comment := web.TicketComment{Author: author, At: web.Moment{Time: one.Created}, Public: one.Public, Body: one.Body}
		for _, a := range one.Attachments {
			comment.Files = append(comment.Files, web.TicketFile{
				Name: a.Name, Size: a.Size, URL: zendesk.AttachmentContentPath + a.Token + "/?name=" + url.QueryEscape(a.Name),
			})
		}
		p.Comments = append(p.Comments, comment)
	}
	p.Pager = offsetPager(p.URL(), offset, said.More)
	web.Render(w, http.StatusOK, p)
	return nil
}

// pageError is an error as the pages of a local Zendesk know it.
func pageError(err error) error {
	if errors.Is(err, desk.ErrNotFound) || errors.Is(err, desk.ErrForbidden) {
		return issuer.ErrNotFound
	}
	return err
}

// offsetMost is how far the pages lead: nobody leafs further by hand.
const offsetMost = 10_000

func offsetOf(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("from"))
	if err != nil || n < 0 || n > offsetMost {
		return 0
	}
	return n
}

func offsetPager(path string, offset int, more bool) (p web.Pager) {
	at := func(n int) string { return web.Within(path, "from", strconv.Itoa(n)) }
	if offset > 0 {
		p.Newer = at(max(offset-pageRows, 0))
	}
	if more && offset+pageRows <= offsetMost {
		p.Older = at(offset + pageRows)
	}
	return p
}

// userNames are what users are called, each looked up once for a page.
type userNames struct {
	*Server
	account issuer.Account
	known   map[desk.UserID]string
}

func (s *Server) names(a issuer.Account) userNames {
	return userNames{s, a, map[desk.UserID]string{}}
}

func (n userNames) row(ctx context.Context, t desk.Ticket) (web.TicketRow, error) {
	requester, err := n.of(ctx, t.Requester)
	return web.TicketRow{
		Number: t.Number, Subject: t.Subject, Status: string(t.Status), Requester: requester, Updated: web.Moment{Time: t.Updated},
	}, err
}

// of is a user's name, or the number of one who is gone.
func (n userNames) of(ctx context.Context, id desk.UserID) (string, error) {
	if name, ok := n.known[id]; ok {
		return name, nil
	}
	u, err := n.Issuer.User(ctx, n.account, issuer.UserID(id))
	name := u.Name
	if errors.Is(err, issuer.ErrNotFound) {
		err = nil
	}
	if name == "" {
		name = strconv.FormatInt(int64(id), 10)
	}
	n.known[id] = name
	return name, err
}
