package browsertest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/testlog"
)

// TestByKeyboard works the broker's pages without a mouse: the dashboard and orders for
// several connections, the page of one, webhooks and keys with what is shown once, and
// the page where a program's code is typed. What the person decided about the programs is
// then asked as the programs do.
func TestByKeyboard(t *testing.T) {
	data := t.TempDir()
	d := journey.Start(t, "dev", nil, "dev", "--data", data, "--control", "",
		"--issuer-listen", "127.0.0.1:"+journey.FreePort(t), "--broker-listen", "127.0.0.1:"+journey.FreePort(t))
	broker, zendesk := d.Find(`Open (http://localhost:\d+)`), d.Find(`(http://acme\.localhost:\d+)`)
	run := func(args ...string) string {
		t.Helper()
		args = append(args, "--db", "sqlite:"+filepath.Join(data, "broker.db"), "--sealing-keys", filepath.Join(data, "sealing-keys.json"))
		out, err := exec.CommandContext(t.Context(), journey.Binary(), args...).Output()
		if err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for _, who := range []journey.Person{
		{Email: "agent@acme.example", Password: "grace-demo-password"}, {Email: "customer@acme.example", Password: "carl-demo-password"},
	} {
		if page, err := journey.NewBrowser().Connect(t.Context(), broker, "acme", who, "allow"); err != nil || page.Status != http.StatusOK {
			t.Fatal(page, err)
		}
	}
	run("broker", "connection", "client", "acme", "--scope", "read write")
	key := run("key", "create", "keyboard", "--can", "admin")
	testlog.Issued(t, key)

	programs := map[string]codes{"reporter": ask(t, broker, "reporter"), "stranger": ask(t, broker, "stranger")}
	var said struct{ Done bool }
	Run(t, "keyboard", map[string]any{
		"broker": broker, "zendesk": zendesk, "subdomain": "acme", "email": "admin@acme.example", "password": "ada-demo-password", "key": key,
		"approve": programs["reporter"].UserCode, "deny": programs["stranger"].UserCode,
	}, &said)
	if !said.Done && !t.Failed() {
		t.Error("the journey did not come to its end")
	}
	for program, want := range map[string]string{"reporter": "", "stranger": "access_denied"} {
		var got struct {
			AccessToken string `json:"access_token"`
			Error       string `json:"error"`
		}
		post(t, broker+"/v1/token", url.Values{
			"client_id": {program}, "device_code": {programs[program].DeviceCode}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"},
		}, &got)
		if got.Error != want || (want == "") != (got.AccessToken != "") {
			t.Errorf("%s is told %q", program, got.Error)
		}
		if got.AccessToken != "" {
			testlog.Issued(t, got.AccessToken)
		}
	}
}

// codes are what a program without a browser is given (RFC 8628 §3.2).
type codes struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
}

func ask(t *testing.T, broker, program string) (c codes) {
	t.Helper()
	post(t, broker+"/v1/device_authorization", url.Values{"client_id": {program}, "account": {"acme"}, "scope": {"read"}}, &c)
	if c.UserCode == "" {
		t.Fatal("no code for ", program)
	}
	return c
}

func post(t *testing.T, address string, form url.Values, into any) {
	t.Helper()
	resp, err := journey.Loopback().PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatalf("%s answered %s: %v", address, resp.Status, err)
	}
}
