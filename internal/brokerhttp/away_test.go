package brokerhttp_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

// gone is a store that cannot be reached when it is asked for a key or a client.
type gone struct{ broker.Store }

var errGone = fmt.Errorf("connect: %w", driver.ErrBadConn)

func (gone) Key(context.Context, secret.Digest) (broker.Key, error) { return broker.Key{}, errGone }

func (gone) ClientFor(context.Context, string, broker.Product) (broker.Client, error) {
	return broker.Client{}, errGone
}

// Without its database the broker asks programs and people to come back.
func TestDatabaseAway(t *testing.T) {
	a := newAPISite(t)
	a.broker.Store = gone{a.broker.Store}
	for name, c := range map[string]struct {
		resp response
		kind string
		says string
	}{
		"program": {a.ask("GET", "/v1/connections/1/token", "deskauth_none"), "application/problem+json", `"type":"urn:deskauth:problem:away"`},
		"person":  {a.connect(map[string][]string{"subdomain": {"acme"}}), "text/html; charset=utf-8", "Something went wrong on our side"},
	} {
		if c.resp.StatusCode != http.StatusServiceUnavailable || c.resp.Header.Get("Retry-After") != "1" ||
			c.resp.Header.Get("Content-Type") != c.kind || !strings.Contains(c.resp.body, c.says) {
			t.Errorf("%s: %d %v %s", name, c.resp.StatusCode, c.resp.Header, c.resp.body)
		}
	}
	if !strings.Contains(a.log.String(), "the database cannot be reached") {
		t.Error(a.log.String())
	}
}
