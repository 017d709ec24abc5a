package brokerhttp

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/web"
)

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	account := query.Get("account")
	if account == "" {
		account = s.Account
	}
	account, err := s.Broker.Base.CleanSubdomain(account)
	if err != nil {
		account = ""
	}
	page := s.homePage(r, account, query.Get(web.FieldReturnTo))
	web.Render(w, http.StatusOK, page)
}

func (s *site) homePage(r *http.Request, subdomain, returnTo string) web.ConnectHome {
	p := s.page(r)
	p.Languages = web.LanguageSwitch{Action: s.languagePath(), Back: web.Within(s.ConnectPath,
		"account", subdomain, web.FieldReturnTo, broker.LocalPath(returnTo), productParam, r.URL.Query().Get(productParam))}
	return web.ConnectHome{
		Page:        p,
		Action:      s.connectAction(r),
		Subdomain:   subdomain,
		BaseSuffix:  strings.TrimPrefix(s.host("acme"), "acme"),
		ReturnTo:    broker.LocalPath(returnTo),
		Asked:       s.Broker.Scope,
		Connections: s.boardPath(),
		FormOrigins: []string{s.formOrigin()},
	}
}

// connectAction is where the form goes. The product is part of the address: a link
// to it says which, and a person is not asked.
func (s *site) connectAction(r *http.Request) string {
	if p := r.URL.Query().Get(productParam); p != "" {
		return s.ConnectPath + "?" + url.Values{productParam: {p}}.Encode()
	}
	return s.ConnectPath
}

// productParam names the product in the address of the connect page: support, which
// it is where none is named, or chat.
const productParam = "product"

// formOrigin is where a form that is answered by a redirect to Zendesk may lead.
// Chromium holds form-action against every redirect on the way, and Zendesk may
// redirect on to any company's sign-in; there is nothing in the form to steal.
func (s *site) formOrigin() string {
	root := s.Broker.Base.URL("acme")
	if root.Scheme == "https" {
		return "https://*"
	}
	return root.Scheme + "://*" + strings.TrimPrefix(root.Host, "acme")
}

// host is an account's address for people, such as acme.zendesk.com.
func (s *site) host(account string) string {
	if u := s.Broker.Base.URL(account); u != nil {
		return u.Host
	}
	return ""
}

func (s *site) page(r *http.Request) web.Page {
	p := web.Page{Lang: s.language.Lang(r), RequestID: httpd.RequestIDFrom(r.Context())}
	p.Languages = web.LanguageSwitch{Action: s.languagePath(), Back: s.languageBack(r)}
	return p
}

// languageBack is the page that the switch of languages leads to. What a form or
// Zendesk's answer led to is there this once: its switch leads to where that began, and
// there is none where that would not do.
func (s *site) languageBack(r *http.Request) string {
	path := r.URL.Path
	switch {
	case path == s.CallbackPath:
		return s.ConnectPath
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return r.URL.RequestURI()
	case path == web.PathConnectionsOrders:
		return web.PathConnections
	case path == s.ConnectPath, path == devicePath, strings.HasPrefix(path, web.PathConnections+"/"):
		return path
	}
	return ""
}

// boardPath is where the connections can be seen, empty where there are no such pages.
func (s *site) boardPath() string {
	if !s.Board {
		return ""
	}
	return web.PathConnections
}

// languagePath stands below the path that is ours: beside it, the program in which
// these pages are embedded may have pages of its own.
func (s *site) languagePath() string { return strings.TrimSuffix(s.ConnectPath, "/") + "/language" }

// chooseLanguage is the switch at the foot of the pages.
func (s *site) chooseLanguage(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.badForm(w, r, err)
		return
	}
	if !s.language.Choose(w, r.PostForm.Get(web.FieldLanguage)) {
		s.notFound(w, r)
		return
	}
	back := broker.LocalPath(r.PostForm.Get(web.FieldBack))
	if back == "" {
		back = s.ConnectPath
	}
	w.Header().Set("Cache-Control", "no-store")
	redirect(w, http.StatusSeeOther, back)
}

func (s *site) connect(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.badForm(w, r, err)
		return
	}
	typed, returnTo := r.PostForm.Get(web.FieldSubdomain), r.PostForm.Get(web.FieldReturnTo)
	refuse := func(problem web.Problem) {
		page := s.homePage(r, typed, returnTo)
		page.Problem = problem
		web.Render(w, http.StatusUnprocessableEntity, page)
	}
	if strings.TrimSpace(typed) == "" {
		refuse(web.ProblemSubdomainMissing)
		return
	}
	account, err := s.Broker.Base.CleanSubdomain(typed)
	if err != nil {
		refuse(web.ProblemSubdomainInvalid)
		return
	}
	httpd.Note(r.Context(), slog.String("account", account))
	departure, err := s.Broker.Connect(r.Context(), broker.ConnectRequest{
		Account: account, Product: broker.Product(r.URL.Query().Get(productParam)), ReturnTo: returnTo, Browser: s.cookie.read(r),
	})
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.cookie.set(w, departure.Browser)
	w.Header().Set("Cache-Control", "no-store")
	redirect(w, http.StatusSeeOther, departure.URL)
}

func (s *site) badForm(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadRequest
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		status = http.StatusRequestEntityTooLarge
	}
	page := s.homePage(r, "", "")
	page.Problem = web.ProblemSubdomainInvalid
	web.Render(w, status, page)
}

func (s *site) callback(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		s.failed(w, r, &broker.Failure{Kind: broker.Misc, Err: errors.New("the query cannot be read")})
		return
	}
	arrival, err := s.Broker.Callback(r.Context(), query, s.cookie.read(r))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	if arrival.Flow.Purpose == broker.SigningIn {
		s.admitted(w, r, arrival)
		return
	}
	c := arrival.Connection
	httpd.Note(r.Context(), slog.String("account", c.Account), slog.Int64("connection", int64(c.ID)))
	w.Header().Set("Cache-Control", "no-store")
	// Who allows a program signs in to nothing here.
	if s.OnConnected != nil && !arrival.Again && arrival.Flow.Device == 0 {
		s.OnConnected(w, r, c, arrival.Flow.ReturnTo)
		return
	}
	redirect(w, http.StatusSeeOther, resultPath+"/"+strconv.FormatInt(int64(arrival.Flow.ID), 10))
}

func (s *site) result(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("flow"), 10, 64)
	if err != nil {
		s.notFound(w, r)
		return
	}
	arrival, err := s.Broker.Result(r.Context(), broker.FlowID(id), s.cookie.read(r))
	switch {
	case errors.Is(err, broker.ErrNotFound):
		s.notFound(w, r)
		return
	case err != nil:
		s.failed(w, r, err)
		return
	}
	c := arrival.Connection
	name := c.User.Name
	if name == "" { // the scope did not reach the profile
		name = strconv.FormatInt(c.User.ID, 10)
	}
	web.Render(w, http.StatusOK, web.Connected{
		Page:         s.page(r),
		UserName:     name,
		Role:         c.User.Role,
		Product:      productName(c.Product),
		Account:      s.host(c.Account),
		Granted:      c.Granted,
		Missing:      c.Missing(),
		ConnectionID: strconv.FormatInt(int64(c.ID), 10),
		ReturnTo:     arrival.Flow.ReturnTo,
		Program:      arrival.Program,
		Connections:  s.boardPath(),
	})
}

// productName is Zendesk's own name of the product, in no language.
func productName(p broker.Product) string {
	if p == broker.Chat {
		return "Chat"
	}
	return "Support"
}
