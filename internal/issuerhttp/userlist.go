package issuerhttp

import (
	"context"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// listUsers is GET /api/v2/users, of some roles when it names them: by "role" one,
// by "role[]" many.
func (s *Server) listUsers(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	return s.userPage(ctx, req, userRoles(req))
}

func userRoles(req apihttp.Request) (f issuer.UserFilter) {
	query := req.URL.Query()
	for _, role := range append(query["role[]"], query["role"]...) {
		if role != "" {
			f.Roles = append(f.Roles, issuer.Role(role))
		}
	}
	return f
}

// searchUsers is GET /api/v2/users/search.
func (s *Server) searchUsers(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	query := req.URL.Query()
	if query.Get("query") == "" && query.Get("external_id") == "" {
		return apihttp.Response{}, zendesk.ParameterMissing("query")
	}
	f := issuer.UserQuery(query.Get("query"))
	f.Nobody = f.Nobody || query.Get("external_id") != "" // no user has one here
	return s.userPage(ctx, req, f)
}

func (s *Server) userPage(ctx context.Context, req apihttp.Request, f issuer.UserFilter) (apihttp.Response, error) {
	page, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	users, err := s.Issuer.FindUsers(ctx, req.Account, f, page.Range)
	if err != nil {
		return apihttp.Response{}, err
	}
	return s.userListed(ctx, req, page, users)
}

func (s *Server) showUser(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	u, err := s.Issuer.User(ctx, req.Account, issuer.UserID(id))
	if err != nil {
		return apihttp.Response{}, err
	}
	return s.userAnswer(ctx, req, u)
}
