// Package embedded is the broker inside a Go program: it sends people through
// Zendesk's OAuth, keeps their tokens sealed in a database of the program's own,
// and lends them, renewed in time.
//
//	b, err := embedded.Open(ctx, embedded.Config{
//		Path:         "connections.db",
//		SealingKeys:  "sealing-keys.json",
//		PublicURL:    "https://app.example",
//		Accounts:     []string{"acme"},
//		ClientID:     "my_app",
//		ClientSecret: secret,
//		OnConnected:  signIn,
//	})
//	…
//	defer b.Close()
//	mux.Handle("/", b.Handler())
//
// The flow:
//
//	/connect?account=acme ──► Zendesk ──► /zendesk/oauth/callback ──► OnConnected(connection)
//	                                                                        │ keep connection.ID
//	b.HTTPClient(id).Get("https://acme.zendesk.com/api/v2/tickets") ◄───────┘
//
// # Who signed in
//
// An account at Zendesk is the word of whoever runs it, and anybody can have one in
// which any name and email address is theirs. So a person is Connection.Account
// together with User.ID, and never an email address or a name alone. Name the
// accounts that you serve in Config.Accounts; a program that serves every account
// must look at Account before it takes anybody for somebody it knows:
//
//	func signIn(w http.ResponseWriter, r *http.Request, c deskauth.Connection, returnTo string) {
//		customer, ok := customers[c.Account] // not: users[c.User.Email]
//		…
//	}
//
// # When a connection needs its person
//
// A person may end the program's access at Zendesk, or Zendesk may. The connection's
// state is then Reauthorize, and its calls and Token return *deskauth.ReauthorizeError.
// Broker.MakeLink makes an address to send to that person: a sign-in by it makes the
// same connection work again.
//
// # What another process keeps
//
// A Broker has the methods of a deskauth.Client, so that a program can have either behind
// an interface of its own. EndOwnKey is left out: the program goes by no key. What MakeKey
// makes opens the API of a `deskauth broker` on the same PostgreSQL; Handler serves none.
//
// # In a test
//
// Package deskauthtest is a local Zendesk for it: give Config.ZendeskURL its Base and
// Config.Now its Clock.Now. The package's example does.
//
// Register Broker.RedirectURL at Zendesk as the OAuth client's redirect URL.
package embedded
