// Package webtest holds one example of every page in every state worth seeing,
// for the golden tests and for the gallery. Its names are long, foreign, hostile
// or empty on purpose.
package webtest

import (
	"reflect"

	"github.com/deskauth/deskauth/internal/web"
)

// Sample is a page with the status that it is answered with.
type Sample struct {
	Name   string // also the golden's file name
	Status int
	Page   web.Renderable
}

const (
	account   = "Acme Inc."
	subdomain = "acme"

	longWord = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
	rtlName  = "شركة الاتصالات المتقدمة"
	hostile  = `<script>alert("x")</script>`
)

var (
	base       = web.Page{Lang: web.English, RequestID: "01JD8Z4S9QW2"}
	switchable = web.Page{Lang: web.English, RequestID: "01JD8Z4S9QW2", Languages: web.LanguageSwitch{Action: "/access/language", Back: "/a?b=c&d"}}

	ada = web.Person{Name: "Ada Admin", Email: "admin@acme.example", Role: "admin"}

	people = []web.Person{
		ada,
		{Name: "Gus Agent", Email: "agent@acme.example", Role: "agent"},
		{Name: "Cora Customer", Email: "customer@acme.example", Role: "end-user"},
	}

	longPeople = []web.Person{
		{Name: longWord + " " + longWord, Email: longWord + "@" + longWord + ".example", Role: "agent"},
		{Name: "مريم الأحمد", Email: "maryam@acme.example", Role: "end-user"},
		{Name: hostile, Email: `"><img src=x>@acme.example`, Role: `<b>role</b>`},
		{Name: "", Email: "noname@acme.example", Role: "end-user"},
	}

	tutorial = web.Client{
		Name: "OAuth Tutorial App", Company: "Acme Inc.",
		Description: "Shows who you are, as the first page of a tutorial does.",
	}

	twelve = []string{
		"users:read", "tickets", "organizations:read", "ticket_attachments:write", "groups:read",
		"hc:read", "macros:write", "webhooks:write", "auditlogs:read", "impersonate", "read", "write",
	}
)

// Samples are all of them, the issuer's first.
func Samples() []Sample {
	all := issuer()
	all = append(all, issuerErrors()...)
	all = append(all, clients()...)
	all = append(all, tokens()...)
	all = append(all, settings()...)
	all = append(all, journal()...)
	all = append(all, apiTokens()...)
	all = append(all, audit()...)
	all = append(all, users()...)
	all = append(all, broker()...)
	all = append(all, boards()...)
	all = append(all, operators()...)
	all = append(all, passes()...)
	all = append(all, passPages()...)
	all = append(all, events()...)
	for _, kind := range web.Failures {
		all = append(all, Sample{"connect_failed_" + string(kind), 400, web.ConnectFailed{
			Page: base, Kind: kind, Account: "acme.zendesk.com", RetryURL: "/?subdomain=acme",
		}})
	}
	return all
}

// In is the sample as a reader of another language sees it.
func In(lang web.Lang, s Sample) Sample {
	page := reflect.New(reflect.TypeOf(s.Page)).Elem()
	page.Set(reflect.ValueOf(s.Page))
	if page.FieldByName("Admin").Bool() {
		lang = lang.ForAdmin()
	}
	page.FieldByName("Lang").SetString(string(lang))
	s.Page = page.Interface().(web.Renderable)
	s.Name += "_" + string(lang)
	return s
}

func issuer() []Sample {
	plain := web.SignIn{Page: switchable, Account: account, Subdomain: subdomain, Action: "/access/login"}
	waiting := plain
	waiting.Application, waiting.Next = tutorial.Name, "/oauth/authorizations/new?client_id=oauth_tutorial_app&state=a%26b"
	waiting.People, waiting.FormOrigins = people, []string{"http://localhost:8080"}
	wrong := waiting
	wrong.Email, wrong.Problem, wrong.People = "admin@acme.example", web.ProblemCredentials, nil
	tooMany := wrong
	tooMany.Problem, tooMany.RetryAfter = web.ProblemTooMany, 240
	long := waiting
	long.Account, long.Application, long.People = longWord, longWord+" "+rtlName, longPeople

	consent := web.Consent{
		Page: switchable, Account: account, Subdomain: subdomain, Client: tutorial, User: ada,
		Permissions: []string{"users:read"}, RedirectHost: "localhost:8080",
		Action: "/oauth/authorizations", Ticket: "eyJ0aWNrZXQiOjF9", FormOrigin: "http://localhost:8080",
	}
	grave := consent
	grave.Permissions = twelve
	grave.Client.LogoURL = Logo
	useless := consent
	useless.Permissions = nil
	odd := consent
	odd.Account, odd.User, odd.Permissions = rtlName, longPeople[0], []string{"tickets:read", "teapot:brew"}
	odd.Client = web.Client{Name: hostile + " " + rtlName, Company: longWord, Description: longWord + " " + rtlName, LogoURL: "https://evil.example/logo.png"}
	odd.RedirectHost = "very-long-host-name." + longWord + ".example:8443"

	home := web.IssuerHome{
		Page: base, Account: account, Subdomain: subdomain, People: people,
		SignInURL: "/access/login", SignInAction: "/access/login",
		Apps: []web.App{
			{Name: "OAuth Tutorial App", Identifier: "oauth_tutorial_app", AuthorizeURL: "/oauth/authorizations/new?client_id=oauth_tutorial_app&response_type=code"},
			{Name: "Phone App", Identifier: "phone_app", Public: true},
			{Name: "Zendesk OAuth Example", Identifier: "zendesk_oauth_example", AuthorizeURL: "/oauth/authorizations/new?client_id=zendesk_oauth_example&response_type=code"},
			{Name: longWord, Identifier: "machine_only"},
		},
		Links: []web.Link{
			{Kind: web.LinkBroker, URL: "http://127.0.0.1:4002/"},
			{Kind: web.LinkAuthorize, URL: "http://acme.localhost:4000/oauth/authorizations/new"},
			{Kind: web.LinkTokens, URL: "http://acme.localhost:4000/oauth/tokens"},
			{Kind: web.LinkUsersMe, URL: "http://acme.localhost:4000/api/v2/users/me.json"},
			{Kind: web.LinkAPI, URL: "http://acme.localhost:4000/openapi.yaml"},
			{Kind: web.LinkControl, URL: "http://127.0.0.1:4001/"},
		},
	}
	german := waiting
	german.Lang, german.Problem, german.People = "de", web.ProblemCredentials, longPeople
	germanConsent := grave
	germanConsent.Lang = "de"
	bare := web.IssuerHome{Page: base, Account: account, Subdomain: subdomain, SignInURL: "/access/login"}
	signedIn := home
	signedIn.User, signedIn.People = &ada, nil
	return []Sample{
		{"sign_in", 200, plain},
		{"sign_in_people", 200, waiting},
		{"sign_in_wrong", 422, wrong},
		{"sign_in_too_many", 429, tooMany},
		{"sign_in_long", 200, long},
		{"consent", 200, consent},
		{"consent_grave", 200, grave},
		{"consent_german", 200, germanConsent},
		{"sign_in_german", 401, german},
		{"consent_nothing", 200, useless},
		{"consent_odd", 200, odd},
		{"leaving", 200, web.Leaving{Page: base, Account: account, Subdomain: subdomain, Host: "localhost:8080", URL: "http://localhost:8080/callback?code=a&state=b"}},
		{"signed_out", 200, web.SignedOut{Page: base, Account: account, Subdomain: subdomain, SignInURL: "/access/login"}},
		{"issuer_home", 200, home},
		{"issuer_home_signed_in", 200, signedIn},
		{"issuer_home_bare", 200, bare},
	}
}

func issuerErrors() []Sample {
	return []Sample{
		{"invalid", 400, web.Invalid{
			Page: base, Account: account, Subdomain: subdomain, Detail: web.NoSuchClient,
			Sent: []web.Param{{Name: "client_id", Value: "oauth_tutorial_ap"}, {Name: "redirect_uri", Value: "http://localhost:8080/handle_user_decision"}},
		}},
		{"invalid_redirect", 400, web.Invalid{
			Page: base, Account: account, Subdomain: subdomain, Detail: web.RedirectMismatch,
			Sent: []web.Param{{Name: "redirect_uri", Value: "https://" + longWord + longWord + longWord + longWord + ".example/" + hostile}},
		}},
		{"invalid_other", 400, web.Invalid{Page: base, Account: account, Subdomain: subdomain, Detail: "The request is missing a required parameter"}},
		{"not_found", 404, web.NotFound{Page: base, Account: account, Subdomain: subdomain, HomeURL: "/"}},
		{"not_found_host", 404, web.NotFound{Page: base, UnknownHost: "nobody.localhost:4000"}},
		{"method_not_allowed", 405, web.MethodNotAllowed{Page: base, Account: account, Subdomain: subdomain, Method: "DELETE", Allow: []string{"GET", "HEAD", "POST"}}},
		{"server_error", 500, web.ServerError{Page: base, Account: account, Subdomain: subdomain}},
		{"too_many", 429, web.TooMany{Page: base, Account: account, Subdomain: subdomain, RetryAfter: 1}},
	}
}

func broker() []Sample {
	home := web.ConnectHome{Page: switchable, Action: "/connect", BaseSuffix: ".zendesk.com", FormOrigins: []string{"https://*.zendesk.com"}}
	wrong := home
	wrong.Subdomain, wrong.Problem, wrong.Asked, wrong.ReturnTo = "not a subdomain!", web.ProblemSubdomainInvalid, []string{"read"}, "/welcome"
	elsewhere, unnamed := wrong, wrong
	elsewhere.Subdomain, elsewhere.Problem, elsewhere.Served = "globex", web.ProblemNotServed, []string{"acme.zendesk.com", "acme-emea.zendesk.com"}
	unnamed.Subdomain, unnamed.Problem = "globex", web.ProblemNotServed
	local := home
	local.Subdomain, local.BaseSuffix, local.Asked = "acme", ".localhost:4000", []string{"tickets", "users:read"}

	connected := web.Connected{
		Page: base, UserName: "Ada Admin", Role: "admin", Product: "Support", Account: "acme.zendesk.com",
		Granted: []string{"read"}, ConnectionID: "1",
	}
	partly := connected
	partly.Granted, partly.Missing, partly.ReturnTo = []string{"tickets:read"}, []string{"tickets:write", "users:read"}, "http://localhost:3000/welcome"
	roleless := connected
	roleless.UserName, roleless.Role = "35436", ""
	odd := connected
	odd.UserName, odd.Account, odd.Granted = hostile+" "+longWord, longWord+".zendesk.com", nil
	program := connected
	program.Program = "deskauth-cli"
	link := web.ConnectLink{
		Page: base, Maker: "reports", Asked: []string{"read"}, BaseSuffix: ".zendesk.com", FormOrigins: []string{"https://*"},
	}
	again := link
	again.Maker, again.Again, again.Account, again.User = "", true, "acme.zendesk.com", "Ada Admin"
	oddLink := link
	oddLink.Maker, oddLink.Subdomain, oddLink.Problem = hostile+" "+longWord, longWord, web.ProblemSubdomainInvalid
	code := web.Device{Page: switchable, Action: "/device"}
	wrongCode := code
	wrongCode.Code, wrongCode.Wrong = "WDJB-MJHT", true
	asks := web.DeviceAsk{
		Page: base, Action: "/device", Code: "WDJB-MJHT", Program: "deskauth-cli", Address: "192.0.2.7", Age: 40,
		Asked: []string{"read", "tickets:write"}, BaseSuffix: ".zendesk.com", FormOrigins: []string{"https://*"},
	}
	asksThere := asks
	asksThere.Account, asksThere.Age = "acme.zendesk.com", 300
	oddAsk := asks
	oddAsk.Program, oddAsk.Address, oddAsk.Asked = hostile+" "+longWord, "2001:db8:1234:5678::/64", twelve
	oddAsk.Problem, oddAsk.Subdomain = web.ProblemSubdomainInvalid, longWord
	return []Sample{
		{"link", 200, link},
		{"link_again", 200, again},
		{"link_odd", 422, oddLink},
		{"device", 200, code},
		{"device_wrong", 422, wrongCode},
		{"device_ask", 200, asks},
		{"device_ask_account", 200, asksThere},
		{"device_ask_odd", 422, oddAsk},
		{"device_denied", 200, web.DeviceDenied{Page: base, Program: "deskauth-cli"}},
		{"connected_program", 200, program},
		{"connect_home", 200, home},
		{"connect_home_wrong", 422, wrong},
		{"connect_home_not_served", 422, elsewhere},
		{"connect_home_not_served_unnamed", 422, unnamed},
		{"connect_home_local", 200, local},
		{"connected", 200, connected},
		{"connected_partly", 200, partly},
		{"connected_no_role", 200, roleless},
		{"connected_odd", 200, odd},
		{"connect_failed_answer", 502, web.ConnectFailed{
			Page: base, Kind: web.AnsweredWrongly, Account: longWord + ".zendesk.com", RetryURL: "/",
			Answer: "200 text/html\n<html><script>alert(1)</script>" + longWord + longWord,
		}},
		{"connect_failed_unknown", 400, web.ConnectFailed{Page: base, Kind: "never heard of"}},
		{"broker_not_found", 404, web.NotFound{Page: base, Brand: web.Broker, HomeURL: "/"}},
		{"broker_server_error", 500, web.ServerError{Page: base, Brand: web.Broker}},
		{"broker_too_many", 429, web.TooMany{Page: base, Brand: web.Broker, RetryAfter: 600}},
	}
}

// Logo is a small picture, as a client's logo may be.
const Logo = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCA2NCA2NCI+PHJlY3Qgd2lkdGg9IjY0IiBoZWlnaHQ9IjY0IiBmaWxsPSIjMGI3Mjg1Ii8+PGNpcmNsZSBjeD0iMzIiIGN5PSIzMiIgcj0iMTgiIGZpbGw9IiNmZmQ0M2IiLz48L3N2Zz4="
