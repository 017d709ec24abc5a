package issuerhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/oauth"
)

// What the tests of the management API share.

func (w *world) account(subdomain string) issuer.Account {
	w.t.Helper()
	a, err := w.issuer.Store.Account(w.t.Context(), subdomain)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) user(email string) issuer.User {
	w.t.Helper()
	_, domain, _ := strings.Cut(email, "@")
	u, err := w.issuer.Store.UserByEmail(w.t.Context(), w.account(strings.TrimSuffix(domain, ".example")).ID, email)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

func (w *world) oauthClient(subdomain, identifier string) issuer.Client {
	w.t.Helper()
	c, err := w.issuer.Store.Client(w.t.Context(), w.account(subdomain).ID, issuer.Support, identifier)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// bearer gives a person a token of the client "app", read and write if no scope
// is named.
func (w *world) bearer(email string, scopes ...string) string {
	w.t.Helper()
	if scopes == nil {
		scopes = []string{"read", "write"}
	}
	_, domain, _ := strings.Cut(email, "@")
	account := w.account(strings.TrimSuffix(domain, ".example"))
	_, full, err := w.issuer.CreateToken(w.t.Context(), account, issuer.Support, w.user(email),
		w.oauthClient(account.Subdomain, "app").ID, scopes, "http://"+account.Subdomain+".localhost", issuer.By{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.secrets.learn("bearer", full.Reveal())
	return full.Reveal()
}

// api is a request of a program with a bearer and perhaps a JSON body.
func (w *world) api(bearer, method, target, body string) *reply {
	w.t.Helper()
	h := header("Content-Type", "application/json")
	if bearer != "" {
		h.Set("Authorization", "Bearer "+bearer)
	}
	return w.call(call{Method: method, Target: target, Header: h, Body: body})
}

// into reads the body of an answer that has this status.
func (r *reply) into(status int, v any) *reply {
	r.t.Helper()
	r.want(status)
	if err := json.Unmarshal([]byte(r.Body), v); err != nil {
		r.t.Fatalf("%v: %s", err, r.Body)
	}
	return r
}

// said lists what was changed since an event, as "action object detail", without
// the tokens that tests make for themselves.
func (w *world) said(since int) []string {
	w.t.Helper()
	rows, err := w.raw.QueryContext(w.t.Context(), `SELECT action, object, detail FROM issuer_events WHERE id > $1 AND action NOT LIKE 'session.%' AND action NOT IN ('sign_in.failed', 'signing_key.created')
		AND NOT (action = 'token.created' AND actor_id IS NULL) ORDER BY id`, since)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var action, object, detail string
		if err := rows.Scan(&action, &object, &detail); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(action+" "+object+" "+detail))
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *world) lastEvent() int {
	w.t.Helper()
	return storetest.Count(w.t, w.raw, `SELECT coalesce(max(id), 0) FROM issuer_events`)
}

const (
	tokensPath  = "/api/v2/oauth/tokens"
	clientsPath = "/api/v2/oauth/clients"
	globalsPath = "/api/v2/oauth/global_clients"
	keysPath    = "/api/v2/api_tokens"

	forbidden = `{"error":{"title":"Forbidden","message":"You do not have access to this page. Please contact the account owner of this help desk for further help."}}`
	notFound  = `{"error":"RecordNotFound","description":"Not found"}`
	noJSON    = `{"error":"Unprocessable Entity","message":"Server could not parse JSON"}`
	tooLarge  = `{"error":"RequestEntityTooLarge","description":"The request body is too large"}`
)

// Who may do what, for every endpoint: the roles of facts sections 3 and 4, and
// the broad scopes of 5.3.
func TestManagementRules(t *testing.T) {
	w := onSQLite(t, options{})
	account := w.account("acme")
	app := w.oauthClient("acme", "app")
	w.plantGlobal()
	_, _, err := w.issuer.CreateAPIToken(t.Context(), account, "one", issuer.By{})
	if err != nil {
		t.Fatal(err)
	}
	admin, agent, customer := w.bearer(ada), w.bearer(grace), w.bearer(carl)
	reader, writer, narrow := w.bearer(ada, "read"), w.bearer(ada, "write"), w.bearer(ada, "tickets:read", "tickets:write")
	foreign := w.bearer(hank)
	basic := func(email, password string) http.Header {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(email, password)
		return r.Header
	}
	missing := func(scope string) string {
		return `{"error":"Forbidden","description":"You are missing the following required scopes: ` + scope + `"}`
	}
	one := fmt.Sprint(app.ID)
	for _, endpoint := range []struct{ method, target, scope string }{
		{"GET", tokensPath, "read"},
		{"POST", tokensPath, "write"},
		{"GET", clientsPath, "read"},
		{"POST", clientsPath, "write"},
		{"GET", clientsPath + "/" + one, "read"},
		{"PUT", clientsPath + "/" + one, "write"},
		{"PUT", clientsPath + "/999/generate_secret", "write"},
		{"DELETE", clientsPath + "/999", "write"},
		{"GET", "/api/v2/users/me/oauth/clients", "read"},
		{"GET", globalsPath, "read"},
		{"GET", globalsPath + "/1", "read"},
		{"GET", globalsPath + "/token_summary", "read"},
		{"GET", keysPath, "read"},
		{"POST", keysPath, "write"},
		{"GET", keysPath + "/1", "read"},
		{"PUT", keysPath + "/1", "write"},
		{"DELETE", keysPath + "/999", "write"},
	} {
		w.run(endpoint.method+" "+endpoint.target, func(t *testing.T) {
			right, wrong := reader, writer
			if endpoint.scope == "write" {
				right, wrong = writer, reader
			}
			w.clock.pass(time.Minute) // so that the failures of the last one do not count
			before := w.rows()
			ask := func(bearer string) *reply { return w.api(bearer, endpoint.method, endpoint.target, "") }
			ask("").wantBody(401, couldntAuthenticate)
			ask(foreign).wantBody(401, invalidToken)
			ask(agent).wantBody(403, forbidden)
			ask(customer).wantBody(403, forbidden)
			ask(wrong).wantBody(403, missing(endpoint.scope))
			ask(narrow).wantBody(403, missing(endpoint.scope))
			w.call(call{Method: endpoint.method, Target: endpoint.target, Header: basic(grace+"/token", "wrong")}).wantBody(401, couldntAuthenticate)
			for name, h := range map[string]http.Header{
				"an admin": header("Authorization", "Bearer "+admin), "the scope": header("Authorization", "Bearer "+right),
				"a password": basic(ada, adaPassword),
			} {
				if r := w.call(call{Method: endpoint.method, Target: endpoint.target + ".json", Header: h}); r.Status == 401 || r.Status == 403 {
					t.Errorf("%s is refused: %d %s", name, r.Status, r.Body)
				}
			}
			w.unchanged(before)
		})
	}
}

// No body, number or query that nobody should send is a fault of ours, or
// changes anything.
func TestManagementBadInput(t *testing.T) {
	w := onSQLite(t, options{})
	admin := w.bearer(ada)
	app := fmt.Sprint(w.oauthClient("acme", "app").ID)
	attribute := func(name, must, action string) string {
		return `{"error":{"title":"Invalid attribute","message":"You passed an invalid value for the ` + name + ` attribute. Invalid parameter: ` + name + ` ` + must + ` from ` + action + `"}}`
	}
	parameter := func(name string) string {
		return `{"error":"ParameterMissing","description":"Parameter ` + name + ` is required"}`
	}
	for _, record := range []struct{ method, target, object, action string }{
		{"POST", tokensPath, "token", "api/v2/oauth/tokens/create"},
		{"POST", clientsPath, "client", "api/v2/oauth/clients/create"},
		{"PUT", clientsPath + "/" + app, "client", "api/v2/oauth/clients/update"},
		{"POST", keysPath, "api_token", "api/v2/api_tokens/create"},
	} {
		for _, c := range []struct {
			name, body string
			status     int
			want       string
		}{
			{"nothing", ``, 400, parameter(record.object)},
			{"an empty object", `{}`, 400, parameter(record.object)},
			{"null", `null`, 400, parameter(record.object)},
			{"an array", `[{"` + record.object + `":{}}]`, 400, parameter(record.object)},
			{"a text", `"x"`, 400, parameter(record.object)},
			{"another object", `{"ticket":{}}`, 400, parameter(record.object)},
			{"null for the record", `{"` + record.object + `":null}`, 400, parameter(record.object)},
			{"a text for the record", `{"` + record.object + `":"x"}`, 400, attribute(record.object, "must be a hash", record.action)},
			{"a list for the record", `{"` + record.object + `":[]}`, 400, attribute(record.object, "must be a hash", record.action)},
			{"broken off", `{"` + record.object + `":{`, 422, noJSON},
			{"rubbish behind it", `{"` + record.object + `":{}}x`, 422, noJSON},
			{"two objects", `{"` + record.object + `":{}}{}`, 422, noJSON},
			{"deep lists", strings.Repeat("[", 50000), 422, noJSON},
			{"too deep", strings.Repeat("[", 20000) + strings.Repeat("]", 20000), 422, noJSON},
			{"1 MiB", `{"` + record.object + `":{"name":"` + strings.Repeat("x", 1<<20) + `"}}`, 413, tooLarge},
		} {
			w.run(record.method+" "+record.object+" "+c.name, func(*testing.T) {
				before := w.rows()
				w.api(admin, record.method, record.target, c.body).wantBody(c.status, c.want)
				w.unchanged(before)
			})
		}
		w.run(record.object+" as a form", func(*testing.T) {
			w.call(call{
				Method: record.method, Target: record.target, Header: header("Authorization", "Bearer "+admin), Body: record.object + "[name]=x",
			}).wantBody(400, parameter(record.object))
		})
	}
	for _, c := range []struct{ name, target, body, attribute, must, action string }{
		{"client_id", tokensPath, `{"token":{"client_id":"app","scopes":["read"]}}`, "token.client_id", "must be an integer", "api/v2/oauth/tokens/create"},
		{"client_id that is broken", tokensPath, `{"token":{"client_id":1.5}}`, "token.client_id", "must be an integer", "api/v2/oauth/tokens/create"},
		{"client_id too large", tokensPath, `{"token":{"client_id":9223372036854775808}}`, "token.client_id", "must be an integer", "api/v2/oauth/tokens/create"},
		{"client_id that is an object", tokensPath, `{"token":{"client_id":{}}}`, "token.client_id", "must be an integer", "api/v2/oauth/tokens/create"},
		{"scopes", tokensPath, `{"token":{"client_id":1,"scopes":{"read":true}}}`, "token.scopes", "must be an array of strings", "api/v2/oauth/tokens/create"},
		{"scopes of numbers", tokensPath, `{"token":{"client_id":1,"scopes":[1]}}`, "token.scopes", "must be an array of strings", "api/v2/oauth/tokens/create"},
		{"name", clientsPath, `{"client":{"name":1,"identifier":"x"}}`, "client.name", "must be a string", "api/v2/oauth/clients/create"},
		{"redirect_uri", clientsPath, `{"client":{"name":"x","identifier":"x","redirect_uri":1}}`, "client.redirect_uri", "must be an array of strings", "api/v2/oauth/clients/create"},
		{"any_loopback_port", clientsPath, `{"client":{"name":"x","any_loopback_port":"yes"}}`, "client.any_loopback_port", "must be a boolean", "api/v2/oauth/clients/create"},
		{"user_id", clientsPath, `{"client":{"name":"x","user_id":"ada"}}`, "client.user_id", "must be an integer", "api/v2/oauth/clients/create"},
		{"description", keysPath, `{"api_token":{"description":[]}}`, "api_token.description", "must be a string", "api/v2/api_tokens/create"},
	} {
		w.run("a wrong type of "+c.name, func(*testing.T) {
			before := w.rows()
			w.api(admin, "POST", c.target, c.body).wantBody(400, attribute(c.attribute, c.must, c.action))
			w.unchanged(before)
		})
	}
	for _, target := range []string{tokensPath + "/%s", clientsPath + "/%s", globalsPath + "/%s", keysPath + "/%s"} {
		for _, id := range []string{"x", "-1", "+1", "0", "1.5", "0x1", "999999", "9223372036854775808", "99999999999999999999999", "%00", "1%20", "%D9%A1", "app"} {
			w.run("GET "+fmt.Sprintf(target, id), func(*testing.T) {
				w.api(admin, "GET", fmt.Sprintf(target, id), "").wantBody(404, notFound)
			})
		}
	}
	for _, c := range []struct{ query, name, must string }{
		{"client_id=app", "client_id", "must be an integer"},
		{"global_client_id=zdg-x", "global_client_id", "must be an integer"},
		{"all=maybe", "all", "must be a boolean"},
		{"all=true&include_expired=2", "include_expired", "must be a boolean"},
		{"page=two", "page", "must be an integer"},
		{"per_page=many", "per_page", "must be an integer"},
		{"page[size]=all", "page.size", "must be an integer"},
	} {
		w.run(c.query, func(*testing.T) {
			w.api(admin, "GET", tokensPath+"?"+c.query, "").wantBody(400, attribute(c.name, c.must, "api/v2/oauth/tokens/index"))
		})
	}
	for _, query := range []string{"client_id=0", "client_id=-1", "client_id=99999999999999999999", "global_client_id=-99999999999999999999"} {
		var list struct{ Tokens []struct{ ID int64 } }
		if w.api(admin, "GET", tokensPath+"?"+query, "").into(200, &list); len(list.Tokens) != 0 {
			t.Errorf("%s finds %v", query, list.Tokens)
		}
	}
	w.api(admin, "PUT", clientsPath+"/"+app+"/generate_secret", `{"old_secret_expires_in":"soon"}`).
		wantBody(400, attribute("old_secret_expires_in", "must be an integer", "api/v2/oauth/clients/generate_secret"))
	for _, method := range []string{"POST", "PATCH", "PUT"} {
		w.api(admin, method, tokensPath+"/current", "").wantBody(404, invalidEndpoint)
	}
}

// What is not known is ignored, and Zendesk says so in a header.
func TestUnknownMembersAreWarnedOf(t *testing.T) {
	w := onSQLite(t, options{})
	admin := w.bearer(ada)
	r := w.api(admin, "POST", clientsPath, `{"client":{"name":"N","identifier":"n","colour":"red","b\u0000\nad":1,"id":7,"secret":"mine","created_at":"x"},"other":1}`).want(201)
	const want = `Removed restricted keys ["client.b\\x00\\nad", "client.colour"] from parameters according to whitelist`
	if got := r.Header.Get("X-Zendesk-Api-Warn"); got != want {
		t.Errorf("warns %s\nwant  %s", got, want)
	}
	if got := w.api(admin, "GET", clientsPath, "").Header.Get("X-Zendesk-Api-Warn"); got != "" {
		t.Errorf("warns %s", got)
	}
}

// plantGlobal adds a global client that acme approved and globex did not.
func (w *world) plantGlobal() {
	w.t.Helper()
	w.secrets.learn("", globalSecret)
	notes, err := w.issuer.PlantGlobal(w.t.Context(), issuer.PlantedGlobalClient{
		GlobalClient: issuer.GlobalClient{
			Product: issuer.Support, Identifier: "zdg-everywhere", Name: "Everywhere", Company: "Everywhere Inc.", Kind: issuer.Confidential,
			RedirectURIs: []string{globalCallback}, AllowedScopes: oauth.Scope{"read"},
		},
		Secret: secret.Of(globalSecret), Accounts: []string{"acme"},
	})
	if err != nil || len(notes) != 0 {
		w.t.Fatal(notes, err)
	}
}

const (
	globalSecret   = "secret-of-everywhere-0123456789"
	globalCallback = "https://everywhere.example/cb"
)

// change gives a user another role, suspends them, or the reverse.
func (w *world) change(a issuer.Account, email, role string, suspended *bool) error {
	change := issuer.UserChange{Suspended: suspended}
	if role != "" {
		r := issuer.Role(role)
		change.Role = &r
	}
	_, err := w.issuer.UpdateUser(w.t.Context(), a, w.user(email).ID, change, issuer.By{})
	return err
}

func by(u issuer.User) issuer.By { return issuer.By{User: u.ID} }
