// Package deskauthtest is a whole local Zendesk inside a Go test: its OAuth, its
// pages and its API, with a clock that the test moves, faults that it chooses, and
// a journal that it asks afterwards.
//
//	z := deskauthtest.New(t)                     // an account, people, a client
//	app := myapp.New(z.Client())                 // believes to talk to https://acme.zendesk.com
//	callback := z.Allow("ada@acme.example", app.SignInURL())
//	app.HandleCallback(callback)
//	z.Clock.Advance(31 * time.Minute)            // the access token expires
//	z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.DropAfterCommit, Route: "POST /oauth/tokens", Count: 1})
//	app.Call()                                   // refreshes, and never hears the answer
//	z.Journal.Count(deskauthtest.Query{Event: "refresh.replayed"})
//
// Package embedded is such an app. Its Config is told where this Zendesk is, and its time:
//
//	b, err := embedded.Open(ctx, embedded.Config{
//		ZendeskURL: z.Base(), Now: z.Clock.Now,
//		ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret,
//		PublicURL: "http://localhost:8080", CallbackPath: "/callback", // deskauthtest.RedirectURI
//		…
//	})
//
// Its own example runs it from the sign-in to a renewal.
//
// Everything runs in the test's process, on a SQLite file of its own and on
// loopback. It behaves as `deskauth issuer --demo` does, because it is the same
// code. Nothing is sent to the real Zendesk.
package deskauthtest
