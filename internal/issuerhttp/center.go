package issuerhttp

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

// own is a page of a user who signed in.
type own func(v visit, u issuer.User) error

// signedIn shows a page to whoever signed in, and leads others to the sign-in.
func (s *Server) signedIn(p own) page {
	return func(v visit) error {
		u, err := s.Issuer.SignedIn(v.r.Context(), v.account, v.session)
		if errors.Is(err, issuer.ErrNotFound) {
			return v.see(web.Within(signInPath, "return_to", v.backHere()))
		} else if err != nil {
			return err
		}
		return p(v, u)
	}
}

// backHere is where to go after a sign-in. What a form held is gone by then, so
// that a path which takes forms alone is not led back to.
func (v visit) backHere() string {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return v.r.URL.RequestURI()
	}
	return "/"
}

// asAdmin shows a page to admins alone. That there are others that they may not
// see is no secret to people of the account.
func (s *Server) asAdmin(p own) page {
	return s.signedIn(func(v visit, u issuer.User) error {
		if u.Role != issuer.Admin {
			web.Render(v.w, http.StatusForbidden, web.Forbidden{Center: v.center(u), Next: web.Within(signInPath, "return_to", v.backHere())})
			return nil
		}
		if !v.dialect.has(v.account) {
			return issuer.ErrNotFound
		}
		v.admin = true
		return p(v, u)
	})
}

// asAgent shows a page of the desk's to agents, and admins.
func (s *Server) asAgent(serve func(http.ResponseWriter, *http.Request, issuer.Caller, web.Center) error) page {
	return s.signedIn(func(v visit, u issuer.User) error {
		if u.Role != issuer.Admin && u.Role != issuer.Agent {
			web.Render(v.w, http.StatusForbidden, web.Forbidden{Center: v.center(u), Agents: true, Next: web.Within(signInPath, "return_to", v.backHere())})
			return nil
		}
		v.admin = true
		return serve(v.w, v.r, issuer.Caller{Account: v.account, User: u}, v.center(u))
	})
}

// center is what the pages of a signed-in user have in common.
func (v visit) center(u issuer.User) web.Center {
	return web.Center{
		Tickets: v.tickets && (u.Role == issuer.Admin || u.Role == issuer.Agent),
		Page:    v.page(), Account: v.account.Name, Subdomain: v.account.Subdomain, User: person(u),
		HasChat: chatDialect.has(v.account), Done: web.Done(v.r.URL.Query().Get("done")),
	}
}

func (v visit) by(u issuer.User) issuer.By { return issuer.By{User: u.ID, Origin: v.origin()} }

// number is the id in the path. What cannot be one is nobody's.
func (v visit) number() (int64, error) {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, issuer.ErrNotFound
	}
	return id, nil
}

// centerPages are the Admin Center, and what a user has of their own.
func (s *Server) centerPages(add func(d dialect, path string, methods map[string]page)) {
	get := func(d dialect, path string, p page) { add(d, path, map[string]page{http.MethodGet: p}) }
	post := func(d dialect, path string, p page) { add(d, path, map[string]page{http.MethodPost: p}) }
	both := func(d dialect, path string, shown, sent page) {
		add(d, path, map[string]page{http.MethodGet: shown, http.MethodPost: sent})
	}
	get(support, "/admin/{$}", func(v visit) error { return v.see(web.PathClients) })
	get(support, "/admin", func(v visit) error { return v.see(web.PathClients) })
	both(support, web.PathTokens, s.asAdmin(s.showTokens), s.asAdmin(s.revokeTokens))
	both(support, web.PathAPITokens, s.asAdmin(s.showAPITokens), s.asAdmin(s.addAPIToken))
	post(support, web.PathAPITokens+"/{id}", s.asAdmin(s.switchAPIToken))
	both(support, web.PathAPITokens+"/{id}/delete", s.asAdmin(s.askDeleteAPIToken), s.asAdmin(s.deleteAPITokenPage))
	both(support, web.PathSettings, s.asAdmin(s.showSettings), s.asAdmin(s.saveSettings))
	get(support, web.PathAudit, s.asAdmin(s.showAudit))
	get(support, web.PathAuditCSV, s.asAdmin(s.auditFile))
	both(support, web.PathUsers, s.asAdmin(s.showUserList), s.asAdmin(s.addUser))
	both(support, web.PathUsers+"/{id}", s.asAdmin(s.editUser), s.asAdmin(s.saveUser))
	post(support, web.PathUsers+"/{id}/password", s.asAdmin(s.setPassword))
	post(support, web.PathUsers+"/{id}/suspended", s.asAdmin(s.suspendUser))
	both(support, web.PathUsers+"/{id}/delete", s.asAdmin(s.askDeleteUser), s.asAdmin(s.confirmDeleteUser))
	if len(s.AgentPages) > 0 {
		get(support, "/agent", func(v visit) error { return v.see(web.PathTickets) })
		get(support, "/agent/{$}", func(v visit) error { return v.see(web.PathTickets) })
	}
	for path, serve := range s.AgentPages {
		get(support, path, s.asAgent(serve))
	}
	both(support, web.PathApps, s.signedIn(s.showApps), s.signedIn(s.revokeApp))
	both(support, web.PathGetToken, s.signedIn(s.askForToken), s.signedIn(s.getToken))
	for d, path := range map[*dialect]string{&support: web.PathClients, &chatDialect: web.PathChatClients} {
		both(*d, path, s.asAdmin(s.showClients), s.asAdmin(s.addClient))
		both(*d, path+"/{id}", s.asAdmin(s.editClient), s.asAdmin(s.saveClient))
		post(*d, path+"/{id}/secret", s.asAdmin(s.rollSecret))
		both(*d, path+"/{id}/delete", s.asAdmin(s.askDelete), s.asAdmin(s.confirmDelete))
	}
}

// problems sorts what is wrong by field. Most of the words are the ones of the
// API; those that every form knows are in the reader's language.
func problems(lang web.Lang, err error) (web.Problems, bool) {
	var all issuer.Invalids
	if !errors.As(err, &all) {
		return nil, false
	}
	sorted := web.Problems{}
	for _, one := range all {
		why := one.Why
		switch one.Flaw {
		case issuer.Blank:
			why = web.T(lang, "flaw.blank")
		case issuer.Taken:
			if one.Line == 0 {
				why = web.T(lang, "flaw.taken")
			}
		case issuer.NotAllowed, issuer.Malformed:
		}
		sorted[one.Field] = append(sorted[one.Field], why)
	}
	return sorted, true
}

// typedLines are the lines that somebody typed, without empty ones.
func typedLines(text string) []string {
	lines := []string{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// rowsMost is how long a page of a list is.
const rowsMost = 50

// ranged reads which part of a list a page shows: ?after= and ?before= name the
// row at its edge.
func (v visit) ranged(newestFirst bool) issuer.Range {
	edge := func(name string) int64 {
		id, _ := strconv.ParseInt(v.r.URL.Query().Get(name), 10, 64)
		return max(id, 0)
	}
	r := issuer.Range{After: edge("after"), Before: edge("before"), Descending: newestFirst, Limit: rowsMost}
	if r.After != 0 {
		r.Before = 0
	}
	return r
}

// pager links to the parts before and after a part of a list; pairs are the rest
// of the query.
func pager[T any](path string, r issuer.Range, got issuer.Page[T], id func(T) int64, pairs ...string) (p web.Pager) {
	if len(got.Items) == 0 {
		return p
	}
	first, last := id(got.Items[0]), id(got.Items[len(got.Items)-1])
	if r.After != 0 || r.Before != 0 && got.More {
		p.Newer = web.Within(path, append([]string{"before", strconv.FormatInt(first, 10)}, pairs...)...)
	}
	if r.Before != 0 || r.Before == 0 && got.More {
		p.Older = web.Within(path, append([]string{"after", strconv.FormatInt(last, 10)}, pairs...)...)
	}
	return p
}
