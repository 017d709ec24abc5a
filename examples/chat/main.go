// Command chat asks Zendesk Chat for its account, as the admin who made the Chat client.
// Chat has OAuth of its own: its clients and tokens are not Support's.
//
//	CHAT_CLIENT_SECRET=… go run ./examples/chat -account acme -client CLIENT_IDENTIFIER
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

func main() {
	var a app
	flag.StringVar(&a.zendesk, "zendesk", "https://{subdomain}.zendesk.com", "where Zendesk is")
	flag.StringVar(&a.account, "account", "", "the subdomain")
	flag.StringVar(&a.client, "client", "", "the Chat client's identifier; it is confidential")
	flag.Parse()
	a.secret = os.Getenv("CHAT_CLIENT_SECRET")
	if err := a.run(context.Background(), os.Stdout); err != nil {
		log.Fatalln("chat:", err)
	}
}

type app struct {
	zendesk, account string
	client, secret   string
	http             *http.Client // nil: the usual one
}

func (a app) run(ctx context.Context, out io.Writer) error {
	base, err := zendesk.ParseBase(a.zendesk)
	if err != nil {
		return err
	}
	subdomain, err := base.CleanSubdomain(a.account)
	if err != nil {
		return err
	}
	root := base.URL(subdomain)
	// A Chat token does not expire, and a new one is as quickly had.
	answer, err := oauth.Exchange(ctx, a.http, root.JoinPath(chat.TokenPath).String(), oauth.TokenRequest{
		GrantType: oauth.GrantClientCredentials, ClientID: a.client, ClientSecret: a.secret, ClientAuth: oauth.ClientAuthBody,
		Scope: chat.Read, HasScope: true,
	}, oauth.Form)
	if err != nil {
		return err
	}
	api := &chat.API{Zendesk: &zendesk.API{Base: root, HTTP: a.http, Bearer: answer.AccessToken, Retry: &zendesk.Retry{}}}
	account, err := api.Account(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "The Chat of %s is %s.\n", account.Billing.Company, account.Status)
	return err
}
