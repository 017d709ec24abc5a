package journey_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// proxied is a connection to a real issuer, called through the broker.
type proxied struct {
	*pair
	t        *testing.T
	controls *control.Client
	key      string
	id       broker.ConnectionID
}

// startProxied connects Ada to a demo whose clock the broker does not follow: it
// believes in tokens that are over. The broker has these variables besides.
func startProxied(t *testing.T, env ...string) *proxied {
	t.Helper()
	dir, port, controls := t.TempDir(), journey.FreePort(t), "127.0.0.1:"+journey.FreePort(t)
	p := &proxied{t: t, pair: &pair{
		issuerPort: journey.FreePort(t), url: "http://localhost:" + port,
		dsn: storetest.DSN(t, store.SQLite), keys: filepath.Join(dir, "sealing-keys.json"),
	}}
	p.town = journey.NewTown(t, 1, p.url)
	p.issuer = journey.Start(t, "issuer", nil, "issuer", "--demo", "--listen", "127.0.0.1:"+p.issuerPort, "--control", controls,
		"--db", storetest.DSN(t, store.SQLite), "--seed", p.town.Path)
	p.broker = journey.Start(t, "broker", append(env, "DESKAUTH_CLIENT_SECRET="+p.town.BrokerSecret),
		"broker", "--listen", "127.0.0.1:"+port, "--db", p.dsn, "--client-id", p.town.BrokerID, "--sealing-keys", p.keys,
		"--scope", "read write", "--zendesk-url", "http://{subdomain}.localhost:"+p.issuerPort)
	client, err := control.Dial(controls)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	p.controls = client
	page, err := journey.NewBrowser().Connect(t.Context(), p.url, journey.Account, p.town.People[0], "allow")
	if p.id = connectedTo(t, page, err, p.town.People[0], true); p.id == 0 {
		t.FailNow()
	}
	p.key = journey.Key(t, p.dsn)
	return p
}

func (p *proxied) call(method, path, kind string, body io.Reader) (status int, answer string) {
	p.t.Helper()
	req := p.request(method, path, body)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	return p.send(req)
}

func (p *proxied) request(method, path string, body io.Reader) *http.Request {
	p.t.Helper()
	address := fmt.Sprintf("%s/v1/connections/%d/proxy/api/v2/%s", p.url, p.id, path)
	req, err := http.NewRequestWithContext(p.t.Context(), method, address, body)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	return req
}

func (p *proxied) send(req *http.Request) (status int, answer string) {
	p.t.Helper()
	resp, err := journey.Loopback().Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err.Error()
	}
	return resp.StatusCode, string(text)
}

func (p *proxied) fault(f control.Fault) {
	p.t.Helper()
	if err := p.controls.Do(p.t.Context(), http.MethodPost, "/faults", f, nil); err != nil {
		p.t.Fatal(err)
	}
}

// A program that holds a key and no token works at the issuer's desk, while its
// tokens end and its requests are disturbed.
func TestProxyToARealIssuer(t *testing.T) {
	p := startProxied(t)
	if status, body := p.call("GET", "users/me.json", "", nil); status != 200 || !strings.Contains(body, p.town.People[0].Email) {
		t.Fatalf("%d %s", status, body)
	}

	// Twenty megabytes, of which neither end was told the length.
	const size = 20 << 20
	status, body := p.call("POST", "uploads.json?filename=big.bin", "application/binary",
		io.MultiReader(io.LimitReader(zeros{}, size/2), io.LimitReader(zeros{}, size/2)))
	var upload struct {
		Upload struct {
			Token      string
			Attachment struct{ Size int64 }
		}
	}
	if err := json.Unmarshal([]byte(body), &upload); err != nil || status != http.StatusCreated || upload.Upload.Attachment.Size != size {
		t.Fatalf("upload: %d %v %.200s", status, err, body)
	}

	// The token is over at the issuer, and the broker does not know: it is told, renews,
	// and sends the ticket again.
	advance(t, p.controls, 31*time.Minute)
	ticket := `{"ticket":{"subject":"By proxy","comment":{"body":"See the file.","uploads":["` + upload.Upload.Token + `"]}}}`
	if status, body := p.call("POST", "tickets.json", "application/json", strings.NewReader(ticket)); status != http.StatusCreated {
		t.Fatalf("ticket: %d %s", status, body)
	}
	if n := rotated(t.Context(), t, p.controls); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	if status, body := p.call("GET", "tickets/1/comments.json", "", nil); status != 200 || !strings.Contains(body, `"size":20971520`) {
		t.Errorf("comments: %d %.300s", status, body)
	}

	// An answer that was lost is told, and not asked for again: the ticket was made.
	p.fault(control.Fault{Kind: control.DropAfterCommit, Route: "POST /api/v2/", Count: 1})
	if status, body := p.call("POST", "tickets.json", "application/json", strings.NewReader(`{"ticket":{"subject":"Twice?","comment":{"body":"x"}}}`)); status != http.StatusBadGateway || !strings.Contains(body, "unreachable") {
		t.Errorf("a lost answer: %d %s", status, body)
	}
	if status, body := p.call("GET", "tickets/count.json", "", nil); status != 200 || !strings.Contains(body, `"value":2`) {
		t.Errorf("tickets: %d %s", status, body)
	}
	p.broker.Terminate()
	p.issuer.Terminate()
}

// The answer to a renewal is lost that a proxied call made necessary: the caller sees
// what Zendesk said, and the next one what became of the connection.
func TestProxyWithALostRenewal(t *testing.T) {
	p := startProxied(t)
	p.fault(control.Fault{Kind: control.DropAfterCommit, Route: "POST /oauth/tokens", Count: 1})
	advance(t, p.controls, 31*time.Minute)
	if status, body := p.call("POST", "tickets.json", "application/json", strings.NewReader(`{"ticket":{"comment":{"body":"x"}}}`)); status != http.StatusUnauthorized || !strings.Contains(body, "invalid_token") {
		t.Errorf("with a lost renewal: %d %s", status, body)
	}
	if status, body := p.call("GET", "users/me.json", "", nil); status != http.StatusConflict || !strings.Contains(body, `"state":"in_doubt"`) {
		t.Errorf("afterwards: %d %s", status, body)
	}
	p.broker.Terminate()
	p.issuer.Terminate()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
