package issuerhttp

import (
	"net/http"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/web"
)

// APIRoutes are all routes of the API.
func (s *Server) APIRoutes() []apihttp.Route { return s.apiRoutes() }

// Programs are the other endpoints that programs call or lead people to, as
// "GET /path".
func (s *Server) Programs() []string {
	var all []string
	for _, e := range s.endpoints() {
		all = append(all, e.method+" "+e.path)
	}
	for _, d := range dialects {
		all = append(all, http.MethodGet+" "+d.authorizePath)
	}
	return all
}

// Harmless are cells as the file of the audit trail has them.
func Harmless(cells ...string) []string { return web.Cells(cells...) }
