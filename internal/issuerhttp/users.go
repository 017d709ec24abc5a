package issuerhttp

import (
	"context"
	"fmt"
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

func user(base string, u issuer.User) zendesk.User {
	id := int64(u.ID)
	url := fmt.Sprintf("%s/api/v2/users/%d.json", base, id)
	locale, zone := "en-US", "UTC"
	return zendesk.User{
		ID: &id, URL: &url, Name: u.Name, Email: &u.Email, Role: string(u.Role),
		CreatedAt: zendesk.TimeOf(u.Created), UpdatedAt: zendesk.TimeOf(u.Updated),
		Locale: &locale, TimeZone: &zone, IANATimeZone: &zone,
		Active: true, Verified: true, Suspended: u.Suspended, Tags: []string{}, UserFields: map[string]any{},
	}
}
