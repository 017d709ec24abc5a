package chat_test

import (
	"context"
	"fmt"
	"log"
	"net/url"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// start is a local Zendesk with a Chat client, and an API that acts as the admin who made
// that client.
func start() (api *chat.API, end func()) {
	acme := deskauthtest.DefaultAccount()
	acme.Clients = append(acme.Clients, deskauthtest.Client{
		ID: "chat_app", Secret: "secret-of-the-chat-app-at-acme", RedirectURIs: []string{deskauthtest.RedirectURI}, Chat: true,
	})
	z, err := deskauthtest.Start(deskauthtest.Accounts(acme))
	if err != nil {
		log.Fatal(err)
	}
	answer, err := oauth.Exchange(context.Background(), z.Client(), "https://acme.zendesk.com"+chat.TokenPath, oauth.TokenRequest{
		GrantType: oauth.GrantClientCredentials, ClientID: "chat_app", ClientSecret: "secret-of-the-chat-app-at-acme",
		ClientAuth: oauth.ClientAuthBody, Scope: "read write", HasScope: true,
	}, oauth.Form)
	if err != nil {
		log.Fatal(err)
	}
	inner := &zendesk.API{
		Base: &url.URL{Scheme: "https", Host: "acme.zendesk.com"}, HTTP: z.Client(), Bearer: answer.AccessToken, Retry: &zendesk.Retry{},
	}
	return &chat.API{Zendesk: inner}, func() {
		if err := z.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

func ExampleAPI() {
	api, end := start()
	defer end()

	account, err := api.Account(context.Background())
	fmt.Println(account.Status, err)
	// Output: active <nil>
}

func ExampleAPI_Account() {
	api, end := start()
	defer end()

	account, err := api.Account(context.Background())
	fmt.Println(account.Billing.Company, err)
	// Output: Acme Inc. <nil>
}

// Chat makes every client public; that it is confidential is said afterwards.
func ExampleAPI_CreateClient() {
	api, end := start()
	defer end()
	ctx := context.Background()

	c, err := api.CreateClient(ctx, chat.ClientChange{
		Name: "Widget", Company: "Acme", RedirectURIs: chat.Addresses{"https://app.example/callback"}, Scopes: "read write chat",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.ClientType, len(c.ClientIdentifier), c.ClientSecret != "")
	c, err = api.UpdateClient(ctx, c.ID, chat.ClientChange{ClientType: "confidential"})
	fmt.Println(c.ClientType, err)
	fmt.Println(api.DeleteClient(ctx, c.ID))
	// Output:
	// public 50 true
	// confidential <nil>
	// <nil>
}

func ExampleAPI_UpdateClient() {
	api, end := start()
	defer end()
	ctx := context.Background()

	all, _ := api.Clients(ctx)
	for _, c := range all {
		c, err := api.UpdateClient(ctx, c.ID, chat.ClientChange{Name: "Renamed"})
		fmt.Println(c.Name, c.ClientIdentifier, err)
	}
	// Output: Renamed chat_app <nil>
}

func ExampleAPI_Clients() {
	api, end := start()
	defer end()

	all, err := api.Clients(context.Background())
	for _, c := range all {
		fmt.Println(c.ClientIdentifier, c.ClientType)
	}
	fmt.Println(err)
	// Output:
	// chat_app confidential
	// <nil>
}

func ExampleAPI_Client() {
	api, end := start()
	defer end()

	_, err := api.Client(context.Background(), 4711)
	fmt.Println(err != nil)
	// Output: true
}

func ExampleAPI_DeleteClient() {
	api, end := start()
	defer end()

	fmt.Println(api.DeleteClient(context.Background(), 4711) != nil)
	// Output: true
}

func ExampleAPI_Tokens() {
	api, end := start()
	defer end()

	all, err := api.Tokens(context.Background())
	for _, t := range all {
		fmt.Println(t.ClientIdentifier, t.Scopes)
	}
	fmt.Println(err)
	// Output:
	// chat_app read write
	// <nil>
}

func ExampleAPI_Token() {
	api, end := start()
	defer end()
	ctx := context.Background()

	all, _ := api.Tokens(ctx)
	for _, t := range all {
		t, err := api.Token(ctx, t.ID)
		fmt.Println(t.ClientIdentifier, err)
	}
	// Output: chat_app <nil>
}

func ExampleAPI_RevokeToken() {
	api, end := start()
	defer end()
	ctx := context.Background()

	all, _ := api.Tokens(ctx)
	for _, t := range all {
		fmt.Println(api.RevokeToken(ctx, t.ID))
	}
	_, err := api.Account(ctx)
	fmt.Println(err != nil) // that was the token in use
	// Output:
	// <nil>
	// true
}

// A token request of Chat's is a form, and its scopes are three.
func ExampleDecodeTokenParams() {
	params, wrong := chat.DecodeTokenParams("application/x-www-form-urlencoded", []byte("grant_type=client_credentials&scope=read"), nil)
	fmt.Println(params.Get("scope"), chat.Known(params.Get("scope")), wrong)

	_, wrong = chat.DecodeTokenParams("application/json", []byte(`{}`), nil)
	fmt.Println(wrong)
	// Output:
	// read true <nil>
	// invalid_request: a Chat token request is a form
}
