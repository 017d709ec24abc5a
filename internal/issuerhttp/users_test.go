package issuerhttp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/zendesk"
)

// The bodies of the API's errors, as facts sections 5.4 and 6 have them.
const (
	invalidToken        = `{"error":"invalid_token","error_description":"The access token provided is expired, revoked, malformed or invalid for other reasons."}`
	invalidTokenHeader  = `Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description="The access token provided is expired, revoked, malformed or invalid for other reasons."`
	couldntAuthenticate = `{"error":"Couldn't authenticate you"}`
	missingScopes       = `{"error":"Forbidden","description":"You are missing the following required scopes: users:read, read"}`
	twoCredentials      = `{"error":"invalid_request","error_description":"The request is missing a required parameter, includes an unsupported parameter or parameter value, repeats the same parameter, uses more than one method for including an access token, or is otherwise malformed."}`
	invalidEndpoint     = `{"error":"InvalidEndpoint","description":"Not found"}`
	anonymousUser       = `{"user":{"id":null,"url":null,"name":"Anonymous user",`
)

func TestUsersMe(t *testing.T) {
	w := onSQLite(t, options{})
	token := w.token(grant(w.code())).pair().Access
	bearer := header("Authorization", "Bearer "+token)
	const me = zendesk.UsersMePath
	for _, c := range []struct {
		name, target string
		header       http.Header
		status       int
		body         string // begins so
		challenge    string
	}{
		{"a bearer", me, bearer, 200, `{"user":{"id":1,`, ""},
		{"with .json", me + ".json", bearer, 200, `{"user":{"id":1,`, ""},
		{"the scheme has no case", me, header("Authorization", "bEARER   "+token), 200, `{"user":{"id":1,`, ""},
		{"a token in the query", me + "?access_token=" + token, nil, 200, `{"user":{"id":1,`, ""},
		{"a token in the query, with .json", me + ".json?x=y&access_token=" + token, nil, 200, `{"user":{"id":1,`, ""},
		{"nobody", me, nil, 200, anonymousUser, ""},
		{"nobody, with .json", me + ".json", nil, 200, anonymousUser, ""},
		{"an empty header is nobody", me, header("Authorization", ""), 200, anonymousUser, ""},

		{"an unknown token", me, header("Authorization", "Bearer "+strings.Repeat("0", 64)), 401, invalidToken, invalidTokenHeader},
		{"an unknown token in the query", me + "?access_token=" + strings.Repeat("0", 64), nil, 401, invalidToken, invalidTokenHeader},
		{"no token", me, header("Authorization", "Bearer"), 401, invalidToken, invalidTokenHeader},
		{"an empty token in the query", me + "?access_token=", nil, 401, invalidToken, invalidTokenHeader},
		{"two tokens in one header", me, header("Authorization", "Bearer "+token+" "+token), 401, invalidToken, invalidTokenHeader},
		{"a token and a comma", me, header("Authorization", "Bearer "+token+", Basic YTpi"), 401, invalidToken, invalidTokenHeader},
		{"a token in another case", me, header("Authorization", "Bearer "+strings.ToUpper(token)), 401, invalidToken, invalidTokenHeader},
		{"a long token", me, header("Authorization", "Bearer "+strings.Repeat("x", 9000)), 401, invalidToken, invalidTokenHeader},
		{"a token that is not UTF-8", me, header("Authorization", "Bearer \xff\xfe"), 401, invalidToken, invalidTokenHeader},
		// A wrong password makes nobody (facts section 6.2); a wrong API token is told so.
		{"a wrong password", me, header("Authorization", basic(ada, "x")), 200, anonymousUser, ""},
		{"a password of nobody", me, header("Authorization", "Basic YTpi"), 200, anonymousUser, ""},
		{"a wrong API token", me, header("Authorization", basic(ada+"/token", "x")), 401, couldntAuthenticate, `Basic realm="Web Password"`},
		{"Basic that is no base64", me, header("Authorization", "Basic !"), 401, couldntAuthenticate, `Basic realm="Web Password"`},
		{"Basic without a colon", me, header("Authorization", "Basic YWI="), 401, couldntAuthenticate, `Basic realm="Web Password"`},
		{"a scheme nobody knows", me, header("Authorization", "Digest "+token), 401, couldntAuthenticate, `Basic realm="Web Password"`},
		{"the token without a scheme", me, header("Authorization", token), 401, couldntAuthenticate, `Basic realm="Web Password"`},

		{"two headers", me, header("Authorization", "Bearer "+token, "Authorization", "Bearer "+token), 400, twoCredentials, ""},
		{"a header and a query", me + "?access_token=" + token, bearer, 400, twoCredentials, ""},
		{"two in the query", me + "?access_token=" + token + "&access_token=" + token, nil, 400, twoCredentials, ""},
		// Taken for nobody, a client would believe itself signed in.
		{"a token in a query that cannot be read", me + "?access_token=" + token + "%zz", nil, 400, twoCredentials, ""},
		{"a token beside what cannot be read", me + "?access_token=" + token + ";x=y", nil, 400, twoCredentials, ""},

		{"no such endpoint", "/api/v2/nonsense.json", bearer, 404, invalidEndpoint, ""},
		{"no such endpoint, by nobody", "/api/v2/nonsense", nil, 404, invalidEndpoint, ""},
		{"a slash more", me + "/", bearer, 404, invalidEndpoint, ""},
		{".json twice", me + ".json.json", bearer, 404, recordNotFound, ""},
		{"the root", "/api/v2/", bearer, 404, invalidEndpoint, ""},
		{"somebody else", "/api/v2/users/you", bearer, 404, recordNotFound, ""},
		{"nothing but .json", "/api/v2/.json", bearer, 404, invalidEndpoint, ""},
	} {
		w.run(c.name, func(t *testing.T) {
			r := w.call(call{Target: c.target, Header: c.header})
			if r.Status != c.status || !strings.HasPrefix(r.Body, c.body) || c.status != 200 && r.Body != c.body {
				t.Errorf("got %d %s\nwant %d %s", r.Status, r.Body, c.status, c.body)
			}
			if got := r.Header.Get("WWW-Authenticate"); got != c.challenge {
				t.Errorf("WWW-Authenticate: %s", got)
			}
			if got := r.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
				t.Errorf("Content-Type: %s", got)
			}
			if got := r.Header.Get("Cache-Control"); got != "max-age=0, private, must-revalidate" {
				t.Errorf("Cache-Control: %s", got)
			}
		})
	}
	w.call(call{Method: http.MethodPost, Target: me, Header: bearer}).wantBody(404, invalidEndpoint)
	for _, method := range []string{http.MethodPut, http.MethodDelete} { // "me" is no number
		if r := w.call(call{Method: method, Target: me, Header: bearer}); r.Status != 403 && r.Body != notFound {
			t.Errorf("%s: %d %s", method, r.Status, r.Body)
		}
	}
}

func TestUsersMeByScope(t *testing.T) {
	w := onSQLite(t, options{})
	for scope, want := range map[string]int{
		"read": 200, "users:read": 200, "users": 200, "read write": 200, "impersonate users:read": 200,
		"write": 403, "users:write": 403, "tickets:read": 403, "impersonate": 403, "nonsense": 403, absent: 403,
	} {
		r := w.me(w.token(grant(w.code("scope", scope))).pair().Access)
		if r.Status != want {
			t.Errorf("scope %q: %d, want %d", scope, r.Status, want)
		}
		if want == 403 {
			r.wantBody(403, missingScopes)
			if r.Header.Get("WWW-Authenticate") != "" {
				t.Error("Zendesk sends no challenge with it")
			}
		}
	}
}

// The whole record, for each role and for nobody.
func TestUsersMeRecords(t *testing.T) {
	w := onSQLite(t, options{})
	tokens := map[string]string{}
	for _, who := range []string{ada, grace, carl} {
		tokens[who] = w.token(grant(w.as(who).allow(request("scope", "users:read")).code())).pair().Access
	}
	w.record("users_me", func(note func(string)) {
		for _, who := range []string{ada, grace, carl} {
			note(who)
			w.me(tokens[who])
		}
		note("Nobody: a trap, for the status is 200 (facts section 6.2)")
		w.call(call{Target: zendesk.UsersMePath + ".json"})
	})
	for _, r := range []*reply{w.me(tokens[ada]), w.call(call{Target: zendesk.UsersMePath})} {
		var got struct{ User map[string]json.RawMessage }
		if err := json.Unmarshal([]byte(r.Body), &got); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"user_fields": "{}", "tags": "[]"} {
			if string(got.User[name]) != want {
				t.Errorf("%s is %s, want %s", name, got.User[name], want)
			}
		}
	}
}

// Zendesk lets pages of other origins call its API with a bearer, and with nothing
// else (facts section 6.1).
func TestCORS(t *testing.T) {
	w := onSQLite(t, options{})
	token := w.token(grant(w.code())).pair().Access
	useless := w.token(grant(w.code("scope", "write"))).pair().Access
	origin := func(pairs ...string) http.Header { return header(append(pairs, "Origin", "https://app.example")...) }
	w.record("cors", func(note func(string)) {
		note("The browser asks first")
		w.call(call{Method: http.MethodOptions, Target: zendesk.UsersMePath, Header: origin("Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization")})
		note("and then sends the bearer")
		w.call(call{Target: zendesk.UsersMePath, Header: origin("Authorization", "Bearer "+token)})
	})
	for name, c := range map[string]struct {
		target string
		header http.Header
		want   string
	}{
		"a bearer":                {zendesk.UsersMePath, origin("Authorization", "Bearer "+token), "*"},
		"a bearer in the query":   {zendesk.UsersMePath + "?access_token=" + token, origin(), "*"},
		"a refusal can be read":   {zendesk.UsersMePath, origin("Authorization", "Bearer none"), "*"},
		"so can a missing scope":  {zendesk.UsersMePath, origin("Authorization", "Bearer "+useless), "*"},
		"nobody":                  {zendesk.UsersMePath, origin(), ""},
		"Basic":                   {zendesk.UsersMePath, origin("Authorization", "Basic YTpi"), ""},
		"no other origin":         {zendesk.UsersMePath, header("Authorization", "Bearer "+token), ""},
		"a page of the issuer":    {"/", origin(), ""},
		"the authorization page":  {zendesk.AuthorizePath + "?" + request().Encode(), origin(), ""},
		"a session opens nothing": {zendesk.UsersMePath, origin("Cookie", w.cookie(w.as(ada))), ""},
	} {
		r := w.call(call{Target: c.target, Header: c.header})
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != c.want {
			t.Errorf("%s: Access-Control-Allow-Origin %q, want %q", name, got, c.want)
		}
		if r.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: cookies are let in", name)
		}
	}
	if r := w.call(call{Target: zendesk.UsersMePath, Header: origin("Cookie", w.cookie(w.as(ada)))}); !strings.HasPrefix(r.Body, anonymousUser) {
		t.Error("a session opens the API")
	}
	for _, target := range []string{zendesk.AuthorizePath, "/", signInPath} {
		r := w.call(call{Method: http.MethodOptions, Target: target, Header: origin("Access-Control-Request-Method", "POST")})
		if r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s lets pages in", target)
		}
	}
}

// Which hosts are which accounts; that an address below a name that is none gets
// 404, whatever it is.
func TestUnknownHosts(t *testing.T) {
	w := onSQLite(t, options{})
	for _, host := range []string{"nobody.localhost", "evil.example", "acme.localhost.evil.example", "x.acme.localhost"} {
		w.run(host, func(*testing.T) {
			w.call(call{Host: host, Target: "/"}).wantPage(404, "There is no such account ·")
			w.call(call{Host: host, Target: zendesk.AuthorizePath + "?" + request().Encode()}).wantPage(404, "There is no such account ·")
			w.call(call{Host: host, Target: "/no/such"}).wantPage(404, "There is no such account ·")
			w.call(call{Host: host, Method: http.MethodPost, Target: zendesk.TokenPath, Body: grant("x").Encode()}).wantBody(404, `{}`)
			w.call(call{Host: host, Target: zendesk.UsersMePath}).wantBody(404, `{}`)
			w.call(call{Host: host, Target: "/api/v2/nonsense"}).wantBody(404, `{}`)
		})
	}
}
