package web_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/web"
)

func TestConnectedSaysTheSentence(t *testing.T) {
	w := httptest.NewRecorder()
	web.Render(w, http.StatusOK, web.Connected{UserName: "Ada Admin", Role: "admin", Product: "Support", Account: "acme.zendesk.com"})
	const sentence = "Hi, Ada Admin! Your Zendesk Support user role is admin."
	if !strings.Contains(w.Body.String(), sentence) {
		t.Errorf("the page does not say %q:\n%s", sentence, w.Body)
	}
}

func TestRenderSetsHeaders(t *testing.T) {
	const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'"
	const rest = "; base-uri 'none'; frame-ancestors 'none'"
	tests := []struct {
		name string
		page web.Renderable
		want map[string]string
	}{
		{"any page", web.ServerError{}, map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
			"X-Content-Type-Options": "nosniff", "Content-Language": "en", "Content-Security-Policy": policy + rest,
			"Retry-After": "", "Allow": "",
		}},
		{"consent", web.Consent{FormOrigin: "http://localhost:8080"}, map[string]string{"Content-Security-Policy": policy + " http://localhost:8080" + rest}},
		{"sign-in", web.SignIn{FormOrigins: []string{"https://a.example", "https://b.example"}}, map[string]string{"Content-Security-Policy": policy + " https://a.example https://b.example" + rest}},
		{"too many", web.TooMany{RetryAfter: 90}, map[string]string{"Retry-After": "90"}},
		{"too many sign-ins", web.SignIn{Problem: web.ProblemTooMany, RetryAfter: 7}, map[string]string{"Retry-After": "7"}},
		{"wrong method", web.MethodNotAllowed{Method: "PUT", Allow: []string{"GET", "HEAD"}}, map[string]string{"Allow": "GET, HEAD"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			web.Render(w, http.StatusOK, test.page)
			for name, want := range test.want {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestCSPTakesOriginsAlone(t *testing.T) {
	tests := []struct{ origin, want string }{
		{"https://app.example", " https://app.example"},
		{"http://localhost:8080", " http://localhost:8080"},
		{"https://*.zendesk.com", " https://*.zendesk.com"},
		{"http://[::1]:8080", " http:"}, // a CSP host cannot be an IPv6 literal
		{"", ""},
		{"*", ""},
		{"javascript:alert(1)", ""},
		{"https://a.example; script-src *", ""},
		{"https://a.example/path", ""},
		{"https://a.example\r\nSet-Cookie: a=b", ""},
		{"https://", ""},
	}
	for _, test := range tests {
		want := "form-action 'self'" + test.want + ";"
		if got := web.CSP(test.origin); !strings.Contains(got, want) || strings.Contains(got, "script-src") {
			t.Errorf("CSP(%q) = %q, want in it %q", test.origin, got, want)
		}
	}
}

func TestLogoIsNeverAnotherServers(t *testing.T) {
	tests := []struct {
		url   string
		shown bool
	}{
		{"/logos/1.png", true},
		{"data:image/png;base64,AAAA", true},
		{"", false},
		{"https://evil.example/a.png", false},
		{"//evil.example/a.png", false},
		{`/\evil.example/a.png`, false},
		{"data:text/html,<script>", false},
		{"javascript:alert(1)", false},
	}
	for _, test := range tests {
		if got := (web.Client{LogoURL: test.url}).Logo() != ""; got != test.shown {
			t.Errorf("%q shown: %v, want %v", test.url, got, test.shown)
		}
	}
}

func TestInvalidExplainsEachDetail(t *testing.T) {
	other := web.Invalid{Detail: "something else"}.Hint()
	seen := map[string]bool{other: true}
	for _, detail := range []string{web.NoSuchClient, web.ClientMissing, web.RedirectMismatch, web.RedirectMissing} {
		hint := web.Invalid{Detail: detail}.Hint()
		if seen[hint] {
			t.Errorf("%q has no explanation of its own: %q", detail, hint)
		}
		seen[hint] = true
	}
}

func TestInitials(t *testing.T) {
	got := map[string]string{}
	for _, name := range []string{"", "ada", "Ada Admin", "Ada van der Admin", "élan", "  Ada  "} {
		got[name] = web.Person{Name: name}.Initials()
	}
	want := map[string]string{"": "?", "ada": "A", "Ada Admin": "AA", "Ada van der Admin": "AA", "élan": "É", "  Ada  ": "A"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStatic(t *testing.T) {
	w := httptest.NewRecorder()
	web.Render(w, http.StatusOK, web.ServerError{Page: web.Page{Prefix: "/sign-in"}})
	links := regexp.MustCompile(`(?:href|src)="(/sign-in/static/[^"]+)"`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(links) < 3 {
		t.Fatalf("style sheet, icon and mark expected, found %v", links)
	}
	var sheet string
	for _, link := range links {
		got := get(link[1])
		if got.Code != http.StatusOK {
			t.Errorf("%s: %d", link[1], got.Code)
		}
		if cache := got.Header().Get("Cache-Control"); cache != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", link[1], cache)
		}
		if strings.HasSuffix(link[1], ".css") {
			sheet = got.Body.String()
			if kind := got.Header().Get("Content-Type"); kind != "text/css; charset=utf-8" {
				t.Errorf("style sheet's type is %q", kind)
			}
		}
	}
	images := regexp.MustCompile(`url\("([^"]+)"\)`).FindAllStringSubmatch(sheet, -1)
	if len(images) == 0 {
		t.Error("the style sheet refers to no image")
	}
	for _, image := range images {
		if got := get("/static/" + image[1]); got.Code != http.StatusOK || got.Header().Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: %d %s", image[1], got.Code, got.Header().Get("Content-Type"))
		}
	}
	for _, path := range []string{"/static/", "/static/style.css", "/static/../page.go", "/static/style.000000000000.css"} {
		if got := get(path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, got.Code)
		}
	}
}

func get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	web.Static().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}
