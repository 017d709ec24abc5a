package issuerhttp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/apidoc/contract"
)

// witness looks at every exchange of a world: what must hold of all answers is
// checked of all answers, whatever a test is about.
type witness struct {
	t       testing.TB
	log     *lockedBuffer
	secrets *vault

	panics bool // this test makes a handler panic
	away   bool // this test takes the database away

	mu   sync.Mutex
	told *transcript // what a golden test records
}

func newWitness(t testing.TB) *witness {
	return &witness{t: t, log: &lockedBuffer{}, secrets: &vault{labels: map[string]string{}, counts: map[string]int{}}}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (w *witness) watch(next http.RoundTripper) http.RoundTripper {
	next = contract.Issuer().Watch(next, func() testing.TB { return w.t })
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		var sent []byte
		if r.Body != nil && r.ContentLength > 0 { // an endless body is for the server to end
			sent, _ = io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(sent))
		}
		w.secrets.learnRequest(r, string(sent))
		resp, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		resp.Body = io.NopCloser(bytes.NewReader(got))
		w.secrets.learnAnswer(resp.Header, got)
		for _, fault := range faults(resp.StatusCode, resp.Header, string(got), w.secrets) {
			if w.away && fault == "status 503" {
				continue
			}
			w.t.Errorf("%s %s: %s\n%s", r.Method, r.URL.Path, fault, got)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.told != nil {
			w.told.add(r, string(sent), resp, string(got))
		}
		return resp, nil
	})
}

// faults lists what no answer may be.
func faults(status int, h http.Header, body string, secrets *vault) []string {
	var all []string
	fault := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if status >= 500 {
		fault("status %d", status)
	}
	if status >= 400 {
		said := body + " " + h.Get("Location") + " " + strings.Join(h.Values("WWW-Authenticate"), " ")
		if name := secrets.within(said); name != "" {
			fault("the error holds %s", name)
		}
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
		if h.Get(name) != want {
			fault("%s is %q", name, h.Get(name))
		}
	}
	if h.Get("X-Request-Id") == "" {
		fault("no request id")
	}
	carries := strings.Contains(body, `"access_token"`) || strings.Contains(h.Get("Location"), "code=") ||
		strings.Contains(h.Get("Location"), "#access_token=") || len(h["Set-Cookie"]) > 0
	if carries && h.Get("Cache-Control") != "no-store" {
		fault("a secret that caches may keep: %q", h.Get("Cache-Control"))
	}
	return all
}

// checkLog ends a world: nothing that was ever issued or sent stands in its log.
func (w *witness) checkLog() {
	if name := w.secrets.within(w.log.String()); name != "" {
		w.t.Errorf("the log holds %s:\n%s", name, w.log)
	}
	if strings.Contains(w.log.String(), "msg=panic") != w.panics {
		w.t.Errorf("a handler panicked, or none did that should:\n%s", w.log)
	}
}

// vault knows every secret that a world has seen, and a name for each.
type vault struct {
	mu     sync.Mutex
	labels map[string]string
	counts map[string]int
}

// shortest keeps words that a test sends instead of a secret from being taken for one.
const shortest = 12

func (v *vault) learn(kind, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, known := v.labels[text]; known || len(text) < shortest {
		return
	}
	if kind == "" {
		v.labels[text] = "" // known, and shown as it is
		return
	}
	v.counts[kind]++
	v.labels[text] = fmt.Sprintf("[%s %d]", kind, v.counts[kind])
}

var (
	sentSecret   = regexp.MustCompile(`\b(?:client_secret|code|refresh_token|code_verifier|password|access_token)"?\s*[=:]\s*"?([^"&\s,}]+)`)
	issuedCode   = regexp.MustCompile(`[?&]code=([^&]+)`)
	issuedToken  = regexp.MustCompile(`[#&]access_token=([^&]+)`)
	issuedCookie = regexp.MustCompile(`deskauth_issuer_session=([^;]+)`)
)

func (v *vault) learnRequest(r *http.Request, body string) {
	for _, text := range []string{r.URL.RawQuery, body} {
		if !mayHoldSecret(text) { // a megabyte of nothing, often
			continue
		}
		for _, found := range sentSecret.FindAllStringSubmatch(text, -1) {
			v.learn("", found[1])
			if plain, err := url.QueryUnescape(found[1]); err == nil {
				v.learn("", plain)
			}
		}
	}
	for _, value := range r.Header.Values("Authorization") {
		scheme, credentials, _ := strings.Cut(value, " ")
		v.learn("", strings.TrimSpace(credentials))
		if pair, err := base64.StdEncoding.DecodeString(credentials); err == nil && strings.EqualFold(scheme, "Basic") {
			_, key, _ := strings.Cut(string(pair), ":")
			v.learn("", key)
		}
	}
	for _, found := range issuedCookie.FindAllStringSubmatch(r.Header.Get("Cookie"), -1) {
		v.learn("session", found[1])
	}
}

// mayHoldSecret tells whether there is one of the words by which sentSecret finds them.
func mayHoldSecret(text string) bool {
	return slices.ContainsFunc([]string{"secret", "code", "token", "password"}, func(word string) bool { return strings.Contains(text, word) })
}

func (v *vault) learnAnswer(h http.Header, body []byte) {
	for _, found := range issuedCode.FindAllStringSubmatch(h.Get("Location"), -1) {
		v.learn("code", found[1])
	}
	for _, found := range issuedToken.FindAllStringSubmatch(h.Get("Location"), -1) {
		v.learn("access", found[1])
	}
	for _, cookie := range h.Values("Set-Cookie") {
		for _, found := range issuedCookie.FindAllStringSubmatch(cookie, -1) {
			v.learn("session", found[1])
		}
	}
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if json.Unmarshal(body, &answer) == nil {
		v.learn("access", answer.Access)
		v.learn("refresh", answer.Refresh)
	}
}

// issued lists what servers made up, not what a test wrote down.
func (v *vault) issued() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []string
	for known, label := range v.labels {
		if label != "" {
			all = append(all, known)
		}
	}
	return all
}

// within names a secret that a text holds, or returns "".
func (v *vault) within(text string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for known, label := range v.labels {
		if strings.Contains(text, known) {
			return strings.TrimSpace(label + " " + known)
		}
	}
	return ""
}

// hide puts names in the place of what was issued.
func (v *vault) hide(text string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, known := range slices.Sorted(maps.Keys(v.labels)) {
		if label := v.labels[known]; label != "" {
			text = strings.ReplaceAll(text, known, label)
		}
	}
	return text
}

// A check of all answers that could not fail would say nothing.
func TestTheWitnessSeesFaults(t *testing.T) {
	good := header("X-Content-Type-Options", "nosniff", "Referrer-Policy", "no-referrer", "X-Frame-Options", "DENY",
		"X-Request-Id", "id", "Cache-Control", "no-store")
	known := newWitness(t).secrets
	known.learn("access", "a-token-of-a-test")
	for _, c := range []struct {
		name   string
		status int
		header http.Header
		body   string
		want   string
	}{
		{"all is well", 200, good, `{"access_token":"a-token-of-a-test"}`, ""},
		{"an error that repeats a secret", 400, good, "no a-token-of-a-test", "the error holds [access 1] a-token-of-a-test"},
		{"an error that repeats it in a header", 401, replaced(good, "WWW-Authenticate", "a-token-of-a-test"), "", "the error holds [access 1] a-token-of-a-test"},
		{"a fault of ours", 500, good, "", "status 500"},
		{"a token for the cache", 200, replaced(good, "Cache-Control", ""), `{"access_token":"x"}`, `a secret that caches may keep: ""`},
		{"a code for the cache", 302, replaced(replaced(good, "Location", "https://a/?code=x"), "Cache-Control", "private"), "", `a secret that caches may keep: "private"`},
		{"a token in a fragment for the cache", 302, replaced(replaced(good, "Location", "https://a/#access_token=x"), "Cache-Control", "private"), "", `a secret that caches may keep: "private"`},
		{"no request id", 200, replaced(good, "X-Request-Id", ""), "", "no request id"},
		{"a referrer", 200, replaced(good, "Referrer-Policy", ""), "", `Referrer-Policy is ""`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(faults(c.status, c.header, c.body, known), "; "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheWitnessLearnsSecrets(t *testing.T) {
	known := newWitness(t).secrets
	sent, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/?access_token=query-token-00", nil)
	if err != nil {
		t.Fatal(err)
	}
	sent.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("app:basic-secret-00")))
	sent.Header.Set("Cookie", "deskauth_issuer_session=session-of-cookie")
	known.learnRequest(sent, `{"client_secret": "json-secret-000","x":1}`+"\ncode=form%2Bcode%2B0000&a=b")
	known.learnAnswer(header("Location", "https://a/cb?code=code-of-location&state=x", "Set-Cookie", "__Host-deskauth_issuer_session=session-set-by-us; Path=/"),
		[]byte(`{"access_token":"access-answered","refresh_token":"refresh-answered"}`))
	for _, want := range []string{
		"query-token-00", "basic-secret-00", "session-of-cookie", "json-secret-000", "form+code+0000",
		"code-of-location", "session-set-by-us", "access-answered", "refresh-answered",
	} {
		if known.within("…"+want+"…") == "" {
			t.Errorf("%q was not learned", want)
		}
	}
	if got := known.hide("access-answered, code-of-location"); got != "[access 1], [code 1]" {
		t.Errorf("hidden as %q", got)
	}
}

func replaced(h http.Header, name, value string) http.Header {
	changed := h.Clone()
	changed.Del(name)
	if value != "" {
		changed.Set(name, value)
	}
	return changed
}
