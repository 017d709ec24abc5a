package zendesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// What people type and paste becomes a subdomain, and nothing else gets into the host
// that requests go to.
func ExampleCleanSubdomain() {
	for _, typed := range []string{" Acme ", "https://acme.zendesk.com/agent/tickets/1", "acme.evil.example"} {
		subdomain, err := zendesk.CleanSubdomain(typed)
		fmt.Printf("%q %v\n", subdomain, err)
	}
	fmt.Println(zendesk.CheckSubdomain("acme"), zendesk.Reserved("acme"), zendesk.Reserved("www"))
	// Output:
	// "acme" <nil>
	// "acme" <nil>
	// "" "acme.evil.example" is not the address of a Zendesk: it should look like acme.zendesk.com
	// <nil> false true
}

// Where the accounts of a Zendesk are, the real one's or a local one's.
func ExampleParseBase() {
	base, err := zendesk.ParseBase("http://{subdomain}.localhost:4000")
	fmt.Println(base, base.IsLocal(), base.URL("acme"), err)
	fmt.Println(base.CleanSubdomain("http://acme.localhost:4000/agent"))

	_, err = zendesk.ParseBase("http://{subdomain}.zendesk.example")
	fmt.Println(err)
	base, err = zendesk.ParseBase("http://{subdomain}.zendesk.example", zendesk.AllowHTTP)
	fmt.Println(base.URL("acme"), err)
	// Output:
	// http://{subdomain}.localhost:4000 true http://acme.localhost:4000 <nil>
	// acme <nil>
	// "http://{subdomain}.zendesk.example": plain http would show every token to the network; it should look like https://{subdomain}.zendesk.com
	// http://acme.zendesk.example <nil>
}

// A scope allows one thing, or one of its accesses for every resource.
func ExamplePermissions() {
	scope := oauth.ParseScope("read tickets:write nonsense")
	for _, p := range zendesk.Permissions(scope) {
		fmt.Printf("%q %q %q\n", p, p.Resource, p.Access)
	}
	known, unknown := zendesk.Split(scope)
	fmt.Println(known, "-", unknown, "-", zendesk.Known("users:read"))

	fmt.Println(zendesk.Covers(scope, "tickets:read"), zendesk.Covers(scope, "users:write"))
	fmt.Println("not allowed:", zendesk.Within(known, oauth.ParseScope("read")))

	broadest := zendesk.AllPermissions()[0]
	fmt.Println(broadest, broadest.Key())
	// Output:
	// "read" "" "read"
	// "tickets:write" "tickets" "write"
	// read tickets:write - nonsense - true
	// true false
	// not allowed: tickets:write
	// read scope.read
}

// Lifetimes are asked for in the token request, in seconds.
func ExampleLifetimes() {
	half := int64(1800)
	asked := zendesk.Lifetimes{ExpiresIn: &half}
	request := oauth.TokenRequest{GrantType: oauth.GrantRefreshToken, RefreshToken: "a-token", Extra: asked.Encode()}

	got, wrong := zendesk.DecodeLifetimes(request.Encode())
	fmt.Println(*got.ExpiresIn, wrong, got.Check())

	short := int64(10)
	fmt.Println(zendesk.Lifetimes{ExpiresIn: &short}.Check())
	// Output:
	// 1800 <nil> <nil>
	// invalid_request: expires_in is not within 300 and 172800 seconds
}

// Token requests come as JSON, which Zendesk's documentation asks for, or as a form.
func ExampleDecodeTokenParams() {
	params, wrong := zendesk.DecodeTokenParams("application/json", []byte(`{"grant_type":"client_credentials","client_id":"reports"}`), nil)
	fmt.Println(params.Get("grant_type"), params.Get("client_id"), wrong)

	_, wrong = zendesk.DecodeTokenParams("application/json", []byte(`{"client_id":"reports"}`), url.Values{"client_id": {"another"}})
	fmt.Println(wrong)
	// Output:
	// client_credentials reports <nil>
	// invalid_request: "client_id" is both in the body and in the query
}

// The sentence that Zendesk says for a code.
func ExampleDescription() {
	fmt.Println(zendesk.Description(oauth.InvalidGrant, zendesk.Token))
	// Output: The provided access grant is invalid, expired, or revoked (e.g. invalid assertion, expired authorization token, bad end-user password credentials, or mismatching authorization code and redirection URI).
}

// A server that answers as Zendesk does refuses as it does.
func ExampleRefusal() {
	for _, r := range []zendesk.Refusal{
		zendesk.InvalidToken, zendesk.MissingScopes("tickets:read", "read"), zendesk.ParameterMissing("ticket"),
		zendesk.InvalidPaginationParameter("page[after]"), zendesk.InvalidAttribute("client_id", "must be an integer", "api/v2/oauth/tokens/index"),
		zendesk.TooManyValues(100),
	} {
		body, err := json.Marshal(r)
		fmt.Println(r.Status(), string(body), err)
	}
	fmt.Println(zendesk.CouldntAuthenticate.WWWAuthenticate())
	// Output:
	// 401 {"error":"invalid_token","error_description":"The access token provided is expired, revoked, malformed or invalid for other reasons."} <nil>
	// 403 {"error":"Forbidden","description":"You are missing the following required scopes: tickets:read, read"} <nil>
	// 400 {"error":"ParameterMissing","description":"Parameter ticket is required"} <nil>
	// 400 {"errors":[{"code":"InvalidPaginationParameter","title":"page[after] is not valid"}]} <nil>
	// 400 {"error":{"title":"Invalid attribute","message":"You passed an invalid value for the client_id attribute. Invalid parameter: client_id must be an integer from api/v2/oauth/tokens/index"}} <nil>
	// 400 {"error":"TooManyValues","description":"Parameter  cannot specify more than 100 values","max_count":100} <nil>
	// Basic realm="Web Password"
}

// A record is refused field by field, and a client reads which.
func ExampleRecordInvalid() {
	refused := zendesk.RecordInvalid{"redirect_uri": {{Description: "Redirect URI: is invalid", Error: "InvalidFormat"}}}
	body, err := json.Marshal(refused)
	fmt.Println(refused.Status(), string(body), err)

	read := zendesk.ParseAPIError(refused.Status(), http.Header{}, body)
	fmt.Println(read.Code, read.Details["redirect_uri"][0].Description)
	// Output:
	// 422 {"error":"RecordInvalid","description":"Record validation errors","details":{"redirect_uri":[{"description":"Redirect URI: is invalid","error":"InvalidFormat"}]}} <nil>
	// RecordInvalid Redirect URI: is invalid
}

// Whatever a server answers becomes an error that tells what there is to tell.
func ExampleParseAPIError() {
	err := zendesk.ParseAPIError(http.StatusTooManyRequests, http.Header{"Retry-After": {"30"}, "X-Request-Id": {"8a1b"}}, []byte("<html>busy</html>"))
	fmt.Println(err.Status, err.RetryAfter, err.RequestID)

	err = zendesk.ParseAPIError(http.StatusNotFound, nil, []byte(`{"error":"RecordNotFound","description":"Not found"}`))
	fmt.Println(err.Code, "-", err.Description)
	// Output:
	// 429 30s 8a1b
	// RecordNotFound - Not found
}

// How much of the limit is left is said in every answer.
func ExampleQuota() {
	w := httptest.NewRecorder()
	zendesk.Quota{Limit: 700, Remaining: 699, Reset: 42 * time.Second}.SetHeaders(w.Header())
	zendesk.Quota{Limit: 100, Remaining: 99, Reset: 60 * time.Second}.SetEndpointHeader(w.Header(), "tickets")

	left, ok := zendesk.ParseQuota(w.Header())
	fmt.Println(left.Remaining, "of", left.Limit, "for", left.Reset, ok)
	fmt.Println("Retry-After:", zendesk.RetryAfter(1500*time.Millisecond))
	// Output:
	// 699 of 700 for 42s true
	// Retry-After: 2
}

// A path of somebody else's is looked at before it is asked for.
func ExampleCheckPath() {
	fmt.Println(zendesk.CheckPath("/api/v2/tickets/35.json"))
	fmt.Println(zendesk.CheckPath("/api/v2/../../admin"))
	fmt.Println(zendesk.Climbs("/api/v2/..;/admin"))
	// Output:
	// <nil>
	// a path has no segments . and .., which some servers resolve and others do not
	// true
}

// A request that API has no method for.
func ExampleAPI_Raw() {
	_, api, end := start()
	defer end()

	resp, err := api.Raw(context.Background(), zendesk.RawRequest{
		Method: http.MethodPost, Target: "/api/v2/tickets.json", Header: http.Header{"Content-Type": {"application/json"}},
		Body: strings.NewReader(`{"ticket":{"comment":{"body":"The smoke is very colorful."}}}`), Size: -1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var made zendesk.TicketEnvelope
	fmt.Println(resp.Status, json.NewDecoder(resp.Body).Decode(&made), made.Ticket.Status)
	// Output: 201 Created <nil> new
}

func ExampleAPI_ManyUsers() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	me := must(api.Me(ctx))
	users, err := api.ManyUsers(ctx, []int64{*me.ID, 1})
	fmt.Println(len(users), users[0].Name, err)
	// Output: 1 Ada Admin <nil>
}

// Zendesk answers a caller without credentials with status 200 and this.
func ExampleAnonymousUser() {
	body, err := json.Marshal(zendesk.UserEnvelope{User: zendesk.AnonymousUser()})
	if err != nil {
		fmt.Println(err)
		return
	}
	var read zendesk.UserEnvelope
	fmt.Println(json.Unmarshal(body, &read), read.User.Name, read.User.IsAnonymous())
	// Output: <nil> Anonymous user true
}

// Times are without fractions, and null where there is none.
func ExampleTimeOf() {
	for _, at := range []time.Time{time.Date(2026, 11, 23, 12, 0, 0, 5, time.UTC), {}} {
		text, err := json.Marshal(zendesk.TimeOf(at))
		fmt.Println(string(text), err)
	}
	// Output:
	// "2026-11-23T12:00:00Z" <nil>
	// null <nil>
}

// A comment as Zendesk shows it, and where a ticket came from.
func ExampleHTMLBody() {
	fmt.Println(zendesk.HTMLBody("It says <error>.\n\nWhat now?"))
	via, err := json.Marshal(zendesk.ViaOf("api"))
	fmt.Println(string(via), err)
	// Output:
	// <div class="zd-comment" dir="auto"><p dir="auto">It says &lt;error&gt;.</p><p dir="auto">What now?</p></div>
	// {"channel":"api","source":{"from":{},"to":{},"rel":null}} <nil>
}

// Records that API has no method for decode into the types of their JSON.
func ExampleRequest() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	t := must(api.CreateTicket(ctx, zendesk.NewTicket{Comment: zendesk.NewComment{Body: "The smoke is very colorful."}}))
	var seen zendesk.RequestEnvelope // the ticket, as its requester sees it
	err := api.Get(ctx, fmt.Sprintf("%s/%d", zendesk.RequestsPath, t.ID), &seen)
	fmt.Println(seen.Request.Status, seen.Request.Description, err)

	var all zendesk.CountEnvelope
	fmt.Println(api.Get(ctx, zendesk.TicketsPath+"/count", &all), all.Count.Value)
	// Output:
	// new The smoke is very colorful. <nil>
	// <nil> 1
}

// A search finds records of several kinds; each says of which it is.
func ExampleFoundUser() {
	_, api, end := start()
	defer end()

	var found struct {
		Results []zendesk.FoundUser
	}
	ask(api, zendesk.SearchPath+"?query=type:user+role:admin", &found)
	for _, u := range found.Results {
		fmt.Println(u.ResultType, u.Name)
	}
	var tickets struct {
		Results []zendesk.FoundTicket
	}
	ask(api, zendesk.SearchPath+"?query=type:ticket", &tickets)
	var count zendesk.SearchCount
	ask(api, zendesk.SearchPath+"/count?query=type:ticket", &count)
	fmt.Println(len(tickets.Results) == count.Count)
	// Output:
	// user Ada Admin
	// true
}

// A page by its cursor. API's own lists go from page to page by themselves.
func ExamplePageMeta() {
	_, api, end := start()
	defer end()

	var page struct {
		Users []zendesk.User
		Meta  zendesk.PageMeta
		Links zendesk.PageLinks
	}
	ask(api, "/api/v2/users?page[size]=1", &page)
	fmt.Println(len(page.Users), "more:", page.Meta.HasMore, page.Links.Next != nil)
	// Output: 1 more: true true
}

// An agent is put into a group.
func ExampleGroupMembership() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	var group zendesk.GroupEnvelope
	fmt.Println(api.Post(ctx, zendesk.GroupsPath, map[string]any{"group": map[string]any{"name": "Night shift"}}, &group))
	membership := zendesk.GroupMembership{UserID: *must(api.Me(ctx)).ID, GroupID: group.Group.ID}
	var made zendesk.GroupMembershipEnvelope
	err := api.Post(ctx, "/api/v2/group_memberships", map[string]any{"group_membership": membership}, &made)
	fmt.Println(made.GroupMembership.GroupID == group.Group.ID, err)
	// Output:
	// <nil>
	// true <nil>
}

// What takes long is a job, of which one asks again.
func ExampleJobStatus() {
	_, api, end := start()
	defer end()
	ctx := context.Background()

	many := map[string]any{"tickets": []zendesk.NewTicket{
		{Comment: zendesk.NewComment{Body: "The smoke is very colorful."}}, {Comment: zendesk.NewComment{Body: "It is still on fire."}},
	}}
	var job zendesk.JobStatusEnvelope
	err := api.Post(ctx, zendesk.TicketsPath+"/create_many", many, &job)
	fmt.Println(job.JobStatus.Status, *job.JobStatus.Total, err)
	// Output: queued 2 <nil>
}

// A field that the account adds to its tickets.
func ExampleTicketField() {
	_, api, end := start()
	defer end()

	field := map[string]any{"ticket_field": map[string]any{
		"type": "tagger", "title": "Product", "custom_field_options": []map[string]string{{"name": "Printer", "value": "printer"}},
	}}
	var made zendesk.TicketFieldEnvelope
	err := api.Post(context.Background(), zendesk.TicketFieldsPath, field, &made)
	fmt.Println(made.TicketField.Type, made.TicketField.Title, err)
	for _, o := range *made.TicketField.CustomFieldOptions {
		fmt.Println("-", o.Name)
	}
	// Output:
	// tagger Product <nil>
	// - Printer
}

// ask gets what is at a path with a query.
func ask(api *zendesk.API, target string, out any) {
	resp, err := api.Raw(context.Background(), zendesk.RawRequest{Method: http.MethodGet, Target: target})
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		log.Fatal(resp.Status, err)
	}
}

// An answer that is no page of this API.
func ExampleAPIError() {
	_, api, end := start()
	defer end()

	_, err := api.Ticket(context.Background(), 99)
	if refused, ok := errors.AsType[*zendesk.APIError](err); ok {
		fmt.Println(refused.Status, refused.Code)
	}
	// Output: 404 RecordNotFound
}
