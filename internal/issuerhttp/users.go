package issuerhttp

import (
	"context"
	"net/http"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

var (
	usersRead = []string{"users:read", zendesk.Read}
	agents    = []issuer.Role{issuer.Admin, issuer.Agent}
)

func (s *Server) userRoutes() []apihttp.Route {
	return []apihttp.Route{
		{Method: http.MethodGet, Path: zendesk.UsersMePath, Scopes: usersRead, Anonymous: true, Serve: usersMe},
		{Method: http.MethodGet, Path: zendesk.UsersPath, Scopes: usersRead, Roles: agents, Serve: s.listUsers},
		{Method: http.MethodGet, Path: zendesk.UsersSearchPath, Scopes: usersRead, Roles: agents, Serve: s.searchUsers},
		{Method: http.MethodGet, Path: zendesk.UsersPath + idPattern, Scopes: usersRead, Roles: agents, Serve: s.showUser},
	}
}

// usersMe is GET /api/v2/users/me. Without credentials it answers 200 with an
// anonymous user, which many a health check has taken for success (facts 6.2).
func usersMe(_ context.Context, req apihttp.Request) (apihttp.Response, error) {
	u := zendesk.AnonymousUser()
	if !req.Caller.Anonymous() {
		u = user(req.Base, req.Caller.User)
	}
	return apihttp.Response{Body: zendesk.UserEnvelope{User: u}}, nil
}

func user(base string, u issuer.User) zendesk.User { return apihttp.User(base, u) }
