package contract

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A check of every answer that could not fail would say nothing.
func TestCheckFindsFaults(t *testing.T) {
	const jsonType = "application/json; charset=utf-8"
	const noStore = "no-store"
	user := func(more string) string {
		return `{"user":{"id":1,"url":"http://a/1","name":"A","email":"a@b","created_at":null,"updated_at":null,"time_zone":null,
			"iana_time_zone":null,"phone":null,"shared_phone_number":null,"photo":null,"locale_id":null,"locale":null,
			"organization_id":null,"role":"admin","verified":true,"external_id":null,"tags":[],"alias":null,"active":true,
			"shared":false,"shared_agent":false,"last_login_at":null,"two_factor_auth_enabled":null,"signature":null,
			"details":null,"notes":null,"role_type":null,"custom_role_id":null,"moderator":false,"ticket_restriction":null,
			"only_private_comments":false,"restricted_agent":false,"suspended":false,"default_group_id":null,
			"report_csv":false,"user_fields":{}` + more + `}}`
	}
	list := `{"tokens":[],"next_page":null,"previous_page":null,"count":0`
	for _, c := range []struct {
		name, method, target, sentType, sent string
		status                               int
		header                               []string
		body                                 string
		want                                 string // "": no fault
	}{
		{"all is well", "GET", "/api/v2/users/me.json", "", "", 200, []string{"Content-Type", jsonType}, user(""), ""},
		{"all is well, of a HEAD", "HEAD", "/api/v2/users/me", "", "", 200, []string{"Content-Type", jsonType}, "", ""},
		{"a status", "GET", "/api/v2/users/me", "", "", 418, nil, "", "418"},
		{"a member too many", "GET", "/api/v2/users/me", "", "", 200, []string{"Content-Type", jsonType}, user(`,"x":1`), "'x'"},
		{"a member too few", "GET", "/api/v2/users/me", "", "", 200, []string{"Content-Type", jsonType}, `{"user":{}}`, "missing"},
		{
			"a time that is none", "GET", "/api/v2/users/me", "", "", 200,
			[]string{"Content-Type", jsonType},
			strings.Replace(user(""), `"created_at":null`, `"created_at":"yesterday"`, 1), "created_at",
		},
		{"a list", "GET", "/api/v2/oauth/tokens?page=1", "", "", 200, []string{"Content-Type", jsonType}, list + "}", ""},
		{"a list and more", "GET", "/api/v2/oauth/tokens", "", "", 200, []string{"Content-Type", jsonType}, list + `,"more":true}`, "more"},
		{
			"a list of both ways", "GET", "/api/v2/oauth/tokens", "", "", 200,
			[]string{"Content-Type", jsonType},
			list + `,"meta":{"has_more":false,"after_cursor":null,"before_cursor":null},"links":{"prev":null,"next":null}}`, "oneOf",
		},
		{"half of JSON", "GET", "/api/v2/oauth/tokens", "", "", 200, []string{"Content-Type", jsonType}, list, "not JSON"},
		{"another type", "GET", "/api/v2/oauth/tokens", "", "", 200, []string{"Content-Type", "text/html"}, list + "}", "text/html"},
		{"a body where there is none", "DELETE", "/api/v2/oauth/tokens/1", "", "", 204, nil, "x", "empty"},
		{"a header is missing", "GET", "/api/v2/oauth/tokens", "", "", 401, []string{"Content-Type", jsonType}, `{"error":"x"}`, "WWW-Authenticate"},
		{"a header is wrong", "POST", "/oauth/revoke", "application/x-www-form-urlencoded", "token=x", 200, []string{"Cache-Control", "private"}, "", "Cache-Control"},
		{"a form", "POST", "/oauth/revoke", "application/x-www-form-urlencoded", "token=x", 200, []string{"Cache-Control", noStore}, "", ""},
		{"a form that should not have been taken", "POST", "/oauth/revoke", "application/x-www-form-urlencoded", "x=x", 200, []string{"Cache-Control", noStore}, "", "token"},
		{
			"a request that should not have been taken", "PUT", "/api/v2/api_tokens/1", jsonType, `{"api_token":{"active":"yes"}}`, 200,
			[]string{"Content-Type", jsonType},
			`{}`, "active",
		},
		{
			"a parameter that should not have been taken", "GET", "/api/v2/oauth/tokens?page[size]=101", "", "", 200,
			[]string{"Content-Type", jsonType},
			list + "}", "page[size]",
		},
		{"a method of none", "PATCH", "/api/v2/users/me", "", "", 404, []string{"Content-Type", jsonType}, `{"error":"InvalidEndpoint","description":"Not found"}`, ""},
		{"a method of none that answers", "PATCH", "/api/v2/users/me", "", "", 200, []string{"Content-Type", jsonType}, `{}`, "answers 200"},
		{"a method of none elsewhere", "GET", "/oauth/tokens", "", "", 405, []string{"Allow", "POST"}, "", ""},
		{"a method of none without Allow", "GET", "/oauth/tokens", "", "", 405, nil, "", "Allow"},
		{"a route of none", "GET", "/api/v2/secrets", "", "", 200, nil, "", "not in the description"},
		{"a refusal of another shape", "GET", "/api/v2/secrets", "", "", 404, []string{"Content-Type", jsonType}, `{"error":1}`, "error"},
		{"JSON of none", "GET", "/secrets", "", "", 200, []string{"Content-Type", jsonType}, `{}`, "answers JSON"},
		{"a page", "GET", "/admin", "", "", 200, []string{"Content-Type", "text/html"}, `<p>`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.sent))
			if c.sentType != "" {
				r.Header.Set("Content-Type", c.sentType)
			}
			h := http.Header{}
			for n := 0; n < len(c.header); n += 2 {
				h.Set(c.header[n], c.header[n+1])
			}
			e := Exchange{Request: r, Sent: []byte(c.sent), Status: c.status, Header: h, Body: []byte(c.body)}
			got := strings.Join(Issuer().Check(e), "; ")
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCheckRefusalFindsFaults(t *testing.T) {
	r := httptest.NewRequest("GET", "/made/up", nil)
	for body, fine := range map[string]bool{`{"error":"a","description":"b"}`: true, `{}`: true, `{"error":"a"}`: false, `x`: false} {
		e := Exchange{Request: r, Status: 404, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
		if found := Issuer().CheckRefusal(e); (len(found) == 0) != fine {
			t.Errorf("%s: %q", body, found)
		}
	}
}

// A description that tells what answers elsewhere is held to that.
func TestCheckFindsFaultsElsewhere(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
		body, want   string // "": no fault
	}{
		{"GET", "/nothing", 404, `{"error":"no"}`, ""},
		{"HEAD", "/nothing", 404, ``, ""},
		{"PATCH", "/clock", 404, `{"error":"no"}`, ""},
		{"PATCH", "/clock", 403, `{"error":"no"}`, ""},
		{"GET", "/static/none.css", 200, `x`, ""},
		{"GET", "/nothing", 200, `{}`, "answers 200"},
		{"PATCH", "/clock", 405, `{"error":"no"}`, "answers 405"},
		{"GET", "/nothing", 404, `{"message":"no"}`, "error"},
		{"GET", "/clock", 200, `{}`, "missing"},
		{"GET", "/faults", 200, `{"faults":[{"id":1,"kind":"fire","fired":0}]}`, "kind"},
		{"GET", "/faults", 200, `{"faults":[]}`, ""},
	} {
		e := Exchange{
			Request: httptest.NewRequest(c.method, c.path, nil), Status: c.status,
			Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(c.body),
		}
		got := strings.Join(Control().Check(e), "; ")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s %s %d %s: %q, want %q", c.method, c.path, c.status, c.body, got, c.want)
		}
	}
}
