package issuerhttp_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

// shownToken is a token as the API shows it.
type shownToken struct {
	Token zendesk.OAuthToken `json:"token"`
}

func (w *world) createToken(bearer, body string) zendesk.OAuthToken {
	w.t.Helper()
	var made shownToken
	r := w.api(bearer, http.MethodPost, tokensPath+".json", body).into(201, &made)
	w.secrets.learn("full token", made.Token.FullToken)
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		w.t.Errorf("caches may keep the token: %q", got)
	}
	return made.Token
}

// listed are the ids of a list of tokens.
func (w *world) listed(bearer, query string) []int64 {
	w.t.Helper()
	var list struct{ Tokens []zendesk.OAuthToken }
	w.api(bearer, http.MethodGet, tokensPath+query, "").into(200, &list)
	ids := []int64{}
	for _, t := range list.Tokens {
		if t.FullToken != "" || len(t.Token) > 10 {
			w.t.Errorf("the list shows a token: %q %q", t.Token, t.FullToken)
		}
		ids = append(ids, t.ID)
	}
	return ids
}

// The life of a token without a flow (facts section 3.1).
func TestCreatedTokenLivesUntilItIsRevoked(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		admin, app := w.bearer(ada), w.oauthClient("acme", "app")
		made := w.createToken(admin, fmt.Sprintf(`{"token":{"client_id":%d,"scopes":["read","tickets:write","no:such thing","read"]}}`, app.ID))
		url := fmt.Sprintf("http://acme.localhost%s/%d.json", tokensPath, made.ID)
		want := zendesk.OAuthToken{
			URL: url, ID: made.ID, UserID: int64(w.user(ada).ID), ClientID: int64(app.ID), Token: made.Token, FullToken: made.FullToken,
			CreatedAt: zendesk.TimeOf(w.clock.Now()), Scopes: []string{"read", "tickets:write"},
		}
		if diff := cmp.Diff(want, made); diff != "" {
			t.Error(diff)
		}
		if len(made.Token) != 10 || !strings.Contains(made.FullToken, made.Token) {
			t.Errorf("of %q it shows %q", made.FullToken, made.Token)
		}
		w.clock.pass(400 * 24 * time.Hour)
		w.alive(made.FullToken)
		var shown shownToken
		w.api(made.FullToken, http.MethodGet, tokensPath+"/current.json", "").into(200, &shown)
		want.FullToken, want.UsedAt = "", zendesk.TimeOf(w.clock.Now())
		if diff := cmp.Diff(want, shown.Token); diff != "" {
			t.Error(diff)
		}
		since := w.lastEvent()
		w.api(admin, http.MethodDelete, fmt.Sprintf("%s/%d.json", tokensPath, made.ID), "").wantBody(204, "")
		w.dead(made.FullToken)
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			w.api(admin, method, fmt.Sprintf("%s/%d", tokensPath, made.ID), "").wantBody(404, notFound)
		}
		if slices.Contains(w.listed(admin, "?all=true&include_expired=true"), made.ID) {
			t.Error("a revoked token is listed")
		}
		if diff := cmp.Diff([]string{fmt.Sprintf("token.revoked token %d", made.ID)}, w.said(since)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestCreatedTokenLocation(t *testing.T) {
	w := onSQLite(t, options{})
	admin := w.bearer(ada)
	r := w.api(admin, http.MethodPost, tokensPath, fmt.Sprintf(`{"token":{"client_id":"%d"}}`, w.oauthClient("acme", "app").ID))
	var made shownToken
	r.into(201, &made)
	if r.Header.Get("Location") != made.Token.URL || !strings.HasPrefix(made.Token.URL, "http://acme.localhost/") {
		t.Errorf("at %q: %q", r.Header.Get("Location"), made.Token.URL)
	}
	// Without a scope it lives, and opens nothing.
	w.api(made.Token.FullToken, http.MethodGet, tokensPath+"/current", "").want(200)
	w.me(made.Token.FullToken).want(403)
	// A text is a list of one, in Ruby.
	w.alive(w.createToken(admin, fmt.Sprintf(`{"token":{"client_id":%d,"scopes":"read"}}`, w.oauthClient("acme", "app").ID)).FullToken)
}

func TestTokenOfNoClient(t *testing.T) {
	w := onSQLite(t, options{})
	w.plantGlobal()
	admin := w.bearer(ada)
	const want = `{"error":"RecordInvalid","description":"Record validation errors","details":{"client_id":[{"description":"Client id: must be the numeric id of a client of this account","error":"InvalidValue"}]}}`
	for _, id := range []int64{0, -1, 999999, int64(w.oauthClient("globex", "app").ID), int64(w.oauthClient("acme", "zdg-everywhere").ID)} {
		before := w.rows()
		w.api(admin, http.MethodPost, tokensPath, fmt.Sprintf(`{"token":{"client_id":%d,"scopes":["read"]}}`, id)).wantBody(422, want)
		w.unchanged(before)
	}
	w.api(admin, http.MethodPost, tokensPath, `{"token":{"scopes":["read"]}}`).
		wantBody(400, `{"error":"ParameterMissing","description":"Parameter client_id is required"}`)
}

// Both halves of a token from a flow end together, whichever way it is revoked,
// and with whatever scope (facts section 3.3).
func TestRevokingCurrentEndsTheRefreshToken(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		p := w.token(grant(w.code("scope", "tickets:read"))).pair()
		var shown shownToken
		w.api(p.Access, http.MethodGet, tokensPath+"/current", "").into(200, &shown)
		if got := shown.Token.RefreshToken; got == nil || *got != p.Refresh[:10]+"..." || shown.Token.RefreshTokenExpiresAt == nil {
			t.Errorf("the refresh token is shown as %v until %v", got, shown.Token.RefreshTokenExpiresAt)
		}
		if got := shown.Token.ExpiresAt; got == nil || !got.Equal(w.clock.Now().Add(30*time.Minute)) {
			t.Errorf("it expires at %v", got)
		}
		w.api(p.Access, http.MethodDelete, tokensPath+"/current.json", "").wantBody(204, "")
		w.api(p.Access, http.MethodDelete, tokensPath+"/current.json", "").wantBody(401, invalidToken)
		w.token(renewal(p.Refresh)).wantBody(400, invalidGrant)
	})
}

// Everybody sees and revokes their own by its number, and nobody's else; an
// admin sees the account's.
func TestWhoseTokens(t *testing.T) {
	w := onSQLite(t, options{})
	admin, agent, customer := w.bearer(ada), w.bearer(grace), w.bearer(carl)
	ids := map[string]int64{}
	for name, bearer := range map[string]string{"admin": admin, "agent": agent, "customer": customer} {
		var shown shownToken
		w.api(bearer, http.MethodGet, tokensPath+"/current", "").into(200, &shown)
		ids[name] = shown.Token.ID
	}
	for _, c := range []struct {
		bearer, whose string
		status        int
	}{
		{agent, "agent", 200},
		{agent, "customer", 404},
		{agent, "admin", 404},
		{customer, "customer", 200},
		{customer, "agent", 404},
		{admin, "agent", 200},
		{admin, "customer", 200},
		{w.bearer(hank), "agent", 401},
	} {
		target := fmt.Sprintf("%s/%d", tokensPath, ids[c.whose])
		w.api(c.bearer, http.MethodGet, target, "").want(c.status)
		if c.status == 404 {
			w.api(c.bearer, http.MethodDelete, target, "").wantBody(404, notFound)
		}
	}
	w.api(customer, http.MethodDelete, fmt.Sprintf("%s/%d", tokensPath, ids["customer"]), "").want(204)
	w.dead(customer)
	w.alive(agent)
	// By Basic there is no current token.
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(ada, adaPassword)
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		w.call(call{Method: method, Target: tokensPath + "/current", Header: r.Header}).wantBody(404, notFound)
		w.call(call{Method: method, Target: tokensPath + "/current"}).wantBody(401, couldntAuthenticate)
	}
}

func TestTokenFilters(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.plantGlobal()
		admin, app, narrow := w.bearer(ada), w.oauthClient("acme", "app"), w.oauthClient("acme", "narrow")
		global := w.oauthClient("acme", "zdg-everywhere")
		byID := func(bearer string) int64 {
			var shown shownToken
			w.api(bearer, http.MethodGet, tokensPath+"/current", "").into(200, &shown)
			return shown.Token.ID
		}
		own := byID(admin)
		second := w.createToken(admin, fmt.Sprintf(`{"token":{"client_id":%d,"scopes":["read"]}}`, narrow.ID)).ID
		graces := byID(w.bearer(grace))
		everywhere := byID(w.token(grant(w.as(ada).allow(request("client_id", "zdg-everywhere", "redirect_uri", globalCallback, "scope", "read")).code(),
			"client_id", "zdg-everywhere", "client_secret", globalSecret, "redirect_uri", globalCallback)).pair().Access)
		flow := w.token(grant(w.code())).pair()
		expiring := byID(flow.Access)
		for _, c := range []struct {
			query string
			want  []int64
		}{
			{"", []int64{own, second, everywhere, expiring}},
			{"?all=false", []int64{own, second, everywhere, expiring}},
			{"?all=true", []int64{own, second, graces, everywhere, expiring}},
			{fmt.Sprintf("?client_id=%d", narrow.ID), []int64{second}},
			{fmt.Sprintf("?client_id=%d&all=true", app.ID), []int64{own, graces, expiring}},
			{fmt.Sprintf("?client_id=%d", global.ID), []int64{}}, // the trap of facts section 3
			{fmt.Sprintf("?global_client_id=%d", global.Global), []int64{everywhere}},
			{fmt.Sprintf("?global_client_id=%d&client_id=%d", global.Global, app.ID), []int64{}},
			{"?client_id=999999", []int64{}},
		} {
			if diff := cmp.Diff(c.want, w.listed(admin, c.query)); diff != "" {
				t.Errorf("%s: %s", c.query, diff)
			}
		}
		w.clock.pass(31 * time.Minute)
		for _, c := range []struct {
			query string
			want  []int64
		}{
			{"", []int64{own, second}},
			{"?include_expired=true", []int64{own, second}}, // it wants all, too
			{"?all=true", []int64{own, second, graces}},
			{"?all=true&include_expired=true", []int64{own, second, graces, everywhere, expiring}},
		} {
			if diff := cmp.Diff(c.want, w.listed(admin, c.query)); diff != "" {
				t.Errorf("once expired, %s: %s", c.query, diff)
			}
		}
		// A replaced token is gone, its successor is there.
		next := w.token(renewal(flow.Refresh)).pair()
		if diff := cmp.Diff([]int64{own, second, byID(next.Access)}, w.listed(admin, "")); diff != "" {
			t.Error(diff)
		}
		w.api(admin, http.MethodGet, fmt.Sprintf("%s/%d", tokensPath, expiring), "").wantBody(404, notFound)
	})
}

// What becomes of tokens when their user changes (facts section 3.3).
func TestTokensFollowTheirUser(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		admin, other := w.bearer(ada), w.bearer(grace)
		account, agent := w.account("acme"), w.user(grace)
		yes, no := true, false
		role := func(r string) {
			t.Helper()
			if err := w.change(account, ada, r, nil); err != nil {
				t.Fatal(err)
			}
		}
		role("agent")
		w.api(admin, http.MethodGet, clientsPath, "").wantBody(403, forbidden)
		w.alive(admin)
		role("admin")
		w.api(admin, http.MethodGet, clientsPath, "").want(200)

		if err := w.change(account, grace, "", &yes); err != nil {
			t.Fatal(err)
		}
		w.dead(other)
		if err := w.change(account, grace, "", &no); err != nil {
			t.Fatal(err)
		}
		w.alive(other)

		session := w.as(grace)
		since := w.lastEvent()
		if err := w.issuer.DeleteUser(t.Context(), account, agent.ID, by(w.user(ada))); err != nil {
			t.Fatal(err)
		}
		w.dead(other)
		if got := session.authorize(request()); got.Status != 200 || !strings.HasPrefix(got.page(), "Sign in") {
			t.Errorf("a deleted user is signed in: %d %s", got.Status, got.page())
		}
		if diff := cmp.Diff([]string{fmt.Sprintf("user.deleted user %d", agent.ID)}, w.said(since)); diff != "" {
			t.Error(diff)
		}
	})
}
