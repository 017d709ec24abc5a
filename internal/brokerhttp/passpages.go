package brokerhttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/web"
)

// passPages are those on which operators hand out passes. What their holders do is in
// holder.go.
var passPages = []boardRoute{
	{web.PathPasses, operators, serving{"GET": (*site).passList}},
	{web.PathPassNew, operators, serving{"GET": (*site).passNew, "POST": (*site).passMade}},
	{web.PathPasses + "/{id}", operators, serving{"GET": (*site).passShown, "POST": (*site).passEnded}},
}

// passList is GET /passes.
func (s *site) passList(w http.ResponseWriter, v visit) error {
	query := v.URL.Query()
	p := web.Passes{Board: s.boardPage(v), Filter: web.PassFilter{
		State: query.Get(web.FieldState), Connection: query.Get(web.FieldConnection), Words: query.Get(web.FieldWords),
	}}
	f := broker.PassFilter{Words: p.Filter.Words, State: broker.PassState(p.Filter.State)}
	if p.Unknown = p.Filter.Unknown(); p.Unknown != "" { // a filter that was mistyped must not look like none
		web.Render(w, http.StatusUnprocessableEntity, p)
		return nil
	}
	if p.Filter.Connection != "" {
		id, err := broker.ParseConnectionID(p.Filter.Connection)
		if err != nil {
			return err
		}
		f.Connection = id
	}
	before, err := readCursor(query.Get(web.FieldBefore))
	if err != nil {
		return broker.ErrNotFound
	}
	found, err := s.Broker.PassesSeen(v.Context(), v.viewer, f, broker.PassID(before), listPage)
	if err != nil {
		return err
	}
	names := s.names()
	for _, one := range found.Passes {
		row, err := s.passRow(v.Context(), names, one)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	if before != 0 {
		p.Pager.Newer = web.Within(web.PathPasses, p.Filter.Pairs()...) // the first page
	}
	if found.More {
		last := found.Passes[len(found.Passes)-1].ID
		p.Pager.Older = web.Within(web.PathPasses, append(p.Filter.Pairs(), web.FieldBefore, writeCursor(int64(last)))...)
	}
	web.Render(w, http.StatusOK, p)
	return nil
}

// passRow is a pass as pages show it.
func (s *site) passRow(ctx context.Context, names *names, p broker.Pass) (web.PassRow, error) {
	row := web.PassRow{
		ID: int64(p.ID), Name: p.Name, State: web.PassState(p.State(s.Broker.Now())), Ticket: p.Ticket, Account: s.host(p.Account),
		Upload: p.Allows(broker.Upload), Comment: p.Allows(broker.Comment), Public: p.Public, Types: p.Types,
		FileMost: p.FileMost, BytesMost: p.BytesMost, Bytes: p.Bytes, UsesMost: p.UsesMost, Uses: p.Uses,
		Created: p.Created, Expires: p.Expires, Revoked: p.Revoked, Used: p.Used,
	}
	if u := s.Broker.Base.URL(p.Account); u != nil {
		row.TicketURL = u.JoinPath("agent/tickets", strconv.FormatInt(p.Ticket, 10)).String()
	}
	var err error
	row.Maker, err = names.who(ctx, p.Maker)
	return row, err
}

// carriersShown is how many connections are offered to choose from.
const carriersShown = 20

// passNew is GET /new-pass: which connection, and then the form.
func (s *site) passNew(w http.ResponseWriter, v visit) error {
	query := v.URL.Query()
	if query.Get(web.FieldConnection) == "" {
		return s.passChoice(w, v, query.Get(web.FieldWords))
	}
	p, err := s.passToMake(v, query.Get(web.FieldConnection))
	if err != nil {
		return err
	}
	p.Typed = web.PassTyped{
		FileMost: "50", AllMost: "500", Uses: "10", Life: int(broker.PassLife / time.Hour), Upload: true, Comment: true,
	}
	web.Render(w, http.StatusOK, p)
	return nil
}

func (s *site) passChoice(w http.ResponseWriter, v visit, words string) error {
	found, err := s.Broker.Seen(v.Context(), v.viewer, broker.Filter{Words: words}, 0, carriersShown)
	if err != nil {
		return err
	}
	p := web.PassChoice{Board: s.boardPage(v), Words: words, More: found.More, Connect: s.ConnectPath}
	clients := &clientNames{site: s, names: map[broker.ClientID]string{}}
	for _, c := range found.Connections {
		row, err := s.row(v.Context(), clients, c)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, web.CarrierRow{ConnectionRow: row, Cannot: cannotCarry(c)})
	}
	web.Render(w, http.StatusOK, p)
	return nil
}

// cannotCarry says in a word why no pass acts as a connection.
func cannotCarry(c broker.Connection) string {
	var unusable *broker.Unusable
	switch err := c.Carries(); {
	case err == nil:
		return ""
	case c.Product != broker.Support:
		return "product"
	case errors.As(err, &unusable):
		return "state"
	}
	return "scope"
}

func (s *site) passToMake(v visit, connection string) (web.PassNew, error) {
	p := web.PassNew{Board: s.boardPage(v), Wrong: map[string]bool{}}
	id, err := broker.ParseConnectionID(connection)
	if err != nil {
		return p, err
	}
	c, err := s.Broker.SeenOne(v.Context(), v.viewer, id)
	if err != nil {
		return p, err
	}
	p.Row, err = s.row(v.Context(), &clientNames{site: s, names: map[broker.ClientID]string{}}, c)
	return p, err
}

// passMade is POST /new-pass. What its holder is given is in the answer, and nowhere
// else.
func (s *site) passMade(w http.ResponseWriter, v visit) error {
	p, err := s.passToMake(v, v.PostForm.Get(web.FieldConnection))
	if err != nil {
		return err
	}
	wish := s.passTyped(v, &p)
	if len(p.Wrong) > 0 {
		web.Render(w, http.StatusUnprocessableEntity, p)
		return nil
	}
	// A pass that nobody is shown is worse than one more: it is made whole, or not.
	made, plain, err := s.Broker.MakePass(v.Context(), wish)
	if err != nil {
		return s.notMade(w, v, p, err)
	}
	httpd.Note(v.Context(), slog.Int64("pass", int64(made.ID)))
	row, err := s.passRow(v.Context(), s.names(), made)
	if err != nil {
		return err
	}
	page := web.PassMade{Board: s.boardPage(v), Row: row, Link: PassLink(s.PublicURL, plain)}
	if made.Allows(broker.Upload) {
		page.Curl = PassCurl(s.PublicURL, plain)
	}
	web.Render(w, http.StatusOK, page)
	return nil
}

// megabyte is what sizes are typed in, as they are shown.
const (
	megabyte      = 1_000_000
	fileMegabytes = broker.PassFileMost / megabyte
	allMegabytes  = broker.PassBytesMost / megabyte
)

// passTyped reads the form, and notes in the page what is wrong with it.
func (s *site) passTyped(v visit, p *web.PassNew) broker.Pass {
	form := v.PostForm
	can := form[web.FieldCan]
	p.Typed = web.PassTyped{
		Name: form.Get(web.FieldName), Ticket: form.Get(web.FieldTicket), Types: form.Get(web.FieldTypes),
		FileMost: form.Get(web.FieldFileMost), AllMost: form.Get(web.FieldAllMost), Uses: form.Get(web.FieldUses),
		Upload: slices.Contains(can, string(broker.Upload)), Comment: slices.Contains(can, string(broker.Comment)),
		Public: form.Get(web.FieldPublic) == "yes",
	}
	wrong := func(field string) { p.Wrong[field] = true }
	whole := func(field, text string, most int64) int64 {
		n, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(text), "#"), 10, 64)
		if err != nil || n < 1 || n > most {
			wrong(field)
		}
		return n
	}
	hours, _ := strconv.Atoi(form.Get(web.FieldLife))
	if p.Typed.Life = hours; !slices.Contains(web.PassLives, hours) {
		wrong(web.FieldLife)
	}
	types, err := broker.ReadTypes(web.SplitTypes(p.Typed.Types))
	if err != nil {
		wrong(web.FieldTypes)
	}
	wish := broker.Pass{
		Name: p.Typed.Name, Connection: broker.ConnectionID(p.Row.ID), Public: p.Typed.Public, Types: types, Maker: v.viewer.Actor(),
		Ticket:    whole(web.FieldTicket, p.Typed.Ticket, 1<<62),
		FileMost:  whole(web.FieldFileMost, p.Typed.FileMost, fileMegabytes) * megabyte,
		BytesMost: whole(web.FieldAllMost, p.Typed.AllMost, allMegabytes) * megabyte,
		UsesMost:  int(whole(web.FieldUses, p.Typed.Uses, broker.PassUsesMost)),
		Expires:   s.Broker.Now().Add(time.Duration(hours) * time.Hour).UTC().Truncate(time.Microsecond), // as it is stored
	}
	for _, a := range broker.Actions() {
		if slices.Contains(can, string(a)) {
			wish.Can = append(wish.Can, a)
		}
	}
	if len(wish.Can) == 0 {
		wrong(web.FieldCan)
	}
	return wish
}

// notMade says on the form why there is no pass.
func (s *site) notMade(w http.ResponseWriter, v visit, p web.PassNew, err error) error {
	var invalid *broker.Invalid
	var unusable *broker.Unusable
	var unavailable *broker.Unavailable
	var undelivered *broker.Undelivered
	status := http.StatusUnprocessableEntity
	switch {
	case errors.As(err, &invalid) && slices.Contains(web.PassFields, invalid.Field):
		p.Wrong[invalid.Field] = true
	case errors.As(err, &invalid), errors.As(err, &unusable):
		p.Problem, status = "connection", http.StatusConflict
	case errors.As(err, &unavailable), errors.As(err, &undelivered):
		p.Problem, status = "zendesk", http.StatusBadGateway
	default:
		return err
	}
	httpd.Note(v.Context(), slog.String("pass_not_made", err.Error()))
	web.Render(w, status, p)
	return nil
}

// passAsked is the pass of the path.
func (s *site) passAsked(v visit) (broker.Pass, error) {
	id, err := strconv.ParseInt(v.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return broker.Pass{}, broker.ErrNotFound
	}
	httpd.Note(v.Context(), slog.Int64("pass", id))
	return s.Broker.Pass(v.Context(), broker.PassID(id))
}

// passShown is GET /passes/{id}.
func (s *site) passShown(w http.ResponseWriter, v visit) error {
	one, err := s.passAsked(v)
	if err != nil {
		return err
	}
	p := web.PassPage{Board: s.boardPage(v)}
	if p.Row, err = s.passRow(v.Context(), s.names(), one); err != nil {
		return err
	}
	p.Ending = v.URL.Query().Get(web.FieldDo) == "revoke" && one.Revoked.IsZero()
	p.Done = v.URL.Query().Get("done") == "revoke" && !one.Revoked.IsZero()
	c, err := s.Broker.SeenOne(v.Context(), v.viewer, one.Connection)
	if err == nil {
		p.Row.Connection, err = s.row(v.Context(), &clientNames{site: s, names: map[broker.ClientID]string{}}, c)
	}
	if err != nil && !errors.Is(err, broker.ErrNotFound) {
		return err
	}
	sendings, err := s.Broker.Sendings(v.Context(), one.ID)
	for _, sending := range sendings {
		sent := web.SentRow{At: sending.Began, State: string(sending.Shown(s.Broker.Now())), Address: sending.Address}
		for _, f := range sending.Arrived() {
			sent.Files = append(sent.Files, web.PassFile{Name: f.Name, Size: f.Bytes})
		}
		p.Sent = append(p.Sent, sent)
	}
	if err != nil {
		return err
	}
	web.Render(w, http.StatusOK, p)
	return nil
}

// passEnded is POST /passes/{id}.
func (s *site) passEnded(w http.ResponseWriter, v visit) error {
	one, err := s.passAsked(v)
	if err != nil {
		return err
	}
	if v.PostForm.Get(web.FieldDo) != "revoke" {
		return broker.ErrNotFound
	}
	if _, err := s.Broker.RevokePass(v.Context(), one.ID, v.viewer.Actor()); err != nil {
		return err
	}
	return see(w, web.PathPasses+"/"+strconv.FormatInt(int64(one.ID), 10)+"?done=revoke")
}
