// Command accounts serves many accounts at once: of every connection that its key reaches
// it counts the people, several at a time, and says which need somebody.
//
//	DESKAUTH_KEY=… go run ./examples/accounts -broker https://broker.example
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/zendesk"
)

func main() {
	address := flag.String("broker", "http://localhost:4002", "the broker")
	flag.Parse()
	client := &deskauth.Client{URL: *address, Key: os.Getenv("DESKAUTH_KEY")}
	err := report(context.Background(), client, os.Stdout)
	_ = client.Close()
	if err != nil {
		log.Fatalln("accounts:", err)
	}
}

// keeper is a broker: a *deskauth.Client, or an *embedded.Broker.
type keeper interface {
	HTTPClient(connection int64) *http.Client
	Connections(ctx context.Context) iter.Seq2[deskauth.Connection, error]
}

// atOnce is how many accounts are asked at a time.
const atOnce = 8

// report writes a line for each connection, in the order in which they are listed.
func report(ctx context.Context, b keeper, out io.Writer) error {
	var lines []chan string
	var all sync.WaitGroup
	turn := make(chan struct{}, atOnce)
	for c, err := range b.Connections(ctx) {
		if err != nil {
			all.Wait()
			return err
		}
		line := make(chan string, 1)
		lines = append(lines, line)
		turn <- struct{}{}
		all.Go(func() {
			line <- lineOf(ctx, b, c)
			<-turn
		})
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(out, <-line); err != nil {
			all.Wait()
			return err
		}
	}
	return nil
}

func lineOf(ctx context.Context, b keeper, c deskauth.Connection) string {
	n, err := people(ctx, b, c)
	var again *deskauth.ReauthorizeError
	switch {
	case errors.As(err, &again):
		return fmt.Sprintf("%s\t%s has to sign in again: %s", c.Account, c.User.Name, again.URL)
	case err != nil:
		return fmt.Sprintf("%s\t%v", c.Account, err)
	}
	return fmt.Sprintf("%s\t%d people", c.Account, n)
}

func people(ctx context.Context, b keeper, c deskauth.Connection) (n int, err error) {
	root, err := url.Parse(c.URL)
	if err != nil {
		return 0, err
	}
	api := &zendesk.API{Base: root, HTTP: b.HTTPClient(c.ID), Retry: &zendesk.Retry{}}
	for _, err := range api.Users(ctx, nil) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
