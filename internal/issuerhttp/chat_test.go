package issuerhttp_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

const chatForbids = `{"error":"Forbidden","description":"You are missing the following required scopes: `

// chatBearer has a person of acme allow Chat's app a scope.
func (w *world) chatBearer(email, scope string) string {
	w.t.Helper()
	b := w.as(email)
	page := b.get(chatRequest("scope", scope))
	if page.Status == 200 { // the same was allowed before otherwise
		page = b.decide(page, web.DecisionAllow)
	}
	return w.chatToken("acme.localhost", "grant_type", "authorization_code", "code", page.code(), "redirect_uri", chatCallback).pair().Access
}

func (w *world) createChatClient(bearer, body string) chat.Client {
	w.t.Helper()
	var made chat.Client
	r := w.api(bearer, http.MethodPost, chat.ClientsPath+".json", body).into(201, &made)
	w.secrets.learn("Chat client secret", made.ClientSecret)
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		w.t.Errorf("caches may keep the secret: %q", got)
	}
	return made
}

// The life of a Chat client (facts section 8.5).
func TestChatClientFromCreationToDeletion(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.plantChat()
		admin := w.chatBearer(ada, "read write")
		since := w.lastEvent()
		made := w.createChatClient(admin, `{"name":"Widget","company":"T & Co.","redirect_uris":"http://localhost/redirect","client_type":"confidential","scopes":"read write"}`)
		want := chat.Client{
			ID: made.ID, AgentID: int64(w.user(ada).ID), Name: "Widget", Company: "T & Co.", ClientIdentifier: made.ClientIdentifier,
			ClientSecret: made.ClientSecret, ClientType: "public", RedirectURIs: chat.Addresses{"http://localhost/redirect"}, Scopes: "read write",
			CreateDate: zendesk.TimeOf(w.clock.Now()), UpdateDate: zendesk.TimeOf(w.clock.Now()),
		}
		if diff := cmp.Diff(want, made); diff != "" {
			t.Error(diff)
		}
		if len(made.ClientIdentifier) != chat.IdentifierLength || len(made.ClientSecret) != 64 {
			t.Errorf("identifier %q, secret %q", made.ClientIdentifier, made.ClientSecret)
		}
		// Public, whatever was asked for, it has no credentials of its own.
		credentials := []string{"grant_type", "client_credentials", "client_id", made.ClientIdentifier, "client_secret", made.ClientSecret, "scope", "read"}
		w.chatToken("acme.localhost", credentials...).wantBody(401, `{"error":"invalid_client"}`)

		// An update alone makes it confidential; the rest of it stays.
		target := fmt.Sprintf("%s/%d.json", chat.ClientsPath, made.ID)
		w.clock.pass(time.Minute)
		var shown chat.Client
		w.api(admin, http.MethodPut, target, `{"client_type":"confidential"}`).into(200, &shown)
		want.ClientType, want.ClientSecret, want.UpdateDate = "confidential", made.ClientSecret[:9], zendesk.TimeOf(w.clock.Now())
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Error(diff)
		}
		access := w.chatToken("acme.localhost", credentials...).pair().Access
		w.chatAccount("acme.localhost", access).want(200)
		// And a part of it changes, while client_type stays unless it is named.
		w.api(admin, http.MethodPut, target, `{"name":"Gadget","redirect_uris":["https://g.example/a","https://g.example/b"],"scopes":"read"}`).into(200, &shown)
		want.Name, want.RedirectURIs, want.Scopes = "Gadget", chat.Addresses{"https://g.example/a", "https://g.example/b"}, "read"
		w.api(admin, http.MethodGet, target, "").into(200, &shown)
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Error(diff)
		}
		w.chatToken("acme.localhost", append(credentials, "scope", "write")...).wantBody(400, `{"error":"invalid_scope"}`)
		w.chatToken("acme.localhost", credentials...).pair()

		// It comes in the list, after those that were there, in no envelope.
		var list []chat.Client
		w.api(admin, http.MethodGet, chat.ClientsPath, "").into(200, &list)
		if got := names(list, func(c chat.Client) string { return c.Name }); !slices.Equal(got, []string{"app", "widget", "Gadget"}) {
			t.Errorf("the list has %q", got)
		}
		if got := w.api(admin, http.MethodPut, target, w.api(admin, http.MethodGet, target, "").Body).want(200).Header.Get("X-Zendesk-Api-Warn"); got != "" {
			t.Errorf("sent back as it was: %s", got)
		}

		// Deleted, nothing of it lives.
		w.api(admin, http.MethodDelete, target, "").wantBody(204, "")
		w.chatAccount("acme.localhost", access).want(401)
		w.chatToken("acme.localhost", credentials...).wantBody(401, `{"error":"invalid_client"}`)
		w.api(admin, http.MethodGet, target, "").wantBody(404, notFound)
		w.api(admin, http.MethodPut, target, `{"name":"x"}`).wantBody(404, notFound)
		w.api(admin, http.MethodDelete, target, "").wantBody(404, notFound)
		id := fmt.Sprintf("chat client %d", made.ID)
		events := []string{
			"client.created " + id + " " + made.ClientIdentifier, "client.updated " + id + " kind",
			"client.updated " + id + " name, redirect_uris, allowed_scopes", "client.deleted " + id + " " + made.ClientIdentifier,
		}
		if diff := cmp.Diff(events, w.said(since)); diff != "" {
			t.Error(diff)
		}
	})
}

func names[T any](all []T, name func(T) string) (list []string) {
	for _, one := range all {
		list = append(list, name(one))
	}
	return list
}

// The life of Chat's tokens (facts section 8.6).
func TestChatTokensAPI(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.plantChat()
		first := w.chatBearer(ada, "read write")
		w.clock.pass(time.Second)
		second := w.chatBearer(ada, "read")
		other := w.chatBearer(grace, "read write")
		r := w.api(first, http.MethodGet, chat.TokensPath, "")
		var list []chat.Token
		r.into(200, &list)
		if got := r.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("caches may keep what is shown of tokens: %q", got)
		}
		if len(list) != 2 {
			t.Fatalf("Ada has %d tokens: %s", len(list), r.Body)
		}
		want := chat.Token{
			ID: list[0].ID, AgentID: int64(w.user(ada).ID), ClientIdentifier: "app", AccessToken: second[:10],
			RefreshToken: list[0].RefreshToken, TokenType: "Bearer", Scopes: "read", CreateDate: zendesk.TimeOf(w.clock.Now()),
		}
		if diff := cmp.Diff(want, list[0]); diff != "" {
			t.Error(diff)
		}
		if list[1].AccessToken != first[:10] || len(list[1].RefreshToken) != 10 {
			t.Errorf("the older one is shown as %+v", list[1])
		}
		target := fmt.Sprintf("%s/%d", chat.TokensPath, list[0].ID)
		var shown chat.Token
		w.api(first, http.MethodGet, target+".json", "").into(200, &shown)
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Error(diff)
		}
		// An admin reaches a colleague's by its number, and does not see it in the list.
		var theirs int64
		if err := w.raw.QueryRowContext(t.Context(), `SELECT max(id) FROM issuer_tokens WHERE user_id = $1`, w.user(grace).ID).Scan(&theirs); err != nil {
			t.Fatal(err)
		}
		w.api(first, http.MethodGet, fmt.Sprintf("%s/%d", chat.TokensPath, theirs), "").want(200)
		w.chatAccount("acme.localhost", other).want(200)
		w.api(first, http.MethodDelete, fmt.Sprintf("%s/%d", chat.TokensPath, theirs), "").wantBody(204, "")
		w.chatAccount("acme.localhost", other).want(401)

		w.api(first, http.MethodDelete, target, "").wantBody(204, "")
		w.chatAccount("acme.localhost", second).want(401)
		w.api(first, http.MethodGet, target, "").wantBody(404, notFound)
		w.api(first, http.MethodDelete, target, "").wantBody(404, notFound)
		w.chatAccount("acme.localhost", first).want(200)
		// A token may end itself.
		w.api(first, http.MethodDelete, fmt.Sprintf("%s/%d", chat.TokensPath, list[1].ID), "").wantBody(204, "")
		w.chatAccount("acme.localhost", first).wantBody(401, invalidToken)
	})
}

// A bare array cannot say that there is more: it has everything.
func TestChatListsAreWhole(t *testing.T) {
	w := onSQLite(t, options{})
	w.plantChat()
	admin, account, owner := w.chatBearer(ada, "read write"), w.account("acme"), w.user(ada)
	const many = 2*zendesk.MaxPageSize + 1
	public := "public"
	for n := range many {
		name := fmt.Sprintf("client %d", n)
		identifier := fmt.Sprintf("c%d", n)
		c, _, err := w.issuer.CreateClient(t.Context(), account, issuer.Chat, issuer.ClientChange{Name: &name, Identifier: &identifier, Kind: &public}, by(owner))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.issuer.CreateToken(t.Context(), account, issuer.Chat, owner, c.ID, []string{"read"}, "http://acme.localhost", issuer.By{}); err != nil {
			t.Fatal(err)
		}
	}
	var clients []chat.Client
	w.api(admin, http.MethodGet, chat.ClientsPath, "").into(200, &clients)
	if n := len(clients); n != many+2 || clients[n-1].Name != fmt.Sprintf("client %d", many-1) {
		t.Errorf("%d clients, the last %+v", n, clients[n-1])
	}
	var tokens []chat.Token
	w.api(admin, http.MethodGet, chat.TokensPath, "").into(200, &tokens)
	if n := len(tokens); n != many+1 || tokens[n-1].ClientIdentifier != "app" || tokens[0].ClientIdentifier != fmt.Sprintf("c%d", many-1) {
		t.Errorf("%d tokens, the first of %s, the last of %s", n, tokens[0].ClientIdentifier, tokens[n-1].ClientIdentifier)
	}
	seen := map[int64]bool{}
	for _, one := range tokens {
		if seen[one.ID] {
			t.Fatalf("token %d comes twice", one.ID)
		}
		seen[one.ID] = true
	}
}

// Who may do what, for each of Chat's endpoints.
func TestChatRules(t *testing.T) {
	w := onSQLite(t, options{})
	w.plantChat()
	var app int64
	if err := w.raw.QueryRowContext(t.Context(), `SELECT id FROM issuer_clients WHERE product = 'chat' AND identifier = 'app' AND account_id = $1`, w.account("acme").ID).Scan(&app); err != nil {
		t.Fatal(err)
	}
	admin, agent, customer := w.chatBearer(ada, "read write"), w.chatBearer(grace, "read write"), w.chatBearer(carl, "read write")
	reader, writer, talker := w.chatBearer(ada, "read"), w.chatBearer(ada, "write"), w.chatBearer(ada, "chat")
	support := w.bearer(ada, "read", "write")
	foreign := w.chatToken("solo.localhost", "grant_type", "client_credentials").pair().Access
	for _, endpoint := range []struct {
		method, target, scope string
		all                   bool // roles
	}{
		{"GET", chat.AccountPath, "read", true},
		{"GET", chat.ClientsPath, "read", false},
		{"POST", chat.ClientsPath, "write", false},
		{"GET", fmt.Sprintf("%s/%d", chat.ClientsPath, app), "read", false},
		{"PUT", fmt.Sprintf("%s/%d", chat.ClientsPath, app), "write", false},
		{"DELETE", chat.ClientsPath + "/999999", "write", false},
		{"GET", chat.TokensPath, "read", false},
		{"GET", chat.TokensPath + "/999999", "read", false},
		{"DELETE", chat.TokensPath + "/999999", "write", false},
	} {
		w.run(endpoint.method+" "+endpoint.target, func(t *testing.T) {
			w.clock.pass(time.Minute) // so that the failures of the last one do not count
			before := w.rows()
			ask := func(host, authorization string) *reply {
				return w.call(call{
					Method: endpoint.method, Host: host, Target: endpoint.target,
					Header: header("Content-Type", "application/json", "Authorization", authorization), Body: "{",
				})
			}
			as := func(token string) *reply { return ask("acme.localhost", "Bearer "+token) }
			w.call(call{Method: endpoint.method, Target: endpoint.target}).wantBody(401, couldntAuthenticate)
			for name, token := range map[string]string{"Support's": support, "another account's": foreign, "no token": "x"} {
				if r := as(token); r.Status != 401 || r.Body != invalidToken {
					t.Errorf("%s: %d %s", name, r.Status, r.Body)
				}
			}
			// OAuth is obligatory where there is Support; with Chat alone, Basic will do.
			ask("acme.localhost", basic(ada, adaPassword)).wantBody(401, couldntAuthenticate)
			if r := ask("solo.localhost", basic(solo, soloPassword)); r.Status == 401 || r.Status == 403 {
				t.Errorf("Basic with Chat alone: %d %s", r.Status, r.Body)
			}
			ask("solo.localhost", basic(solo, "wrong")).wantBody(401, couldntAuthenticate)
			ask("solo.localhost", basic(solo+"/token", "wrong")).wantBody(401, couldntAuthenticate)
			right, wrong := reader, writer
			if endpoint.scope == "write" {
				right, wrong = writer, reader
			}
			for _, token := range []string{wrong, talker} {
				as(token).wantBody(403, chatForbids+endpoint.scope+`"}`)
			}
			for _, token := range []string{admin, right} {
				if r := as(token); r.Status == 401 || r.Status == 403 {
					t.Errorf("an admin is refused: %d %s", r.Status, r.Body)
				}
			}
			for _, token := range []string{agent, customer} {
				if r := as(token); (r.Status == 200) != endpoint.all || !endpoint.all && r.Body != forbidden {
					t.Errorf("no admin: %d %s", r.Status, r.Body)
				}
			}
			w.unchanged(before)
		})
	}
}

// Chat's tokens open nothing in Support: not its API, not its management, nor
// what says more of a token.
func TestChatTokensStayInChat(t *testing.T) {
	w := onSQLite(t, options{})
	w.plantChat()
	access := w.chatBearer(ada, "read write chat")
	for _, target := range []string{
		"/api/v2/users/me", tokensPath, tokensPath + "/current", clientsPath, globalsPath, keysPath, "/api/v2/users",
	} {
		w.api(access, http.MethodGet, target, "").wantBody(401, invalidToken)
	}
	w.api(access, http.MethodDelete, tokensPath+"/current", "").wantBody(401, invalidToken)
	var about struct{ Active bool }
	w.call(call{Method: http.MethodPost, Target: "/oauth/introspect", Body: form("token", access, "client_id", "app", "client_secret", appSecret).Encode()}).into(200, &about)
	if about.Active {
		t.Error("Support's introspection knows it")
	}
	w.call(call{Method: http.MethodPost, Target: "/oauth/revoke", Body: form("token", access, "client_id", "app", "client_secret", appSecret).Encode()}).want(200)
	w.chatAccount("acme.localhost", access).want(200)
	// Its clients and Support's do not see each other either.
	id := w.oauthClient("acme", "single").ID
	w.api(access, http.MethodGet, fmt.Sprintf("%s/%d", chat.ClientsPath, id), "").wantBody(404, notFound)
	w.api(access, http.MethodDelete, fmt.Sprintf("%s/%d", chat.ClientsPath, id), "").wantBody(404, notFound)
	made := w.createChatClient(access, `{"name":"N","client_identifier":"single","redirect_uris":[]}`)
	w.api(w.bearer(ada), http.MethodGet, fmt.Sprintf("%s/%d", clientsPath, made.ID), "").wantBody(404, notFound)
}

func TestChatBadInput(t *testing.T) {
	w := onSQLite(t, options{})
	w.plantChat()
	admin := w.chatBearer(ada, "read write")
	made := w.createChatClient(admin, `{"name":"N","client_identifier":"taken"}`)
	one := fmt.Sprintf("%s/%d", chat.ClientsPath, made.ID)
	invalid := func(details ...string) string {
		return `{"error":"RecordInvalid","description":"Record validation errors","details":{` + strings.Join(details, ",") + `}}`
	}
	detail := func(field, words, code string) string {
		return `"` + field + `":[{"description":"` + words + `","error":"` + code + `"}]`
	}
	attribute := func(name, must, action string) string {
		return `{"error":{"title":"Invalid attribute","message":"You passed an invalid value for the ` + name + ` attribute. Invalid parameter: ` + name + ` ` + must + ` from api/v2/chat/oauth/clients/` + action + `"}}`
	}
	blank := detail("name", "Name: cannot be blank", "BlankValue")
	for _, c := range []struct {
		name, method, target, body string
		status                     int
		want                       string
	}{
		{"nothing", "POST", chat.ClientsPath, ``, 422, invalid(blank)},
		{"an empty object", "POST", chat.ClientsPath, `{}`, 422, invalid(blank)},
		{"an array", "POST", chat.ClientsPath, `[]`, 422, invalid(blank)},
		{"null", "POST", chat.ClientsPath, `null`, 422, invalid(blank)},
		{"Support's envelope", "POST", chat.ClientsPath, `{"client":{"name":"x"}}`, 422, invalid(blank)},
		{"broken off", "POST", chat.ClientsPath, `{"name":`, 422, noJSON},
		{"two objects", "POST", chat.ClientsPath, `{"name":"x"}{}`, 422, noJSON},
		{"deep lists", "POST", chat.ClientsPath, strings.Repeat("[", 50000), 422, noJSON},
		{"1 MiB", "POST", chat.ClientsPath, `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, tooLarge},
		{"a name that is a number", "POST", chat.ClientsPath, `{"name":1}`, 400, attribute("name", "must be a string", "create")},
		{"a company that is a list", "POST", chat.ClientsPath, `{"name":"x","company":[]}`, 400, attribute("company", "must be a string", "create")},
		{"scopes that are a list", "POST", chat.ClientsPath, `{"name":"x","scopes":["read"]}`, 400, attribute("scopes", "must be a string", "create")},
		{"redirects that are a number", "PUT", one, `{"redirect_uris":1}`, 400, attribute("redirect_uris", "must be a list of addresses", "update")},
		{"redirects of numbers", "PUT", one, `{"redirect_uris":[1]}`, 400, attribute("redirect_uris", "must be a list of addresses", "update")},
		{"a redirect that cannot be", "PUT", one, `{"redirect_uris":"http://a.example/"}`, 422, invalid(detail("redirect_uris", "Redirect uris: line 1: the redirect URL must use https, unless it is for localhost, 127.0.0.1 or [::1]", "InvalidFormat"))},
		{"a type", "PUT", one, `{"client_type":"secret"}`, 422, invalid(detail("client_type", "Client type: must be public or confidential", "InvalidValue"))},
		{"an unknown scope", "PUT", one, `{"scopes":"read tickets:read"}`, 422, invalid(detail("scopes", `Scopes: there is no scope \"tickets:read\"`, "InvalidValue"))},
		{"a blank name", "PUT", one, `{"name":" "}`, 422, invalid(blank)},
		{"an identifier that is taken", "POST", chat.ClientsPath, `{"name":"x","client_identifier":"taken"}`, 422, invalid(detail("client_identifier", "Client identifier: has already been taken", "DuplicateValue"))},
		{"a number that is none", "GET", chat.ClientsPath + "/app", ``, 404, notFound},
		{"a number too large", "PUT", chat.ClientsPath + "/99999999999999999999", `{}`, 404, notFound},
		{"a negative number", "DELETE", chat.ClientsPath + "/-1", ``, 404, notFound},
		{"a token's", "GET", chat.TokensPath + "/%00", ``, 404, notFound},
		{"a token's, too", "DELETE", chat.TokensPath + "/x", ``, 404, notFound},
		{"making a token", "POST", chat.TokensPath, `{}`, 404, invalidEndpoint},
		{"changing the account", "PUT", chat.AccountPath, `{}`, 404, invalidEndpoint},
	} {
		w.run(c.name, func(*testing.T) {
			before := w.rows()
			w.api(admin, c.method, c.target, c.body).wantBody(c.status, c.want)
			w.unchanged(before)
		})
	}
	got := w.api(admin, http.MethodPut, one, `{"name":"M","colour":"red","client_secret":"mine","id":1}`).want(200).Header.Get("X-Zendesk-Api-Warn")
	if want := `Removed restricted keys ["colour"] from parameters according to whitelist`; got != want {
		t.Errorf("warns %s", got)
	}
}

// The account says the same of itself to whoever may ask, and its key is no secret.
func TestChatAccount(t *testing.T) {
	w := onSQLite(t, options{})
	w.plantChat()
	r := w.chatAccount("acme.localhost", w.chatBearer(grace, "read"))
	var first, again, other chat.Account
	r.into(200, &first)
	want := chat.Account{
		AccountKey: first.AccountKey, Status: "active", CreateDate: zendesk.TimeOf(w.clock.Now()),
		Plan: chat.Plan{Name: "none", MaxAgents: 100}, Billing: chat.Billing{Company: "Acme Inc."},
	}
	if diff := cmp.Diff(want, first); diff != "" || len(first.AccountKey) != 32 {
		t.Errorf("key %q, %s", first.AccountKey, diff)
	}
	w.chatAccount("acme.localhost", w.chatBearer(ada, "read")).into(200, &again)
	w.call(call{Host: "solo.localhost", Target: chat.AccountPath + ".json", Header: header("Authorization", basic(solo, soloPassword))}).into(200, &other)
	if diff := cmp.Diff(first, again); diff != "" || other.AccountKey == first.AccountKey {
		t.Errorf("another account's key is %q, and to another person it says%s", other.AccountKey, diff)
	}
}
