package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/deskauth/deskauth/bench/load"
)

// brokerStage is a broker with one connection and a key, before a Zendesk that gives
// every request the same answer.
type brokerStage struct {
	broker  *server
	zendesk *server
	key     string
}

func (s *brokerStage) stop() {
	s.broker.stop()
	s.zendesk.stop()
}

// zendeskSays is users/me and the current token in one: all that an import asks for.
func zendeskSays() string {
	body := fmt.Sprintf(`{"user":{"id":7,"name":"Ada Admin","email":"admin@bench.example","role":"admin"},"token":{"id":1,"scopes":["read"],"expires_at":%q}}`,
		time.Now().Add(live).UTC().Format(time.RFC3339))
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// zendeskOf starts that Zendesk beside the load: it is not what is measured.
func (b *bench) zendeskOf(ctx context.Context) (*server, error) {
	answer := filepath.Join(b.dir, "zendesk")
	if err := os.WriteFile(answer, []byte(zendeskSays()), 0o600); err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	beside := *b
	beside.pin = false
	return beside.start(ctx, "zendesk", addr, b.bare, "-listen", addr, "-answer", answer)
}

// brokerOf starts a broker as anybody would, on a database of its own.
func (b *bench) brokerOf(ctx context.Context, name, dsn string) (*brokerStage, error) {
	zendesk, err := b.zendeskOf(ctx)
	if err != nil {
		return nil, err
	}
	s := &brokerStage{zendesk: zendesk}
	keys := filepath.Join(b.dir, name+"-keys.json")
	if s.broker, err = b.brokerBefore(ctx, zendesk, dsn, keys); err != nil {
		zendesk.stop()
		return nil, err
	}
	if _, err = b.command(ctx, "broker", "connection", "import", subdomain, "--db", dsn, "--sealing-keys", keys); err == nil {
		s.key, err = b.command(ctx, "key", "create", "bench", "--can", "lend", "--db", dsn)
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (b *bench) brokerBefore(ctx context.Context, zendesk *server, dsn, keys string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(zendesk.addr)
	if err != nil {
		return nil, err
	}
	s, err := b.start(ctx, "deskauth", addr, b.deskauth, "broker", "--db", dsn, "--listen", addr, "--ops", "",
		"--sealing-keys", keys, "--client-id", identifier, "--zendesk-url", "http://{subdomain}.localhost:"+port)
	if err != nil {
		return nil, err
	}
	// It listens before it opens its database: one answer, and all is there.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+lendPath, nil)
	if err == nil {
		var resp *http.Response
		if resp, err = http.DefaultClient.Do(req); err == nil {
			err = resp.Body.Close()
		}
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// command runs the binary beside the broker.
func (b *bench) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, b.deskauth, args...) //nolint:gosec // the binary that is measured
	cmd.Env = append(os.Environ(), "DESKAUTH_ACCESS_TOKEN=access", "DESKAUTH_REFRESH_TOKEN=refresh")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("deskauth %s: %w: %s", args[0], err, said.String())
	}
	return strings.TrimSpace(string(out)), nil
}

const (
	lendPath  = "/v1/connections/1/token"
	proxyPath = "/v1/connections/1/proxy/api/v2/users/me.json"

	// lendRate is the rate at which the tail of lending is measured, a second.
	lendRate = 2000
)

func asking(addr, path, key, holds string) func(int) load.Script {
	return func(int) load.Script {
		return &fixed{requests: [][]byte{get(addr, path, key)}, holds: []byte(holds)}
	}
}

// lend asks for the token of a connection: as fast as it goes, beside a server that
// sends the same bytes, and at a rate; and from PostgreSQL, where the row is read.
func (b *bench) lend(ctx context.Context) error {
	s, err := b.brokerOf(ctx, "lend", "sqlite:"+filepath.Join(b.dir, "lend.db"))
	if err != nil {
		return err
	}
	recorded := filepath.Join(b.dir, "lent")
	err = errors.Join(
		b.figure(ctx, "lend", s.broker, 0, asking(s.broker.addr, lendPath, s.key, `"access_token":"access"`)),
		b.figure(ctx, fmt.Sprintf("lend, %d a second", lendRate), s.broker, lendRate, asking(s.broker.addr, lendPath, s.key, `"access_token":"access"`)),
		record(ctx, recorded, "http://"+s.broker.addr+lendPath, s.key))
	s.stop()
	if err != nil {
		return err
	}
	bare, err := b.bareOf(ctx, "-answer", recorded)
	if err != nil {
		return err
	}
	err = b.figure(ctx, "lend", bare, 0, asking(bare.addr, lendPath, s.key, `"access_token":"access"`))
	bare.stop()
	if err != nil || b.postgres == "" {
		return err
	}
	return b.lendFromPostgres(ctx)
}

func (b *bench) lendFromPostgres(ctx context.Context) error {
	dsn, drop, err := b.newPostgres(ctx, "lend")
	if err != nil {
		return err
	}
	defer drop()
	s, err := b.brokerOf(ctx, "lend-postgres", dsn)
	if err != nil {
		return err
	}
	defer s.stop()
	return b.figure(ctx, "lend, PostgreSQL", s.broker, 0, asking(s.broker.addr, lendPath, s.key, `"access_token":"access"`))
}

// newPostgres makes a database, and returns its address and what removes it.
func (b *bench) newPostgres(ctx context.Context, name string) (dsn string, drop func(), err error) {
	server, err := sql.Open("pgx", b.postgres)
	if err != nil {
		return "", nil, err
	}
	name = fmt.Sprintf("deskauth_bench_%d_%s", os.Getpid(), name)
	u, err := url.Parse(b.postgres)
	if err == nil {
		_, err = server.ExecContext(ctx, `CREATE DATABASE `+name)
	}
	if err != nil {
		return "", nil, errors.Join(err, server.Close())
	}
	u.Path = "/" + name
	return u.String(), func() {
		_, _ = server.ExecContext(context.WithoutCancel(ctx), `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
		_ = server.Close()
	}, nil
}

// proxy asks Zendesk through the broker, and through a bare httputil.ReverseProxy.
func (b *bench) proxy(ctx context.Context) error {
	s, err := b.brokerOf(ctx, "proxy", "sqlite:"+filepath.Join(b.dir, "proxy.db"))
	if err != nil {
		return err
	}
	defer s.zendesk.stop()
	err = b.figure(ctx, "proxy", s.broker, 0, asking(s.broker.addr, proxyPath, s.key, `"name":"Ada Admin"`))
	s.broker.stop()
	if err != nil {
		return err
	}
	bare, err := b.bareOf(ctx, "-proxy", "http://"+s.zendesk.addr)
	if err != nil {
		return err
	}
	defer bare.stop()
	return b.figure(ctx, "proxy", bare, 0, asking(bare.addr, proxyPath, s.key, `"name":"Ada Admin"`))
}

func (b *bench) figure(ctx context.Context, line string, s *server, rate int, script func(int) load.Script) error {
	f, _, err := b.measureAt(ctx, line, s, rate, script)
	if err == nil {
		b.report.Figures = append(b.report.Figures, f)
	}
	return err
}
