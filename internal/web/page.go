package web

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Page is what every page has. It is embedded in each page's struct.
type Page struct {
	Lang      Lang   // from [Match]; empty is English
	RequestID string // shown at the foot, so that a reader can quote it; empty hides it
	Prefix    string // path under which [Static] is mounted, "" for /static/ itself
	Admin     bool   // whether it is a page of the Admin Center, or of operators: see [Lang.ForAdmin]
	Languages LanguageSwitch
	Reader    Lang // of what stands round a page that is not in the reader's own language; empty: as the page
}

// Brand says whose page it is.
type Brand int

const (
	// Issuer pages are marked on top as a local Zendesk that is not zendesk.com.
	// It is the zero value, so that forgetting the brand can never pass for Zendesk.
	Issuer Brand = iota
	// Broker pages carry deskauth's own name.
	Broker
)

// Renderable is one of the page structs of this package.
type Renderable interface {
	frame() frame
	page() Page
}

// frame is what a page tells its surroundings.
type frame struct {
	Template    string // file in templates/, without .html
	Brand       Brand
	Title       string
	Account     string   // display name, issuer pages only
	Subdomain   string   // issuer pages only
	FormActions []string // origins beside 'self' that a form of the page may lead to
	Wide        bool     // two columns instead of one card
	Refresh     string   // URL to go to at once
	RetryAfter  int      // seconds, sent as Retry-After when above zero
	Allow       []string // methods, sent as Allow when there are any
	User        *Person  // who is signed in, where the page is theirs; nil for nobody
	Home        string   // where whoever is signed in begins; empty: /
	SignOut     string   // where the form for it is posted to; empty: the issuer's
	Nav         []Entry  // the sections of the Admin Center, none on other pages
	Roomy       bool     // wide enough for a table of many columns
	Script      string   // a file in static/ that eases the page's use; "" for none
	Follows     bool     // the script listens to a stream of this server
}

func (p Page) page() Page { return p }

// round is the page as its frame has it, which keeps the reader's language.
func (p Page) round() Page {
	if p.Reader != "" {
		p.Lang = p.Reader
	}
	return p
}

// T is the text of a key in the page's language; for templates.
func (p Page) T(key string, args ...any) string { return T(p.Lang, key, args...) }

// RoleText is a role in words, or the role itself when there are none; for templates.
func (p Page) RoleText(role string) string {
	if text, ok := languages().lookup(p.Lang, "role."+role); ok {
		return text
	}
	return role
}

// Asset is the URL of a static file, with the hash of its content; for templates.
func (p Page) Asset(name string) string { return p.Prefix + assets().url(name) }

//go:embed templates/*.html
var templateFiles embed.FS

// templates holds each page's template, cloned from the layout and parsed once, for
// the first page.
var templates = sync.OnceValue(func() map[string]*template.Template { return must(parseTemplates()) })

func parseTemplates() (map[string]*template.Template, error) {
	layout, err := template.New("layout.html").ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	parsed := map[string]*template.Template{}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		t, err := template.Must(layout.Clone()).ParseFS(templateFiles, path.Join("templates", f.Name()))
		if err != nil {
			return nil, err
		}
		parsed[name] = t
	}
	return parsed, nil
}

// view is what the layout sees; the page's own template sees Page alone.
type view struct {
	frame
	Page  Renderable
	Base  Page
	Round Page // in the reader's language: what stands round the page
	Lang  Lang
	Dir   string
	Only  string // the languages that the page is in, where the reader's is none of them

	Offered []languageChoice // languages, none on a page without a switch
}

// RoundDir is the direction of what stands round the page.
func (v view) RoundDir() string { return v.Round.Lang.dir() }

// Broker tells the layout whose page it is.
func (v view) Broker() bool { return v.Brand == Broker }

// Render answers with a page. It is rendered whole before the first byte is sent,
// so that a failing template is a plain 500 and never half a page. Every page is
// no-store and no-referrer, because its address or its body may hold what a
// consent needs (RFC 6749 §10.5, RFC 9700 §4.2.4).
func Render(w http.ResponseWriter, status int, p Renderable) {
	f, base := p.frame(), p.page()
	if base.Lang == "" {
		base.Lang = English
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	policy := CSP(f.FormActions...)
	if f.Script != "" {
		policy = withScript(policy)
	}
	if f.Follows {
		policy = withStream(policy)
	}
	h.Set("Content-Security-Policy", policy)

	var body bytes.Buffer
	v := view{frame: f, Page: p, Base: base, Round: base.round(), Lang: base.Lang, Dir: base.Lang.dir(), Offered: base.languageChoices()}
	if v.Round.Lang != v.Lang {
		v.Only = wholeNames()
	}
	if err := execute(&body, v); err != nil {
		slog.Error("a page could not be rendered", "page", f.Template, "request_id", base.RequestID, "error", err)
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(T(base.Lang, "plain_500", base.RequestID) + "\n"))
		return
	}
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	if len(f.Allow) > 0 {
		h.Set("Allow", strings.Join(f.Allow, ", "))
	}
	h.Set("Content-Language", string(base.Lang))
	h.Add("Vary", "Accept-Language, Cookie")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a reader who left is nobody to report to
}

func execute(body *bytes.Buffer, v view) error {
	return templates()[v.Template].ExecuteTemplate(body, "layout.html", v)
}
