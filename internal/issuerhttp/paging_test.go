package issuerhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

// clientList is a page of clients, reached either way.
type clientList struct {
	Clients  []struct{ Identifier string }
	Meta     *zendesk.PageMeta
	Links    zendesk.PageLinks
	Count    *int
	Next     *string `json:"next_page"`
	Previous *string `json:"previous_page"`
}

func (l clientList) names() (all []string) {
	for _, c := range l.Clients {
		all = append(all, c.Identifier)
	}
	return all
}

func (w *world) page(bearer, target string) (l clientList) {
	w.t.Helper()
	w.api(bearer, http.MethodGet, target, "").into(200, &l)
	return l
}

// local is a link of an answer as the path and query of the next request.
func local(t *testing.T, link *string) string {
	t.Helper()
	if link == nil {
		t.Fatal("there is no link")
	}
	u, err := url.Parse(*link)
	if err != nil || u.Scheme+"://"+u.Host != "http://acme.localhost" {
		t.Fatalf("%q, %v", *link, err)
	}
	return u.RequestURI()
}

// Of every world: five clients, in the order in which they were made.
var five = []string{"app", "single", "bare", "spa", "narrow"}

func TestCursorPagination(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		admin := w.bearer(ada)
		back := slices.Clone(five)
		slices.Reverse(back)
		for _, c := range []struct {
			query string
			order []string
		}{
			{"", five}, {"&sort=id", five}, {"&sort=created_at", five}, {"&sort=-id", back}, {"&sort=-created_at", back},
		} {
			for size := 1; size <= 6; size++ {
				// To the end by the links, and from there to the beginning.
				at := fmt.Sprintf("%s.json?page[size]=%d%s", clientsPath, size, c.query)
				var forth [][]string
				for {
					l := w.page(admin, at)
					if l.Count != nil || l.Meta == nil || len(l.Clients) == 0 {
						t.Fatalf("%s: %+v", at, l)
					}
					forth = append(forth, l.names())
					if !l.Meta.HasMore {
						if l.Links.Next != nil {
							t.Errorf("%s leads on to %s", at, *l.Links.Next)
						}
						at = local(t, l.Links.Prev)
						break
					}
					if !strings.Contains(*l.Links.Next, "page[after]="+*l.Meta.AfterCursor) || strings.Contains(*l.Links.Next, "page[before]") {
						t.Errorf("%s leads on to %s", at, *l.Links.Next)
					}
					at = local(t, l.Links.Next)
				}
				if diff := cmp.Diff(c.order, slices.Concat(forth...)); diff != "" {
					t.Errorf("%s, %d a page: %s", c.query, size, diff)
				}
				again := [][]string{forth[len(forth)-1]}
				for len(again) < len(forth)+3 {
					l := w.page(admin, at)
					if len(l.Clients) > 0 {
						again = slices.Insert(again, 0, l.names())
					}
					if !l.Meta.HasMore {
						break
					}
					at = local(t, l.Links.Prev)
				}
				if diff := cmp.Diff(c.order, slices.Concat(again...)); diff != "" {
					t.Errorf("%s, %d a page, backwards: %s", c.query, size, diff)
				}
			}
		}
	})
}

// A list may change while somebody reads it: nothing comes twice, and what was
// there all the time is not passed over.
func TestCursorsSurviveChanges(t *testing.T) {
	w := onSQLite(t, options{})
	admin := w.bearer(ada)
	first := w.page(admin, clientsPath+"?page[size]=2")
	w.api(admin, http.MethodDelete, fmt.Sprintf("%s/%d", clientsPath, w.oauthClient("acme", "single").ID), "").want(204)
	w.createClient(admin, `{"client":{"name":"N","identifier":"new"}}`)
	rest := w.page(admin, clientsPath+"?page[size]=100&page[after]="+*first.Meta.AfterCursor)
	if diff := cmp.Diff([]string{"bare", "spa", "narrow", "new"}, rest.names()); diff != "" {
		t.Error(diff)
	}
}

func TestEmptyPage(t *testing.T) {
	w := onSQLite(t, options{})
	admin := w.bearer(ada)
	w.api(admin, http.MethodGet, globalsPath+"?page[size]=1", "").
		wantBody(200, `{"global_clients":[],"meta":{"has_more":false,"after_cursor":null,"before_cursor":null},"links":{"prev":null,"next":null}}`)
	w.api(admin, http.MethodGet, globalsPath, "").
		wantBody(200, `{"global_clients":[],"next_page":null,"previous_page":null,"count":0}`)
}

func TestOffsetPagination(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		admin := w.bearer(ada)
		link := func(page int) *string {
			if page == 0 {
				return nil
			}
			l := fmt.Sprintf("http://acme.localhost%s.json?page=%d&per_page=2", clientsPath, page)
			return &l
		}
		for _, c := range []struct {
			query          string
			names          []string
			next, previous int
		}{
			{"per_page=2", five[:2], 2, 0},
			{"per_page=2&page=1", five[:2], 2, 0},
			{"per_page=2&page=2", five[2:4], 3, 1},
			{"per_page=2&page=3", five[4:], 0, 2},
			{"per_page=2&page=4", nil, 0, 3},
			{"per_page=2&page=0", five[:2], 2, 0},
			{"per_page=2&page=-7", five[:2], 2, 0},
		} {
			l := w.page(admin, clientsPath+"?"+c.query)
			want := clientList{Count: l.Count, Next: link(c.next), Previous: link(c.previous)}
			got := l
			got.Clients = nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", c.query, diff)
			}
			if diff := cmp.Diff(c.names, l.names()); diff != "" || l.Count == nil || *l.Count != 5 {
				t.Errorf("%s: %s", c.query, diff)
			}
		}
		// What is too large or too small is a hundred, in silence.
		for _, query := range []string{"", "?per_page=100", "?per_page=101", "?per_page=99999999999999999999", "?per_page=0", "?per_page=-1"} {
			if diff := cmp.Diff(five, w.page(admin, clientsPath+query).names()); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
		}
	})
}

func TestPaginationErrors(t *testing.T) {
	w := onSQLite(t, options{})
	admin := w.bearer(ada)
	up := w.page(admin, clientsPath+"?page[size]=1")
	down := w.page(admin, clientsPath+"?page[size]=1&sort=-id")
	altered := []byte(*up.Meta.AfterCursor)
	altered[len(altered)-1] ^= 1
	invalid := func(name string) string {
		return `{"errors":[{"code":"InvalidPaginationParameter","title":"` + name + ` is not valid"}]}`
	}
	for _, c := range []struct{ query, want string }{
		{"page[size]=0", invalid("page[size]")},
		{"page[size]=-1", invalid("page[size]")},
		{"page[size]=101", invalid("page[size]")},
		{"page[size]=99999999999999999999", invalid("page[size]")},
		{"page[size]=1&sort=name", invalid("sort")},
		{"page[size]=1&sort=--id", invalid("sort")},
		{"sort=name", invalid("sort")},
		{"page[after]=x", invalid("page[after]")},
		{"page[after]=" + string(altered), invalid("page[after]")},
		{"page[after]=" + *up.Meta.AfterCursor + "=", invalid("page[after]")},
		{"page[after]=" + *up.Meta.AfterCursor + "%00", invalid("page[after]")},
		{"page[after]=" + *down.Meta.AfterCursor, invalid("page[after]")},
		{"page[after]=" + *up.Meta.AfterCursor + "&sort=-id", invalid("page[after]")},
		{"page[before]=MWE", invalid("page[before]")},
		{"page[before]=MWEtMQ", invalid("page[before]")},
		{"page[before]=MWEw", invalid("page[before]")},
		{"page[before]=" + *up.Meta.AfterCursor + "&page[after]=" + *up.Meta.AfterCursor, invalid("page[before]")},
	} {
		w.run(c.query, func(*testing.T) {
			w.api(admin, http.MethodGet, clientsPath+"?"+strings.NewReplacer("[", "%5B", "]", "%5D").Replace(c.query), "").wantBody(400, c.want)
		})
	}
	var deep struct {
		Errors []struct{ Code, Title, Detail string }
	}
	for _, query := range []string{"page=101", "page=5001&per_page=2", "page=10001&per_page=1", "page=99999999999999999999"} {
		if w.api(admin, http.MethodGet, clientsPath+"?"+query, "").into(400, &deep); len(deep.Errors) != 1 || deep.Errors[0].Code != "InvalidPaginationDepth" {
			t.Errorf("%s: %+v", query, deep)
		}
	}
	for _, query := range []string{"page=100", "page=5000&per_page=2", "page=10000&per_page=1"} {
		w.api(admin, http.MethodGet, clientsPath+"?"+query, "").want(200)
	}
	// Links repeat what was asked, but no token.
	l := w.page("", clientsPath+"?access_token="+admin+"&page[size]=1&x=y")
	if got := local(t, l.Links.Next); strings.Contains(got, admin) || !strings.Contains(got, "x=y") {
		t.Errorf("the link is %s", got)
	}
}

// Every list pages alike.
func TestEveryListHasPages(t *testing.T) {
	w := onSQLite(t, options{})
	w.plantGlobal()
	admin := w.bearer(ada)
	w.api(admin, http.MethodPost, keysPath, `{"api_token":{}}`).want(201)
	for path, name := range map[string]string{
		tokensPath: "tokens", clientsPath: "clients", "/api/v2/users/me/oauth/clients": "clients", globalsPath: "global_clients",
		globalsPath + "/token_summary": "global_clients", keysPath: "api_tokens",
	} {
		var byCursor, byOffset map[string]json.RawMessage
		w.api(admin, http.MethodGet, path+"?page[size]=1", "").into(200, &byCursor)
		w.api(admin, http.MethodGet, path+"?per_page=1", "").into(200, &byOffset)
		if string(byCursor[name]) == "[]" || byCursor["meta"] == nil || byCursor["links"] == nil || byCursor["count"] != nil {
			t.Errorf("%s by cursor: %s", path, byCursor)
		}
		if string(byOffset[name]) != string(byCursor[name]) || byOffset["count"] == nil || byOffset["meta"] != nil {
			t.Errorf("%s by offset: %s", path, byOffset)
		}
		w.api(admin, http.MethodGet, path+"?page[size]=0", "").want(400)
	}
}
