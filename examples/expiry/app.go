// Package expiry is a program that calls Zendesk, and the tests that its author writes for
// the days on which that is hard: see its tests.
package expiry

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Keeper is a broker: a *deskauth.Client, or an *embedded.Broker.
type Keeper interface {
	HTTPClient(connection int64) *http.Client
}

// Greeting is what the program shows to the person of a connection.
func Greeting(ctx context.Context, b Keeper, c deskauth.Connection) (string, error) {
	root, err := url.Parse(c.URL)
	if err != nil {
		return "", err
	}
	me, err := (&zendesk.API{Base: root, HTTP: b.HTTPClient(c.ID)}).Me(ctx)
	if again, ok := errors.AsType[*deskauth.ReauthorizeError](err); ok {
		return "Please sign in again: " + again.URL, nil
	}
	if err != nil {
		return "", err
	}
	return "Hi, " + me.Name + "!", nil
}
