package journey_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/testlog"
)

// A client's secret is changed at the issuer alone: its connections wait, and go on
// the moment that the broker has the new one. Then it is rolled, at the issuer and at
// the broker, while they are renewed one time after the other: not one renewal fails.
func TestSecretRolledUnderRenewals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, engine store.Engine) {
		p := startPair(t, engine, workers)
		var ids []broker.ConnectionID
		for _, who := range p.town.People {
			page, err := journey.NewBrowser().Connect(t.Context(), p.url, journey.Account, who, "allow")
			id := connectedTo(t, page, err, who, true)
			if id == 0 {
				t.FailNow()
			}
			ids = append(ids, id)
		}
		admin := clientsToken(t, p, p.town.BrokerSecret)

		// Somebody changes it at the issuer alone.
		first := newSecret(t, p, admin, 0)
		begin, passed := time.Now().Add(time.Hour), time.Duration(0)
		b := openBroker(t, p, func() time.Time { return begin.Add(passed) })
		for _, id := range ids {
			if line := lendOnce(t.Context(), b, id); !line.Unavailable {
				t.Errorf("connection %d with a secret that is over: %+v", id, line)
			}
		}
		rollAtBroker(t, p, first)
		for range 3 {
			for i, id := range ids {
				lends(t, b, p.app(), id, p.town.People[i])
			}
			passed += betweenLends
		}

		// It is rolled as it should be.
		run := startLender(t, lending{DSN: p.dsn, Keys: p.keys, IssuerPort: p.issuerPort, Connections: ids, Session: 1})
		renewed := func(n int) {
			t.Helper()
			for range n {
				if line := next(t, run); line.Access == "" {
					t.Fatalf("connection %d: %s", line.Connection, line.Err)
				}
			}
		}
		renewed(20)
		second := newSecret(t, p, admin, 8) // seconds in which the broker is told, however busy the machine
		renewed(10)
		if told := rollAtBroker(t, p, second); !strings.Contains(told, "tries secret 3, then secret 2, then secret 1.") {
			t.Errorf("told %q", told)
		}
		for clientsToken(t, p, first) != "" { // the old one ends at the issuer, by its clock
			renewed(1)
		}
		renewed(40)
		_ = run.cmd.Process.Kill()
		for range run.lines { // until it is gone
		}
		p.broker.Terminate()
		p.issuer.Terminate()
	})
}

// next is the lender's next line.
func next(t *testing.T, run *lender) lent {
	t.Helper()
	select {
	case line, more := <-run.lines:
		if !more {
			t.Fatal("the lender is gone")
		}
		if line.Access != "" {
			testlog.Issued(t, line.Access)
		}
		return line
	case <-time.After(time.Minute):
		t.Fatal("the lender lends nothing")
	}
	return lent{}
}

// rollAtBroker gives the broker's client another secret, beside the broker that runs.
func rollAtBroker(t *testing.T, p *pair, secret string) (told string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), journey.Binary(), "broker", "client", "roll", "1", "--db", p.dsn, "--sealing-keys", p.keys)
	cmd.Stdin, cmd.Stderr = strings.NewReader(secret+"\n"), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// clientsToken is an access token by which the clients of the account are changed,
// for a secret of the client's; "" when that is over.
func clientsToken(t *testing.T, p *pair, secret string) string {
	t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {p.town.BrokerID}, "client_secret": {secret}, "scope": {"read write"},
	}
	var answer journey.Answer
	status := call(t, http.MethodPost, journey.IssuerURL(p.issuerPort)+"/oauth/tokens", "", "application/x-www-form-urlencoded", form.Encode(), &answer)
	if status == http.StatusOK {
		testlog.Issued(t, answer.AccessToken)
	} else if answer.Error != "invalid_client" {
		t.Fatalf("the client's own token: %d %s", status, answer.Error)
	}
	return answer.AccessToken
}

// newSecret has the issuer give the broker's client another secret, and end the old
// one after some seconds.
func newSecret(t *testing.T, p *pair, token string, seconds int) string {
	t.Helper()
	clients := journey.IssuerURL(p.issuerPort) + "/api/v2/oauth/clients"
	var list struct {
		Clients []struct {
			ID         int64
			Identifier string
		}
	}
	call(t, http.MethodGet, clients+".json", token, "", "", &list)
	for _, c := range list.Clients {
		if c.Identifier != p.town.BrokerID {
			continue
		}
		var made struct{ Client struct{ Secret string } }
		call(t, http.MethodPut, fmt.Sprintf("%s/%d/generate_secret.json", clients, c.ID), token, "application/json",
			fmt.Sprintf(`{"old_secret_expires_in":%d}`, seconds), &made)
		testlog.Issued(t, made.Client.Secret)
		return made.Client.Secret
	}
	t.Fatalf("%s is not among %d clients", p.town.BrokerID, len(list.Clients))
	return ""
}

func call(t *testing.T, method, address, token, kind, body string, into any) (status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	resp, err := journey.Loopback().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s %s: %d %v", method, r.URL.Path, resp.StatusCode, err)
	}
	return resp.StatusCode
}
