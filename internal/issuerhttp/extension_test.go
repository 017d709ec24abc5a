package issuerhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
)

// ask is a request of a client about a token.
func (w *world) ask(path, token string, pairs ...string) *reply {
	w.t.Helper()
	return w.call(call{
		Method: http.MethodPost, Target: path,
		Body: with(form("token", token, "client_id", "single", "client_secret", singleSecret), pairs...).Encode(),
	})
}

const inactive = `{"active":false}`

func TestIntrospection(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		made := w.clock.Now().Unix()
		got := w.token(grant(w.code("scope", "read"))).pair()
		var shown oauth.Introspection
		r := w.ask("/oauth/introspect", got.Access).into(200, &shown)
		want := oauth.Introspection{
			Active: true, Scope: "read", ClientID: "app", TokenType: "bearer", ExpiresAt: made + 1800, IssuedAt: made,
			Subject: fmt.Sprint(w.user(ada).ID), Issuer: "http://acme.localhost",
		}
		if diff := cmp.Diff(want, shown); diff != "" || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("access token (-want +got):\n%s%v", diff, r.Header)
		}
		shown = oauth.Introspection{}
		w.ask("/oauth/introspect", got.Refresh, "token_type_hint", "refresh_token").into(200, &shown)
		want.TokenType, want.ExpiresAt = "", made+2592000
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Error("refresh token (-want +got):\n" + diff)
		}
		w.ask("/oauth/introspect", "nonsense").wantBody(200, inactive)
		w.ask("/oauth/introspect", got.Access, "client_secret", "wrong-secret-00").wantBody(401, invalidClient)
		w.ask("/oauth/introspect", got.Access, "client_id", "spa", "client_secret", absent).wantBody(401, invalidClient)
		w.ask("/oauth/introspect", absent).wantBody(400, invalidRequest)

		w.ask("/oauth/revoke", got.Access).want(200) // not single's
		w.alive(got.Access)
		w.ask("/oauth/revoke", got.Refresh, "client_id", "app", "client_secret", appSecret).want(200)
		w.dead(got.Access)
		w.token(renewal(got.Refresh)).wantBody(400, invalidGrant)
		w.ask("/oauth/introspect", got.Access).wantBody(200, inactive)
		w.ask("/oauth/revoke", "nonsense").want(200)
		w.ask("/oauth/revoke", got.Access, "client_secret", "wrong-secret-00").wantBody(401, invalidClient)
	})
}

// What the metadata names is there, and says what is so.
func TestMetadata(t *testing.T) {
	w := onSQLite(t, options{})
	var m oauth.Metadata
	w.call(call{Target: oauth.MetadataPath}).into(200, &m)
	const base = "http://acme.localhost"
	if m.Issuer != base || m.AuthorizationEndpoint != base+"/oauth/authorizations/new" || m.TokenEndpoint != base+"/oauth/tokens" {
		t.Errorf("%+v", m)
	}
	for _, endpoint := range []string{m.TokenEndpoint, m.IntrospectionEndpoint, m.RevocationEndpoint} {
		w.call(call{Method: http.MethodPost, Target: endpoint[len(base):], Body: "x=y"}).want(400)
	}
	var keys struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	w.call(call{Target: m.JWKSURI[len(base):]}).into(200, &keys)
	if len(keys.Keys) != 1 || keys.Keys[0]["d"] != nil || string(keys.Keys[0]["alg"]) != `"ES256"` {
		t.Errorf("published keys: %s", keys.Keys)
	}
	w.call(call{Host: "nobody.localhost", Target: oauth.MetadataPath}).want(404)
}
