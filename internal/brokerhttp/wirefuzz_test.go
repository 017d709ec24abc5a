package brokerhttp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/web"
)

// What a fuzzer writes where a secret of the site belongs that it cannot know.
const (
	aState = "STATE"
	aKey   = "KEY"
	aToken = "COOKIE"
)

// serve gives a request to the handler without a network between. Of a header, a
// real server takes no control characters.
func (s *site) serve(t *testing.T, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	s.t = t
	path, rawQuery, _ := strings.Cut(target, "?")
	r := s.request(method, "/", body)
	r.URL.Path, r.URL.RawQuery, r.RemoteAddr = path, rawQuery, "192.0.2.1:4000"
	r.RequestURI = r.URL.RequestURI()
	for n := 0; n < len(header); n += 2 {
		if strings.ContainsFunc(header[n+1], func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			t.Skip("no header")
		}
		r.Header.Set(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	// 502 and 503 tell of the Zendesk behind.
	if w.Code == http.StatusInternalServerError {
		t.Fatalf("%s %s: %d %s\n%s", method, target, w.Code, w.Body, s.log)
	}
	for _, hidden := range []string{"the client's s3cret", "r3fresh-of-ada"} {
		if strings.Contains(w.Body.String(), hidden) {
			t.Fatalf("%s %s tells %q", method, target, hidden)
		}
	}
	return w
}

// FuzzConnect: whatever is typed, a browser is sent to an account at the
// configured Zendesk, or asked again.
func FuzzConnect(f *testing.F) {
	s := newSite(f, nil)
	f.Add("subdomain=acme&return_to=/app", "", "deskauth_connect=x")
	f.Add("subdomain=+https%3A%2F%2FAcme.zendesk.com%2Fagent%2F&return_to=//evil.example", "product=chat", "")
	f.Add("subdomain=acme.evil.example%2F%40", "product=talk", "deskauth_connect=\"; =; a")
	f.Add("subdomain=%00&subdomain=acme", "product=support&account=x", "deskauth_connect=; deskauth_connect=y")
	f.Add("%zz;", "%zz", "\xff")
	f.Fuzz(func(t *testing.T, form, query, cookie string) {
		w := s.serve(t, "POST", brokerhttp.DefaultConnectPath+"?"+query, form, "Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded")
		if w.Code != http.StatusSeeOther {
			return
		}
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		account, _, _ := strings.Cut(to.Host, ".")
		if root := s.zendesk.URL(account); root == nil || to.Scheme != root.Scheme || to.Host != root.Host || len(to.Query().Get("state")) < 32 {
			t.Fatalf("%q leads to %s", form, to)
		}
	})
}

// FuzzCallback: only a state of this very browser leads to a connection, and no
// answer repeats what came along.
func FuzzCallback(f *testing.F) {
	s := newSite(f, nil)
	f.Add("code=c0de-of-ada&state=STATE", "deskauth_connect=COOKIE")
	f.Add("code=c0de-of-ada&state=STATE", "deskauth_connect=other; deskauth_connect=COOKIE")
	f.Add("error=access_denied&error_description=%3Cb%3E&state=STATE", "deskauth_connect=COOKIE")
	f.Add("code=a&code=b&state=STATE&state=x", "")
	f.Add("state=%zz;", "deskauth_connect=\"COOKIE\"")
	f.Add("error=redirect_uri_mismatch&code=", "x")
	f.Fuzz(func(t *testing.T, query, cookie string) {
		var state string
		if strings.Contains(query, aState) || strings.Contains(cookie, aToken) {
			left := s.serve(t, "POST", brokerhttp.DefaultConnectPath, "subdomain=acme")
			to, err := url.Parse(left.Header().Get("Location"))
			if err != nil || left.Code != http.StatusSeeOther {
				t.Fatalf("%d %v", left.Code, err)
			}
			state = to.Query().Get("state")
			query = strings.ReplaceAll(query, aState, state)
			cookie = strings.ReplaceAll(cookie, aToken, left.Result().Cookies()[0].Value)
		}
		w := s.serve(t, "GET", brokerhttp.DefaultCallbackPath+"?"+query, "", "Cookie", cookie)
		if state != "" && strings.Contains(w.Body.String(), state) {
			t.Fatalf("the page repeats the state: %s", w.Body)
		}
		if w.Code == http.StatusSeeOther {
			n, err := strconv.Atoi(strings.TrimPrefix(w.Header().Get("Location"), "/connected/"))
			values, bad := url.ParseQuery(query)
			if err != nil || n < 1 || bad != nil || values.Get("state") != state || state == "" || !strings.Contains(cookie, "deskauth_connect=") {
				t.Fatalf("%q with %q leads to %q", query, cookie, w.Header().Get("Location"))
			}
		}
	})
}

// FuzzLanguageBack: the switch of languages leads to a page of this site alone,
// and no cookie or Accept-Language makes a page fail.
func FuzzLanguageBack(f *testing.F) {
	s := newSite(f, nil)
	for _, back := range []string{"/", "/connect?account=x", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "/%2f/x", "/%", "", "\xff"} {
		f.Add("de", back, "deskauth_language=fr", "de;q=0.5, *;q=x")
	}
	f.Add("xx", "/", "deskauth_language=\"; ;=,", "-,;q=,\xff")
	f.Fuzz(func(t *testing.T, language, back, cookie, accept string) {
		form := url.Values{web.FieldLanguage: {language}, web.FieldBack: {back}}
		w := s.serve(t, "POST", brokerhttp.DefaultConnectPath+"/language", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Cookie", cookie)
		if w.Code == http.StatusSeeOther {
			to, err := s.url.Parse(w.Header().Get("Location"))
			if err != nil || to.Host != s.url.Host || strings.ContainsAny(w.Header().Get("Location"), "\\\r\n\t") {
				t.Fatalf("%q leads to %q", back, w.Header().Get("Location"))
			}
		}
		if page := s.serve(t, "GET", "/", "", "Cookie", cookie, "Accept-Language", accept); page.Code != http.StatusOK {
			t.Fatalf("%d with %q, %q", page.Code, cookie, accept)
		}
	})
}

// FuzzAuthorization: a key opens the API as a bearer's credential, written in full,
// and in no other way.
func FuzzAuthorization(f *testing.F) {
	a := newAPISite(f)
	key := a.key(broker.Key{Can: []broker.Power{broker.Lend}})
	path := "/v1/connections/" + strconv.FormatInt(int64(a.id), 10)
	for _, header := range []string{"Bearer KEY", "bearer  KEY ", "Bearer\tKEY", "Basic KEY", "KEY", "Bearer KEY,Bearer KEY", "Bearer xKEY", "Bearer ", "", "Bearer \xffKEY", "Bearer deskauth_"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		header = strings.ReplaceAll(header, aKey, key)
		w := a.serve(t, "GET", path, "", "Authorization", header)
		want := http.StatusUnauthorized
		if len(header) > 7 && strings.EqualFold(header[:7], "Bearer ") && strings.TrimSpace(header[7:]) == key {
			want = http.StatusOK
		}
		if w.Code != want || want == http.StatusUnauthorized && (w.Header().Get("WWW-Authenticate") == "" || !json.Valid(w.Body.Bytes())) {
			t.Fatalf("%q: %d, want %d: %s", strings.ReplaceAll(header, key, aKey), w.Code, want, w.Body)
		}
	})
}

// FuzzLend: a token is lent, or the value that cannot be used is named.
func FuzzLend(f *testing.F) {
	a := newAPISite(f)
	key := a.key(broker.Key{Can: []broker.Power{broker.Lend}})
	id := strconv.FormatInt(int64(a.id), 10)
	for _, c := range [][2]string{
		{id, "min_ttl=90s"},
		{id, "min_ttl=2160h&refused="},
		{id, "min_ttl=-1"},
		{id, "min_ttl=9223372036854775807"},
		{id, "refused=0"},
		{id, "refused=1"},
		{id, "refused=-1"},
		{id, "refused=x"},
		{id, "min_ttl=1e3s&min_ttl=1s;"},
		{"0", ""},
		{"+1", "%zz"},
		{"99999999999999999999", ""},
		{"é", ""},
	} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, id, query string) {
		w := a.serve(t, "GET", "/v1/connections/"+strings.ReplaceAll(id, "/", "")+"/token?"+query, "", "Authorization", "Bearer "+key)
		var answer struct {
			Token string `json:"access_token"`
			Type  string `json:"type"`
			Field string `json:"field"`
		}
		if w.Body.Len() == 0 && w.Code/100 == 3 { // a path that is not clean
			return
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%d %v: %q", w.Code, err, w.Body)
		}
		switch {
		case w.Code == http.StatusOK && answer.Token != "":
		case w.Code == http.StatusBadRequest && answer.Field != "":
		case w.Code == http.StatusNotFound, w.Code == http.StatusServiceUnavailable:
		default:
			t.Fatalf("%q %q: %d %s", id, query, w.Code, w.Body)
		}
	})
}
