package issuerhttp_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// The bodies of the token endpoint's errors, as facts section 2.6 has them: written
// out here too, so that a slip in package zendesk does not pass.
const (
	invalidGrant         = `{"error":"invalid_grant","error_description":"The provided access grant is invalid, expired, or revoked (e.g. invalid assertion, expired authorization token, bad end-user password credentials, or mismatching authorization code and redirection URI)."}`
	invalidClient        = `{"error":"invalid_client","error_description":"The client identifier provided is invalid, the client failed to authenticate, the client did not include its credentials, provided multiple client credentials, or used unsupported credentials type."}`
	invalidRequest       = `{"error":"invalid_request","error_description":"The request is missing a required parameter, includes an unsupported parameter or parameter value, repeats a parameter, includes multiple credentials, utilizes more than one mechanism for authenticating the client, or is otherwise malformed."}`
	unsupportedGrantType = `{"error":"unsupported_grant_type","error_description":"The access grant included - its type or another attribute - is not supported by the authorization server."}`
	invalidScope         = `{"error":"invalid_scope","error_description":"The requested scope is invalid, unknown, malformed, or exceeds the previously granted scope."}`
)

func TestTokenErrors(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		atGlobex := w.as(hank).allow(request()).code()
		strangers := w.tokenAt("globex.localhost", grant(w.as(hank).allow(request()).code(), "client_secret", globexSecret)).pair()
		publicQuery, verifier := publicRequest()
		ofAnother := w.as(ada).allow(publicQuery).code()
		held := w.token(grant(w.code())).pair()
		basic := func(pair string) http.Header {
			return header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
		}
		const unknownCode = "00000000000000000000"
		for _, c := range []struct {
			name string
			call call
			want int
			body string
		}{
			{"an unknown code", call{Body: grant(unknownCode).Encode()}, 400, invalidGrant},
			{"a code of another client", call{Body: grant(ofAnother).Encode()}, 400, invalidGrant},
			{"a code of another client, with its verifier", call{Body: grant(ofAnother, "code_verifier", verifier).Encode()}, 400, invalidGrant},
			{"a code of another account", call{Body: grant(atGlobex).Encode()}, 400, invalidGrant},
			{"another redirect_uri", call{Body: grant(w.code(), "redirect_uri", appSecondary).Encode()}, 400, invalidGrant},
			{"a trailing slash more", call{Body: grant(w.code(), "redirect_uri", appCallback+"/").Encode()}, 400, invalidGrant},
			{"redirect_uri left out that was sent", call{Body: grant(w.code(), "redirect_uri", absent).Encode()}, 400, invalidGrant},
			{"redirect_uri misspelt", call{Body: grant(w.code(), "redirect_uri", absent, "redirect_url", appCallback).Encode()}, 400, invalidGrant},
			{"a verifier without a challenge", call{Body: grant(w.code(), "code_verifier", verifier).Encode()}, 400, invalidGrant},
			{"a challenge without a verifier", call{Body: grant(w.code("code_challenge", oauth.S256(verifier), "code_challenge_method", "S256")).Encode()}, 400, invalidGrant},
			{"another verifier", call{Body: grant(w.code("code_challenge", oauth.S256(verifier), "code_challenge_method", "S256"), "code_verifier", oauth.NewVerifier(nil)).Encode()}, 400, invalidGrant},
			{"the challenge for a verifier", call{Body: grant(w.code("code_challenge", oauth.S256(verifier), "code_challenge_method", "S256"), "code_verifier", oauth.S256(verifier)).Encode()}, 400, invalidGrant},
			{"an unknown refresh token", call{Body: renewal(strings.Repeat("0", 64)).Encode()}, 400, invalidGrant},
			{"a refresh token of another account", call{Body: renewal(strangers.Refresh).Encode()}, 400, invalidGrant},
			{"a refresh token of another client", call{Body: renewal(held.Refresh, "client_id", "single", "client_secret", singleSecret).Encode()}, 400, invalidGrant},
			{"a refresh token of a confidential client, by a public one", call{Body: renewal(held.Refresh, "client_id", "spa", "client_secret", absent).Encode()}, 400, invalidGrant},
			{"an access token for a refresh token", call{Body: renewal(held.Access).Encode()}, 400, invalidGrant},

			{"an unknown client", call{Body: grant(unknownCode, "client_id", "nobody").Encode()}, 401, invalidClient},
			{"no client", call{Body: grant(unknownCode, "client_id", absent, "client_secret", absent).Encode()}, 401, invalidClient},
			{"the number of a client", call{Body: grant(unknownCode, "client_id", "1").Encode()}, 401, invalidClient},
			{"a wrong secret", call{Body: grant(w.code(), "client_secret", "wrong-secret-00").Encode()}, 401, invalidClient},
			{"no secret", call{Body: grant(w.code(), "client_secret", absent).Encode()}, 401, invalidClient},
			{"no secret at a refresh", call{Body: renewal(held.Refresh, "client_secret", absent).Encode()}, 401, invalidClient},
			{"a verifier does not speak for a confidential client at a refresh", call{Body: renewal(held.Refresh, "client_secret", absent, "code_verifier", verifier).Encode()}, 401, invalidClient},
			{"the secret of another account's client of that name", call{Body: grant(w.code(), "client_secret", globexSecret).Encode()}, 401, invalidClient},
			{"a wrong secret of a public client", call{Body: grant(ofAnother, "client_id", "spa", "client_secret", "wrong-secret-00", "redirect_uri", spaCallback, "code_verifier", verifier).Encode()}, 401, invalidClient},
			{"Basic that is not base64", call{Header: header("Authorization", "Basic !!!"), Body: grant(unknownCode, "client_secret", absent).Encode()}, 401, invalidClient},
			{"Basic without a colon", call{Header: basic("single"), Body: grant(unknownCode, "client_id", absent, "client_secret", absent).Encode()}, 401, invalidClient},
			{"a wrong secret by Basic", call{Header: basic("single:wrong-secret-00"), Body: grant(unknownCode, "client_id", absent, "client_secret", absent).Encode()}, 401, invalidClient},

			{"no grant_type", call{Body: grant(unknownCode, "grant_type", absent).Encode()}, 400, invalidRequest},
			{"nothing at all", call{}, 400, invalidRequest},
			{"no code", call{Body: grant("", "code", absent).Encode()}, 400, invalidRequest},
			{"no refresh token", call{Body: renewal("", "refresh_token", absent).Encode()}, 400, invalidRequest},
			{"two client ids", call{Header: basic("app:" + appSecret), Body: grant(w.code(), "client_id", "single", "client_secret", absent).Encode()}, 400, invalidRequest},
			{"two secrets that differ", call{Header: basic("app:" + appSecret), Body: grant(w.code(), "client_secret", "another-secret").Encode()}, 400, invalidRequest},
			{"two secrets that are equal", call{Header: basic("app:" + appSecret), Body: grant(w.code()).Encode()}, 400, invalidRequest},
			{"two Authorization headers", call{Header: header("Authorization", "Basic YTpi", "Authorization", "Bearer x"), Body: grant(unknownCode).Encode()}, 400, invalidRequest},
			{"a parameter twice", call{Body: grant(w.code()).Encode() + "&client_id=app"}, 400, invalidRequest},
			{"an unknown parameter twice", call{Body: grant(w.code()).Encode() + "&x=1&x=1"}, 400, invalidRequest},
			{"a parameter in body and query", call{Target: zendesk.TokenPath + "?client_id=app", Body: grant(w.code()).Encode()}, 400, invalidRequest},
			{"a query that cannot be read", call{Target: zendesk.TokenPath + "?scope=%zz", Body: grant(w.code()).Encode()}, 400, invalidRequest},

			{"the password grant", call{Body: form("grant_type", "password", "username", ada, "password", adaPassword, "client_id", "app", "client_secret", appSecret).Encode()}, 400, unsupportedGrantType},
			{"a grant nobody knows", call{Body: form("grant_type", "magic", "client_id", "app", "client_secret", appSecret).Encode()}, 400, unsupportedGrantType},
			{"an unknown grant of an unknown client", call{Body: form("grant_type", "magic", "client_id", "nobody").Encode()}, 401, invalidClient},

			{"more than was allowed", call{Body: grant(w.code("scope", "read"), "scope", "read write").Encode()}, 400, invalidScope},
			{"more at a refresh", call{Body: renewal(w.token(grant(w.code("scope", "read"))).pair().Refresh, "scope", "write").Encode()}, 400, invalidScope},
		} {
			w.run(c.name, func(t *testing.T) {
				c.call.Method = http.MethodPost
				if c.call.Target == "" {
					c.call.Target = zendesk.TokenPath
				}
				before := w.rows()
				r := w.call(c.call)
				r.wantBody(c.want, c.body)
				r.wantOAuthHeaders()
				challenge := ""
				if c.want == http.StatusUnauthorized {
					challenge = `Basic realm="OAuth2 Token Endpoint"`
				}
				if got := r.Header.Get("WWW-Authenticate"); got != challenge {
					t.Errorf("WWW-Authenticate: %s, want %s", got, challenge)
				}
				w.unchanged(before)
			})
		}
		// What was refused for others is still good for its owner.
		w.token(renewal(held.Refresh)).pair()
		w.token(grant(ofAnother, "client_id", "spa", "client_secret", absent, "redirect_uri", spaCallback, "code_verifier", verifier)).pair()
		w.tokenAt("globex.localhost", grant(atGlobex, "client_secret", globexSecret)).pair()
		w.tokenAt("globex.localhost", renewal(strangers.Refresh, "client_secret", globexSecret)).pair()
	})
}

func (r *reply) wantOAuthHeaders() {
	r.t.Helper()
	for name, want := range map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"} {
		if got := r.Header.Get(name); got != want {
			r.t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// A browser cannot call the token endpoint: even its preflight is refused (facts
// section 2.6).
func TestTokenMethods(t *testing.T) {
	w := onSQLite(t, options{})
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch} {
		r := w.call(call{Method: method, Target: zendesk.TokenPath, Header: header("Origin", "https://app.example", "Access-Control-Request-Method", "POST")})
		r.want(http.StatusMethodNotAllowed)
		if r.Header.Get("Allow") != http.MethodPost {
			t.Errorf("%s: Allow is %q", method, r.Header.Get("Allow"))
		}
		for name := range r.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s lets a page in", method, name)
			}
		}
	}
	// Nor does an exchange that succeeds or fails let a page of another origin read it.
	for _, body := range []string{grant(w.code()).Encode(), grant("00000000000000000000").Encode()} {
		r := w.call(call{Method: http.MethodPost, Target: zendesk.TokenPath, Header: header("Origin", "https://app.example"), Body: body})
		if r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%d may be read by any page", r.Status)
		}
	}
}

func TestTooManyFailedClients(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		wrong := grant("00000000000000000000", "client_secret", "wrong-secret-00")
		for range 10 {
			w.token(wrong).wantBody(401, invalidClient)
		}
		r := w.token(wrong)
		r.wantBody(429, `{"error":"temporarily_unavailable","error_description":"Too many failed client authentications. Wait and try again."}`)
		r.wantOAuthHeaders()
		if got := r.Header.Get("Retry-After"); got != "60" {
			t.Errorf("Retry-After %q", got)
		}
		// Nobody else is slowed down, and failures of the grant never count.
		for range 20 {
			w.token(grant("00000000000000000000", "client_id", "single", "client_secret", singleSecret)).wantBody(400, invalidGrant)
		}
		w.tokenAt("globex.localhost", wrong).wantBody(401, invalidClient)
		w.clock.pass(time.Minute)
		w.token(grant(w.code())).pair()
	})
}

// rows counts what an exchange could leave behind; failures may be counted.
func (w *world) rows() string {
	w.t.Helper()
	if w.count == nil {
		var err error
		if w.count, err = w.raw.PrepareContext(context.WithoutCancel(w.t.Context()), `SELECT `+strings.Join(counts[:], `, `)); err != nil {
			w.t.Fatal(err)
		}
	}
	var n [len(counts)]int64
	var into []any
	for i := range n {
		into = append(into, &n[i])
	}
	if err := w.count.QueryRowContext(w.t.Context()).Scan(into...); err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for i, query := range counts {
		fmt.Fprintf(&b, "%s: %d\n", query, n[i])
	}
	return b.String()
}

// counts are asked in one statement: some tests count before and after each of
// thousands of requests.
var counts = [...]string{
	`(SELECT count(*) FROM issuer_codes)`, `(SELECT count(*) FROM issuer_codes WHERE redeemed_at IS NOT NULL)`,
	`(SELECT count(*) FROM issuer_tokens)`, `(SELECT count(*) FROM issuer_tokens WHERE ended_at IS NOT NULL)`,
	`(SELECT count(*) FROM issuer_sessions)`, `(SELECT count(*) FROM issuer_events WHERE action <> 'sign_in.failed')`,
	`(SELECT count(*) FROM issuer_users)`, `(SELECT count(*) FROM issuer_clients)`, `(SELECT count(*) FROM issuer_accounts)`,
}

// unchanged fails the test when something was stored since.
func (w *world) unchanged(before string) {
	w.t.Helper()
	if after := w.rows(); after != before {
		w.t.Errorf("something was stored:\n%s\nbefore:\n%s", after, before)
	}
}
