package main

import (
	"bytes"
	"testing"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/oauth"
)

func TestChat(t *testing.T) {
	acme := deskauthtest.DefaultAccount()
	acme.Clients = append(acme.Clients, deskauthtest.Client{
		ID: "chat_app", Secret: "secret-of-the-chat-app-at-acme", RedirectURIs: []string{deskauthtest.RedirectURI}, Chat: true,
	})
	z := deskauthtest.New(t, deskauthtest.Accounts(acme))
	a := app{zendesk: "https://{subdomain}.zendesk.com", account: "acme", client: "chat_app", secret: "secret-of-the-chat-app-at-acme", http: z.Client()}
	var out bytes.Buffer
	if err := a.run(t.Context(), &out); err != nil || out.String() != "The Chat of Acme Inc. is active.\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	// A client of Support's is none of Chat's.
	a.client, a.secret = deskauthtest.ClientID, deskauthtest.ClientSecret
	if err := a.run(t.Context(), &out); oauth.ErrorCode(err) != oauth.InvalidClient {
		t.Errorf("Support's client: %v", err)
	}
	a.account = "no.subdomain"
	if err := a.run(t.Context(), &out); err == nil {
		t.Error("an account that cannot be was asked")
	}
}
