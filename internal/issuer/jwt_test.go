package issuer_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
)

// verified checks a token as an API does that has the published keys and nothing else.
func (h *house) verified(t *testing.T, in place, token string) (header jose.Header, claims map[string]any) {
	t.Helper()
	keys, err := h.PublicKeys(t.Context(), in.Account)
	if err != nil {
		t.Fatal(err)
	}
	published, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(published), `"d"`) {
		t.Errorf("a private key is published: %s", published)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(published, &set); err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Claims(set, &claims); err != nil {
		t.Fatalf("the published keys do not verify it: %v", err)
	}
	return parsed.Headers[0], claims
}

func TestAccessTokenIsAJWT(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		req := redeem(h.acme, h.newCode(t, h.acme))
		req.Base = "http://acme.localhost:4000"
		answer := h.exchange(t, req)
		header, claims := h.verified(t, h.acme, answer.AccessToken)
		if header.ExtraHeaders[jose.HeaderType] != "at+jwt" || header.KeyID == "" {
			t.Errorf("header %+v", header)
		}
		if id, _ := claims["jti"].(string); len(id) != 64 {
			t.Errorf("jti %q does not make it unguessable", id)
		}
		delete(claims, "jti")
		now := float64(h.clock.Now().Unix())
		want := map[string]any{
			"iss": "http://acme.localhost:4000", "aud": "http://acme.localhost:4000", "client_id": "app", "scope": "read write",
			"sub": strconv.FormatInt(int64(h.acme.Users[0].ID), 10), "iat": now, "exp": now + 1800,
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Error("claims (-want +got):\n" + diff)
		}
		// Lists show of the signature: the first ten characters of all JWTs are alike.
		v, err := h.Store.TokenByAccess(t.Context(), h.acme.Account.ID, issuer.Support, secret.Of(answer.AccessToken).Digest())
		if err != nil || v.AccessHint != answer.AccessToken[strings.LastIndexByte(answer.AccessToken, '.')+1:][:10] {
			t.Errorf("hint %q of %s, %v", v.AccessHint, answer.AccessToken, err)
		}
		// A signature opens nothing: only what was issued does.
		keys, err := h.SigningKeys(t.Context(), h.acme.Account)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: keys[0].Private}, nil)
		if err != nil {
			t.Fatal(err)
		}
		forged, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		if h.opens(t, h.acme, forged) || !h.opens(t, h.acme, answer.AccessToken) {
			t.Error("what was signed but never issued opens the API, or what was issued does not")
		}
	})
}

func TestTokenFormats(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, tt := range []struct {
			name    string
			product issuer.Product
			era     issuer.Era
			format  issuer.TokenFormat
			isJWT   bool
		}{
			{"enforced", issuer.Support, issuer.Enforced, "", true},
			{"legacy", issuer.Support, issuer.Legacy, "", false},
			{"enforced, switched to opaque", issuer.Support, issuer.Enforced, issuer.Opaque, false},
			{"legacy, switched to JWT", issuer.Support, issuer.Legacy, issuer.JWT, true},
			{"Chat, whatever the account says", issuer.Chat, issuer.Enforced, issuer.JWT, false},
		} {
			req := represent(h.acme)
			req.Product, req.Account.Era, req.Account.TokenFormat = tt.product, tt.era, tt.format
			token := h.exchange(t, req).AccessToken
			if isJWT := strings.Count(token, ".") == 2; isJWT != tt.isJWT || !isJWT && len(token) != 64 {
				t.Errorf("%s: %s", tt.name, token)
			}
			if !tt.isJWT {
				continue
			}
			if _, claims := h.verified(t, h.acme, token); (claims["exp"] == nil) != (tt.era == issuer.Legacy) {
				t.Errorf("%s: exp is %v", tt.name, claims["exp"])
			}
		}
	})
}

func TestSigningKeysRotate(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		before := h.exchange(t, represent(h.acme)).AccessToken
		h.clock.add(time.Second)
		next, err := h.RotateSigningKey(t.Context(), h.acme.Account)
		if err != nil {
			t.Fatal(err)
		}
		after := h.exchange(t, represent(h.acme)).AccessToken
		old, _ := h.verified(t, h.acme, before) // still published
		if header, _ := h.verified(t, h.acme, after); header.KeyID != next.ID || old.KeyID == next.ID {
			t.Errorf("signed by %s, then %s; want %s then", old.KeyID, header.KeyID, next.ID)
		}
		if !h.opens(t, h.acme, before) {
			t.Error("the rotation ended a token")
		}
		// Another replica reads the same keys, the newest first.
		replica := &issuer.Issuer{Store: h.Store, Now: h.clock.Now, Rand: h.Rand, Policies: h.Policies}
		keys, err := replica.SigningKeys(t.Context(), h.acme.Account)
		if err != nil || len(keys) != 2 || keys[0].ID != next.ID {
			t.Errorf("another replica has %d keys, %v", len(keys), err)
		}
		// An account's keys are its own.
		theirs, err := h.PublicKeys(t.Context(), h.globex.Account)
		if err != nil || len(theirs.Keys) != 1 || len(theirs.Key(next.ID)) != 0 {
			t.Errorf("another account publishes %+v, %v", theirs, err)
		}
	})
}
