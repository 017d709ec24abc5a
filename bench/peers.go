package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"path/filepath"

	"github.com/deskauth/deskauth/bench/load"
)

// peer is a server that others wrote. What it lacks is left out.
type peer struct {
	name  string
	start func(ctx context.Context, b *bench) (*server, error)
	// issue and introspect are the forms that it takes; nil: it cannot.
	issue, introspect url.Values
	basic             bool // it wants Basic for introspection
	bearer            bool // it has GET /api/v2/users/me
	here              func(b *bench) bool
}

var peers = []peer{
	{
		name: "go-oauth2 in memory", start: goPeer("gooauth2"), here: hasGoPeers, bearer: true,
		issue: issueForm,
	},
	{
		name: "fosite in memory", start: goPeer("fosite"), here: hasGoPeers, basic: true,
		issue: issueForm, introspect: url.Values{},
	},
	{
		name: "oidc-provider in memory", start: nodePeer, here: func(b *bench) bool { return b.node != "" },
		issue: issueForm, introspect: clientForm,
	},
}

func hasGoPeers(b *bench) bool { return b.peers != "" }

func goPeer(program string) func(ctx context.Context, b *bench) (*server, error) {
	return func(ctx context.Context, b *bench) (*server, error) {
		addr, err := freeAddr()
		if err != nil {
			return nil, err
		}
		return b.start(ctx, program, addr, filepath.Join(b.peers, program), "-listen", addr, "-secret", clientSecret)
	}
}

func nodePeer(ctx context.Context, b *bench) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	return b.start(ctx, "oidc-provider", addr, "node", filepath.Join(b.node, "oidc-provider.js"), port, clientSecret)
}

// eachPeer runs f at each peer that is here.
func (b *bench) eachPeer(ctx context.Context, f func(p peer, s *server) error) error {
	for _, p := range peers {
		if !p.here(b) {
			continue
		}
		s, err := p.start(ctx, b)
		if err != nil {
			return err
		}
		s.name = p.name
		err = f(p, s)
		s.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// atPeers measures what the peers have of a line.
func (b *bench) atPeers(ctx context.Context, line string, has func(p peer) bool, script func(p peer, addr, token string) func(int) load.Script) error {
	return b.eachPeer(ctx, func(p peer, s *server) error {
		if !has(p) {
			return nil
		}
		token, err := tokenFrom(ctx, "http://"+s.addr+"/oauth/tokens", p.issue)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		f, _, err := b.measure(ctx, line, s, script(p, s.addr, token))
		if err != nil {
			return err
		}
		b.report.Figures = append(b.report.Figures, f)
		return nil
	})
}

func (b *bench) issueAtPeers(ctx context.Context) error {
	return b.atPeers(ctx, "issue", func(peer) bool { return true }, func(p peer, addr, _ string) func(int) load.Script {
		return func(int) load.Script {
			return &fixed{requests: [][]byte{post(addr, "/oauth/tokens", p.issue)}, holds: []byte(`"access_token":"`)}
		}
	})
}

func (b *bench) bearerAtPeers(ctx context.Context) error {
	return b.atPeers(ctx, "bearer", func(p peer) bool { return p.bearer }, func(_ peer, addr, token string) func(int) load.Script {
		return func(int) load.Script {
			return &fixed{requests: [][]byte{get(addr, "/api/v2/users/me", token)}, holds: []byte(`"client_id":"bench"`)}
		}
	})
}

func (b *bench) introspectAtPeers(ctx context.Context) error {
	return b.atPeers(ctx, "introspect", func(p peer) bool { return p.introspect != nil }, func(p peer, addr, token string) func(int) load.Script {
		basic := ""
		if p.basic {
			basic = base64.StdEncoding.EncodeToString([]byte(identifier + ":" + clientSecret))
		}
		return func(int) load.Script {
			return &fixed{
				requests: [][]byte{postAs(addr, "/oauth/introspect", basic, with(p.introspect, url.Values{"token": {token}}))}, holds: []byte(`"active":true`),
			}
		}
	})
}
