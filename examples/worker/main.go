// Command worker runs for days: it looks at the tickets of a broker's connection again and
// again, and says what is new. It keeps no token, and needs no care when one is over.
//
//	DESKAUTH_KEY=… go run ./examples/worker -broker https://broker.example -connection 1
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/zendesk"
)

func main() {
	address := flag.String("broker", "http://localhost:4002", "the broker")
	connection := flag.Int64("connection", 1, "the connection's number")
	every := flag.Duration("every", time.Minute, "how often to look")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client := &deskauth.Client{URL: *address, Key: os.Getenv("DESKAUTH_KEY")}
	w := &worker{broker: client, connection: *connection, every: *every, say: log.New(os.Stdout, "", log.LstdFlags)}
	for ctx.Err() == nil {
		wait, err := w.round(ctx)
		if err != nil {
			log.Println("worker:", err)
			break
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	_ = client.Close()
}

// keeper is a broker: a *deskauth.Client, or an *embedded.Broker.
type keeper interface {
	io.Closer
	HTTPClient(connection int64) *http.Client
	Connection(ctx context.Context, id int64) (deskauth.Connection, error)
}

type worker struct {
	broker     keeper
	connection int64
	every      time.Duration
	say        *log.Logger

	seen int64 // the number of the last ticket that was told
}

// round looks once, and returns how long to wait for the next. An error is for good.
func (w *worker) round(ctx context.Context) (time.Duration, error) {
	err := w.look(ctx)
	var again *deskauth.ReauthorizeError
	var later *deskauth.Unavailable
	switch {
	case errors.As(err, &again):
		// It works on by itself once that was done.
		w.say.Println("somebody has to sign in again:", again.URL)
	case errors.As(err, &later):
		w.say.Println("Zendesk cannot be reached:", later.Reason)
		return max(w.every, later.RetryAfter), nil
	case errors.Is(err, deskauth.ErrNotFound):
		return 0, err // the connection was revoked
	case err != nil:
		w.say.Println("this time it did not work:", err)
	}
	return w.every, nil
}

func (w *worker) look(ctx context.Context) error {
	c, err := w.broker.Connection(ctx, w.connection)
	if err != nil {
		return err
	}
	root, err := url.Parse(c.URL)
	if err != nil {
		return err
	}
	api := &zendesk.API{Base: root, HTTP: w.broker.HTTPClient(c.ID), Retry: &zendesk.Retry{}}
	var page struct{ Tickets []zendesk.Ticket }
	if err := api.Get(ctx, zendesk.TicketsPath, &page); err != nil {
		return err
	}
	for _, t := range page.Tickets {
		if t.ID > w.seen {
			w.say.Println("ticket", t.ID, t.Status, t.Description)
			w.seen = t.ID
		}
	}
	return nil
}
