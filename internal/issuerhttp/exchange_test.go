package issuerhttp_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Whoever speaks to Zendesk has found another form for a token request. All of
// them say the same.
func TestTokenRequestForms(t *testing.T) {
	w := onSQLite(t, options{})
	asJSON := func(code string, more ...string) string {
		object := map[string]string{}
		for name, all := range with(grant(code), more...) {
			object[name] = all[0]
		}
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("app:"+appSecret))
	jsonType := header("Content-Type", "application/json")
	for _, c := range []struct {
		name string
		call func(code string) call
	}{
		{"a form", func(code string) call { return call{Body: grant(code).Encode()} }},
		{"a form without a type", func(code string) call {
			return call{Header: header("Content-Type", " "), Body: grant(code).Encode()}
		}},
		{"a form with a charset", func(code string) call {
			return call{Header: header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"), Body: grant(code).Encode()}
		}},
		{"JSON", func(code string) call { return call{Header: jsonType, Body: asJSON(code)} }},
		{"JSON with a charset", func(code string) call {
			return call{Header: header("Content-Type", "Application/JSON; charset=utf-8"), Body: asJSON(code)}
		}},
		{"JSON with nulls and what is unknown", func(code string) call {
			return call{Header: jsonType, Body: strings.TrimSuffix(asJSON(code), "}") + `,"scope":null,"x":true,"expires_in":null}`}
		}},
		{"the query", func(code string) call { return call{Target: zendesk.TokenPath + "?" + grant(code).Encode()} }},
		{"query and body", func(code string) call {
			return call{Target: zendesk.TokenPath + "?grant_type=authorization_code", Body: grant(code, "grant_type", absent).Encode()}
		}},
		{"Basic", func(code string) call {
			return call{Header: header("Authorization", basic), Body: grant(code, "client_id", absent, "client_secret", absent).Encode()}
		}},
		{"Basic and the same id in the body", func(code string) call {
			return call{Header: header("Authorization", basic), Body: grant(code, "client_secret", absent).Encode()}
		}},
		{"Basic and JSON", func(code string) call {
			return call{Header: header("Authorization", basic, "Content-Type", "application/json"), Body: asJSON(code, "client_id", absent, "client_secret", absent)}
		}},
		{"a header that is no client's", func(code string) call {
			return call{Header: header("Authorization", "Bearer whatever-it-is"), Body: grant(code).Encode()}
		}},
		{"what nobody knows, once", func(code string) call { return call{Body: grant(code, "resource", "x", "audience", "").Encode()} }},
		{"PKCE beside the secret", func(string) call {
			verifier := oauth.NewVerifier(nil)
			return call{Body: grant(w.code("code_challenge", oauth.S256(verifier), "code_challenge_method", "S256"), "code_verifier", verifier).Encode()}
		}},
		// Facts section 4.4: a confidential client proves itself by secret, PKCE or both.
		{"PKCE instead of the secret", func(string) call {
			verifier := oauth.NewVerifier(nil)
			return call{Body: grant(w.code("code_challenge", oauth.S256(verifier), "code_challenge_method", "S256"),
				"code_verifier", verifier, "client_secret", absent).Encode()}
		}},
		{"the other address", func(string) call {
			return call{Body: grant(w.code("redirect_uri", appSecondary), "redirect_uri", appSecondary).Encode()}
		}},
		// It has one address, which may be left out at both ends or named at the second.
		{"no redirect_uri at all", func(string) call {
			code := w.as(ada).allow(request("client_id", "single", "redirect_uri", absent)).code()
			return call{Body: grant(code, "client_id", "single", "client_secret", singleSecret, "redirect_uri", absent).Encode()}
		}},
		{"redirect_uri at the exchange alone", func(string) call {
			code := w.as(ada).allow(request("client_id", "single", "redirect_uri", absent)).code()
			return call{Body: grant(code, "client_id", "single", "client_secret", singleSecret, "redirect_uri", singleCallback).Encode()}
		}},
	} {
		w.run(c.name, func(t *testing.T) {
			send := c.call(w.code())
			send.Method = http.MethodPost
			if send.Target == "" {
				send.Target = zendesk.TokenPath
			}
			r := w.call(send)
			got := r.pair()
			r.wantOAuthHeaders()
			want := pair{Access: got.Access, Refresh: got.Refresh, Type: "bearer", Scope: "read write", RefreshExpires: number(2592000)}
			if fmt.Sprint(got.text()) != fmt.Sprint(want.text()) || got.Refresh == "" {
				t.Errorf("got %s, want %s", got.text(), want.text())
			}
			w.alive(got.Access)
		})
	}
}

func number(n int64) *int64 { return &n }

// text is what a pair says beside its secrets.
func (p pair) text() string {
	seconds := func(n *int64) string {
		if n == nil {
			return "none"
		}
		return fmt.Sprint(*n)
	}
	return fmt.Sprintf("%s %q expires %s refresh expires %s", p.Type, p.Scope, seconds(p.Expires), seconds(p.RefreshExpires))
}

func TestScopes(t *testing.T) {
	w := onSQLite(t, options{})
	for _, c := range []struct {
		name, asked, exchanged string // absent: not sent
		granted                string
	}{
		{"left out at the exchange", "read write", absent, "read write"},
		{"empty at the exchange", "read write", "", "read write"},
		{"the same", "read write", "read write", "read write"},
		{"in another order", "read write", "write read", "write read"},
		{"narrowed", "read write", "read", "read"},
		{"narrowed within a broad one", "read", "tickets:read users:read", "tickets:read users:read"},
		{"both accesses of a resource, narrowed to one", "tickets", "tickets:write", "tickets:write"},
		{"a typing error is dropped in silence", "read wirte", absent, "read"},
		{"a typing error at the exchange", "read write", "raed write", "write"},
		{"only typing errors: a token that opens nothing", "raed", absent, ""},
		{"no scope at all", absent, absent, ""},
		{"a repeated word", "read read write", absent, "read write"},
	} {
		w.run(c.name, func(t *testing.T) {
			got := w.token(grant(w.code("scope", c.asked), "scope", c.exchanged)).pair()
			if got.Scope != c.granted {
				t.Errorf("granted %q, want %q", got.Scope, c.granted)
			}
			// A refresh that says nothing keeps what the token had.
			if again := w.token(renewal(got.Refresh)).pair(); again.Scope != c.granted {
				t.Errorf("refreshed %q, want %q", again.Scope, c.granted)
			}
		})
	}
}

func TestAllowedScopes(t *testing.T) {
	w := onSQLite(t, options{}) // the client narrow is allowed read and tickets:write
	ask := func(scope string) *reply {
		return w.as(ada).authorize(request("client_id", "narrow", "redirect_uri", "https://narrow.example/cb", "scope", scope))
	}
	for _, c := range []struct{ scope, want string }{
		{"read", "asked"},
		{"tickets:write", "asked"},
		{"tickets", "asked"}, // read covers its half
		{"users:read tickets:write", "asked"},
		{"nonsense read", "asked"},
		{"write", "refused"},
		{"users:write", "refused"},
		{"read write", "refused"},
		{"impersonate", "refused"},
	} {
		r, got := ask(c.scope), "asked"
		if r.Status == http.StatusFound {
			got = "refused"
			if e := r.answer().Get("error"); e != "invalid_scope" {
				t.Errorf("%s: error %q", c.scope, e)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.scope, got, c.want)
		}
	}
	// At the token endpoint the same ceiling is a 400 (facts section 5.2).
	ofNarrow := []string{"client_id", "narrow", "client_secret", narrowSecret, "redirect_uri", "https://narrow.example/cb"}
	code := w.as(ada).allow(request("client_id", "narrow", "redirect_uri", "https://narrow.example/cb", "scope", "read")).code()
	w.token(with(grant(code, ofNarrow...), "scope", "users:write")).wantBody(400, invalidScope)
	// A refused scope costs neither the code nor, later, the refresh token.
	first := w.token(grant(code, ofNarrow...)).pair()
	w.token(with(renewal(first.Refresh, ofNarrow...), "scope", "write")).wantBody(400, invalidScope)
	w.token(renewal(first.Refresh, ofNarrow...)).pair()
}

// Facts section 0.1: an array is turned into a text by Ruby, its words are unknown,
// and the token that Zendesk issues all the same is refused everywhere.
func TestScopeAsArrayIsUseless(t *testing.T) {
	w := onSQLite(t, options{})
	code := w.code()
	w.record("scope_as_array", func(note func(string)) {
		note("The token is issued and opens nothing.")
		got := w.tokenJSON(`{"grant_type":"authorization_code","code":"` + code + `","client_id":"app","client_secret":"` + appSecret + `","redirect_uri":"` + appCallback + `","scope":["read","write"]}`).pair()
		w.me(got.Access).wantBody(403, `{"error":"Forbidden","description":"You are missing the following required scopes: users:read, read"}`)
	})
}

func TestLifetimes(t *testing.T) {
	w := onSQLite(t, options{})
	const never = time.Duration(1<<62 - 1)
	for _, c := range []struct {
		name      string
		globex    bool   // its tokens are of the era without expiry
		params    string // further members of the JSON
		expires   *int64
		refresh   int64
		accessFor time.Duration
	}{
		{"not asked, enforced: it expires and does not say so", false, "", nil, 2592000, 30 * time.Minute},
		{"not asked, legacy: it never expires", true, "", nil, 2592000, never},
		{"asked by number", false, `,"expires_in":86400,"refresh_token_expires_in":604800`, number(86400), 604800, 24 * time.Hour},
		{"asked by text", false, `,"expires_in":"86400","refresh_token_expires_in":"604800"`, number(86400), 604800, 24 * time.Hour},
		{"asked, legacy", true, `,"expires_in":300`, number(300), 2592000, 5 * time.Minute},
		{"the least", false, `,"expires_in":300,"refresh_token_expires_in":604800`, number(300), 604800, 5 * time.Minute},
		{"the most", false, `,"expires_in":172800,"refresh_token_expires_in":7776000`, number(172800), 7776000, 48 * time.Hour},
		{"the refresh token's alone", false, `,"refresh_token_expires_in":7776000`, nil, 7776000, 30 * time.Minute},
		{"null is not asked", false, `,"expires_in":null`, nil, 2592000, 30 * time.Minute},
		{"empty is not asked", false, `,"expires_in":""`, nil, 2592000, 30 * time.Minute},
	} {
		w.run(c.name, func(t *testing.T) {
			host, person, key := "acme.localhost", ada, appSecret
			if c.globex {
				host, person, key = "globex.localhost", hank, globexSecret
			}
			delete(w.people, person) // time passes here, and sessions end
			body := func(grant string) string {
				return `{"client_id":"app","client_secret":"` + key + `",` + grant + c.params + `}`
			}
			exchange := func(grant string) pair {
				return w.call(call{
					Method: http.MethodPost, Host: host, Target: zendesk.TokenPath,
					Header: header("Content-Type", "application/json"), Body: body(grant),
				}).pair()
			}
			first := exchange(`"grant_type":"authorization_code","code":"` + w.as(person).allow(request()).code() + `","redirect_uri":"` + appCallback + `"`)
			second := exchange(`"grant_type":"refresh_token","refresh_token":"` + first.Refresh + `"`)
			for _, got := range []pair{first, second} {
				want := pair{Type: "bearer", Scope: "read write", Expires: c.expires, RefreshExpires: number(c.refresh)}
				if got.text() != want.text() {
					t.Errorf("got %s, want %s", got.text(), want.text())
				}
			}
			me := func() int {
				return w.call(call{Host: host, Target: zendesk.UsersMePath, Header: header("Authorization", "Bearer "+second.Access)}).Status
			}
			at := time.Duration(0)
			until := func(d time.Duration) { w.clock.pass(d - at); at = d }
			if c.accessFor == never {
				until(100 * 24 * time.Hour)
				if got := me(); got != 200 {
					t.Errorf("%d after a hundred days", got)
				}
				return
			}
			until(c.accessFor - time.Microsecond)
			if got := me(); got != 200 {
				t.Errorf("%d before its end", got)
			}
			until(c.accessFor)
			if got := me(); got != 401 {
				t.Errorf("%d at its end", got)
			}
			until(time.Duration(c.refresh)*time.Second - time.Microsecond)
			third := exchange(`"grant_type":"refresh_token","refresh_token":"` + second.Refresh + `"`)
			at = 0 // the refresh token begins a life of its own
			until(time.Duration(c.refresh) * time.Second)
			w.call(call{Method: http.MethodPost, Host: host, Target: zendesk.TokenPath, Body: renewal(third.Refresh, "client_secret", key).Encode()}).
				wantBody(400, invalidGrant)
		})
	}
}

func TestLifetimesOutOfBounds(t *testing.T) {
	w := onSQLite(t, options{})
	code := w.code()
	for _, params := range []string{
		`"expires_in":299`, `"expires_in":172801`, `"expires_in":0`, `"expires_in":-1`, `"expires_in":1800.5`, `"expires_in":1.8e3`,
		`"expires_in":99999999999999999999`, `"expires_in":1e400`, `"expires_in":"soon"`, `"expires_in":" 1800"`, `"expires_in":"+1800"`,
		`"expires_in":true`, `"expires_in":[1800]`, `"expires_in":{"n":1800}`, `"expires_in":"0x708"`, `"expires_in":"١٨٠٠"`,
		`"refresh_token_expires_in":604799`, `"refresh_token_expires_in":7776001`, `"refresh_token_expires_in":-604800`,
	} {
		w.run(params, func(*testing.T) {
			w.tokenJSON(`{"grant_type":"authorization_code","code":"`+code+`","client_id":"app","client_secret":"`+appSecret+`","redirect_uri":"`+appCallback+`",`+params+`}`).
				wantBody(400, invalidRequest)
		})
	}
	w.token(grant(code)).pair() // none of them cost the code
}

func TestCodeLastsTwoMinutes(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		early, late := w.code(), w.code()
		w.clock.pass(120*time.Second - time.Microsecond)
		w.token(grant(early)).pair()
		w.clock.pass(time.Microsecond)
		w.token(grant(late)).wantBody(400, invalidGrant)
	})
}

// Whoever asked twice, because an answer was lost, must not lose what the first
// request won.
func TestReuseIsRefusedAndHarmsNobody(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		code := w.code()
		first := w.token(grant(code)).pair()
		w.token(grant(code)).wantBody(400, invalidGrant)
		w.alive(first.Access)
		second := w.token(renewal(first.Refresh)).pair()
		w.dead(first.Access)
		for range 3 {
			w.token(renewal(first.Refresh)).wantBody(400, invalidGrant)
		}
		w.token(grant(code)).wantBody(400, invalidGrant)
		w.alive(second.Access)
		third := w.token(renewal(second.Refresh)).pair()
		w.alive(third.Access)
		w.dead(second.Access)
	})
}

// One code, and one refresh token, exchanged many times at once: one wins, and what
// it won lives. That each engine decides so is tested in package store; here, that
// the wire says so.
func TestManyAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const many = 32
		race := func(body string) (won pair) {
			replies := make([]*reply, many)
			var all sync.WaitGroup
			for i := range many {
				all.Go(func() { replies[i] = w.call(call{Method: http.MethodPost, Target: zendesk.TokenPath, Body: body}) })
			}
			all.Wait()
			winners := 0
			for _, r := range replies {
				switch {
				case r == nil:
					t.Fatal("a request got no answer")
				case r.Status == http.StatusOK:
					winners++
					won = r.pair()
				default:
					r.wantBody(400, invalidGrant)
				}
			}
			if winners != 1 {
				t.Fatalf("%d won", winners)
			}
			w.alive(won.Access)
			return won
		}
		for range 3 {
			first := race(grant(w.code()).Encode())
			second := race(renewal(first.Refresh).Encode())
			w.token(renewal(second.Refresh)).pair()
		}
	})
}

// A restart between authorization and exchange loses nothing.
func TestRestart(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		code := w.code()
		old := w.token(grant(w.code())).pair()
		w.server.Close()
		again := newWorld(t, w.dsn, options{Clock: w.clock})
		got := again.token(grant(code)).pair()
		again.alive(got.Access)
		again.alive(old.Access)
		again.token(renewal(old.Refresh)).pair()
	})
}
