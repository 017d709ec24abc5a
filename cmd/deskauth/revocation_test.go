package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// How many tokens are revoked, and how many times as fast as the machine's the clock
// runs meanwhile.
func revocationSize() (tokens int, rate float64) {
	if os.Getenv("DESKAUTH_PROVE") == "1" {
		return 10_000, 20
	}
	return 600, 10
}

const revocationSeed = `accounts:
  - subdomain: acme
    name: Acme Inc.
    plan: enterprise # 700 requests a minute
    token_format: opaque
    users: [{email: admin@acme.example, name: Ada Admin, role: admin, password: ada-password}]
    clients:
      - {identifier: robot, name: Robot, company: Acme, kind: confidential, secret: robot-secret, redirect_uri: ["https://robot.example/callback"]}
      - {identifier: old, name: Old, company: Acme, kind: confidential, secret: old-secret, redirect_uri: ["https://old.example/callback"]}
`

// crowd is a local Zendesk with many tokens, and somebody at its command line who keeps
// its time.
type crowd struct {
	t        *testing.T
	dir      string
	env      []string
	controls *control.Client
	of       shell

	mu    sync.Mutex
	times map[string]int // how often a token was revoked, by its beginning
	last  int64          // of the journal, that was read
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{t: t, dir: t.TempDir(), of: shell{t, storetest.DSN(t, store.SQLite)}, times: map[string]int{}}
	seed := filepath.Join(c.dir, "seed.yaml")
	if err := os.WriteFile(seed, []byte(revocationSeed), 0o600); err != nil {
		t.Fatal(err)
	}
	port, controls := journey.FreePort(t), "127.0.0.1:"+journey.FreePort(t)
	journey.Start(t, "issuer", nil, "issuer", "--demo", "--listen", "127.0.0.1:"+port, "--control", controls, "--db", c.of.dsn, "--seed", seed)
	c.env = append(os.Environ(), "HOME="+c.dir, "XDG_STATE_HOME="+c.dir, "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent",
		"DESKAUTH_ZENDESK_URL=http://{subdomain}.localhost:"+port, "DESKAUTH_CLOCK="+controls, "DESKAUTH_CLIENT_SECRET=robot-secret")
	client, err := control.Dial(controls)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	c.controls = client
	ended := make(chan struct{})
	t.Cleanup(func() { <-ended })
	go func() { // a journal keeps the latest entries alone
		defer close(ended)
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-tick.C:
				c.readOn(t.Context())
			case <-t.Context().Done():
				return
			}
		}
	}()
	if out, err := c.command("auth", "login", "--account", "acme", "--client-id", "robot", "--client-credentials", "--scope", "read write", "--insecure-storage").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return c
}

func (c *crowd) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(c.t.Context(), journey.Binary(), args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	return cmd
}

// fill makes so many tokens of the client "old", in the database: over the API they
// would be made at the account's limit.
func (c *crowd) fill(n int) (hints map[string]bool) {
	c.t.Helper()
	i := c.of.issuerOf()
	a, err := i.Store.Account(c.t.Context(), "acme")
	if err != nil {
		c.t.Fatal(err)
	}
	u, err := i.Store.UserByEmail(c.t.Context(), a.ID, "admin@acme.example")
	if err != nil {
		c.t.Fatal(err)
	}
	out, err := c.command("client", "get", "old", "--quiet").Output()
	if err != nil {
		c.t.Fatal(err)
	}
	id, err := strconv.ParseInt(string(bytes.TrimSpace(out)), 10, 64)
	if err != nil {
		c.t.Fatal(err)
	}
	made := make([]string, n)
	group, ctx := errgroup.WithContext(c.t.Context())
	group.SetLimit(64)
	for k := range n {
		group.Go(func() error {
			t, _, err := i.CreateToken(ctx, a, issuer.Support, u, issuer.ClientID(id), []string{"read"}, "http://acme.localhost", issuer.By{})
			made[k] = t.AccessHint
			return err
		})
	}
	if err := group.Wait(); err != nil {
		c.t.Fatal(err)
	}
	hints = map[string]bool{}
	for _, hint := range made {
		hints[hint] = true
	}
	if len(hints) != n {
		c.t.Fatalf("%d tokens have %d beginnings", n, len(hints))
	}
	return hints
}

func (c *crowd) rate(times float64) {
	c.t.Helper()
	if err := c.controls.Do(c.t.Context(), http.MethodPut, "/clock", map[string]any{"rate": times}, nil); err != nil {
		c.t.Fatal(err)
	}
}

// revoke runs to the end.
func (c *crowd) revoke(args ...string) (done revocationRecord) {
	c.t.Helper()
	cmd := c.command(append([]string{"token", "revoke", "--yes", "--json"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("%v: %s", err, &said)
	}
	if err := json.Unmarshal(out, &done); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
	c.t.Logf("%+v", done)
	return done
}

// readOn counts what the issuer's journal has of revoked tokens since the last time.
func (c *crowd) readOn(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var f found
	err := c.controls.Do(ctx, http.MethodGet, fmt.Sprintf("/journal?event=token.revoked&since=%d", c.last), nil, &f)
	if ctx.Err() != nil {
		return
	}
	if err != nil || f.Lost {
		c.t.Errorf("the journal: %v, lost: %v", err, f.Lost)
		return
	}
	for _, e := range f.Entries {
		c.times[e.Token]++
	}
	c.last = f.Last
}

// each holds the issuer's journal to it that each token was revoked, and once.
func (c *crowd) each(hints map[string]bool) {
	c.t.Helper()
	c.readOn(c.t.Context())
	c.mu.Lock()
	defer c.mu.Unlock()
	times := c.times
	for hint := range hints {
		if times[hint] != 1 {
			c.t.Errorf("token %s was revoked %d times", hint, times[hint])
		}
	}
	if len(times) != len(hints) {
		c.t.Errorf("%d tokens were revoked, of %d", len(times), len(hints))
	}
}

// At a limit of 700 requests a minute it takes as long as the plan says, within a tenth,
// and no request is told to come later.
func TestRevocationTakesAsLongAsItSays(t *testing.T) {
	n, rate := revocationSize()
	c := newCrowd(t)
	hints := c.fill(n)
	c.rate(rate)
	done := c.revoke("--all", "--client", "old", "--verify")
	if done.Revoked != n || done.Gone+done.Failed+done.Left != 0 {
		t.Errorf("%+v", done)
	}
	if off := float64(done.Seconds-done.EstimatedSeconds) / float64(done.EstimatedSeconds); off < -0.1 || off > 0.1 {
		t.Errorf("it said %d s, and took %d s", done.EstimatedSeconds, done.Seconds)
	}
	c.each(hints)
}

// A command that is killed in the middle is resumed, and then killed and resumed again:
// no token is revoked twice or missed.
func TestRevocationIsKilledAndResumed(t *testing.T) {
	n, rate := revocationSize()
	c := newCrowd(t)
	hints := c.fill(n)
	c.rate(rate)
	name := filepath.Join(c.dir, "report.jsonl")
	c.killAfter(name, n/3, "--all", "--client", "old", "--report", name)
	c.killAfter(name, 2*n/3, "--resume", name)
	done := c.revoke("--resume", name, "--verify")
	if done.Revoked+done.Gone != n || done.Failed+done.Left != 0 {
		t.Errorf("%+v", done)
	}
	c.each(hints)
}

// killAfter kills the command when its report has so many results.
func (c *crowd) killAfter(name string, results int, args ...string) {
	c.t.Helper()
	cmd := c.command(append([]string{"token", "revoke", "--yes"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Minute)
	defer cancel()
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		text, _ := os.ReadFile(name)
		if bytes.Count(text, []byte(`"result":`)) >= results {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.t.Fatalf("it has not come so far: %s", &said)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		c.t.Fatal(fmt.Errorf("it has ended before: %w: %s", err, &said))
	}
	_ = cmd.Wait()
}

// Ctrl-C stops it at once, and it says what was done and how to go on.
func TestRevocationIsInterrupted(t *testing.T) {
	c := newCrowd(t)
	hints := c.fill(100)
	name := filepath.Join(c.dir, "report.jsonl")
	cmd := c.command("token", "revoke", "--yes", "--all", "--client", "old", "--report", name)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
		if text, _ := os.ReadFile(name); bytes.Contains(text, []byte(`"result":`)) || t.Context().Err() != nil {
			break
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("exit code %d", cmd.ProcessState.ExitCode())
	}
	for _, want := range []string{"Stopped: of 100 tokens, ", " left. ", "Go on with: deskauth token revoke --resume " + name + "\n", "deskauth: interrupted\n"} {
		if !bytes.Contains(said.Bytes(), []byte(want)) {
			t.Errorf("it does not say %q, but\n%s", want, &said)
		}
	}
	c.rate(20)
	if done := c.revoke("--resume", name); done.Left+done.Failed != 0 {
		t.Errorf("%+v", done)
	}
	c.each(hints)
}
