package deskhttp

import (
	"context"
	"fmt"
	"net/http"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// What a token needs (facts section 5.3).
var (
	groupsRead  = []string{"groups:read", zendesk.Read}
	groupsWrite = []string{"groups:write", zendesk.Write}
)

// groupRoutes: agents look, admins write, as Zendesk documents it for those
// without custom roles.
func (s *Server) groupRoutes() []apihttp.Route {
	const one = zendesk.GroupsPath + "/{id}"
	admins := []issuer.Role{issuer.Admin}
	return []apihttp.Route{
		{Method: http.MethodGet, Path: zendesk.GroupsPath, Scopes: groupsRead, Roles: agents, Serve: s.listGroups},
		{Method: http.MethodGet, Path: zendesk.GroupsPath + "/assignable", Scopes: groupsRead, Roles: agents, Serve: s.listAssignableGroups},
		{Method: http.MethodGet, Path: zendesk.GroupsPath + "/count", Scopes: groupsRead, Roles: agents, Serve: s.countGroups},
		{Method: http.MethodPost, Path: zendesk.GroupsPath, Scopes: groupsWrite, Roles: admins, Serve: s.createGroup},
		{Method: http.MethodGet, Path: one, Scopes: groupsRead, Roles: agents, Serve: s.showGroup},
		{Method: http.MethodPut, Path: one, Scopes: groupsWrite, Roles: admins, Serve: s.updateGroup},
		{Method: http.MethodDelete, Path: one, Scopes: groupsWrite, Roles: admins, Serve: s.deleteGroup},
	}
}

// listGroups shows deleted ones, too, unless asked not to.
func (s *Server) listGroups(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	without, err := req.QueryBool("exclude_deleted")
	if err != nil {
		return apihttp.Response{}, err
	}
	return s.groupPage(ctx, req, !without)
}

// listAssignableGroups has every group that is not deleted: nobody here may give
// tickets to some groups alone.
func (s *Server) listAssignableGroups(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	return s.groupPage(ctx, req, false)
}

func (s *Server) groupPage(ctx context.Context, req apihttp.Request, withDeleted bool) (apihttp.Response, error) {
	p, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	found, err := s.Desk.Groups(ctx, req.Caller, withDeleted, desk.Range(p.Range))
	if err != nil {
		return apihttp.Response{}, err
	}
	return listedGroups(req, p, found), nil
}

func listedGroups(req apihttp.Request, p apihttp.Page, found desk.Page[desk.Group]) apihttp.Response {
	return apihttp.Listed(req, p, "groups", issuer.Page[desk.Group](found), func(g desk.Group) int64 { return int64(g.ID) },
		func(g desk.Group) zendesk.Group { return group(req.Base, g) })
}

func (s *Server) countGroups(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	page, err := s.Desk.Groups(ctx, req.Caller, false, justCount)
	return s.counted(page.Total, err)
}

func (s *Server) showGroup(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	return groupAnswer(req)(s.Desk.Group(ctx, req.Caller, desk.GroupID(id)))
}

func (s *Server) createGroup(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	want, err := readGroup(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	g, err := s.Desk.AddGroup(ctx, req.Caller, want)
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := group(req.Base, g)
	return created(shown.URL, zendesk.GroupEnvelope{Group: shown}), nil
}

func (s *Server) updateGroup(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	want, err := readGroup(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return groupAnswer(req)(s.Desk.ChangeGroup(ctx, req.Caller, desk.GroupID(id), want))
}

func (s *Server) deleteGroup(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := s.Desk.DeleteGroup(ctx, req.Caller, desk.GroupID(id)); err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Status: http.StatusNoContent}, nil
}

// readGroup reads {"group":{…}}, of a new one and of a change. Clients send back
// what they got.
func readGroup(req apihttp.Request) (desk.GroupChange, error) {
	p, err := req.Params("group")
	if err != nil {
		return desk.GroupChange{}, err
	}
	want := desk.GroupChange{Name: p.Text("name"), Description: p.Text("description"), Public: p.Bool("is_public")}
	p.Ignored("id", "url", "default", "deleted", "created_at", "updated_at")
	return want, p.Err()
}

func groupAnswer(req apihttp.Request) func(desk.Group, error) (apihttp.Response, error) {
	return func(g desk.Group, err error) (apihttp.Response, error) {
		if err != nil {
			return apihttp.Response{}, err
		}
		return apihttp.Response{Body: zendesk.GroupEnvelope{Group: group(req.Base, g)}}, nil
	}
}

// group is never the default one: an account here begins without groups, and none
// becomes that.
func group(base string, g desk.Group) zendesk.Group {
	return zendesk.Group{
		URL: fmt.Sprintf("%s%s/%d.json", base, zendesk.GroupsPath, g.ID), ID: int64(g.ID), IsPublic: g.Public,
		Name: g.Name, Description: g.Description, Deleted: g.Deleted,
		CreatedAt: zendesk.TimeOf(g.Created), UpdatedAt: zendesk.TimeOf(g.Updated),
	}
}
