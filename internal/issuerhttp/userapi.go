package issuerhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// What of a user the API changes. Agents look after end users, admins after
// everybody; erasing somebody is the admins' (as Zendesk documents for its
// roles without custom ones).

var usersWrite = []string{"users:write", zendesk.Write}

func (s *Server) userChangeRoutes() []apihttp.Route {
	const show, many = zendesk.UsersPath + "/show_many", zendesk.UsersPath + "/create_or_update"
	one := zendesk.UsersPath + idPattern
	return []apihttp.Route{
		{Method: http.MethodGet, Path: show, Scopes: usersRead, Roles: agents, Serve: s.showUsers},
		{Method: http.MethodGet, Path: zendesk.UsersPath + "/count", Scopes: usersRead, Roles: agents, Serve: s.countUsers},
		{Method: http.MethodPost, Path: zendesk.UsersPath, Scopes: usersWrite, Roles: agents, Serve: s.createUser},
		{Method: http.MethodPost, Path: many, Scopes: usersWrite, Roles: agents, Limit: allUsersLimit, Serve: s.createOrUpdateUser},
		{Method: http.MethodPut, Path: one, Scopes: usersWrite, Roles: agents, Limit: allUsersLimit, Serve: s.updateUser},
		{Method: http.MethodDelete, Path: one, Scopes: usersWrite, Roles: admins, Serve: s.deleteUser},
	}
}

// How often users may be changed: one of them, and any of an account's.
var allUsersLimit = apihttp.Limit{Most: 1, Per: time.Second, Key: "change of a user"}

func sameUserLimit(id issuer.UserID) apihttp.Limit {
	return apihttp.Limit{Most: 5, Key: fmt.Sprintf("change of user %d", id)}
}

// showUsers leaves out whom there is not.
func (s *Server) showUsers(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	ids, err := req.IDs("ids")
	if err != nil {
		return apihttp.Response{}, err
	}
	found := issuer.Page[issuer.User]{}
	for _, id := range ids {
		u, err := s.Issuer.User(ctx, req.Account, issuer.UserID(id))
		if errors.Is(err, issuer.ErrNotFound) {
			continue
		} else if err != nil {
			return apihttp.Response{}, err
		}
		found.Items = append(found.Items, u)
	}
	found.Total = len(found.Items)
	return s.userListed(ctx, req, apihttp.Whole(), found)
}

func (s *Server) countUsers(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	f := userRoles(req)
	page, err := s.Issuer.FindUsers(ctx, req.Account, f, issuer.Range{Limit: 1, Count: true})
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.CountEnvelope{Count: zendesk.Count{Value: page.Total, RefreshedAt: zendesk.TimeOf(s.Issuer.Now())}}}, nil
}

// wantedUser is what a request says of a user; nil is nothing.
type wantedUser struct {
	name, email, role *string
	suspended         *bool
}

// readUser reads {"user":{…}}. What Zendesk takes and we do not keep brings no
// warning: clients send back what they got.
func readUser(req apihttp.Request) (wantedUser, error) {
	p, err := req.Params("user")
	if err != nil {
		return wantedUser{}, err
	}
	u := wantedUser{name: p.Text("name"), email: p.Text("email"), role: p.Text("role"), suspended: p.Bool("suspended")}
	p.Ignored("id", "url", "created_at", "updated_at", "time_zone", "iana_time_zone", "phone", "shared_phone_number", "photo", "locale",
		"locale_id", "organization_id", "organization", "verified", "external_id", "tags", "alias", "active", "shared", "shared_agent",
		"last_login_at", "two_factor_auth_enabled", "signature", "details", "notes", "role_type", "custom_role_id", "moderator",
		"ticket_restriction", "only_private_comments", "restricted_agent", "default_group_id", "report_csv", "user_fields",
		"identities", "skip_verify_email", "chat_only", "remote_photo_url", "authenticity_token")
	return u, p.Err()
}

func (s *Server) createUser(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	want, err := readUser(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return s.newUser(ctx, req, want)
}

func (s *Server) newUser(ctx context.Context, req apihttp.Request, want wantedUser) (apihttp.Response, error) {
	fresh := issuer.NewUser{Role: issuer.EndUser}
	if want.role != nil && *want.role != "" {
		fresh.Role = issuer.Role(*want.role)
	}
	if want.name != nil {
		fresh.Name = *want.name
	}
	if want.email != nil {
		fresh.Email = *want.email
	}
	if !req.Caller.User.MayManage(fresh.Role) {
		return apihttp.Response{}, issuer.ErrForbidden
	}
	u, err := s.Issuer.CreateUser(ctx, req.Account, fresh, req.Caller.By(req.Origin()))
	if err != nil {
		return apihttp.Response{}, err
	}
	shown, err := s.user(ctx, req, u)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{
		Status: http.StatusCreated, Header: http.Header{"Location": {*shown.URL}}, Body: zendesk.UserEnvelope{User: shown},
	}, nil
}

// createOrUpdateUser changes the user who has the email, or makes one.
func (s *Server) createOrUpdateUser(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	want, err := readUser(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	if want.email != nil {
		u, err := s.Issuer.Store.UserByEmail(ctx, req.Account.ID, issuer.NormalEmail(*want.email))
		if err == nil && !u.Erased {
			return s.changedUser(ctx, req, u.ID, want)
		} else if err != nil && !errors.Is(err, issuer.ErrNotFound) {
			return apihttp.Response{}, err
		}
	}
	return s.newUser(ctx, req, want)
}

func (s *Server) updateUser(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	want, err := readUser(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return s.changedUser(ctx, req, issuer.UserID(id), want)
}

// changedUser leaves the email as it is: at Zendesk another one is added beside
// it, and we keep one of each user.
func (s *Server) changedUser(ctx context.Context, req apihttp.Request, id issuer.UserID, want wantedUser) (apihttp.Response, error) {
	if err := req.Spend(sameUserLimit(id)); err != nil {
		return apihttp.Response{}, err
	}
	u, err := s.Issuer.User(ctx, req.Account, id)
	if err != nil {
		return apihttp.Response{}, err
	}
	// What is decided here is decided of this user: one who has become an admin since,
	// or on another replica a moment ago, is not changed by an agent.
	change := issuer.UserChange{Name: want.name, Suspended: want.suspended, Seen: u.Updated}
	if want.role != nil {
		role := issuer.Role(*want.role)
		change.Role = &role
	}
	if by := req.Caller.User; !by.MayManage(u.Role) || change.Role != nil && !by.MayManage(*change.Role) {
		return apihttp.Response{}, issuer.ErrForbidden
	}
	if u, err = s.Issuer.UpdateUser(ctx, req.Account, id, change, req.Caller.By(req.Origin())); err != nil {
		return apihttp.Response{}, err
	}
	return s.userAnswer(ctx, req, u)
}

// deleteUser answers with the user as they were, no longer active.
func (s *Server) deleteUser(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	u, err := s.Issuer.User(ctx, req.Account, issuer.UserID(id))
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := s.Issuer.DeleteUser(ctx, req.Account, u.ID, req.Caller.By(req.Origin())); err != nil {
		return apihttp.Response{}, err
	}
	shown, err := s.user(ctx, req, u)
	if err != nil {
		return apihttp.Response{}, err
	}
	shown.Active = false
	return apihttp.Response{Body: zendesk.UserEnvelope{User: shown}}, nil
}
