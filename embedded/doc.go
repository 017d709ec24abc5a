// Package embedded is the broker inside a Go program: it sends people through
// Zendesk's OAuth, keeps their tokens sealed in a database of the program's own,
// and lends them, renewed in time.
//
//	b, err := embedded.Open(ctx, embedded.Config{
//		Path:         "connections.db",
//		SealingKeys:  "sealing-keys.json",
//		PublicURL:    "https://app.example",
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
// Register Broker.RedirectURL at Zendesk as the OAuth client's redirect URL.
package embedded
