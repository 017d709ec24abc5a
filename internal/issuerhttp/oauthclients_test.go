package issuerhttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

// shownClient is a client as the API shows it.
type shownClient struct {
	Client zendesk.Client `json:"client"`
}

func (w *world) createClient(bearer, body string) zendesk.Client {
	w.t.Helper()
	var made shownClient
	r := w.api(bearer, http.MethodPost, clientsPath+".json", body).into(201, &made)
	w.secrets.learn("client secret", made.Client.Secret)
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		w.t.Errorf("caches may keep the secret: %q", got)
	}
	if r.Header.Get("Location") != made.Client.URL {
		w.t.Errorf("at %q: %q", r.Header.Get("Location"), made.Client.URL)
	}
	return made.Client
}

// credentialsGrant is a client credentials request of a client with a secret.
func (w *world) credentialsGrant(identifier, key string) *reply {
	w.t.Helper()
	return w.token(form("grant_type", "client_credentials", "client_id", identifier, "client_secret", key, "scope", "read write"))
}

// The life of a client (facts section 4).
func TestClientFromCreationToDeletion(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		admin, owner := w.bearer(ada), int64(w.user(ada).ID)
		since := w.lastEvent()
		made := w.createClient(admin, `{"client":{"name":"Test client","identifier":"test_client","redirect_uri":["https://t.example/cb"],"company":"T & Co."}}`)
		company, now := "T & Co.", zendesk.TimeOf(w.clock.Now())
		want := zendesk.Client{
			ID: made.ID, Identifier: "test_client", Name: "Test client", Company: &company, Kind: "confidential",
			RedirectURI: []string{"https://t.example/cb"}, Secret: made.Secret, UserID: &owner,
			URL: fmt.Sprintf("http://acme.localhost%s/%d.json", clientsPath, made.ID), CreatedAt: now, UpdatedAt: now,
		}
		if diff := cmp.Diff(want, made); diff != "" {
			t.Error(diff)
		}
		if len(made.Secret) != 64 {
			t.Errorf("the secret is %q", made.Secret)
		}

		target := fmt.Sprintf("%s/%d.json", clientsPath, made.ID)
		var shown shownClient
		w.api(admin, http.MethodGet, target, "").into(200, &shown)
		want.Secret = made.Secret[:9]
		if diff := cmp.Diff(want, shown.Client); diff != "" {
			t.Error(diff)
		}
		access := w.credentialsGrant("test_client", made.Secret).pair().Access
		w.alive(access)

		// A part of it changes, the rest stays, and so does its secret.
		w.clock.pass(time.Minute)
		w.api(admin, http.MethodPut, target, `{"client":{"name":"My New OAuth2 Client","description":"Now\nwith words","allowed_scopes":["read","tickets:write"]}}`).into(200, &shown)
		description := "Now\nwith words"
		want.Name, want.Description, want.AllowedScopes, want.UpdatedAt = "My New OAuth2 Client", &description, []string{"read", "tickets:write"}, zendesk.TimeOf(w.clock.Now())
		if diff := cmp.Diff(want, shown.Client); diff != "" {
			t.Error(diff)
		}
		w.credentialsGrant("test_client", made.Secret).want(400) // write is outside of them now
		w.alive(w.token(form("grant_type", "client_credentials", "client_id", "test_client", "client_secret", made.Secret)).pair().Access)

		// Public, it may no longer act for itself, and must bring a challenge.
		shown = shownClient{}
		w.api(admin, http.MethodPut, target, `{"client":{"kind":"public","company":null,"allowed_scopes":[]}}`).into(200, &shown)
		if shown.Client.Kind != "public" || shown.Client.Company != nil || shown.Client.AllowedScopes != nil {
			t.Errorf("it became %+v", shown.Client)
		}
		w.credentialsGrant("test_client", made.Secret).want(400)
		ask := request("client_id", "test_client", "redirect_uri", "https://t.example/cb")
		if got := w.as(ada).authorize(ask).answer().Get("error"); got != "invalid_request" {
			t.Errorf("a public client without a challenge: %q", got)
		}

		// Deleted, nothing of it lives.
		w.api(admin, http.MethodPut, target, `{"client":{"kind":"confidential"}}`).want(200)
		code := w.as(ada).allow(ask).code()
		w.api(admin, http.MethodDelete, target, "").wantBody(204, "")
		w.dead(access)
		w.token(grant(code, "client_id", "test_client", "client_secret", made.Secret, "redirect_uri", "https://t.example/cb")).wantBody(401, invalidClient)
		w.as(ada).authorize(ask).want(400)
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			w.api(admin, method, target, "").wantBody(404, notFound)
		}
		w.api(admin, http.MethodPut, target, `{"client":{"name":"x"}}`).wantBody(404, notFound)
		if again := w.createClient(admin, `{"client":{"name":"Again","identifier":"test_client"}}`); again.ID <= made.ID {
			t.Errorf("the number %d was given again", again.ID)
		}
		id := fmt.Sprintf("client %d", made.ID)
		events := []string{
			"client.created " + id + " test_client", "client.updated " + id + " name, description, allowed_scopes",
			"client.updated " + id + " company, kind, allowed_scopes", "client.updated " + id + " kind",
			"client.deleted " + id + " test_client", fmt.Sprintf("client.created client %d test_client", made.ID+1),
		}
		if diff := cmp.Diff(events, w.said(since)); diff != "" {
			t.Error(diff)
		}
	})
}

// A change that changes nothing is none.
func TestClientSentBackAsItWas(t *testing.T) {
	w := onSQLite(t, options{})
	admin, target := w.bearer(ada), fmt.Sprintf("%s/%d", clientsPath, w.oauthClient("acme", "narrow").ID)
	before, since := w.api(admin, http.MethodGet, target, ""), w.lastEvent()
	w.clock.pass(time.Minute)
	after := w.api(admin, http.MethodPut, target, before.Body)
	after.wantBody(200, before.Body)
	if got := after.Header.Get("X-Zendesk-Api-Warn"); got != "" {
		t.Errorf("warns %s", got)
	}
	if said := w.said(since); len(said) != 0 {
		t.Errorf("the audit trail says %q", said)
	}
}

func TestGenerateSecret(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		admin := w.bearer(ada)
		made := w.createClient(admin, `{"client":{"name":"Rolling","identifier":"rolling"}}`)
		roll := func(body string) string {
			t.Helper()
			var shown shownClient
			r := w.api(admin, http.MethodPut, fmt.Sprintf("%s/%d/generate_secret.json", clientsPath, made.ID), body).into(200, &shown)
			w.secrets.learn("client secret", shown.Client.Secret)
			if r.Header.Get("Cache-Control") != "no-store" || len(shown.Client.Secret) != 64 {
				t.Errorf("%q, kept by %q", shown.Client.Secret, r.Header.Get("Cache-Control"))
			}
			return shown.Client.Secret
		}
		works := func(key string, want bool) {
			t.Helper()
			if got := w.credentialsGrant("rolling", key).Status == 200; got != want {
				t.Errorf("a secret works: %t, want %t", got, want)
			}
		}
		second := roll("")
		works(made.Secret, false)
		works(second, true)

		// The old one lives on for an hour, even when time stands still.
		third := roll(`{"old_secret_expires_in":3600}`)
		works(second, true)
		works(third, true)
		var shown shownClient
		w.api(admin, http.MethodGet, fmt.Sprintf("%s/%d", clientsPath, made.ID), "").into(200, &shown)
		if shown.Client.Secret != third[:9] {
			t.Errorf("the hint is %q of %q", shown.Client.Secret, third)
		}
		// Another one in between lengthens no life.
		w.clock.pass(30 * time.Minute)
		fourth := roll(`{"old_secret_expires_in":86400}`)
		w.clock.pass(31 * time.Minute)
		works(second, false)
		works(third, true)
		w.clock.pass(24 * time.Hour)
		works(third, false)
		works(fourth, true)

		const refused = `{"error":"RecordInvalid","description":"Record validation errors","details":{"old_secret_expires_in":[{"description":"Old secret expires in: must be from 0 to 2592000","error":"InvalidValue"}]}}`
		for _, n := range []string{"-1", "2592001", "9223372036854775807"} {
			w.api(admin, http.MethodPut, fmt.Sprintf("%s/%d/generate_secret", clientsPath, made.ID), `{"old_secret_expires_in":`+n+`}`).wantBody(422, refused)
		}
		works(fourth, true)
	})
}

func TestInvalidClients(t *testing.T) {
	w := onSQLite(t, options{})
	admin := w.bearer(ada)
	if err := w.change(w.account("acme"), sam, "admin", nil); err != nil {
		t.Fatal(err)
	}
	detail := func(field, words, code string) string {
		return `"` + field + `":[{"description":"` + words + `","error":"` + code + `"}]`
	}
	for _, c := range []struct {
		name, client string
		want         []string
	}{
		{"nothing", `{}`, []string{detail("identifier", "Identifier: cannot be blank", "BlankValue"), detail("name", "Name: cannot be blank", "BlankValue")}},
		{"blanks", `{"name":"  ","identifier":"\t"}`, []string{detail("identifier", "Identifier: cannot be blank", "BlankValue"), detail("name", "Name: cannot be blank", "BlankValue")}},
		{"nulls", `{"name":null,"identifier":null}`, []string{detail("identifier", "Identifier: cannot be blank", "BlankValue"), detail("name", "Name: cannot be blank", "BlankValue")}},
		{"an identifier that is taken", `{"name":"N","identifier":"app"}`, []string{detail("identifier", "Identifier: has already been taken", "DuplicateValue")}},
		{"an identifier of global clients", `{"name":"N","identifier":"ZDG-mine"}`, []string{detail("identifier", "Identifier: must not begin with zdg-, which is for global clients", "InvalidValue")}},
		{"an identifier with a space", `{"name":"N","identifier":"my app"}`, []string{detail("identifier", "Identifier: must be ASCII letters, digits and signs without spaces", "InvalidFormat")}},
		{"an identifier with a NUL", `{"name":"N","identifier":"a\u0000b"}`, []string{detail("identifier", "Identifier: must be ASCII letters, digits and signs without spaces", "InvalidFormat")}},
		{"an identifier beyond ASCII", `{"name":"N","identifier":"ä"}`, []string{detail("identifier", "Identifier: must be ASCII letters, digits and signs without spaces", "InvalidFormat")}},
		{"long texts", `{"name":"` + strings.Repeat("ä", 256) + `","identifier":"` + strings.Repeat("x", 256) + `","company":"` + strings.Repeat("c", 256) + `"}`, []string{
			detail("company", "Company: is too long (at most 255 characters)", "InvalidValue"),
			detail("identifier", "Identifier: is too long (at most 255 characters)", "InvalidValue"),
			detail("name", "Name: is too long (at most 255 characters)", "InvalidValue"),
		}},
		{"control characters", `{"name":"N\nM","identifier":"n","description":"\u0000"}`, []string{
			detail("description", "Description: holds a control character", "InvalidFormat"), detail("name", "Name: holds a control character", "InvalidFormat"),
		}},
		{"a kind", `{"name":"N","identifier":"n","kind":"secret"}`, []string{detail("kind", "Kind: must be public or confidential", "InvalidValue")}},
		{"null for a kind", `{"name":"N","identifier":"n","kind":null}`, []string{detail("kind", "Kind: must be public or confidential", "InvalidValue")}},
		{"redirects", `{"name":"N","identifier":"n","redirect_uri":["https://a.example/","http://a.example/","/cb","https://a.example/"]}`, []string{
			`"redirect_uri":[{"description":"Redirect uri: line 2: the redirect URL must use https, unless it is for localhost, 127.0.0.1 or [::1]","error":"InvalidFormat"},` +
				`{"description":"Redirect uri: line 3: the redirect URL must be absolute, like https://example.com/callback","error":"InvalidFormat"},` +
				`{"description":"Redirect uri: line 4: is there twice","error":"DuplicateValue"}]`,
		}},
		{"too many redirects", `{"name":"N","identifier":"n","redirect_uri":["` + strings.Repeat(`x","`, 100) + `x"]}`, []string{detail("redirect_uri", "Redirect uri: must be at most 100", "InvalidValue")}},
		{"an unknown scope", `{"name":"N","identifier":"n","allowed_scopes":["read","tickets:reed"]}`, []string{detail("allowed_scopes", `Allowed scopes: there is no scope \"tickets:reed\"`, "InvalidValue")}},
		{"two scopes in one", `{"name":"N","identifier":"n","allowed_scopes":["read write"]}`, []string{detail("allowed_scopes", `Allowed scopes: there is no scope \"read write\"`, "InvalidValue")}},
		{"overlapping scopes", `{"name":"N","identifier":"n","allowed_scopes":["tickets:read","read"]}`, []string{detail("allowed_scopes", "Allowed scopes: tickets:read overlaps read, which includes it", "InvalidValue")}},
		{"a scope twice", `{"name":"N","identifier":"n","allowed_scopes":["read","read"]}`, []string{detail("allowed_scopes", "Allowed scopes: read overlaps read, which includes it", "InvalidValue")}},
		{"an agent's", fmt.Sprintf(`{"name":"N","identifier":"n","user_id":%d}`, w.user(grace).ID), []string{detail("user_id", "User id: must be the id of an admin of this account", "InvalidValue")}},
		{"a suspended admin's", fmt.Sprintf(`{"name":"N","identifier":"n","user_id":%d}`, w.user(sam).ID), []string{detail("user_id", "User id: must be the id of an admin of this account", "InvalidValue")}},
		{"another account's admin's", fmt.Sprintf(`{"name":"N","identifier":"n","user_id":%d}`, w.user(hank).ID), []string{detail("user_id", "User id: must be the id of an admin of this account", "InvalidValue")}},
	} {
		w.run(c.name, func(t *testing.T) {
			before := w.rows()
			want := `{"error":"RecordInvalid","description":"Record validation errors","details":{` + strings.Join(c.want, ",") + `}}`
			w.api(admin, http.MethodPost, clientsPath, `{"client":`+c.client+`}`).wantBody(422, want)
			w.unchanged(before)
		})
	}
	// The same rules hold for a change, and what is there already breaks none.
	target := fmt.Sprintf("%s/%d", clientsPath, w.oauthClient("acme", "narrow").ID)
	w.api(admin, http.MethodPut, target, `{"client":{"identifier":"app","name":""}}`).wantBody(422,
		`{"error":"RecordInvalid","description":"Record validation errors","details":{`+
			detail("identifier", "Identifier: has already been taken", "DuplicateValue")+","+detail("name", "Name: cannot be blank", "BlankValue")+`}}`)
	w.api(admin, http.MethodPut, target, `{"client":{"identifier":"narrow"}}`).want(200)
	for _, scopes := range []string{`["read","tickets:write"]`, `["organizations:write","read"]`, `["tickets","users:read"]`, `[]`, `null`} {
		w.api(admin, http.MethodPut, target, `{"client":{"allowed_scopes":`+scopes+`}}`).want(200)
	}
}

// Another account's clients are nobody's here, and one's own are those one made.
func TestWhoseClients(t *testing.T) {
	w := onSQLite(t, options{})
	if err := w.change(w.account("acme"), grace, "admin", nil); err != nil {
		t.Fatal(err)
	}
	admin, other := w.bearer(ada), w.bearer(grace)
	foreign := fmt.Sprintf("%s/%d", clientsPath, w.oauthClient("globex", "app").ID)
	w.api(admin, http.MethodGet, foreign, "").wantBody(404, notFound)
	w.api(admin, http.MethodPut, foreign, `{"client":{"name":"mine"}}`).wantBody(404, notFound)
	w.api(admin, http.MethodPut, foreign+"/generate_secret", "").wantBody(404, notFound)
	w.api(admin, http.MethodDelete, foreign, "").wantBody(404, notFound)
	made := w.createClient(other, `{"client":{"name":"Grace's","identifier":"graces"}}`)
	names := func(bearer, target string) []string {
		t.Helper()
		var list struct{ Clients []zendesk.Client }
		w.api(bearer, http.MethodGet, target, "").into(200, &list)
		var all []string
		for _, c := range list.Clients {
			if len(c.Secret) > 9 {
				t.Errorf("the list shows the secret of %s: %q", c.Identifier, c.Secret)
			}
			all = append(all, c.Identifier+" "+c.Secret)
		}
		return all
	}
	if diff := cmp.Diff([]string{"graces " + made.Secret[:9]}, names(other, "/api/v2/users/me/oauth/clients.json")); diff != "" {
		t.Error(diff)
	}
	mine := []string{"app acme-app-", "single acme-sing", "bare acme-bare", "spa acme-spa-", "narrow acme-narr"}
	if diff := cmp.Diff(mine, names(admin, "/api/v2/users/me/oauth/clients")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(append(mine, "graces "+made.Secret[:9]), names(admin, clientsPath)); diff != "" {
		t.Error(diff)
	}
	// It belongs to whom an admin says, who then acts by its credentials.
	w.api(admin, http.MethodPut, fmt.Sprintf("%s/%d", clientsPath, made.ID), fmt.Sprintf(`{"client":{"user_id":%d}}`, w.user(ada).ID)).want(200)
	if me := w.me(w.credentialsGrant("graces", made.Secret).pair().Access); !strings.Contains(me.Body, ada) {
		t.Errorf("it acts as %s", me.Body)
	}
}
