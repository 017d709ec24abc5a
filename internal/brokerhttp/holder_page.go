package brokerhttp

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/web"
)

// passPage is the holder's page: what may be sent, and what was.
func (s *site) passPage(w http.ResponseWriter, r *http.Request) {
	h, err := s.passOf(w, r)
	if err != nil {
		s.passAsk(w, r, err)
		return
	}
	s.passForm(w, h, "", nil, nil)
}

// passAsk asks for the link. Where a script runs it is read from the address, and
// nobody is asked.
func (s *site) passAsk(w http.ResponseWriter, r *http.Request, err error) {
	key, status := passTextKey(err), http.StatusOK
	var refused *broker.PassRefused
	switch {
	case key == "" && err != nil:
		s.failed(w, r, err)
		return
	case errors.As(err, &refused) && r.Method != http.MethodPost && s.passCookie.read(r).IsZero() && bearerOf(r).IsZero():
		key = "" // nothing was brought yet
	case err != nil:
		status = problemOf(err).Status
		httpd.Note(r.Context(), slog.String("failure", key))
	}
	web.Render(w, status, web.AskPass{Page: s.holderPage(r), Action: passPath + "/open", Problem: key})
}

// holderPage has a switch of languages on every page: what a form leads to is the
// page itself.
func (s *site) holderPage(r *http.Request) web.Page {
	p := s.page(r)
	p.Languages = web.LanguageSwitch{Action: s.languagePath(), Back: passPath}
	return p
}

// passForm renders the page as the pass stands now.
func (s *site) passForm(w http.ResponseWriter, h held, comment string, failed []failedFile, err error) {
	key := passTextKey(err)
	if err != nil && key == "" {
		s.failed(w, h.Request, err)
		return
	}
	p, loaded := s.Broker.Pass(h.Context(), h.pass.ID)
	var sendings []broker.Sending
	if loaded == nil {
		sendings, loaded = s.Broker.Sendings(h.Context(), p.ID)
	}
	if loaded != nil {
		s.failed(w, h.Request, loaded)
		return
	}
	page := web.Pass{
		Page: s.holderPage(h.Request), ID: int64(p.ID), Name: p.Name, Account: s.host(p.Account), Public: p.Public, Types: p.Types,
		CanUpload: p.Allows(broker.Upload), CanComment: p.Allows(broker.Comment),
		Until: web.Moment{Time: p.Expires}, UsesLeft: p.UsesLeft(), FileMost: p.FileMost, BytesLeft: p.Left(),
		Problem: key, Comment: broker.CleanText(comment), Done: err == nil && h.URL.Query().Get(sentParam) != "",
	}
	status := http.StatusOK
	if err != nil {
		status = problemOf(err).Status
		httpd.Note(h.Context(), slog.String("failure", key), slog.String("reason", err.Error()))
	}
	for _, f := range failed {
		page.Failed = append(page.Failed, web.FailedFile{Name: f.name, Problem: passTextKey(f.err)})
	}
	s.showState(h, p, &page)
	s.showSendings(sendings, &page)
	plain := bearerOf(h.Request)
	if plain.IsZero() {
		plain = s.passCookie.read(h.Request)
	}
	if page.CanUpload && page.Over == "" {
		page.Curl = PassCurl(s.PublicURL, plain)
	}
	web.Render(w, status, page)
}

// showState says whether anything can be sent at all.
func (s *site) showState(h held, p broker.Pass, page *web.Pass) {
	if refused := (*broker.PassRefused)(nil); errors.As(p.Good(s.Broker.Now()), &refused) {
		page.Over = "why." + string(refused.Why)
		return
	}
	c, err := s.Broker.Connection(h.Context(), p.Connection)
	if err != nil || !c.Lendable() {
		page.Over = "obstacle." + string(broker.ConnectionBroken)
	}
}

func (s *site) showSendings(all []broker.Sending, page *web.Pass) {
	now := s.Broker.Now()
	for _, one := range all {
		shown := web.PassSending{ID: int64(one.ID), At: web.Moment{Time: one.Began}, State: string(one.Shown(now))}
		for _, f := range one.Arrived() {
			shown.Files = append(shown.Files, web.PassFile{Name: f.Name, Size: f.Bytes})
		}
		switch {
		case shown.State != string(broker.SendingOpen):
			page.Sent = append(page.Sent, shown)
		case len(shown.Files) > 0: // others are under way, or came to nothing
			page.Open = append(page.Open, shown)
		}
	}
}
