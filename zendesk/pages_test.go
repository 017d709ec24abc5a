package zendesk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/zendesk"
)

// crowd is an account with so many end users.
func crowd(n int) deskauthtest.Account {
	a := deskauthtest.DefaultAccount()
	for i := range n {
		a.Users = append(a.Users, deskauthtest.User{Email: fmt.Sprintf("user-%03d@acme.example", i), Role: "end-user"})
	}
	return a
}

// Every way to read a list sees each record once, in its order.
func TestPages(t *testing.T) {
	z := deskauthtest.New(t, deskauthtest.Accounts(crowd(120)))
	api := acting(t.Context(), z)
	requests := 0
	api.Answered = func(zendesk.Answer) { requests++ }
	email := func(users []zendesk.User) (all []string) {
		for _, u := range users {
			all = append(all, *u.Email)
		}
		return all
	}
	want := email(all(t, api.Users(t.Context(), nil)))
	if len(want) != 123 || !slices.IsSorted(want[3:]) || requests != 2 {
		t.Fatalf("%d users in %d requests", len(want), requests)
	}
	backwards := slices.Clone(want)
	slices.Reverse(backwards)
	for name, c := range map[string]struct {
		options  []zendesk.ListOption
		want     []string
		requests int
	}{
		"by cursor, in small pages":  {[]zendesk.ListOption{zendesk.PageSize(50)}, want, 3},
		"pages that come out even":   {[]zendesk.ListOption{zendesk.PageSize(41)}, want, 3},
		"one by one":                 {[]zendesk.ListOption{zendesk.PageSize(0)}, want, 123},
		"more than there may be":     {[]zendesk.ListOption{zendesk.PageSize(1000)}, want, 2},
		"the newest first":           {[]zendesk.ListOption{zendesk.NewestFirst(), zendesk.PageSize(50)}, backwards, 3},
		"by offset":                  {[]zendesk.ListOption{zendesk.ByOffset()}, want, 2},
		"by offset, in small pages":  {[]zendesk.ListOption{zendesk.ByOffset(), zendesk.PageSize(50)}, want, 3},
		"by offset, newest first":    {[]zendesk.ListOption{zendesk.ByOffset(), zendesk.PageSize(41), zendesk.NewestFirst()}, backwards, 3},
		"the last of options counts": {[]zendesk.ListOption{zendesk.PageSize(1), zendesk.PageSize(100)}, want, 2},
	} {
		requests = 0
		got := email(all(t, api.Users(t.Context(), nil, c.options...)))
		if diff := cmp.Diff(c.want, got); diff != "" || requests != c.requests {
			t.Errorf("%s: %d requests, want %d: %s", name, requests, c.requests, diff)
		}
	}
	requests = 0
	for _, err := range api.Users(t.Context(), nil, zendesk.PageSize(10)) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if requests != 1 {
		t.Errorf("a loop that ends at once cost %d requests", requests)
	}
	requests = 0
	if found := all(t, api.SearchUsers(t.Context(), "role:end-user", zendesk.PageSize(60))); len(found) != 121 || requests != 3 {
		t.Errorf("a search found %d in %d requests", len(found), requests)
	}
}

// A context that ends between two pages ends the loop, which says so.
func TestPagesEndWithTheContext(t *testing.T) {
	api := acting(t.Context(), deskauthtest.New(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen, requests := 0, 0
	api.Answered = func(zendesk.Answer) { requests++ }
	var failed error
	for _, err := range api.Users(ctx, nil, zendesk.PageSize(1)) {
		if failed = err; err == nil {
			seen++
			cancel()
		}
	}
	if !errors.Is(failed, context.Canceled) || seen != 1 || requests != 1 {
		t.Errorf("%d seen in %d requests: %v", seen, requests, failed)
	}
}

// A list that Zendesk shows the beginning of does not end as if that were all.
func TestListsTooDeep(t *testing.T) {
	// The local Zendesk refuses, as the real one was seen to: page 101 of 100.
	z := deskauthtest.New(t)
	api := acting(t.Context(), z)
	base := api.Base
	deep := through(func(r *http.Request) {
		if q := r.URL.Query(); q.Has("per_page") {
			q.Set("page", "101")
			r.URL.RawQuery = q.Encode()
		}
	}, z.Client().Transport)
	api.HTTP = &http.Client{Transport: deep}
	err := drain(api.Users(t.Context(), nil, zendesk.ByOffset()))
	if refused, ok := errors.AsType[*zendesk.APIError](err); !errors.Is(err, zendesk.ErrTooDeep) || !ok || refused.Status != 400 {
		t.Errorf("at %v: %v", base, err)
	}
	// A search just stops at a thousand, and counts more.
	pages := 0
	api = serve(t, func(w http.ResponseWriter, r *http.Request) {
		pages++
		next := fmt.Sprintf(`"https://acme.zendesk.com/api/v2/users/search.json?page=%d&per_page=100&query=x"`, pages+1)
		if pages == 10 {
			next = "null"
		}
		answer(200, fmt.Appendf(nil, `{"users":[%s],"next_page":%s,"count":1001}`, records(100), next))(w, r)
	})
	seen := 0
	var failed error
	for _, err := range api.SearchUsers(t.Context(), "x") {
		if failed = err; err == nil {
			seen++
		}
	}
	if !errors.Is(failed, zendesk.ErrTooDeep) || seen != 1000 {
		t.Errorf("%d seen: %v", seen, failed)
	}
}

func records(n int) string {
	text := `{"id":1}`
	for range n - 1 {
		text += `,{"id":1}`
	}
	return text
}

// Where cursors are not known, the answer says so, and the list goes on by offset; and
// what leads on leads to no other host or path.
func TestPagesOfAServerWithoutCursors(t *testing.T) {
	var asked []url.Values
	api := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query())
		body := `{"users":[{"id":1},{"id":2}],"count":3,"next_page":"https://elsewhere.example/other?page=2"}`
		if r.URL.Query().Get("page") == "2" {
			body = `{"users":[{"id":3}],"count":3,"next_page":null}`
		}
		if r.URL.Path != zendesk.UsersPath {
			t.Errorf("asked for %s", r.URL)
		}
		answer(200, []byte(body))(w, r)
	})
	if got := all(t, api.Users(t.Context(), nil)); len(got) != 3 {
		t.Errorf("%d users", len(got))
	}
	if diff := cmp.Diff([]url.Values{{"page[size]": {"100"}}, {"page": {"2"}}}, asked); diff != "" {
		t.Error(diff)
	}
}

// Pages that make no sense end a list with an error, and none goes round for ever.
func TestOddPages(t *testing.T) {
	for name, body := range map[string]string{
		"no list":                  `{"clients":[]}`,
		"a list of something else": `{"users":{}}`,
		"null":                     `{"users":null}`,
		"not JSON":                 `<html>`,
		"a bare list":              `[]`,
		"a record of another kind": `{"users":[7]}`,
		"a record without a id":    `{"users":[{"name":"Ada"}]}`,
		"a cursor that stays":      `{"users":[{"id":1}],"meta":{"has_more":true,"after_cursor":"x"}}`,
		"no cursor":                `{"users":[{"id":1}],"meta":{"has_more":true}}`,
		"an empty cursor":          `{"users":[],"meta":{"has_more":true,"after_cursor":""}}`,
		"a page that stays":        `{"users":[{"id":1}],"next_page":"https://acme.zendesk.com/api/v2/users.json?page=2"}`,
		"a page without a number":  `{"users":[{"id":1}],"next_page":"https://acme.zendesk.com/api/v2/users.json"}`,
		"a page that is no URL":    `{"users":[{"id":1}],"next_page":"://?page=2"}`,
		"a meta of another kind":   `{"users":[{"id":1}],"meta":7}`,
	} {
		requests := 0
		api := serve(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			answer(200, []byte(body))(w, r)
		})
		if err := drain(api.Users(t.Context(), nil)); err == nil || requests > 2 {
			t.Errorf("%s: %d requests, %v", name, requests, err)
		}
	}
}

// Pages that lead round in a circle end a list where it closes, by cursor and by number.
func TestPagesInACircle(t *testing.T) {
	for name, page := range map[string]func(q url.Values) string{
		"cursors": func(q url.Values) string {
			next := map[string]string{"": "a", "a": "b", "b": "a"}[q.Get("page[after]")]
			return fmt.Sprintf(`{"users":[{"id":1}],"meta":{"has_more":true,"after_cursor":%q}}`, next)
		},
		"numbers": func(q url.Values) string {
			next := map[string]string{"": "2", "2": "3", "3": "2"}[q.Get("page")]
			return fmt.Sprintf(`{"users":[{"id":1}],"next_page":"https://acme.zendesk.com/api/v2/users.json?page=%s"}`, next)
		},
	} {
		requests := 0
		api := serve(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			answer(200, []byte(page(r.URL.Query())))(w, r)
		})
		seen := 0
		var failed error
		for _, err := range api.Users(t.Context(), nil) {
			if failed = err; err == nil {
				seen++
			}
			if seen > 10 {
				t.Fatalf("%s: it goes round for ever", name)
			}
		}
		if failed == nil || seen != 3 || requests != 3 {
			t.Errorf("%s: %d seen in %d requests: %v", name, seen, requests, failed)
		}
	}
}

// The filters of tokens are Zendesk's, and the numbers of clients no others'.
func TestTokenFilter(t *testing.T) {
	z := deskauthtest.New(t)
	api := acting(t.Context(), z)
	grace := must(api.CreateOAuthToken(t.Context(), named(t.Context(), api, deskauthtest.PublicClient).ID, "tickets:read"))
	for name, c := range map[string]struct {
		filter zendesk.TokenFilter
		want   int
	}{
		"one's own":           {zendesk.TokenFilter{}, 2},
		"the account's":       {zendesk.TokenFilter{All: true, IncludeExpired: true}, 2},
		"of a client":         {zendesk.TokenFilter{ClientID: grace.ClientID}, 1},
		"of a global client":  {zendesk.TokenFilter{GlobalClientID: 1}, 0},
		"of another's client": {zendesk.TokenFilter{ClientID: 1 << 40, All: true}, 0},
	} {
		if got := all(t, api.OAuthTokens(t.Context(), c.filter)); len(got) != c.want {
			t.Errorf("%s: %d tokens, want %d", name, len(got), c.want)
		}
	}
}
