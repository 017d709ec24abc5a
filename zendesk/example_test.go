package zendesk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/zendesk"
)

// A program that has an access token calls the API as its owner. Here a local Zendesk
// answers; without HTTP it is the real one.
func ExampleAPI() {
	z, admin, end := start()
	defer end()

	api := &zendesk.API{
		Base: &url.URL{Scheme: "https", Host: "acme.zendesk.com"}, Bearer: admin.Bearer, HTTP: z.Client(),
		Retry: &zendesk.Retry{},
	}
	me, err := api.Me(context.Background())
	fmt.Println(me.Name, me.Role, err)
	// Output: Ada Admin admin <nil>
}

func ExampleAPI_Me() {
	_, api, end := start()
	defer end()

	me, err := api.Me(context.Background())
	fmt.Println(me.Name, err)

	// The real Zendesk, too, answers 200 to a caller whom it takes for nobody.
	api.Bearer = ""
	_, err = api.Me(context.Background())
	fmt.Println(errors.Is(err, zendesk.ErrAnonymous))
	// Output:
	// Ada Admin <nil>
	// true
}

func ExampleAPI_Users() {
	_, api, end := start()
	defer end()

	for u, err := range api.Users(context.Background(), []string{"admin", "agent"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(u.Name, u.Role)
	}
	// Output:
	// Ada Admin admin
	// Grace Agent agent
}

func ExampleAPI_SearchUsers() {
	_, api, end := start()
	defer end()

	for u, err := range api.SearchUsers(context.Background(), "email:carl@acme.example") {
		fmt.Println(u.Name, err)
	}
	// Output: Carl Customer <nil>
}

func ExampleAPI_User() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	me := must(api.Me(ctx))
	again, err := api.User(ctx, *me.ID)
	fmt.Println(again.Name, err)
	// Output: Ada Admin <nil>
}

func ExampleAPI_Clients() {
	_, api, end := start()
	defer end()

	for c, err := range api.Clients(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(c.Identifier, c.Kind)
	}
	// Output:
	// app confidential
	// public_app public
}

func ExampleAPI_MyClients() {
	_, api, end := start()
	defer end()

	for c, err := range api.MyClients(context.Background(), zendesk.NewestFirst()) {
		fmt.Println(c.Identifier, err)
	}
	// Output:
	// public_app <nil>
	// app <nil>
}

// A client is made, changed, given another secret, and deleted.
func ExampleAPI_CreateClient() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	c := must(api.CreateClient(ctx, zendesk.ClientChange{
		Identifier: new("reports"), Name: new("Reports"), Kind: new(zendesk.Confidential),
		RedirectURI: []string{"https://reports.example/callback"},
	}))
	first := c.Secret // in full, this once

	c = must(api.UpdateClient(ctx, c.ID, zendesk.ClientChange{Name: new("Monthly reports")}))
	fmt.Println(c.Identifier, c.Name, len(c.Secret) < len(first))

	c = must(api.GenerateSecret(ctx, c.ID))
	fmt.Println(c.Secret != first)

	_, err := api.CreateClient(ctx, zendesk.ClientChange{Identifier: new("reports"), Name: new("Reports")})
	if refused, ok := errors.AsType[*zendesk.APIError](err); ok {
		fmt.Println(refused.Status, refused.Details["identifier"][0].Description)
	}

	fmt.Println(api.DeleteClient(ctx, c.ID))
	// Output:
	// reports Monthly reports true
	// true
	// 422 Identifier: has already been taken
	// <nil>
}

func ExampleAPI_UpdateClient() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	app := named(ctx, api, "app")
	// What is not named stays; the list of redirect URLs is replaced.
	app, err := api.UpdateClient(ctx, app.ID, zendesk.ClientChange{RedirectURI: []string{"https://app.example/cb"}})
	fmt.Println(app.Name, app.RedirectURI, err)
	// Output: App [https://app.example/cb] <nil>
}

func ExampleAPI_Client() {
	_, api, end := start()
	defer end()

	_, err := api.Client(context.Background(), 4711)
	refused, ok := errors.AsType[*zendesk.APIError](err)
	fmt.Println(ok, refused.Status, refused.Code)
	// Output: true 404 RecordNotFound
}

func ExampleAPI_GenerateSecret() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	app := named(ctx, api, "app")
	again, err := api.GenerateSecret(ctx, app.ID)
	fmt.Println(len(again.Secret) > len(app.Secret), err)
	// Output: true <nil>
}

func ExampleAPI_DeleteClient() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	fmt.Println(api.DeleteClient(ctx, named(ctx, api, "app").ID))
	// The token was the client's, and ended with it.
	_, err := api.CurrentToken(ctx)
	refused, ok := errors.AsType[*zendesk.APIError](err)
	fmt.Println(ok, refused.Status, refused.Code)
	// Output:
	// <nil>
	// true 401 invalid_token
}

// The token without a flow: it acts as whoever makes it, until it is revoked.
func ExampleAPI_CreateOAuthToken() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	t := must(api.CreateOAuthToken(ctx, named(ctx, api, "app").ID, "tickets:read"))
	fmt.Println(t.Scopes, t.FullToken != "", t.ExpiresAt)
	fmt.Println(api.RevokeOAuthToken(ctx, t.ID))
	// Output:
	// [tickets:read] true <nil>
	// <nil>
}

func ExampleAPI_OAuthTokens() {
	_, api, end := start()
	defer end()

	for t, err := range api.OAuthTokens(context.Background(), zendesk.TokenFilter{All: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(t.Scopes, len(t.Token)) // ten characters of it
	}
	// Output: [read write] 10
}

func ExampleAPI_OAuthToken() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	current := must(api.CurrentToken(ctx))
	t, err := api.OAuthToken(ctx, current.ID)
	fmt.Println(t.Scopes, err)
	// Output: [read write] <nil>
}

func ExampleAPI_CurrentToken() {
	_, api, end := start()
	defer end()

	t, err := api.CurrentToken(context.Background())
	fmt.Println(t.Scopes, t.ExpiresAt != nil, err)
	// Output: [read write] true <nil>
}

func ExampleAPI_RevokeOAuthToken() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	t := must(api.CurrentToken(ctx))
	fmt.Println(api.RevokeOAuthToken(ctx, t.ID))
	_, err := api.CurrentToken(ctx)
	fmt.Println(err != nil)
	// Output:
	// <nil>
	// true
}

func ExampleAPI_RevokeCurrent() {
	_, api, end := start()
	defer end()

	fmt.Println(api.RevokeCurrent(context.Background()))
	fmt.Println(api.RevokeCurrent(context.Background())) // it is gone already
	// Output:
	// <nil>
	// <nil>
}

func ExampleAPI_GlobalClients() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	n := 0
	for g, err := range api.GlobalClients(ctx) {
		fmt.Println(g.Identifier, err)
		n++
	}
	fmt.Println(n, "authorized here")
	// Output: 0 authorized here
}

func ExampleAPI_GlobalClient() {
	_, api, end := start()
	defer end()

	_, err := api.GlobalClient(context.Background(), 4711)
	refused, ok := errors.AsType[*zendesk.APIError](err)
	fmt.Println(ok, refused.Status)
	// Output: true 404
}

func ExampleAPI_TokenSummaries() {
	_, api, end := start()
	defer end()

	for s, err := range api.TokenSummaries(context.Background(), 0, true) {
		fmt.Println(s.ID, s.TokensCount, err)
	}
	// Output:
}

// Several files, one comment.
func ExampleAPI_Comment() {
	_, api, end := start()
	defer end()
	ctx := context.Background()
	ticket := must(api.CreateTicket(ctx, zendesk.NewTicket{
		Subject: "My printer is on fire!", Comment: zendesk.NewComment{Body: "The smoke is very colorful."},
	}))

	var uploads []string
	for name, text := range map[string]string{"app.log": "it was warm\n", "sys.log": "it was hot\n"} {
		u := must(api.Upload(ctx, zendesk.File{
			Name: name, Type: "text/plain", Size: int64(len(text)), Body: strings.NewReader(text),
		}))
		uploads = append(uploads, u.Token)
	}
	_, err := api.Comment(ctx, ticket.ID, zendesk.NewComment{Body: "The logs.", Public: new(false), Uploads: uploads})
	fmt.Println(err)

	for c, err := range api.Comments(ctx, ticket.ID) {
		fmt.Println(c.Public, c.Body, len(c.Attachments), err)
	}
	// Output:
	// <nil>
	// true The smoke is very colorful. 0 <nil>
	// false The logs. 2 <nil>
}

func ExampleAPI_CreateTicket() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	t := must(api.CreateTicket(ctx, zendesk.NewTicket{
		Subject: "My printer is on fire!", Comment: zendesk.NewComment{Body: "The smoke is very colorful."}, Priority: "urgent",
	}))
	t, err := api.Ticket(ctx, t.ID)
	fmt.Println(*t.Subject, *t.Priority, err)
	// Output: My printer is on fire! urgent <nil>
}

func ExampleAPI_Ticket() {
	_, api, end := start()
	defer end()

	_, err := api.Ticket(context.Background(), 4711)
	refused, ok := errors.AsType[*zendesk.APIError](err)
	fmt.Println(ok, refused.Code, refused.Description)
	// Output: true RecordNotFound Not found
}

func ExampleAPI_Comments() {
	_, api, end := start()
	defer end()
	ctx := context.Background()
	t := must(api.CreateTicket(ctx, zendesk.NewTicket{Comment: zendesk.NewComment{Body: "The smoke is very colorful."}}))

	for c, err := range api.Comments(ctx, t.ID) {
		fmt.Println(c.Body, err)
	}
	// Output: The smoke is very colorful. <nil>
}

func ExampleAPI_Upload() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	const text = "it was warm\n"
	u := must(api.Upload(ctx, zendesk.File{Name: "app.log", Type: "text/plain", Size: int64(len(text)), Body: strings.NewReader(text)}))
	fmt.Println(u.Attachment.FileName, u.Attachment.Size)

	// A second one under the same token.
	u = must(api.Upload(ctx, zendesk.File{Name: "sys.log", Size: 4, Body: strings.NewReader("hot\n"), Token: u.Token}))
	fmt.Println(len(u.Attachments))
	// Output:
	// app.log 12
	// 2
}

func ExampleAPI_DeleteUpload() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	u := must(api.Upload(ctx, zendesk.File{Name: "app.log", Size: 4, Body: strings.NewReader("hot\n")}))
	fmt.Println(api.DeleteUpload(ctx, u.Token))
	// Output: <nil>
}

func ExampleAPI_APITokens() {
	_, api, end := start(deskauthtest.Seed(seedWithPlan))
	defer end()

	for t, err := range api.APITokens(context.Background()) {
		fmt.Println(t.Description, t.Active, t.LastUsedAt, err)
	}
	// Output: nightly export true <nil> <nil>
}

func ExampleAPI_DeleteAPIToken() {
	_, api, end := start()
	defer end()

	err := api.DeleteAPIToken(context.Background(), 4711)
	refused, ok := errors.AsType[*zendesk.APIError](err)
	fmt.Println(ok, refused.Code)
	// Output: true RecordNotFound
}

// What the client has no method for is reached by its path.
func ExampleAPI_Get() {
	_, api, end := start()
	defer end()

	var body struct {
		Count struct{ Value int }
	}
	err := api.Get(context.Background(), "/api/v2/users/count", &body)
	fmt.Println(body.Count.Value, err)
	// Output: 3 <nil>
}

func ExampleAPI_Post() {
	_, api, end := start()
	defer end()

	in := map[string]any{"group": map[string]any{"name": "Night shift"}}
	var out zendesk.GroupEnvelope
	err := api.Post(context.Background(), zendesk.GroupsPath, in, &out)
	fmt.Println(out.Group.Name, err)
	// Output: Night shift <nil>
}

func ExampleAPI_Put() {
	_, api, end := start()
	defer end()
	ctx := context.Background()
	t := must(api.CreateTicket(ctx, zendesk.NewTicket{Comment: zendesk.NewComment{Body: "The smoke is very colorful."}}))

	var out zendesk.TicketEnvelope
	in := map[string]any{"ticket": map[string]any{"status": "pending"}}
	err := api.Put(ctx, fmt.Sprintf("%s/%d", zendesk.TicketsPath, t.ID), in, &out)
	fmt.Println(out.Ticket.Status, err)
	// Output: pending <nil>
}

func ExampleAPI_Delete() {
	_, api, end := start()
	defer end()
	ctx := context.Background()
	t := must(api.CreateTicket(ctx, zendesk.NewTicket{Comment: zendesk.NewComment{Body: "The smoke is very colorful."}}))

	fmt.Println(api.Delete(ctx, fmt.Sprintf("%s/%d", zendesk.TicketsPath, t.ID)))
	// Output: <nil>
}

// Zendesk says to wait; the clock is the local one's, so nobody waits.
func ExampleRetry() {
	z, api, end := start()
	defer end()
	z.Faults.Add(deskauthtest.Fault{
		Kind: deskauthtest.TooManyRequests, Route: "GET /api/v2/users/me", RetryAfter: 41 * time.Second, Count: 1,
	})

	api.Retry = &zendesk.Retry{
		Now:     z.Clock.Now,
		Sleep:   passing(z),
		Chance:  func() float64 { return 0 },
		Waiting: func(w zendesk.Wait) { fmt.Println("waiting", w.For, "for", w.Method, w.Path) },
	}
	me, err := api.Me(context.Background())
	fmt.Println(me.Name, err)
	// Output:
	// waiting 41s for GET /api/v2/users/me
	// Ada Admin <nil>
}

func ExampleAnswer() {
	_, api, end := start(deskauthtest.Seed(seedWithPlan), deskauthtest.FrozenAt(time.Date(2026, 11, 22, 12, 0, 19, 0, time.UTC)))
	defer end()
	api.Answered = func(a zendesk.Answer) {
		fmt.Println(a.Status, a.Quota.Remaining, "of", a.Quota.Limit, "for", a.Quota.Reset)
	}
	_ = must(api.Me(context.Background()))
	// Output: 200 199 of 200 for 41s
}

func ExamplePageSize() {
	_, api, end := start()
	defer end()

	requests := 0
	api.Answered = func(zendesk.Answer) { requests++ }
	for u, err := range api.Users(context.Background(), nil, zendesk.PageSize(2)) {
		fmt.Println(u.Name, err)
	}
	fmt.Println("requests:", requests)
	// Output:
	// Ada Admin <nil>
	// Grace Agent <nil>
	// Carl Customer <nil>
	// requests: 2
}

func ExampleNewestFirst() {
	_, api, end := start()
	defer end()

	for c, err := range api.Clients(context.Background(), zendesk.NewestFirst()) {
		fmt.Println("the newest is", c.Identifier, err)
		break
	}
	// Output: the newest is public_app <nil>
}

func ExampleByOffset() {
	_, api, end := start()
	defer end()

	for u, err := range api.Users(context.Background(), []string{"end-user"}, zendesk.ByOffset()) {
		fmt.Println(u.Name, err)
	}
	// Output: Carl Customer <nil>
}

func ExampleParseQuota() {
	h := http.Header{}
	h.Set("Ratelimit-Limit", "700")
	h.Set("Ratelimit-Remaining", "663")
	h.Set("Ratelimit-Reset", "42")
	fmt.Println(zendesk.ParseQuota(h))
	// Output: {700 663 42s} true
}

func ExampleParseEndpointQuotas() {
	h := http.Header{}
	h.Set("Zendesk-RateLimit-Tickets-Index", "total=100; remaining=99; resets=41")
	fmt.Println(zendesk.ParseEndpointQuotas(h))
	// Output: map[tickets-index:{100 99 41s}]
}
