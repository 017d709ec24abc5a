package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/embedded"
)

// A program is tested against a local Zendesk: ZendeskURL says where that is, and Now keeps
// its time. In a test one writes z := deskauthtest.New(t), and needs neither the errors nor
// Close.
func Example_inATest() {
	z, err := deskauthtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "deskauth-example-")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	b, err := embedded.Open(ctx, embedded.Config{
		ZendeskURL: z.Base(), Now: z.Clock.Now,
		ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret,
		PublicURL: "http://localhost:8080", CallbackPath: "/callback", // deskauthtest.RedirectURI
		Path: filepath.Join(dir, "connections.db"), SealingKeys: filepath.Join(dir, "sealing-keys.json"),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := errors.Join(b.Close(), z.Close(), os.RemoveAll(dir)); err != nil {
			log.Fatal(err)
		}
	}()

	// A browser sends the form of the connect page, allows it at Zendesk, and comes back.
	form := httptest.NewRequest("POST", "http://localhost:8080/connect", strings.NewReader("subdomain=acme"))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	away := httptest.NewRecorder()
	b.Handler().ServeHTTP(away, form)
	back := httptest.NewRequest("GET", z.Allow(deskauthtest.Admin, away.Header().Get("Location")).String(), nil)
	cookie, _, _ := strings.Cut(away.Header().Get("Set-Cookie"), ";")
	back.Header.Set("Cookie", cookie)
	b.Handler().ServeHTTP(httptest.NewRecorder(), back)

	for range 2 {
		token, err := b.Token(ctx, 1)
		fmt.Println("generation", token.Generation, err)
		z.Clock.Advance(31 * time.Minute) // the token is over
	}
	// Output:
	// generation 1 <nil>
	// generation 2 <nil>
}
