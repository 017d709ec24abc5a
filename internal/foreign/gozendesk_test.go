package foreign

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	zd "github.com/nukosuke/go-zendesk/zendesk"
	"golang.org/x/oauth2"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/testlog"
)

// bearer has Ada allow an app to read and write, and returns the access token.
func bearer(t *testing.T, base string) string {
	t.Helper()
	config := oauth2.Config{
		ClientID: confidential, ClientSecret: clientSecret, RedirectURL: redirectURI, Scopes: []string{"read", "write"},
		Endpoint: oauth2.Endpoint{AuthURL: base + "/oauth/authorizations/new", TokenURL: base + "/oauth/tokens", AuthStyle: oauth2.AuthStyleInParams},
	}
	token, err := config.Exchange(t.Context(), allow(t, config.AuthCodeURL("a state")).Query().Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	testlog.Issued(t, token.AccessToken, token.RefreshToken)
	return token.AccessToken
}

// TestGoZendesk does with the Go library for Zendesk what people begin with: look at
// and make users, open tickets, answer, attach, search, page, delete.
func TestGoZendesk(t *testing.T) {
	base := startIssuer(t)
	client, err := zd.NewClient(http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.SetEndpointURL(base + "/api/v2"); err != nil {
		t.Fatal(err)
	}
	client.SetCredential(zd.NewBearerTokenCredential(bearer(t, base)))
	goZendesk{t, t.Context(), client}.all()
}

// all is the whole walk.
func (g goZendesk) all() {
	g.t.Helper()
	g.users()
	first := g.tickets()
	g.attachment(first)
	g.pages()
	g.search(first)
	g.groups(first)
	g.fields(first)
	g.end(first)
}

// goZendesk is a client with what its examples share.
type goZendesk struct {
	t      *testing.T
	ctx    context.Context
	client *zd.Client
}

// must is what a call of the library returned, unless it failed.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (g goZendesk) users() {
	g.t.Helper()
	made := must[zd.User](g.t)(g.client.CreateUser(g.ctx, zd.User{Name: "Roger Wilco", Email: "roge@acme.example", Role: "end-user"}))
	if made.ID == 0 || made.Role != "end-user" || !made.Active {
		g.t.Errorf("made %+v", made)
	}
	if got := must[zd.User](g.t)(g.client.GetUser(g.ctx, made.ID)); got.Email != made.Email {
		g.t.Errorf("shows %+v", got)
	}
	if got := must[zd.User](g.t)(g.client.UpdateUser(g.ctx, made.ID, zd.User{Name: "Roger W."})); got.Name != "Roger W." || got.Email != made.Email {
		g.t.Errorf("updated %+v", got)
	}
	if got := must[zd.User](g.t)(g.client.CreateOrUpdateUser(g.ctx, zd.User{Name: "Roger", Email: "roge@acme.example"})); got.ID != made.ID {
		g.t.Errorf("updated another: %+v", got)
	}
	all, page, err := g.client.GetUsers(g.ctx, &zd.UserListOptions{Roles: []string{"end-user"}})
	if err != nil || len(all) != 1 || page.Count != 1 || page.HasNext() {
		g.t.Errorf("lists %+v, %+v, %v", all, page, err)
	}
	found, _, err := g.client.SearchUsers(g.ctx, &zd.SearchUsersOptions{Query: "roge@acme.example"})
	if err != nil || len(found) != 1 || found[0].Name != "Roger" {
		g.t.Errorf("finds %+v, %v", found, err)
	}
	many, _, err := g.client.GetManyUsers(g.ctx, &zd.GetManyUsersOptions{IDs: fmt.Sprintf("%d,1", made.ID)})
	if err != nil || len(many) != 2 {
		g.t.Errorf("shows many: %+v, %v", many, err)
	}
}

func (g goZendesk) tickets() zd.Ticket {
	g.t.Helper()
	made := must[zd.Ticket](g.t)(g.client.CreateTicket(g.ctx, zd.Ticket{
		Subject: "My printer is on fire!", Priority: "urgent", Tags: []string{"fire"},
		Comment:   &zd.TicketComment{Body: "The smoke is very colorful."},
		Requester: &zd.Requester{Name: "Pat", Email: "pat@acme.example"},
	}))
	if made.ID != 1 || made.Status != "new" || made.Description != "The smoke is very colorful." || made.Via.Channel != "api" {
		g.t.Errorf("made %+v", made)
	}
	if got := must[zd.Ticket](g.t)(g.client.GetTicket(g.ctx, made.ID)); got.Priority != "urgent" || !slices.Equal(got.Tags, []string{"fire"}) {
		g.t.Errorf("shows %+v", got)
	}
	// The library takes a ticket back as it gave it, changed.
	made.Status, made.Comment = "open", nil
	if got := must[zd.Ticket](g.t)(g.client.UpdateTicket(g.ctx, made.ID, made)); got.Status != "open" || got.Subject != made.Subject {
		g.t.Errorf("updated %+v", got)
	}
	must[zd.TicketComment](g.t)(g.client.CreateTicketComment(g.ctx, made.ID, zd.NewPublicTicketComment("On our way.", made.SubmitterID)))
	must[zd.TicketComment](g.t)(g.client.CreateTicketComment(g.ctx, made.ID, zd.NewPrivateTicketComment("Bring water.", made.SubmitterID)))
	said, err := g.client.ListTicketComments(g.ctx, made.ID, &zd.ListTicketCommentsOptions{CursorPagination: zd.CursorPagination{PageSize: 2}})
	if err != nil || len(said.TicketComments) != 2 || !said.Meta.HasMore || said.TicketComments[1].Body != "On our way." {
		g.t.Fatalf("comments %+v, %v", said, err)
	}
	rest, err := g.client.ListTicketComments(g.ctx, made.ID, &zd.ListTicketCommentsOptions{CursorPagination: zd.CursorPagination{PageSize: 2, PageAfter: said.Meta.AfterCursor}})
	if err != nil || len(rest.TicketComments) != 1 || *rest.TicketComments[0].Public {
		g.t.Errorf("the other comments %+v, %v", rest, err)
	}
	if got := must[[]zd.Tag](g.t)(g.client.AddTicketTags(g.ctx, made.ID, []zd.Tag{"smoke"})); !slices.Equal(got, []zd.Tag{"fire", "smoke"}) {
		g.t.Errorf("tags %v", got)
	}
	if got := must[[]zd.Tag](g.t)(g.client.GetTicketTags(g.ctx, made.ID)); len(got) != 2 {
		g.t.Errorf("tags %v", got)
	}
	audits, _, err := g.client.GetTicketAudits(g.ctx, made.ID, zd.PageOptions{})
	if err != nil || len(audits) != 5 {
		g.t.Errorf("%d audits, %v", len(audits), err)
	}
	return made
}

func (g goZendesk) attachment(ticket zd.Ticket) {
	g.t.Helper()
	w := g.client.UploadAttachment(g.ctx, "crash.log", "")
	if _, err := io.WriteString(w, "line 1\nline 2\n"); err != nil {
		g.t.Fatal(err)
	}
	upload, err := w.Close()
	if err != nil || upload.Token == "" || upload.Attachment.Size != 14 {
		g.t.Fatalf("upload %+v, %v", upload, err)
	}
	testlog.Issued(g.t, upload.Token)
	comment := zd.NewPublicTicketComment("See the log.", ticket.SubmitterID)
	comment.Uploads = []string{upload.Token}
	must[zd.TicketComment](g.t)(g.client.CreateTicketComment(g.ctx, ticket.ID, comment))
	a := must[zd.Attachment](g.t)(g.client.GetAttachment(g.ctx, upload.Attachment.ID))
	r, err := journey.Loopback().Get(a.ContentURL)
	if err != nil {
		g.t.Fatal(err)
	}
	defer r.Body.Close()
	if text, err := io.ReadAll(r.Body); err != nil || string(text) != "line 1\nline 2\n" {
		g.t.Errorf("the file holds %q, %v", text, err)
	}
	// What nobody attaches can be deleted.
	other := g.client.UploadAttachment(g.ctx, "other.log", "")
	if _, err := io.WriteString(other, "x"); err != nil {
		g.t.Fatal(err)
	}
	dropped := must[zd.Upload](g.t)(other.Close())
	testlog.Issued(g.t, dropped.Token)
	if err := g.client.DeleteUpload(g.ctx, dropped.Token); err != nil {
		g.t.Error(err)
	}
}

// pages reads a list in each of the library's ways.
func (g goZendesk) pages() {
	g.t.Helper()
	for n := range 4 {
		must[zd.Ticket](g.t)(g.client.CreateTicket(g.ctx, zd.Ticket{Subject: fmt.Sprintf("number %d", n), Comment: &zd.TicketComment{Body: "x"}}))
	}
	want := []int64{1, 2, 3, 4, 5}
	for _, byCursor := range []bool{true, false} {
		options := zd.NewPaginationOptions()
		options.PageSize, options.IsCBP = 2, byCursor
		var got []int64
		for all := g.client.GetTicketsIterator(g.ctx, options); all.HasMore(); {
			for _, ticket := range must[[]zd.Ticket](g.t)(all.GetNext()) {
				got = append(got, ticket.ID)
			}
		}
		if !slices.Equal(got, want) {
			g.t.Errorf("by cursor %v: %v", byCursor, got)
		}
	}
	listed, page, err := g.client.GetTickets(g.ctx, &zd.TicketListOptions{PageOptions: zd.PageOptions{PerPage: 2, Page: 2}, SortOrder: "desc"})
	if err != nil || len(listed) != 2 || listed[0].ID != 3 || page.Count != 5 || !page.HasNext() || !page.HasPrev() {
		g.t.Errorf("lists %+v, %+v, %v", listed, page, err)
	}
	if many := must[[]zd.Ticket](g.t)(g.client.GetMultipleTickets(g.ctx, []int64{5, 2, 99})); len(many) != 2 {
		g.t.Errorf("shows many: %+v", many)
	}
}

func (g goZendesk) search(ticket zd.Ticket) {
	g.t.Helper()
	results, page, err := g.client.Search(g.ctx, &zd.SearchOptions{Query: "type:ticket status<solved printer"})
	if err != nil || page.Count != 1 || len(results.List()) != 1 || results.List()[0].(zd.Ticket).ID != ticket.ID {
		g.t.Errorf("finds %+v, %+v, %v", results, page, err)
	}
	if n := must[int](g.t)(g.client.SearchCount(g.ctx, &zd.CountOptions{Query: "type:ticket"})); n != 5 {
		g.t.Errorf("%d tickets", n)
	}
}

// groups begins with what the library's README does. TestProgramsUnmodified has it as
// a program of its own.
func (g goZendesk) groups(ticket zd.Ticket) {
	g.t.Helper()
	made := must[zd.Group](g.t)(g.client.CreateGroup(g.ctx, zd.Group{
		Name: "support team",
	}))
	if made.ID == 0 || made.Name != "support team" || made.Deleted || made.CreatedAt.IsZero() {
		g.t.Errorf("made %+v", made)
	}
	made.Description = "They answer."
	if got := must[zd.Group](g.t)(g.client.UpdateGroup(g.ctx, made.ID, made)); got.Description != made.Description || got.Name != made.Name {
		g.t.Errorf("updated %+v", got)
	}
	all, page, err := g.client.GetGroups(g.ctx, nil)
	if err != nil || len(all) != 1 || all[0].ID != made.ID || page.Count != 1 {
		g.t.Errorf("lists %+v, %+v, %v", all, page, err)
	}
	number := json.Number(strconv.FormatInt(made.ID, 10))
	if got := must[zd.Ticket](g.t)(g.client.UpdateTicket(g.ctx, ticket.ID, zd.Ticket{GroupID: number})); got.GroupID != number {
		g.t.Errorf("the ticket's group is %s, want %s", got.GroupID, number)
	}
	if err := g.client.DeleteGroup(g.ctx, made.ID); err != nil {
		g.t.Error(err)
	}
	if got := must[zd.Group](g.t)(g.client.GetGroup(g.ctx, made.ID)); !got.Deleted {
		g.t.Errorf("shows %+v", got)
	}
}

// fields are what the library knows of a ticket's own: it takes texts, truths and
// lists of texts, and nothing else.
func (g goZendesk) fields(ticket zd.Ticket) {
	g.t.Helper()
	pie := must[zd.TicketField](g.t)(g.client.CreateTicketField(g.ctx, zd.TicketField{
		Type: "tagger", Title: "Pie", CustomFieldOptions: []zd.CustomFieldOption{{Name: "Apple Pie", Value: "apple"}, {Name: "Pecan Pie", Value: "pecan"}},
	}))
	age := must[zd.TicketField](g.t)(g.client.CreateTicketField(g.ctx, zd.TicketField{Type: "integer", Title: "Age"}))
	if !pie.Removable || len(pie.CustomFieldOptions) != 2 || pie.CustomFieldOptions[1].Value != "pecan" || pie.CreatedAt == nil {
		g.t.Errorf("made %+v", pie)
	}
	pie.Title = "Cake"
	if got := must[zd.TicketField](g.t)(g.client.UpdateTicketField(g.ctx, pie.ID, pie)); got.Title != "Cake" || len(got.CustomFieldOptions) != 2 {
		g.t.Errorf("updated %+v", got)
	}
	all, _, err := g.client.GetTicketFields(g.ctx)
	if err != nil || len(all) != 9 || all[0].Type != "subject" || all[8].ID != age.ID {
		g.t.Errorf("lists %+v, %v", all, err)
	}
	got := must[zd.Ticket](g.t)(g.client.UpdateTicket(g.ctx, ticket.ID, zd.Ticket{CustomFields: []zd.CustomField{{ID: pie.ID, Value: "pecan"}, {ID: age.ID, Value: "7"}}}))
	if want := []zd.CustomField{{ID: pie.ID, Value: "pecan"}, {ID: age.ID, Value: "7"}}; !slices.Equal(got.CustomFields, want) || !slices.Contains(got.Tags, "pecan") {
		g.t.Errorf("the ticket has %+v, %q", got.CustomFields, got.Tags)
	}
	if members, _, err := g.client.GetGroupMemberships(g.ctx, &zd.GroupMembershipListOptions{GroupID: 1, UserID: 1}); err != nil || len(members) != 0 {
		g.t.Errorf("memberships %+v, %v", members, err)
	}
	for _, f := range []zd.TicketField{pie, age} {
		if err := g.client.DeleteTicketField(g.ctx, f.ID); err != nil {
			g.t.Error(err)
		}
	}
}

func (g goZendesk) end(ticket zd.Ticket) {
	g.t.Helper()
	if err := g.client.DeleteTicket(g.ctx, ticket.ID); err != nil {
		g.t.Error(err)
	}
	_, err := g.client.GetTicket(g.ctx, ticket.ID)
	if refused, ok := err.(zd.Error); !ok || refused.Status() != http.StatusNotFound { //nolint:errorlint // the library returns the value itself
		g.t.Errorf("a deleted ticket: %v", err)
	}
	g.client.SetCredential(zd.NewBearerTokenCredential("no token"))
	if _, _, err := g.client.GetTickets(g.ctx, nil); err == nil || err.(zd.Error).Status() != http.StatusUnauthorized { //nolint:errorlint // as above
		g.t.Errorf("a wrong token: %v", err)
	}
}

// TestGoZendeskThroughTheBroker walks the same way with a key in the place of a token:
// the library sees Zendesk.
func TestGoZendeskThroughTheBroker(t *testing.T) {
	dir, port, issuerPort := t.TempDir(), journey.FreePort(t), journey.FreePort(t)
	address, dsn := "http://localhost:"+port, "sqlite:"+filepath.Join(dir, "broker.db")
	town := journey.NewTown(t, 1, address)
	town.Issuer(t, "issuer", "sqlite:"+filepath.Join(dir, "issuer.db"), issuerPort)
	journey.Start(t, "broker", []string{"DESKAUTH_CLIENT_SECRET=" + town.BrokerSecret},
		"broker", "--listen", "127.0.0.1:"+port, "--db", dsn, "--client-id", town.BrokerID, "--scope", "read write",
		"--sealing-keys", filepath.Join(dir, "sealing-keys.json"), "--zendesk-url", "http://{subdomain}.localhost:"+issuerPort)
	if _, err := journey.NewBrowser().Connect(t.Context(), address, journey.Account, town.People[0], "allow"); err != nil {
		t.Fatal(err)
	}
	client, err := zd.NewClient(http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.SetEndpointURL("http://127.0.0.1:" + port + "/v1/connections/1/proxy/api/v2"); err != nil {
		t.Fatal(err)
	}
	client.SetCredential(zd.NewBearerTokenCredential(journey.Key(t, dsn)))
	goZendesk{t, t.Context(), client}.all()
}
