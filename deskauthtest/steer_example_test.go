package deskauthtest_test

import (
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/deskauth/deskauth/deskauthtest"
)

// Outside of a test: New(t) does the same, and needs neither the error nor Close.
func ExampleStart() {
	z, err := deskauthtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me(z.Client())) // nobody is signed in, which the real Zendesk, too, answers so
	fmt.Println(z.Close())
	// Output:
	// 200 OK
	// <nil>
}

// An account of the test's own.
func ExampleAccounts() {
	z, err := deskauthtest.Start(deskauthtest.Accounts(deskauthtest.Account{
		Subdomain: "globex",
		Users:     []deskauthtest.User{{Email: "hank@globex.example", Role: "admin"}},
		Clients:   []deskauthtest.Client{{ID: "reports", Secret: "the secret of reports", RedirectURIs: []string{"https://reports.example/callback"}}},
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = z.Close() }()

	back := z.Allow("hank@globex.example", "https://globex.zendesk.com/oauth/authorizations/new?response_type=code&client_id=reports&scope=read&redirect_uri=https://reports.example/callback")
	fmt.Println(back.Host, back.Query().Has("code"))
	// Output: reports.example true
}

// The default account, with a person more.
func ExampleDefaultAccount() {
	account := deskauthtest.DefaultAccount()
	account.Users = append(account.Users, deskauthtest.User{Email: "linus@acme.example", Name: "Linus Light", Role: "agent"})
	z, err := deskauthtest.Start(deskauthtest.Accounts(account))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = z.Close() }()

	fmt.Println(z.Allow("linus@acme.example", app().AuthCodeURL("")).Query().Has("code"))
	// Output: true
}

// The accounts of `deskauth issuer --seed`.
func ExampleSeed() {
	z, err := deskauthtest.Start(deskauthtest.Seed(`accounts:
  - subdomain: acme
    name: Acme Inc.
    users: [{email: ada@acme.example, name: Ada Admin, role: admin}]
    clients: [{identifier: app, name: App, kind: public, redirect_uri: ["http://localhost:8080/callback"]}]
`))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = z.Close() }()

	// A public client has to send a code challenge (PKCE), and this app does not.
	fmt.Println(z.Allow(deskauthtest.Admin, app().AuthCodeURL("")).Query().Get("error"))
	// Output: invalid_request
}

// Codes and tokens that are the same in each run, for a test that compares with a file.
func ExampleRandomSeed() {
	var codes []string
	for range 2 {
		z, err := deskauthtest.Start(deskauthtest.RandomSeed("golden"), deskauthtest.FrozenAt(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)))
		if err != nil {
			log.Fatal(err)
		}
		codes = append(codes, z.Allow(deskauthtest.Admin, app().AuthCodeURL("")).Query().Get("code"))
		fmt.Println(z.Clock.Now(), z.Close())
	}
	fmt.Println(codes[0] != "", codes[0] == codes[1])
	// Output:
	// 2026-11-23 12:00:00 +0000 UTC <nil>
	// 2026-11-23 12:00:00 +0000 UTC <nil>
	// true true
}

// The log of the server, for when a test does not understand what it is answered.
func ExampleLog() {
	var lines strings.Builder
	z, err := deskauthtest.Start(deskauthtest.Log(slog.New(slog.NewTextHandler(&lines, nil))))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me(z.Client()), z.Close())
	fmt.Println(strings.Contains(lines.String(), "status=200"))
	// Output:
	// 200 OK <nil>
	// true
}

func ExampleZendesk_AddAccount() {
	z, _, end := start()
	defer end()

	z.AddAccount(deskauthtest.Account{Subdomain: "globex", Users: []deskauthtest.User{{Email: "hank@globex.example", Role: "admin"}}})
	resp, err := z.Client().Get("https://globex.zendesk.com/api/v2/users/me.json")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode, resp.Body.Close())
	// Output: 200 <nil>
}

// A suspended person's tokens open nothing.
func ExampleZendesk_Suspend() {
	z, ctx, end := start()
	defer end()
	token, err := app().Exchange(ctx, z.Allow(deskauthtest.Agent, app().AuthCodeURL("")).Query().Get("code"))
	if err != nil {
		log.Fatal(err)
	}

	for _, suspended := range []bool{true, false} {
		z.Suspend(deskauthtest.Subdomain, deskauthtest.Agent, suspended)
		fmt.Println(me(app().Client(ctx, token)))
	}
	// Output:
	// 401 Unauthorized
	// 200 OK
}

// A program that can be told where Zendesk is needs no client of ours.
func ExampleZendesk_URL() {
	z, _, end := start()
	defer end()

	port := z.URL("acme")[strings.LastIndex(z.URL("acme"), ":"):]
	fmt.Println(strings.TrimSuffix(z.URL("acme"), port), strings.TrimSuffix(z.Base(), port))
	// Output: http://acme.localhost http://{subdomain}.localhost
}

// The program's own client, for which Zendesk alone is the local one.
func ExampleZendesk_Transport() {
	z, _, end := start()
	defer end()

	client := &http.Client{Transport: z.Transport(nil)} // with http.DefaultTransport other hosts would be reached
	fmt.Println(me(client))
	resp, err := client.Get("https://example.com/")
	if err == nil {
		_ = resp.Body.Close()
	}
	fmt.Println("another host:", err != nil)
	// Output:
	// 200 OK
	// another host: true
}

// A program of its own keeps the same time: DESKAUTH_CLOCK of a broker takes it, and
// `deskauth control --control` steers it.
func ExampleZendesk_ControlAddress() {
	z, _, end := start()
	defer end()

	fmt.Println(z.ControlAddress() != "")
	// Output: true
}

// A test that takes long to come to a point goes back to it.
func ExampleZendesk_Snapshot() {
	z, ctx, end := start()
	defer end()
	token, err := app().Exchange(ctx, z.Allow(deskauthtest.Admin, app().AuthCodeURL("")).Query().Get("code"))
	if err != nil {
		log.Fatal(err)
	}
	signedIn := z.Snapshot()

	client := app().Client(ctx, token)
	z.Suspend(deskauthtest.Subdomain, deskauthtest.Admin, true)
	fmt.Println(me(client))
	z.Restore(signedIn)
	fmt.Println(me(client))
	z.Reset() // to the very start, where the token was not made yet
	fmt.Println(me(client))
	// Output:
	// 401 Unauthorized
	// 200 OK
	// 401 Unauthorized
}

// Time stands, runs, and is set.
func ExampleClock() {
	z, _, end := start()
	defer end()

	z.Clock.Freeze()
	z.Clock.Set(time.Date(2027, 4, 30, 0, 0, 0, 0, time.UTC)) // the last day of API tokens
	z.Clock.Advance(time.Hour)
	fmt.Println(z.Clock.Now())

	z.Clock.Rate(60) // a minute passes in a second, from now on
	fmt.Println(z.Clock.Now().Sub(time.Date(2027, 4, 30, 1, 0, 0, 0, time.UTC)) < time.Hour)
	z.Clock.Reset()
	fmt.Println(time.Since(z.Clock.Now()) < time.Minute)
	// Output:
	// 2027-04-30 01:00:00 +0000 UTC
	// true
	// true
}

// The app is told to wait, twice, and then everything is well.
func ExampleFaults() {
	z, _, end := start()
	defer end()

	busy := z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.TooManyRequests, Route: "GET /api/v2/users/me", Count: 2, RetryAfter: time.Minute})
	for range 3 {
		fmt.Println(me(z.Client()))
	}
	fmt.Println("disturbed:", z.Faults.Fired(busy))
	z.Faults.Remove(busy)

	z.Faults.AddChaos(0.05, 1) // a twentieth of all requests, the same ones in each run
	z.Faults.Clear()
	fmt.Println(me(z.Client()))
	// Output:
	// 429 Too Many Requests
	// 429 Too Many Requests
	// 200 OK
	// disturbed: 2
	// 200 OK
}

// What was asked and decided, for a test to hold the app to.
func ExampleJournal() {
	z, ctx, end := start()
	defer end()
	before := z.Journal.Mark()
	if _, err := app().Exchange(ctx, "no-code"); err == nil {
		log.Fatal("a made-up code was taken")
	}

	for _, e := range z.Journal.Find(deskauthtest.Query{Since: before, Client: deskauthtest.ClientID}) {
		fmt.Println(e.Event, e.Grant, "-", deskauthtest.Events()[e.Event])
	}
	// Output:
	// code.unknown authorization_code - no such code was issued, or it is long gone
	// request.answered authorization_code - a request was answered; status tells how
}
