package brokerhttp

import (
	"crypto/subtle"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
)

// Lending is one account's API for the programs of this machine, as a login: the proxy
// by itself, without a broker's other parts.
//
//	ANY /api/v2/… ──► Host ──► no browser ──► secret ──► method, path ──► passage
//
// What a page in a browser can send here is refused before it is looked at: a Host that
// is no address of this machine (DNS rebinding), an Origin, and what browsers say of
// where a request is from.
type Lending struct {
	Root      *url.URL          // of the account
	Transport http.RoundTripper // adds the token, and may renew it
	Secret    secret.Plain      // what a program presents, as a bearer or as a password
	Hosts     []string          // names beside this machine's own by which it is reached
	Others    bool              // addresses of other machines are taken for a Host, too
	ReadOnly  bool              // GET and HEAD alone
	Paths     []string          // prefixes, of which one must fit; empty: everything below /api/v2/

	// Explain says in words for people why there is no answer of Zendesk's, and whether
	// a person has to do something; nil: the error's own.
	Explain func(error) (why string, person bool)
	Log     *slog.Logger
}

// The refusals of a Lending's own.
var (
	errForeignHost = errors.New("the Host is none of this proxy's addresses")
	errBrowser     = errors.New("a page in a browser asks; this is for programs")
	errReadOnly    = errors.New("only GET and HEAD are let through")
	errElsewhere   = errors.New("the path is none of those that are let through")
	errMints       = errors.New("OAuth tokens, OAuth clients and API tokens are changed only where a path that is let through names them: they outlive this proxy")
)

// Handler serves it.
func (l Lending) Handler() http.Handler {
	lines := slog.NewLogLogger(l.Log.Handler(), slog.LevelWarn)
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = proxied // for the log: no mux sees it
		if err := l.check(r); err != nil {
			l.refuse(w, r, err)
			return
		}
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(proxyReadTime))
		}
		p := passage{w: w, root: l.Root, path: r.URL.EscapedPath(), transport: l.Transport, failed: l.unanswered, log: lines}
		p.serve(r)
	})
	return httpd.Chain(serve, httpd.RequestID, httpd.Log(l.Log), httpd.Recover(l.Log, func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, problemOf(nil))
	}), httpd.MaxBody(proxyBody))
}

func (l Lending) check(r *http.Request) error {
	switch {
	case !l.known(r.Host):
		return errForeignHost
	case fromBrowser(r.Header):
		return errBrowser
	case !l.opens(r):
		return broker.ErrKeyRefused
	case r.ContentLength > proxyBody: // one of unknown length is cut off there
		return &http.MaxBytesError{Limit: proxyBody}
	}
	if err := checkProxied(r, r.URL.EscapedPath()); err != nil {
		return err
	}
	switch {
	case l.ReadOnly && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return errReadOnly
	case !l.leads(r.URL.EscapedPath()):
		return errElsewhere
	case len(l.Paths) == 0 && r.Method != http.MethodGet && r.Method != http.MethodHead && mints(r.URL.Path):
		return errMints
	}
	maps.DeleteFunc(r.Header, func(name string, _ []string) bool { return l.says(name) })
	return nil
}

// says tells a header from which some servers take another method, or another path, than
// those that were looked at here.
func (l Lending) says(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "_", "-")) // as CGI, and what came after it, reads them
	return l.ReadOnly && (strings.HasSuffix(name, "method-override") || strings.HasSuffix(name, "http-method")) ||
		name == "x-original-url" || name == "x-rewrite-url"
}

// mints tells the paths at which a program could have a token made that nobody lent it, or
// end the one by which it is let in. It is read as by whoever decodes it once more, and
// does not mind how many slashes there are, nor capitals.
func mints(path string) bool {
	for range 4 { // what zendesk.Climbs looks at, too
		again, err := url.PathUnescape(path)
		if err != nil || again == path {
			break
		}
		path = again
	}
	parts := strings.FieldsFunc(strings.ToLower(path), func(c rune) bool { return c == '/' || c == '\\' })
	if len(parts) < 3 { // api, v2 and what it is of
		return false
	}
	first, _, _ := strings.Cut(parts[2], ";")
	first, _, _ = strings.Cut(first, ".")
	return first == "oauth" || first == "api_tokens"
}

// known tells a Host that no name server can have pointed here: this machine's own
// names and addresses, and those that were named.
func (l Lending) known(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	for _, own := range append([]string{"localhost"}, l.Hosts...) {
		if host == strings.ToLower(own) {
			return true
		}
	}
	at, err := netip.ParseAddr(host)
	return err == nil && (l.Others || at.IsLoopback())
}

// fromBrowser tells what a page caused: its own fetch has an Origin, and every request of
// a browser says where it is from (Fetch Metadata). What a person types there has no
// secret, and is refused for that.
func fromBrowser(h http.Header) bool {
	_, origin := h["Origin"]
	from, said := h["Sec-Fetch-Site"]
	return origin || said && (len(from) != 1 || from[0] != "none")
}

// opens tells whether a request has the secret: as a bearer, or as the password of Basic,
// whoever it names there.
func (l Lending) opens(r *http.Request) bool {
	if len(r.Header.Values("Authorization")) != 1 {
		return false
	}
	given := r.Header.Get("Authorization")
	if _, password, basic := r.BasicAuth(); basic {
		given = password
	} else if scheme, token, _ := strings.Cut(given, " "); strings.EqualFold(scheme, "Bearer") {
		given = strings.TrimSpace(token)
	} else {
		return false
	}
	a, b := secret.Of(given).Digest(), l.Secret.Digest()
	return subtle.ConstantTimeCompare(a.Bytes(), b.Bytes()) == 1 && !l.Secret.IsZero()
}

// leads tells whether a path is let through: a prefix fits whole segments, and what is
// written after one as .json is.
func (l Lending) leads(path string) bool {
	for _, prefix := range l.Paths {
		rest, fits := strings.CutPrefix(path, strings.TrimSuffix(prefix, "/"))
		if fits && (rest == "" || rest[0] == '/' || rest == ".json") {
			return true
		}
	}
	return len(l.Paths) == 0
}

func (l Lending) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	switch {
	case errors.Is(err, errForeignHost):
		p = problem{Type: "foreign_host", Title: "The request is for another host", Status: http.StatusMisdirectedRequest}
	case errors.Is(err, errBrowser), errors.Is(err, errReadOnly), errors.Is(err, errElsewhere), errors.Is(err, errMints):
		p = problem{Type: "forbidden", Title: "This is not let through", Status: http.StatusForbidden}
	case errors.Is(err, broker.ErrKeyRefused):
		p.Title = "The secret of this proxy is missing, or another's"
		w.Header().Set("WWW-Authenticate", `Bearer realm="deskauth proxy"`) // no Basic: a browser would ask a person
	}
	if p.Detail == "" && p.Status != http.StatusUnauthorized {
		p.Detail = err.Error()
	}
	if p.Status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", proxyAllow)
	}
	httpd.Note(r.Context(), slog.String("failure", p.Type), slog.String("reason", err.Error()))
	writeProblem(w, r, p)
}

// unanswered says why Zendesk did not answer. A login that needs a person is told from a
// Zendesk that is away.
func (l Lending) unanswered(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		w.WriteHeader(http.StatusBadRequest) // nobody waits
		return
	}
	p := problemOf(err)
	if p.Status == http.StatusRequestEntityTooLarge {
		writeProblem(w, r, p)
		return
	}
	if p.Status == http.StatusInternalServerError {
		p = problem{Type: "unreachable", Title: "Zendesk did not answer", Status: http.StatusBadGateway}
	}
	if l.Explain != nil {
		why, person := l.Explain(err)
		if p.Detail = why; person {
			p.Type, p.Title, p.Status = "unusable", "The login needs a person", http.StatusConflict
		}
	}
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	httpd.Note(r.Context(), slog.String("failure", p.Type), slog.String("reason", p.Detail))
	writeProblem(w, r, p)
}
