package brokerhttp

import (
	"net/http"
	"strconv"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// boardRoute is a signed-in page.
type boardRoute struct {
	path    string
	methods map[string]func(*site, http.ResponseWriter, visit) error
}

// boardRoutes are the signed-in pages. All of them stand behind site.signedIn.
var boardRoutes = []boardRoute{
	{web.PathConnections, map[string]func(*site, http.ResponseWriter, visit) error{http.MethodGet: (*site).connections}},
	{web.PathConnectionsCSV, map[string]func(*site, http.ResponseWriter, visit) error{http.MethodGet: (*site).connectionsCSV}},
	{web.PathConnectionsJSON, map[string]func(*site, http.ResponseWriter, visit) error{http.MethodGet: (*site).connectionsJSON}},
	{web.PathConnectionsLive, map[string]func(*site, http.ResponseWriter, visit) error{http.MethodGet: (*site).connectionsLive}},
	{web.PathConnectionsOrders, map[string]func(*site, http.ResponseWriter, visit) error{http.MethodPost: (*site).orders}},
	{web.PathConnections + "/{id}", map[string]func(*site, http.ResponseWriter, visit) error{http.MethodGet: (*site).connectionPage, http.MethodPost: (*site).orderOne}},
}

// board registers the pages for whoever is signed in.
func (s *site) board(handle func(path string, methods map[string]http.HandlerFunc)) {
	handle(web.PathBoardSignIn, map[string]http.HandlerFunc{"GET": s.showSignIn, "HEAD": s.showSignIn, "POST": s.signIn})
	handle(web.PathSignOut, map[string]http.HandlerFunc{"POST": s.signOut})
	for _, route := range boardRoutes {
		methods := map[string]http.HandlerFunc{}
		for method, serve := range route.methods {
			methods[method] = s.signedIn(func(w http.ResponseWriter, v visit) error { return serve(s, w, v) })
			if method == http.MethodGet {
				methods[http.MethodHead] = methods[method]
			}
		}
		handle(route.path, methods)
	}
}

// boardPage is what all of them share.
func (s *site) boardPage(v visit) web.Board {
	return web.Board{
		Page: s.page(v.Request), User: personOf(v.viewer.User), Account: s.host(v.viewer.Account),
		Operator: v.viewer.Operator, Now: s.Broker.Now(),
	}
}

// personOf is a user as pages show one. A name that is not known is a number.
func personOf(u broker.User) web.Person {
	p := web.Person{Name: u.Name, Email: u.Email, Role: u.Role}
	if p.Name == "" && u.ID != 0 {
		p.Name = strconv.FormatInt(u.ID, 10)
	}
	return p
}

func see(w http.ResponseWriter, path string) error {
	w.Header().Set("Cache-Control", "no-store")
	redirect(w, http.StatusSeeOther, path)
	return nil
}

// liveTick is how often a page that is followed looks for what is new.
const liveTick = 2 * time.Second
