package zendesk

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// ErrAnonymous is Me's answer when Zendesk took the request for nobody's.
var ErrAnonymous = errors.New("the token is not taken: Zendesk does not know who is asking")

func readUser(data []byte, u *User) error {
	if err := readable(data, u); err != nil || u.ID != nil {
		return err
	}
	return errRecord
}

// Me is the user whose token it is. Errors: ErrAnonymous, *APIError, and
// *oauth.RemoteError when there was no answer or none that could be read.
func (a *API) Me(ctx context.Context) (User, error) {
	type body struct{ User *User }
	got, err := one(ctx, a, call{method: http.MethodGet, path: UsersMePath}, readable[body], func(b body) bool { return b.User != nil })
	switch {
	case err != nil:
		return User{}, err
	case got.User.IsAnonymous():
		return User{}, ErrAnonymous
	}
	return *got.User, nil
}

// User is a user by their number. Errors as for Me; an *APIError with Status 404 when
// there is none.
func (a *API) User(ctx context.Context, id int64) (User, error) {
	e, err := one(ctx, a, call{method: http.MethodGet, path: numbered(UsersPath, id)}, readable[UserEnvelope],
		func(e UserEnvelope) bool { return e.User.ID != nil })
	return e.User, err
}

// Users lists the account's users of some roles: admin, agent, end-user; none: of any.
// Errors as for Me, and ErrTooDeep.
func (a *API) Users(ctx context.Context, roles []string, options ...ListOption) iter.Seq2[User, error] {
	q := url.Values{}
	if len(roles) > 0 {
		q["role[]"] = roles
	}
	return list(ctx, a, UsersPath, "users", q, options, readUser)
}

// SearchUsers finds users by Zendesk's words for a search: "ada", "email:ada@acme.example",
// "role:admin". It knows no cursors. Errors as for Users.
func (a *API) SearchUsers(ctx context.Context, query string, options ...ListOption) iter.Seq2[User, error] {
	return list(ctx, a, UsersSearchPath, "users", url.Values{"query": {query}}, append(options[:len(options):len(options)], ByOffset()), readUser)
}

// ManyUsers are users by their numbers, at most MaxPageSize of them. Whom there is not is
// left out. Errors as for Me.
func (a *API) ManyUsers(ctx context.Context, ids []int64) (users []User, err error) {
	var all []string
	for _, id := range ids {
		all = append(all, strconv.FormatInt(id, 10))
	}
	q := url.Values{"ids": {strings.Join(all, ",")}}
	for u, err := range list(ctx, a, UsersPath+"/show_many", "users", q, []ListOption{ByOffset()}, readUser) {
		if err != nil {
			return nil, err
		}
		users = append(users, u)
	}
	return users, nil
}
