package journey

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// transport reaches every host on this machine, as Chromium does for *.localhost.
// Most resolvers cannot.
var transport = &http.Transport{
	DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	},
	// Whoever signed the certificate of a test: it is this machine.
	TLSClientConfig:       &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // G402: see above
	MaxIdleConnsPerHost:   64,
	ResponseHeaderTimeout: 2 * patience,
}

// Loopback is a client that finds every host on this machine, as browsers do.
func Loopback() *http.Client { return &http.Client{Transport: transport} }

// Unsent tells an error of a request of which the server saw nothing.
func Unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// hopsMost is how many redirects browsers follow.
const hopsMost = 20

// Browser is a person's browser: it keeps cookies, follows redirects and submits
// forms. It is for one goroutine at a time.
type Browser struct {
	jar *cookiejar.Jar
	// Halt is the address of a program that is not there: a redirect to it ends a
	// walk, and the page has it in Location.
	Halt string
	// Language is what the browser asks for; "" for English.
	Language string
}

// NewBrowser returns a browser without cookies.
func NewBrowser() *Browser {
	jar, _ := cookiejar.New(nil) // it has no error to return
	return &Browser{jar: jar}
}

// Page is what a browser shows.
type Page struct {
	URL      *url.URL
	Status   int
	Header   http.Header
	Body     string
	Location string // where Halt was met, with the answer in its query
}

// Get opens an address.
func (b *Browser) Get(ctx context.Context, address string) (*Page, error) {
	return b.walk(ctx, http.MethodGet, address, nil, "")
}

// walk follows redirects as browsers do: 307 and 308 keep the method (RFC 9110
// section 15.4.8), others make it a GET.
func (b *Browser) walk(ctx context.Context, method, address string, form url.Values, origin string) (*Page, error) {
	for range hopsMost {
		page, err := b.ask(ctx, method, address, form, origin)
		if err != nil {
			return nil, err
		}
		to := page.Header.Get("Location")
		if page.Status < 300 || page.Status > 399 || to == "" {
			return page, nil
		}
		next, err := page.URL.Parse(to)
		if err != nil {
			return nil, fmt.Errorf("redirect to a bad address: %w", err)
		}
		if b.Halt != "" && strings.HasPrefix(next.String(), b.Halt) {
			page.Location = next.String()
			return page, nil
		}
		address = next.String()
		if page.Status != http.StatusTemporaryRedirect && page.Status != http.StatusPermanentRedirect {
			method, form = http.MethodGet, nil
		}
	}
	return nil, errors.New("redirected in a circle")
}

func (b *Browser) ask(ctx context.Context, method, address string, form url.Values, origin string) (*Page, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", origin)
	}
	req.Header.Set("Accept", "text/html")
	if b.Language != "" {
		req.Header.Set("Accept-Language", b.Language)
	}
	for _, c := range b.jar.Cookies(req.URL) {
		req.AddCookie(c)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	b.jar.SetCookies(req.URL, resp.Cookies())
	return &Page{URL: req.URL, Status: resp.StatusCode, Header: resp.Header, Body: string(text)}, nil
}

// Cookies are the values of the cookies for an address.
func (b *Browser) Cookies(address string) []string {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	var values []string
	for _, c := range b.jar.Cookies(u) {
		values = append(values, c.Value)
	}
	return values
}

// Form is a form of a page.
type Form struct {
	Action string
	Hidden url.Values // the fields that are filled in
	Fields []string   // those that a person fills in
	Values []string   // of the buttons, name=value
}

// The markup of our own pages, which package web's golden files hold fast.
var (
	formTag   = regexp.MustCompile(`(?s)<form method="post"(?: action="([^"]*)")?[^>]*>(.*?)</form>`)
	inputTag  = regexp.MustCompile(`<input [^>]*>`)
	buttonTag = regexp.MustCompile(`<button [^>]*>`)
	attribute = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

// Forms are the forms of the page.
func (p *Page) Forms() []Form {
	var forms []Form
	for _, m := range formTag.FindAllStringSubmatch(p.Body, -1) {
		f := Form{Action: html.UnescapeString(m[1]), Hidden: url.Values{}}
		for _, tag := range inputTag.FindAllString(m[2], -1) {
			a := attributes(tag)
			if a["type"] == "hidden" {
				f.Hidden.Set(a["name"], a["value"])
			} else {
				f.Fields = append(f.Fields, a["name"])
			}
		}
		for _, tag := range buttonTag.FindAllString(m[2], -1) {
			if a := attributes(tag); a["name"] != "" {
				f.Values = append(f.Values, a["name"]+"="+a["value"])
			}
		}
		forms = append(forms, f)
	}
	return forms
}

func attributes(tag string) map[string]string {
	all := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		all[m[1]] = html.UnescapeString(m[2])
	}
	return all
}

// Form returns the form with a field or a button of that name.
func (p *Page) Form(name string) (Form, bool) {
	for _, f := range p.Forms() {
		if slices.Contains(f.Fields, name) || slices.ContainsFunc(f.Values, func(v string) bool { return strings.HasPrefix(v, name+"=") }) {
			return f, true
		}
	}
	return Form{}, false
}

// bare returns the first form with neither fields nor a choice of buttons.
func (p *Page) bare() (Form, bool) {
	for _, f := range p.Forms() {
		if len(f.Fields) == 0 && len(f.Values) == 0 {
			return f, true
		}
	}
	return Form{}, false
}

// Submit fills in the form that has the first of the fields and submits it. A button
// is a field too. Without fields it is the first form that asks for nothing.
func (b *Browser) Submit(ctx context.Context, p *Page, fields ...string) (*Page, error) {
	name, _, _ := strings.Cut(strings.Join(fields, " "), "=")
	f, found := p.Form(name)
	if len(fields) == 0 {
		f, found = p.bare()
	}
	if !found {
		return nil, &WrongPage{Why: "no form with " + name, Page: p}
	}
	values := url.Values{}
	for k, v := range f.Hidden {
		values[k] = v
	}
	for _, field := range fields {
		k, v, _ := strings.Cut(field, "=")
		values.Set(k, v)
	}
	to, err := p.URL.Parse(f.Action)
	if err != nil {
		return nil, err
	}
	return b.walk(ctx, http.MethodPost, to.String(), values, p.URL.Scheme+"://"+p.URL.Host)
}

// WrongPage says that a walk came to another page than it should have.
type WrongPage struct {
	Why  string
	Page *Page
}

func (e *WrongPage) Error() string {
	return fmt.Sprintf("%s: the page %q of %s (status %d)", e.Why, e.Page.Title(), e.Page.URL.Path, e.Page.Status)
}

var titleTag = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)

// Title is the page's heading.
func (p *Page) Title() string {
	m := titleTag.FindStringSubmatch(p.Body)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// Text is the page without markup.
func (p *Page) Text() string {
	return html.UnescapeString(regexp.MustCompile(`(?s)<[^>]*>`).ReplaceAllString(p.Body, ""))
}

// Person is somebody who can sign in to an account.
type Person struct{ Email, Password, Name, Role string }

// SignIn walks through the issuer's pages wherever they come up: it signs in,
// allows, and stops at any other page.
func (b *Browser) SignIn(ctx context.Context, p *Page, who Person, decision string) (*Page, error) {
	for range 3 {
		var err error
		if _, signIn := p.Form("password"); signIn {
			p, err = b.Submit(ctx, p, "email="+who.Email, "password="+who.Password)
		} else if _, consent := p.Form("decision"); consent {
			p, err = b.Submit(ctx, p, "decision="+decision)
		} else {
			return p, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Connect walks a whole sign-in from the broker's first page to whatever page it
// ends on.
func (b *Browser) Connect(ctx context.Context, broker, account string, who Person, decision string) (*Page, error) {
	p, err := b.Get(ctx, broker+"/")
	if err != nil {
		return nil, err
	}
	if p, err = b.Submit(ctx, p, "subdomain="+account); err != nil {
		return nil, err
	}
	return b.SignIn(ctx, p, who, decision)
}
