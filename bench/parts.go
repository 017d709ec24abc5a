package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/bench/load"
)

// issuerOf starts the issuer on a stage, as anybody would: its log is on.
func (b *bench) issuerOf(ctx context.Context, st *stage) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return b.start(ctx, "deskauth", addr, b.deskauth, "issuer", "--db", st.dsn, "--listen", addr, "--ops", "", "--files", filepath.Join(b.dir, "files"))
}

// bareOf starts a bare server.
func (b *bench) bareOf(ctx context.Context, args ...string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return b.start(ctx, "bare", addr, append([]string{b.bare, "-listen", addr, "-secret", clientSecret}, args...)...)
}

// bareOn starts the bare loop that writes to a stage.
func (b *bench) bareOn(ctx context.Context, st *stage) (*server, error) {
	number := func(id int64) string { return strconv.FormatInt(id, 10) }
	return b.bareOf(ctx, "-db", st.path(), "-account", number(int64(st.client.Account)),
		"-client", number(int64(st.client.ID)), "-user", number(int64(st.client.User)))
}

// onStage measures one kind of request at a server on a stage of its own.
func (b *bench) onStage(ctx context.Context, line, name string, filled int,
	start func(context.Context, *stage) (*server, error), script func(addr string) func(int) load.Script, origin string,
) error {
	st, err := b.newStage(ctx, line+"-"+name)
	if err != nil {
		return err
	}
	defer st.close()
	if filled > 0 {
		if err := st.fill(ctx, st.rows, filled, none); err != nil {
			return err
		}
	}
	s, err := start(ctx, st)
	if err != nil {
		return err
	}
	defer s.stop()
	f, answered, err := b.measure(ctx, line, s, script(s.addr))
	if err != nil {
		return err
	}
	b.report.Figures = append(b.report.Figures, f)
	if origin == "" {
		return nil
	}
	if rows, err := st.count(ctx, origin); err != nil || rows != answered {
		return fmt.Errorf("%s at %s: %d answers, %d rows committed (%w)", line, name, answered, rows, err)
	}
	return nil
}

// issue is the client credentials grant.
func (b *bench) issue(ctx context.Context) error {
	if err := b.onStage(ctx, "issue", "bare", 0, b.bareOn, issuing, "client_credentials"); err != nil {
		return err
	}
	if err := b.onStage(ctx, "issue", "deskauth", 0, b.issuerOf, issuing, "client_credentials"); err != nil {
		return err
	}
	return b.issueAtPeers(ctx)
}

// issuing asks for a token each time.
func issuing(addr string) func(int) load.Script {
	return func(int) load.Script {
		return &fixed{requests: [][]byte{post(addr, "/oauth/tokens", issueForm)}, holds: []byte(`"access_token":"`)}
	}
}

// refresh swaps a pair for the next, each connection its own.
func (b *bench) refresh(ctx context.Context) error {
	script := func(addr string) func(int) load.Script {
		return func(n int) load.Script { return newRefreshing(addr, refreshToken(n)) }
	}
	if err := b.onStage(ctx, "refresh", "bare", connections, b.bareOn, script, "refresh_token"); err != nil {
		return err
	}
	return b.onStage(ctx, "refresh", "deskauth", connections, b.issuerOf, script, "refresh_token")
}

// hot is how many tokens are presented: each connection is a client with its own.
const hot = connections

// bearer asks who the holder of a token is.
func (b *bench) bearer(ctx context.Context) error {
	const path = "/api/v2/users/me"
	script := func(addr string) func(int) load.Script {
		return func(n int) load.Script {
			var all [][]byte
			for t := n; t < hot; t += connections {
				all = append(all, get(addr, path, accessToken(t)))
			}
			return &fixed{requests: all, holds: []byte(`"email":"admin@bench.example"`)}
		}
	}
	recorded := filepath.Join(b.dir, "users-me")
	start := func(ctx context.Context, st *stage) (*server, error) {
		s, err := b.issuerOf(ctx, st)
		if err != nil {
			return nil, err
		}
		return s, record(ctx, recorded, "http://"+s.addr+path, accessToken(0))
	}
	if err := b.onStage(ctx, "bearer", "deskauth", hot, start, script, ""); err != nil {
		return err
	}
	bare := func(ctx context.Context, _ *stage) (*server, error) { return b.bareOf(ctx, "-answer", recorded) }
	if err := b.onStage(ctx, "bearer", "bare", 0, bare, script, ""); err != nil {
		return err
	}
	return b.bearerAtPeers(ctx)
}

// record keeps an answer as it is on the wire.
func record(ctx context.Context, path, url, token string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := httputil.DumpResponse(res, true)
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

// introspect asks about tokens (RFC 7662).
func (b *bench) introspect(ctx context.Context) error {
	script := func(token func(int) string) func(addr string) func(int) load.Script {
		return func(addr string) func(int) load.Script {
			return func(n int) load.Script {
				var all [][]byte
				for t := n; t < hot; t += connections {
					all = append(all, post(addr, "/oauth/introspect", with(clientForm, url.Values{"token": {token(t)}})))
				}
				return &fixed{requests: all, holds: []byte(`"active":true`)}
			}
		}
	}
	bare := func(ctx context.Context, _ *stage) (*server, error) {
		return b.bareOf(ctx, "-tokens", strconv.Itoa(hot))
	}
	if err := b.onStage(ctx, "introspect", "bare", 0, bare, script(func(n int) string { return fmt.Sprintf("token-%d", n) }), ""); err != nil {
		return err
	}
	if err := b.onStage(ctx, "introspect", "deskauth", hot, b.issuerOf, script(accessToken), ""); err != nil {
		return err
	}
	return b.introspectAtPeers(ctx)
}

// tokenFrom asks for one token, for peers that are asked about it afterwards.
func tokenFrom(ctx context.Context, endpoint string, form url.Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	var answer struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Access == "" {
		return "", fmt.Errorf("%s answered %d %.200s", endpoint, res.StatusCode, body)
	}
	return answer.Access, nil
}
