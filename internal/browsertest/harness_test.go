package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHarnessSeesProblems shows a visitor one page for each kind of fault. A harness
// that finds nothing on these would find nothing anywhere.
func TestHarnessSeesProblems(t *testing.T) {
	const frame = `<!doctype html><html lang="en"><title>T</title><meta name="viewport" content="width=device-width"><body><main><h1>T</h1>%s</main></body></html>`
	faults := []struct{ name, policy, body, want string }{
		{"a sound page", "", `<p>Hello</p>`, ""},
		{"no label", "", `<input type="text">`, "axe, fault-desktop-light: label"},
		{"contrast", "", `<p style="color:#aaa;background:#fff">pale</p>`, "color-contrast"},
		{"contrast in the dark", "", `<style>@media (prefers-color-scheme:dark){body{background:#222;color:#333}}</style><p>dim</p>`, "axe, fault-phone-dark: color-contrast"},
		{"console", "", `<script>console.error("oh dear")</script>`, "console: oh dear"},
		{"exception", "", `<script>throw new Error("oh no")</script>`, "exception: oh no"},
		{"policy", "default-src 'none'", `<p style="margin:0">styled</p>`, "content security policy: style-src"},
		{"missing image", "", `<img alt="" src="/missing.png">`, "/missing.png answered 404"},
		{"too wide on a phone", "", `<div style="width:500px">wide</div>`, "fault-phone-dark: 508 px wide in 390 px"},
		{"other words", "", `<p>Goodbye</p>`, "does not say"},
	}
	mux := http.NewServeMux()
	for i, f := range faults {
		mux.HandleFunc(fmt.Sprintf("GET /%d", i), func(w http.ResponseWriter, _ *http.Request) {
			if f.policy != "" {
				w.Header().Set("Content-Security-Policy", f.policy)
			}
			fmt.Fprintf(w, frame, f.body)
		})
	}
	mux.HandleFunc("GET /favicon.ico", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	defer server.Close()

	var pages []map[string]string
	for i, f := range faults {
		page := map[string]string{"name": "fault", "url": fmt.Sprintf("%s/%d", server.URL, i)}
		if f.name == "other words" {
			page["text"] = "Hello"
		}
		pages = append(pages, page)
	}
	got := drive(t, "pages", map[string]any{"pages": pages})
	for i, f := range faults {
		among(t, f.name, got.Problems, pages[i]["url"], f.want)
	}
}

func TestHarnessSeesWhereTheFocusIs(t *testing.T) {
	walks := []struct{ name, style, end, want string }{
		{"a sound page", "", `id="end"`, ""},
		{"focus not shown", "*:focus{outline:none}", `id="end"`, "the focus does not show on <button"},
		{"never gets there", "", `id="end" tabindex="-1"`, "10 times Tab do not reach"},
	}
	mux := http.NewServeMux()
	var urls []string
	for i, c := range walks {
		mux.HandleFunc(fmt.Sprintf("GET /%d", i), func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `<!doctype html><html lang="en"><title>T</title><style>%s</style><button>one</button><button %s>two</button>`,
				c.style, c.end)
		})
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	for i := range walks {
		urls = append(urls, fmt.Sprintf("%s/%d", server.URL, i))
	}
	got := drive(t, "tabs", map[string]any{"urls": urls})
	for i, c := range walks {
		among(t, c.name, got.Problems, urls[i], c.want)
	}
}

// among holds that want is among the problems met at url; for "", that there are none.
func among(t *testing.T, name string, problems []string, url, want string) {
	t.Helper()
	var found []string
	for _, p := range problems {
		if strings.HasPrefix(p, url+":") {
			found = append(found, p)
		}
	}
	if all := strings.Join(found, "\n"); want == "" && all != "" || !strings.Contains(all, want) {
		t.Errorf("%s: problems %q, want %q among them", name, all, want)
	}
}
