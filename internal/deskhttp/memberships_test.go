package deskhttp_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/zendesk"
)

func (r *reply) membership(status int) zendesk.GroupMembership {
	r.t.Helper()
	var e zendesk.GroupMembershipEnvelope
	r.want(status).decode(&e)
	return e.GroupMembership
}

// join puts somebody into a group.
func (w *world) join(email string, group int64) zendesk.GroupMembership {
	w.t.Helper()
	return w.call(call{As: ada, Method: http.MethodPost, Path: "/group_memberships.json", Body: map[string]any{
		"group_membership": map[string]any{"user_id": w.id(email), "group_id": group},
	}}).membership(http.StatusCreated)
}

// members are the users and groups of a list of memberships; the default one's
// group is negative.
func (w *world) members(path string) (all [][2]int64) {
	w.t.Helper()
	var list struct {
		Memberships []zendesk.GroupMembership `json:"group_memberships"`
	}
	w.call(call{As: grace, Path: path}).want(http.StatusOK).decode(&list)
	for _, m := range list.Memberships {
		if m.Default {
			m.GroupID = -m.GroupID
		}
		all = append(all, [2]int64{m.UserID, m.GroupID})
	}
	return all
}

func (w *world) wantMembers(path string, want ...[2]int64) {
	w.t.Helper()
	if got := w.members(path); !slices.Equal(got, want) {
		w.t.Errorf("%s: %v, want %v", path, got, want)
	}
}

// defaultGroup is that of a user, as the API of users has it; 0: none.
func (w *world) defaultGroup(email string) int64 {
	w.t.Helper()
	var e zendesk.UserEnvelope
	w.call(call{As: email, Path: "/users/me"}).want(200).decode(&e)
	var shown zendesk.UserEnvelope
	w.call(call{As: ada, Path: fmt.Sprintf("/users/%d", w.id(email))}).want(200).decode(&shown)
	if a, b := e.User.DefaultGroupID, shown.User.DefaultGroupID; (a == nil) != (b == nil) || a != nil && *a != *b {
		w.t.Errorf("%s has two default groups: %v and %v", email, a, b)
	}
	if e.User.DefaultGroupID == nil {
		return 0
	}
	return *e.User.DefaultGroupID
}

func TestMembershipFromCreationToDeletion(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := w.addGroup(`{"group":{"name":"A"}}`).ID, w.addGroup(`{"group":{"name":"B"}}`).ID
		me, boss := w.id(grace), w.id(ada)
		if got := w.defaultGroup(grace); got != 0 {
			t.Errorf("grace begins in group %d", got)
		}
		first := w.join(grace, a)
		if !first.Default || first.UserID != me || first.GroupID != a || !first.CreatedAt.Equal(w.Now()) ||
			first.URL != fmt.Sprintf("http://acme.localhost/api/v2/group_memberships/%d.json", first.ID) {
			t.Errorf("made %+v", first)
		}
		second := w.call(call{As: ada, Method: "POST", Path: fmt.Sprintf("/users/%d/group_memberships", me), Body: map[string]any{
			"group_membership": map[string]any{"group_id": b, "user_id": boss},
		}}).membership(201)
		if second.Default || second.UserID != me {
			t.Errorf("made %+v", second)
		}
		w.join(ada, b)
		mine := fmt.Sprintf("/users/%d/group_memberships", me)
		w.wantMembers("/group_memberships", [2]int64{me, -a}, [2]int64{me, b}, [2]int64{boss, -b})
		w.wantMembers(fmt.Sprintf("/group_memberships?user_id=%d&group_id=%d", me, b), [2]int64{me, b})
		w.wantMembers("/group_memberships?user_id=-1")
		w.call(call{As: ada, Path: "/group_memberships?group_id=x"}).want(400, "group_id must be an integer")
		w.wantMembers("/group_memberships/assignable?page[size]=1", [2]int64{me, -a})
		w.wantMembers(mine, [2]int64{me, -a}, [2]int64{me, b})
		w.wantMembers(fmt.Sprintf("/groups/%d/memberships", b), [2]int64{me, b}, [2]int64{boss, -b})
		w.wantMembers(fmt.Sprintf("/groups/%d/memberships/assignable.json?per_page=1&page=2", b), [2]int64{boss, -b})
		w.wantGroups(fmt.Sprintf("/users/%d/groups.json", me), a, b)
		if got := w.call(call{As: grace, Path: fmt.Sprintf("%s/%d", mine, first.ID)}).membership(200); got.ID != first.ID {
			t.Errorf("shows %+v", got)
		}
		w.call(call{As: grace, Path: fmt.Sprintf("/users/%d/group_memberships/%d", boss, first.ID)}).want(404)
		if got := w.defaultGroup(grace); got != a {
			t.Errorf("the default group is %d", got)
		}
		w.pass(time.Hour)
		// Agents choose their own.
		w.call(call{As: grace, Method: "PUT", Path: fmt.Sprintf("%s/%d/make_default.json", mine, second.ID)}).want(200, `"default":true`)
		w.wantMembers(mine, [2]int64{me, a}, [2]int64{me, -b})
		if got := w.call(call{As: grace, Path: fmt.Sprintf("/group_memberships/%d", first.ID)}).membership(200); got.Default || !got.UpdatedAt.Equal(w.Now()) {
			t.Errorf("shows %+v", got)
		}
		if got := w.defaultGroup(grace); got != b {
			t.Errorf("the default group is %d", got)
		}
		w.call(call{As: ada, Path: "/search?query=type:user%20role:agent"}).want(200, fmt.Sprintf(`"default_group_id":%d`, b))
		// What is left becomes the default.
		w.call(call{As: ada, Method: "DELETE", Path: fmt.Sprintf("%s/%d", mine, second.ID)}).want(204)
		w.call(call{As: ada, Method: "DELETE", Path: fmt.Sprintf("%s/%d", mine, second.ID)}).want(404)
		w.wantMembers(mine, [2]int64{me, -a})
		// So does it when a group goes.
		w.join(grace, b)
		w.call(call{As: ada, Method: "DELETE", Path: fmt.Sprintf("/groups/%d", a)}).want(204)
		w.wantMembers(mine, [2]int64{me, -b})
		// Whoever no longer answers is in no group.
		w.call(call{As: ada, Method: "PUT", Path: fmt.Sprintf("/users/%d", me), Body: `{"user":{"role":"end-user"}}`}).want(200, `"default_group_id":null`)
		var list struct {
			Memberships []zendesk.GroupMembership `json:"group_memberships"`
		}
		w.call(call{As: ada, Path: "/group_memberships"}).want(200).decode(&list)
		if len(list.Memberships) != 1 || list.Memberships[0].UserID != boss {
			t.Errorf("the list has %+v", list)
		}
		w.call(call{As: ada, Path: "/users/999/group_memberships"}).want(404)
		w.call(call{As: ada, Path: "/groups/999/memberships"}).want(404)
	})
}

func TestInvalidMemberships(t *testing.T) {
	w := newWorld(t, store.SQLite)
	a, gone := w.addGroup(`{"group":{"name":"A"}}`).ID, w.addGroup(`{"group":{"name":"B"}}`).ID
	w.call(call{As: ada, Method: "DELETE", Path: fmt.Sprintf("/groups/%d", gone)}).want(204)
	w.join(grace, a)
	const path = "/group_memberships"
	for body, want := range map[string]struct {
		status int
		words  string
	}{
		`{}`:                                   {400, "Parameter group_membership is required"},
		`{"group_membership":{"user_id":"x"}}`: {400, "user_id must be an integer"},
		`{"group_membership":{"user_id":1,"group_id":1,"default":2}}`:                       {400, "default must be a boolean"},
		fmt.Sprintf(`{"group_membership":{"group_id":%d}}`, a):                              {422, "User: cannot be blank"},
		fmt.Sprintf(`{"group_membership":{"user_id":%d}}`, w.id(ada)):                       {422, "Group: cannot be blank"},
		fmt.Sprintf(`{"group_membership":{"user_id":%d,"group_id":%d}}`, w.id(carl), a):     {422, "User: is not an agent"},
		fmt.Sprintf(`{"group_membership":{"user_id":999,"group_id":%d}}`, a):                {422, "User: is not a user of this account"},
		fmt.Sprintf(`{"group_membership":{"user_id":%d,"group_id":%d}}`, w.id(ada), gone):   {422, "Group: is not a group of this account"},
		fmt.Sprintf(`{"group_membership":{"user_id":%d,"group_id":-1}}`, w.id(ada)):         {422, "Group: is not a group of this account"},
		fmt.Sprintf(`{"group_membership":{"user_id":%d,"group_id":%d}}`, w.id(grace), a):    {422, `"user_id":[{"description":"User id: has already been taken","error":"DuplicateValue"}]`},
		fmt.Sprintf(`{"group_membership":[{"user_id":%d,"group_id":%d}]}`, w.id(grace), a):  {400, "group_membership must be a hash"},
		fmt.Sprintf(`{"group_membership":{"user_id":%d,"group_id":1e300}}`, w.id(grace)):    {400, "group_id must be an integer"},
		fmt.Sprintf(`{"group_membership":{"user_id":%d,"group_id":%d}`, w.id(grace), a):     {422, "Unprocessable"},
		fmt.Sprintf(`{"group_membership":{"user_id":%d,"group_id":[%d]}}`, w.id(grace), a):  {400, "group_id must be an integer"},
		fmt.Sprintf(`{"group_membership":{"user_id":{"id":%d},"group_id":1}}`, w.id(grace)): {400, "user_id must be an integer"},
	} {
		w.call(call{As: ada, Method: "POST", Path: path, Body: body}).want(want.status, want.words)
	}
	w.wantMembers(path, [2]int64{w.id(grace), -a})
}

func TestWhoManagesMemberships(t *testing.T) {
	w := newWorld(t, store.SQLite)
	a := w.addGroup(`{"group":{"name":"A"}}`).ID
	boss := w.join(ada, a)
	one := fmt.Sprintf("/group_memberships/%d", boss.ID)
	ofBoss := fmt.Sprintf("/users/%d/group_memberships", boss.UserID)
	body := fmt.Sprintf(`{"group_membership":{"user_id":%d,"group_id":%d}}`, w.id(grace), a)
	for _, c := range []struct{ as, method, path string }{
		{grace, "POST", "/group_memberships"},
		{grace, "POST", ofBoss},
		{grace, "DELETE", one},
		{grace, "DELETE", fmt.Sprintf("%s/%d", ofBoss, boss.ID)},
		{grace, "PUT", fmt.Sprintf("%s/%d/make_default", ofBoss, boss.ID)},
		{carl, "GET", "/group_memberships"},
		{carl, "GET", one},
		{carl, "GET", ofBoss},
		{carl, "GET", fmt.Sprintf("/groups/%d/memberships", a)},
		{carl, "GET", fmt.Sprintf("/users/%d/groups", boss.UserID)},
	} {
		w.call(call{As: c.as, Method: c.method, Path: c.path, Body: body}).want(http.StatusForbidden)
	}
	for scope, want := range map[string][2]int{"read": {200, 403}, "groups:read": {200, 403}, "write": {403, 200}, "groups:write": {403, 200}, "users:read": {403, 403}} {
		bearer := w.bearer(scope)
		w.call(call{Bearer: bearer, Path: one}).want(want[0])
		w.call(call{Bearer: bearer, Method: "PUT", Path: fmt.Sprintf("%s/%d/make_default", ofBoss, boss.ID)}).want(want[1])
	}
}

func TestAssigneesAreInTheGroup(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := w.addGroup(`{"group":{"name":"A"}}`).ID, w.addGroup(`{"group":{"name":"B"}}`).ID
		in := w.join(grace, a)
		// What was recorded of Zendesk.
		const words = `"assignee":[{"description":"Assignee: is invalid","error":"InvalidValue"},{"description":"Assignee: is not a member of the group"}]`
		w.call(call{As: ada, Method: "POST", Path: "/tickets", Body: map[string]any{"ticket": map[string]any{
			"comment": said("x"), "assignee_id": w.id(grace), "group_id": b,
		}}}).want(422, words)
		open := w.open(ada, map[string]any{"comment": said("x"), "assignee_id": w.id(grace)}).Ticket
		solved := w.open(ada, map[string]any{"comment": said("x"), "assignee_id": w.id(grace), "status": "solved"}).Ticket
		if open.GroupID == nil || *open.GroupID != a {
			t.Errorf("opened %+v", open)
		}
		w.update(ada, open.ID, map[string]any{"assignee_id": w.id(grace), "group_id": b}).want(422, words)
		w.update(ada, open.ID, map[string]any{"group_id": b}).want(200, `"assignee_id":null`)
		w.update(ada, open.ID, map[string]any{"assignee_id": w.id(grace)}).want(200, fmt.Sprintf(`"group_id":%d`, a))
		// Whoever leaves a group leaves its tickets, but for those that are solved.
		w.call(call{As: ada, Method: "DELETE", Path: fmt.Sprintf("/group_memberships/%d", in.ID)}).want(204)
		w.wantNumbers(ada, fmt.Sprintf("/users/%d/tickets/assigned", w.id(grace)), solved.ID)
		w.call(call{As: ada, Path: fmt.Sprintf("/tickets/%d", open.ID)}).want(200, fmt.Sprintf(`"assignee_id":null,"organization_id":null,"group_id":%d`, a))
	})
}

// However many put somebody into groups at once, one group is the default.
func TestOneDefaultGroup(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		account, err := w.issuer.Store.Account(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		var groups []int64
		for n := range 6 {
			groups = append(groups, w.addGroup(fmt.Sprintf(`{"group":{"name":"%d"}}`, n)).ID)
		}
		me := desk.UserID(w.id(grace))
		var wait sync.WaitGroup
		for _, g := range groups {
			wait.Go(func() {
				m := desk.Membership{Account: desk.AccountID(account.ID), User: me, Group: desk.GroupID(g), Created: w.Now(), Updated: w.Now()}
				for {
					if _, err := w.desk.Store.AddMembership(t.Context(), m); err == nil {
						return
					} else if !errors.Is(err, desk.ErrConflict) {
						t.Error(err)
						return
					}
				}
			})
		}
		wait.Wait()
		defaults := 0
		for _, m := range w.members("/group_memberships") {
			if m[1] < 0 {
				defaults++
			}
		}
		if got := len(w.members("/group_memberships")); got != len(groups) || defaults != 1 {
			t.Errorf("%d memberships, %d of them default", got, defaults)
		}
		if g, err := w.desk.DefaultGroup(t.Context(), desk.AccountID(account.ID), me); err != nil || g == 0 {
			t.Errorf("the default group is %d, %v", g, err)
		}
	})
}
