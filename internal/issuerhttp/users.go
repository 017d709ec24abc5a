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
		{Method: http.MethodGet, Path: zendesk.UsersMePath, Scopes: usersRead, Anonymous: true, Serve: s.usersMe},
		{Method: http.MethodGet, Path: zendesk.UsersPath, Scopes: usersRead, Roles: agents, Serve: s.listUsers},
		{Method: http.MethodGet, Path: zendesk.UsersSearchPath, Scopes: usersRead, Roles: agents, Serve: s.searchUsers},
		{Method: http.MethodGet, Path: zendesk.UsersPath + idPattern, Scopes: usersRead, Roles: agents, Serve: s.showUser},
	}
}

// usersMe is GET /api/v2/users/me. Without credentials it answers 200 with an
// anonymous user, which many a health check has taken for success (facts 6.2).
func (s *Server) usersMe(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	if req.Caller.Anonymous() {
		return apihttp.Response{Body: zendesk.UserEnvelope{User: zendesk.AnonymousUser()}}, nil
	}
	return s.userAnswer(ctx, req, req.Caller.User)
}

// user is how a user looks, with their default group.
func (s *Server) user(ctx context.Context, req apihttp.Request, u issuer.User) (zendesk.User, error) {
	shown := apihttp.User(req.Base, u)
	if s.DefaultGroup == nil {
		return shown, nil
	}
	group, err := s.DefaultGroup(ctx, u)
	if group != 0 {
		shown.DefaultGroupID = &group
	}
	return shown, err
}

func (s *Server) userAnswer(ctx context.Context, req apihttp.Request, u issuer.User) (apihttp.Response, error) {
	shown, err := s.user(ctx, req, u)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.UserEnvelope{User: shown}}, nil
}

// userListed is a list of users.
func (s *Server) userListed(ctx context.Context, req apihttp.Request, p apihttp.Page, users issuer.Page[issuer.User]) (apihttp.Response, error) {
	var failed error
	response := apihttp.Listed(req, p, "users", users, func(u issuer.User) int64 { return int64(u.ID) }, func(u issuer.User) zendesk.User {
		shown, err := s.user(ctx, req, u)
		if err != nil {
			failed = err
		}
		return shown
	})
	return response, failed
}
