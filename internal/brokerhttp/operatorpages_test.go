package brokerhttp_test

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/testlog"
)

// office is a board with an operator who is signed in.
type office struct {
	*boardSite
	ada *http.Client
}

func newOffice(t *testing.T) *office {
	t.Helper()
	b := newBoardSite(t, func(c *brokerhttp.Config) { c.API = true })
	return &office{b, b.signIn("acme", 7, "Ada", "admin")}
}

// says asks for a page of the operator's, or sends a form, and holds its answer to a
// status and to words. No answer of theirs may be kept by the browser.
func (o *office) says(status int, path string, form url.Values, words ...string) response {
	o.t.Helper()
	ask := o.request("GET", path, "")
	if form != nil {
		ask = o.request("POST", path, form.Encode())
	}
	got := o.do(o.ada, ask)
	text := html.UnescapeString(got.body)
	for _, want := range words {
		if !strings.Contains(text, want) {
			o.t.Errorf("%s does not say %q: %s", path, want, text)
		}
	}
	if got.StatusCode != status || got.Header.Get("Cache-Control") != "no-store" {
		o.t.Errorf("%s: %d, want %d; %s: %s", path, got.StatusCode, status, got.Header.Get("Cache-Control"), text)
	}
	return got
}

// leads sends a form and returns the page that its answer leads to.
func (o *office) leads(path string, form url.Values, to string, words ...string) response {
	o.t.Helper()
	got := o.says(http.StatusSeeOther, path, form)
	if at := got.Header.Get("Location"); at != to {
		o.t.Errorf("%s leads to %s, want %s", path, at, to)
	}
	return o.says(http.StatusOK, got.Header.Get("Location"), nil, words...)
}

var shownSecret = regexp.MustCompile(`<code class="secret" id="secret">([^<]+)</code>`)

// shown is the secret that an answer shows, this once.
func (o *office) shown(got response) string {
	o.t.Helper()
	found := shownSecret.FindStringSubmatch(got.body)
	if found == nil {
		o.t.Fatalf("it shows no secret: %s", got.body)
	}
	testlog.Issued(o.t, found[1])
	_, file, _ := strings.Cut(got.body, `href="data:text/plain;base64,`)
	file, _, _ = strings.Cut(file, `"`)
	text, err := base64.StdEncoding.DecodeString(html.UnescapeString(file))
	if err != nil || !strings.Contains(string(text), "='"+found[1]+"'\n") {
		o.t.Errorf("the file is %q, %v", text, err)
	}
	return found[1]
}

// ordered are what the trail says was asked for on pages.
func (o *office) ordered() string {
	o.t.Helper()
	events, err := o.broker.Events(o.t.Context(), broker.EventFilter{Kind: broker.Ordered}, 0, 100)
	if err != nil {
		o.t.Fatal(err)
	}
	var all []string
	for _, e := range events {
		if e.By != broker.Person("acme", 7) {
			o.t.Errorf("%s was done by %q", e.Detail, e.By)
		}
		all = append(all, e.Detail)
	}
	return strings.Join(all, "; ")
}

func TestKeyPages(t *testing.T) {
	o := newOffice(t)
	id := int(o.connectAs("acme", 7, "Ada", "admin"))
	o.says(200, "/keys", nil, "No keys yet", `href="/keys/new"`)
	o.says(200, "/keys?over=yes", nil, "No key has ended")
	o.says(200, "/keys/new", nil, `name="can" value="lend"`, `value="90" checked`)

	form := func(name, reach, life string, can ...string) url.Values {
		return url.Values{"name": {name}, "can": can, "connections": {reach}, "expires_in": {life}}
	}
	for why, wrong := range map[string]struct {
		form  url.Values
		words string
	}{
		"no name":               {form("", "", "90", "lend"), "1 to 100 characters"},
		"no power":              {form("ci", "", "90"), "Choose at least one"},
		"a power there isn't":   {form("ci", "", "90", "fly"), "Choose at least one"},
		"no number":             {form("ci", "12, x", "90", "lend"), "Name numbers of connections"},
		"no such connection":    {form("ci", "99", "90", "lend"), "Name numbers of connections"},
		"an admin of one":       {form("ci", strconv.Itoa(id), "90", "admin"), "leave this empty"},
		"for no time":           {form("ci", "", "soon", "lend"), "Choose one of these"},
		"since yesterday":       {form("ci", "", "-1", "lend"), "Choose one of these"},
		"for longer than there": {form("ci", "", "999999999999", "lend"), "Choose one of these"},
	} {
		if got := o.says(422, "/keys", wrong.form, wrong.words, "Nothing was saved"); strings.Contains(got.body, "deskauth_") {
			t.Errorf("%s made a key", why)
		}
	}
	got := o.says(200, "/keys", form(" nightly reports", fmt.Sprintf(" %d ;", id), "30", "lend"), "Here is your key", "the only time", o.url.String()+"/v1/connections")
	plain := o.shown(got)
	if !strings.Contains(html.UnescapeString(got.body), "curl -H 'Authorization: Bearer "+plain+"' ") {
		t.Error("there is no line to try it with")
	}
	if got := o.ask("GET", fmt.Sprintf("/v1/connections/%d", id), plain); got.StatusCode != http.StatusOK {
		t.Errorf("the key is answered %d", got.StatusCode)
	}
	list := o.says(200, "/keys", nil, "nightly reports", "Use connections", "by", "Ada", "in 29 days", fmt.Sprintf(`href="/connections/%d"`, id))
	if strings.Contains(list.body, plain) {
		t.Error("the list shows what it must not")
	}
	o.says(200, "/keys/1/revoke", nil, "Revoke the key nightly", "cannot be undone")
	if got := o.ask("GET", "/v1/connections", plain); got.StatusCode != http.StatusOK {
		t.Errorf("asking whether revokes it: %d", got.StatusCode)
	}
	o.leads("/keys/1/revoke", url.Values{}, "/keys?done=key_revoked", "The key is revoked", "No keys yet")
	if got := o.ask("GET", "/v1/connections", plain); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("the revoked key is answered %d", got.StatusCode)
	}
	o.says(200, "/keys?over=yes", nil, "nightly")
	for _, path := range []string{"/keys/1/revoke", "/keys/99/revoke", "/keys/x/revoke", "/keys?before=!"} {
		o.says(404, path, nil)
	}
	o.says(404, "/keys/1/revoke", url.Values{})
	if got := o.ordered(); got != "revoke key 1" {
		t.Errorf("the trail says %s", got)
	}
}

// ask asks the API with a key.
func (o *office) ask(method, path, key string) response {
	req := o.request(method, path, "")
	req.Header.Set("Authorization", "Bearer "+key)
	return o.do(o.newBrowser(), req)
}

func TestKeyPagesArePaged(t *testing.T) {
	o := newOffice(t)
	for n := range 51 {
		if _, _, err := o.broker.MakeKey(t.Context(), broker.Key{Name: fmt.Sprintf("key-%02d", n), Can: []broker.Power{broker.Link}}); err != nil {
			t.Fatal(err)
		}
	}
	first := o.says(200, "/keys", nil, "key-50", "key-01")
	older := regexp.MustCompile(`href="(/keys\?before=[^"]+)" rel="next"`).FindStringSubmatch(first.body)
	if older == nil || strings.Contains(first.body, "key-00") {
		t.Fatalf("the first page leads to %v", older)
	}
	if second := o.says(200, html.UnescapeString(older[1]), nil, "key-00"); strings.Contains(second.body, "key-01") || strings.Contains(second.body, `rel="next"`) {
		t.Errorf("the second page: %s", second.body)
	}
}

func TestClientPages(t *testing.T) {
	o := newOffice(t)
	o.connectAs("acme", 7, "Ada", "admin")
	for _, s := range []string{"hush-of-globex", "new-of-globex", "hush-of-page"} {
		testlog.Issued(t, s)
	}
	o.says(200, "/clients", nil, "every account without its own", ">app<", broker.ClientsHeader)
	o.says(200, "/clients/new", nil, `type="password"`, `action="/clients"`)
	add := func(account, product, identifier, secret string) url.Values {
		return url.Values{"account": {account}, "product": {product}, "identifier": {identifier}, "secret": {secret}}
	}
	for why, wrong := range map[string]struct {
		form  url.Values
		words string
	}{
		"no identifier": {add("globex", "support", "", "hush-of-page"), "1 to 255 characters"},
		"no account":    {add("not an account", "support", "own", "hush-of-page"), "a subdomain such as acme"},
		"no product":    {add("globex", "talk", "own", "hush-of-page"), "Choose one of these"},
		"no secret":     {add("globex", "chat", "own", ""), "A client of Chat has one"},
		"two secrets":   {add("globex", "support", "own", "hush-of-page hush-of-page"), "without spaces"},
	} {
		if got := o.says(422, "/clients", wrong.form, wrong.words); strings.Contains(got.body, "hush-of-page") {
			t.Errorf("%s: the secret came back: %s", why, got.body)
		}
	}
	form := add("https://globex.zendesk.com/", "support", "own <app>", "hush-of-globex")
	o.says(422, "/clients", form, "without spaces")
	form.Set("identifier", "own_app")
	form.Set("account", "globex")
	c := o.leads("/clients", form, "/clients/2?done=client_added", "Added.", "own_app", "globex.", "Not tried yet", "0 connections")
	if strings.Contains(c.body, "Remove: secret 1") {
		t.Error("the only secret is offered for removal")
	}
	o.says(409, "/clients", form, "There is that client already", `href="/clients/2"`)
	o.says(200, "/clients?q=globex", nil, "own_app")
	o.says(200, "/clients?q="+url.QueryEscape(o.zendesk.URL("globex").Host), nil, "own_app")
	if got := o.says(200, "/clients?q=umbrella", nil, "No client matches"); strings.Contains(got.body, ">own_app<") {
		t.Error("what does not match is listed")
	}

	// Rolling: the new secret last, then first, and the old one goes.
	roll := url.Values{"order": {"roll"}, "secret": {" new-of-globex\n"}, "place": {"last"}}
	o.leads("/clients/2", roll, "/clients/2?done=secret_added", "The secret is kept")
	o.secrets(2, 1, 2)
	o.leads("/clients/2", url.Values{"order": {"first"}, "number": {"2"}}, "/clients/2?done=secret_moved", "tried first")
	o.secrets(2, 2, 1)
	o.leads("/clients/2", url.Values{"order": {"remove_secret"}, "number": {"1"}}, "/clients/2?done=secret_removed", "The secret is removed")
	o.secrets(2, 2)
	o.says(409, "/clients/2", url.Values{"order": {"remove_secret"}, "number": {"2"}}, "It is the only secret")
	roll.Set("secret", "")
	o.says(422, "/clients/2", roll, "without spaces")
	o.leads("/clients/2", url.Values{"order": {"roll"}, "secret": {"hush-of-globex"}, "drop_old": {"on"}}, "/clients/2?done=secret_added")
	o.secrets(2, 5) // the version that it came with
	for _, bad := range []url.Values{{"order": {"first"}, "number": {"99"}}, {"order": {"first"}, "number": {"x"}}, {"order": {"explode"}, "number": {"4"}}} {
		o.says(404, "/clients/2", bad)
	}

	o.says(200, "/clients/1/remove", nil, "1 connection will stop working")
	o.says(422, "/clients/1/remove", url.Values{"typed": {"App"}}, "not the client’s identifier")
	o.leads("/clients/1/remove", url.Values{"typed": {"app"}}, "/clients?done=client_removed", "The client is removed")
	if all, err := o.broker.Connections(t.Context(), 0, 10); err != nil || len(all) != 0 {
		t.Errorf("%d connections are left, %v", len(all), err)
	}
	for _, path := range []string{"/clients/1", "/clients/x", "/clients/-2", "/clients/1/remove", "/clients?after=!", "/clients?after=" + base64.RawURLEncoding.EncodeToString([]byte("x acme"))} {
		o.says(404, path, nil)
	}
	want := "add client own_app; roll the secret of client own_app; move secret 2 of client own_app; " +
		"remove secret 1 of client own_app; roll the secret of client own_app; remove client app"
	if got := strings.ReplaceAll(o.ordered(), "move secret 99 of client own_app; ", ""); got != want {
		t.Errorf("the trail says %s", got)
	}
}

// secrets holds that a client's secrets are tried in an order.
func (o *office) secrets(id broker.ClientID, want ...int64) {
	o.t.Helper()
	c, err := o.broker.ClientState(o.t.Context(), id)
	var got []int64
	for _, s := range c.Secrets {
		got = append(got, s.Number)
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		o.t.Errorf("tried in the order %v, want %v; %v", got, want, err)
	}
}

// What is refused is said where people look, and the list of many has pages.
func TestClientListIsPagedAndTellsOfCircuits(t *testing.T) {
	o := newOffice(t)
	var many []broker.NewClient
	for n := range 60 {
		many = append(many, broker.NewClient{Account: fmt.Sprintf("shop%02d", n), Identifier: "app", Secret: secret.Of("a-secret-of-theirs")})
	}
	if _, err := o.broker.ImportClients(t.Context(), broker.AtCommand, many, false); err != nil {
		t.Fatal(err)
	}
	first := o.says(200, "/clients?q=shop", nil, "shop00.", "shop49.")
	next := regexp.MustCompile(`href="(/clients\?[^"]+)" rel="next"`).FindStringSubmatch(first.body)
	if next == nil {
		t.Fatal("there is no next page")
	}
	if second := o.says(200, html.UnescapeString(next[1]), nil, "shop50.", "shop59."); strings.Contains(second.body, "shop49.") || strings.Contains(second.body, `rel="next"`) {
		t.Errorf("the second page: %s", second.body)
	}
	all, err := o.broker.Clients(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	refused := all[7]
	circuit := broker.Circuit{Client: refused.ID, Account: refused.Account}.Open(o.broker.Now(), broker.CredentialsWrong)
	if err := o.broker.Store.OpenCircuit(t.Context(), circuit, broker.Event{Kind: broker.CircuitOpened, At: o.broker.Now()}); err != nil {
		t.Fatal(err)
	}
	if list := o.says(200, "/clients?refused=yes", nil, refused.Account+".", "Refused", "does not accept the client’s secret", "Next try"); strings.Count(list.body, `<th scope="row"`) != 1 {
		t.Errorf("others are listed too: %s", list.body)
	}
	o.says(200, fmt.Sprintf("/clients/%d", refused.ID), nil, "Zendesk refuses this client", "First refused", "Next try")
}

func TestWebhookPages(t *testing.T) {
	o := newOffice(t)
	got := make(chan string, 10)
	status := http.StatusNoContent
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Webhook-Id")
		w.WriteHeader(status)
	}))
	defer receiver.Close()
	o.says(200, "/webhooks", nil, "No webhooks yet")
	o.says(200, "/webhooks/new", nil, "Nothing ticked means everything", `value="connection.in_doubt"`)
	o.says(422, "/webhooks", url.Values{"url": {"http://example.com/hooks"}}, "begins with https://")
	o.says(422, "/webhooks", url.Values{"url": {receiver.URL}, "types": {"all"}}, "Choose among these")

	first := o.shown(o.says(200, "/webhooks", url.Values{"url": {receiver.URL + "/hooks"}, "types": {"pass.used", "connection.in_doubt"}}, "the only time", `href="/webhooks/1"`))
	page := o.says(200, "/webhooks/1", nil, "Nothing was sent yet", "A pass was used", "A connection is in doubt")
	list := o.says(200, "/webhooks", nil, "2 kinds", "Nothing was sent yet")
	o.leads("/webhooks/1", url.Values{"order": {"test"}}, "/webhooks/1?done=webhook_tested", "A test is on its way", "Waiting", "0 tries")
	if err := o.broker.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	sent := <-got
	o.says(200, "/webhooks/1", nil, "Delivered", "204", "1 try")
	o.says(200, "/webhooks", nil, "Delivered", "A test")
	second := o.shown(o.says(200, "/webhooks/1", url.Values{"order": {"roll"}}, "Here is the secret"))
	rolled := o.says(200, "/webhooks/1", nil, "Number 2", "Number 1", "ends")
	if first == second {
		t.Error("the secret is the old one")
	}
	for _, body := range []string{page.body, list.body, rolled.body} {
		if strings.Contains(body, "whsec_") {
			t.Errorf("it shows what it must not: %s", body)
		}
	}
	status = http.StatusGone
	o.leads("/webhooks/1", url.Values{"order": {"replay"}, "id": {"1"}}, "/webhooks/1?done=webhook_replayed", "It is sent again")
	if err := o.broker.Deliver(t.Context()); err != nil || <-got != sent {
		t.Fatal("sent as another", err)
	}
	gone := o.says(200, "/webhooks/1", nil, "Its receiver answered that it is gone")
	if strings.Contains(gone.body, "Send a test") || strings.Contains(gone.body, "Send again") {
		t.Error("it is offered what it cannot do any more")
	}
	o.says(409, "/webhooks/1", url.Values{"order": {"test"}}, "It is told nothing any more")
	for _, bad := range []url.Values{{"order": {"replay"}, "id": {"99"}}, {"order": {"replay"}, "id": {"x"}}, {"order": {"explode"}}} {
		o.says(404, "/webhooks/1", bad)
	}
	o.says(200, "/webhooks/1/remove", nil, "Remove webhook 1?")
	o.leads("/webhooks/1/remove", url.Values{}, "/webhooks?done=webhook_removed", "The webhook is removed", "No webhooks yet")
	for _, path := range []string{"/webhooks/1", "/webhooks/0", "/webhooks/x", "/webhooks/1/remove"} {
		o.says(404, path, nil)
	}
	if got := o.ordered(); !strings.HasPrefix(got, "add a webhook; test webhook 1; roll the secret of webhook 1; send delivery 1 again to webhook 1; ") ||
		!strings.HasSuffix(got, "remove webhook 1") {
		t.Errorf("the trail says %s", got)
	}
}

// The pages of operators are in two languages; what stands round them keeps the reader's.
func TestOperatorsKeepTheirLanguage(t *testing.T) {
	b := newBoardSite(t)
	b.connectAs("acme", 7, "Ada", "admin")
	ada := b.signIn("acme", 7, "Ada", "admin")
	for lang, says := range map[string][]string{
		"fr": {`<html lang="en"`, `<header lang="fr"`, ">Laissez-passer</a>", ">No pass has been made yet<", "Cette page n’existe que dans ces langues : English, Deutsch.", `<span lang="fr" aria-current="true">`, `value="ja" lang="ja"`},
		"de": {`<html lang="de"`, "<header>", ">Pässe</a>", ">Noch kein Pass ausgestellt<"},
	} {
		req := b.request("GET", "/passes", "")
		req.Header.Set("Accept-Language", lang)
		page := b.do(ada, req)
		for _, said := range says {
			if !strings.Contains(page.body, said) {
				t.Errorf("in %s the page lacks %s: %s", lang, said, page.body)
			}
		}
	}
}
