package gozendesk_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	gozendesk "github.com/nukosuke/go-zendesk/zendesk"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/embedded"
)

// go-zendesk takes any *http.Client. It is given no credential: the connection's client
// adds what is needed, and goes on when the token is over.
func Example() {
	ctx := context.Background()
	z, b, end := start(ctx)
	defer end()
	c, err := b.ConnectClient(ctx, deskauthtest.Subdomain)
	if err != nil {
		log.Fatal(err)
	}

	client, err := gozendesk.NewClient(b.HTTPClient(c.ID))
	if err != nil {
		log.Fatal(err)
	}
	// At the real Zendesk: client.SetSubdomain(c.Account)
	if err := client.SetEndpointURL(c.URL + "/api/v2"); err != nil {
		log.Fatal(err)
	}
	ticket, err := client.CreateTicket(ctx, gozendesk.Ticket{
		Subject: "My printer is on fire!", Comment: &gozendesk.TicketComment{Body: "The smoke is very colorful."},
	})
	fmt.Println(ticket.Subject, err)

	z.Clock.Advance(24 * time.Hour) // the token is long over
	again, err := client.GetTicket(ctx, ticket.ID)
	fmt.Println(again.Status, err)
	// Output:
	// My printer is on fire! <nil>
	// new <nil>
}

// start is a local Zendesk, and a broker inside this program that keeps its time.
func start(ctx context.Context) (z *deskauthtest.Zendesk, b *embedded.Broker, end func()) {
	dir, err := os.MkdirTemp("", "deskauth-example-")
	if err != nil {
		log.Fatal(err)
	}
	if z, err = deskauthtest.Start(); err != nil {
		log.Fatal(err)
	}
	b, err = embedded.Open(ctx, embedded.Config{
		Path: filepath.Join(dir, "connections.db"), SealingKeys: filepath.Join(dir, "sealing-keys.json"), PublicURL: "http://localhost:8080",
		ZendeskURL: z.Base(), ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret,
		Scopes: []string{"read", "write"}, Now: z.Clock.Now,
	})
	if err != nil {
		log.Fatal(err)
	}
	return z, b, func() {
		if err := errors.Join(b.Close(), z.Close(), os.RemoveAll(dir)); err != nil {
			log.Fatal(err)
		}
	}
}
