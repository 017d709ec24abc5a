package brokerhttp

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// boardRoute is a signed-in page.
type boardRoute struct {
	path    string
	who     audience
	methods serving
}

// audience is who a signed-in page is there for. For others it is not there. The zero
// audience is the narrower one, so that a page which names none is not everybody's.
type audience int

const (
	operators audience = iota
	everybody          // whoever signed in; the page shows to each what they may see
)

// has decides whether a page of the audience is there for a viewer.
func (a audience) has(v broker.Viewer) bool { return a == everybody || v.Operator }

// serving are a page's methods.
type serving = map[string]func(*site, http.ResponseWriter, visit) error

// boardRoutes are the signed-in pages. All of them stand behind site.signedIn, which
// knows who each is for.
var boardRoutes = slices.Concat(connectionPages, passPages, clientPages, keyPages, webhookPages, eventPages)

var connectionPages = []boardRoute{
	{web.PathConnections, everybody, serving{"GET": (*site).connections}},
	{web.PathConnectionsCSV, everybody, serving{"GET": (*site).connectionsCSV}},
	{web.PathConnectionsJSON, everybody, serving{"GET": (*site).connectionsJSON}},
	{web.PathConnectionsLive, everybody, serving{"GET": (*site).connectionsLive}},
	{web.PathConnectionsOrders, everybody, serving{"POST": (*site).orders}},
	{web.PathConnections + "/{id}/live", everybody, serving{"GET": (*site).connectionLive}},
	{web.PathConnections + "/{id}", everybody, serving{"GET": (*site).connectionPage, "POST": (*site).orderOne}},
}

// board registers the pages for whoever is signed in.
func (s *site) board(handle func(path string, methods map[string]http.HandlerFunc)) {
	handle(web.PathBoardSignIn, map[string]http.HandlerFunc{"GET": s.showSignIn, "HEAD": s.showSignIn, "POST": s.signIn})
	handle(web.PathSignOut, map[string]http.HandlerFunc{"POST": s.signOut})
	for _, route := range boardRoutes {
		methods := map[string]http.HandlerFunc{}
		for method, serve := range route.methods {
			methods[method] = s.signedIn(route.who, func(w http.ResponseWriter, v visit) error { return serve(s, w, v) })
			if method == http.MethodGet {
				methods[http.MethodHead] = methods[method]
			}
		}
		handle(route.path, methods)
	}
}

// boardPage is what all of them share. Those of operators are, as the Admin Center is,
// in fewer languages than what everybody meets; what stands round them keeps the reader's.
func (s *site) boardPage(v visit) web.Board {
	p := s.page(v.Request)
	if v.who == operators {
		p.Admin, p.Reader, p.Lang = true, p.Lang, p.Lang.ForAdmin()
	}
	return web.Board{
		Page: p, User: personOf(v.viewer.User), Account: s.host(v.viewer.Account),
		Operator: v.viewer.Operator, Now: s.Broker.Now(), Done: web.BoardDone(v.URL.Query().Get(web.FieldDone)),
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
