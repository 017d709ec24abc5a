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

// membershipRoutes: agents look, and choose their own default group; admins write.
func (s *Server) membershipRoutes() []apihttp.Route {
	const (
		all   = zendesk.GroupMembershipsPath
		user  = zendesk.UsersPath + "/{id}"
		mine  = user + "/group_memberships"
		group = zendesk.GroupsPath + "/{id}/memberships"
	)
	admins := []issuer.Role{issuer.Admin}
	everywhere := func(req apihttp.Request) (desk.MembershipFilter, error) {
		user, err := req.QueryID("user_id")
		group, wrong := req.QueryID("group_id")
		return desk.MembershipFilter{User: desk.UserID(user), Group: desk.GroupID(group)}, firstError(err, wrong)
	}
	ofUser := func(req apihttp.Request) (desk.MembershipFilter, error) {
		id, err := s.userOf(req.Context(), req)
		return desk.MembershipFilter{User: id}, err
	}
	ofGroup := func(req apihttp.Request) (desk.MembershipFilter, error) {
		id, err := req.ID("id")
		if err == nil {
			_, err = s.Desk.Group(req.Context(), req.Caller, desk.GroupID(id))
		}
		return desk.MembershipFilter{Group: desk.GroupID(id)}, err
	}
	return []apihttp.Route{
		{Method: http.MethodGet, Path: all, Scopes: groupsRead, Roles: agents, Serve: s.listMemberships(everywhere)},
		{Method: http.MethodGet, Path: all + "/assignable", Scopes: groupsRead, Roles: agents, Serve: s.listMemberships(everywhere)},
		{Method: http.MethodPost, Path: all, Scopes: groupsWrite, Roles: admins, Serve: s.createMembership},
		{Method: http.MethodGet, Path: all + "/{membership}", Scopes: groupsRead, Roles: agents, Serve: s.showMembership},
		{Method: http.MethodDelete, Path: all + "/{membership}", Scopes: groupsWrite, Roles: admins, Serve: s.deleteMembership},
		{Method: http.MethodGet, Path: mine, Scopes: groupsRead, Roles: agents, Serve: s.listMemberships(ofUser)},
		{Method: http.MethodPost, Path: mine, Scopes: groupsWrite, Roles: admins, Serve: s.createMembership},
		{Method: http.MethodGet, Path: mine + "/{membership}", Scopes: groupsRead, Roles: agents, Serve: s.showMembership},
		{Method: http.MethodDelete, Path: mine + "/{membership}", Scopes: groupsWrite, Roles: admins, Serve: s.deleteMembership},
		{Method: http.MethodPut, Path: mine + "/{membership}/make_default", Scopes: groupsWrite, Roles: agents, Serve: s.makeDefault(ofUser)},
		{Method: http.MethodGet, Path: user + "/groups", Scopes: groupsRead, Roles: agents, Serve: s.listGroupsOf},
		{Method: http.MethodGet, Path: group, Scopes: groupsRead, Roles: agents, Serve: s.listMemberships(ofGroup)},
		{Method: http.MethodGet, Path: group + "/assignable", Scopes: groupsRead, Roles: agents, Serve: s.listMemberships(ofGroup)},
	}
}

func (s *Server) listMemberships(of func(apihttp.Request) (desk.MembershipFilter, error)) serve {
	return func(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
		p, err := req.Page()
		if err != nil {
			return apihttp.Response{}, err
		}
		f, err := of(req)
		if err != nil {
			return apihttp.Response{}, err
		}
		found, err := s.Desk.Memberships(ctx, req.Caller, f, desk.Range(p.Range))
		if err != nil {
			return apihttp.Response{}, err
		}
		return apihttp.Listed(req, p, "group_memberships", issuer.Page[desk.Membership](found), func(m desk.Membership) int64 { return m.ID },
			func(m desk.Membership) zendesk.GroupMembership { return membership(req.Base, m) }), nil
	}
}

func (s *Server) listGroupsOf(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	p, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	user, err := s.userOf(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	found, err := s.Desk.GroupsOf(ctx, req.Caller, user, desk.Range(p.Range))
	if err != nil {
		return apihttp.Response{}, err
	}
	return listedGroups(req, p, found), nil
}

// createMembership reads {"group_membership":{…}}. Below a user's path it is
// theirs, whomever the body names.
func (s *Server) createMembership(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	p, err := req.Params("group_membership")
	if err != nil {
		return apihttp.Response{}, err
	}
	user, group, isDefault := value(p.Number("user_id")), value(p.Number("group_id")), value(p.Bool("default"))
	p.Ignored("id", "url", "created_at", "updated_at")
	if err := p.Err(); err != nil {
		return apihttp.Response{}, err
	}
	if req.PathValue("id") != "" {
		of, err := s.userOf(ctx, req)
		if err != nil {
			return apihttp.Response{}, err
		}
		user = int64(of)
	}
	m, err := s.Desk.AddMembership(ctx, req.Caller, desk.UserID(user), desk.GroupID(group), isDefault)
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := membership(req.Base, m)
	return created(shown.URL, zendesk.GroupMembershipEnvelope{GroupMembership: shown}), nil
}

// membershipOf are the user, if the path has one, and the number of a membership.
func (s *Server) membershipOf(ctx context.Context, req apihttp.Request) (user desk.UserID, id int64, err error) {
	if req.PathValue("id") != "" {
		if user, err = s.userOf(ctx, req); err != nil {
			return 0, 0, err
		}
	}
	id, err = req.ID("membership")
	return user, id, err
}

func (s *Server) showMembership(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	user, id, err := s.membershipOf(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	m, err := s.Desk.Membership(ctx, req.Caller, user, id)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.GroupMembershipEnvelope{GroupMembership: membership(req.Base, m)}}, nil
}

func (s *Server) deleteMembership(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	user, id, err := s.membershipOf(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := s.Desk.DeleteMembership(ctx, req.Caller, user, id, origin(req)); err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Status: http.StatusNoContent}, nil
}

// makeDefault answers with all of the user's memberships.
func (s *Server) makeDefault(of func(apihttp.Request) (desk.MembershipFilter, error)) serve {
	list := s.listMemberships(of)
	return func(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
		user, id, err := s.membershipOf(ctx, req)
		if err != nil {
			return apihttp.Response{}, err
		}
		if err := s.Desk.MakeDefault(ctx, req.Caller, user, id); err != nil {
			return apihttp.Response{}, err
		}
		return list(ctx, req)
	}
}

// DefaultGroup is the group that tickets get which are given to a user alone; 0:
// none. Those who only ask are in no group.
func (s *Server) DefaultGroup(ctx context.Context, u issuer.User) (int64, error) {
	if !desk.Answers(string(u.Role)) {
		return 0, nil
	}
	group, err := s.Desk.DefaultGroup(ctx, desk.AccountID(u.Account), desk.UserID(u.ID))
	return int64(group), err
}

func membership(base string, m desk.Membership) zendesk.GroupMembership {
	return zendesk.GroupMembership{
		URL: fmt.Sprintf("%s%s/%d.json", base, zendesk.GroupMembershipsPath, m.ID), ID: m.ID, UserID: int64(m.User), GroupID: int64(m.Group),
		Default: m.Default, CreatedAt: zendesk.TimeOf(m.Created), UpdatedAt: zendesk.TimeOf(m.Updated),
	}
}
