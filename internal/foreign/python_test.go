package foreign

import (
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
)

// debianPython is asked by its path: the python3 on PATH may be one that does not see
// Debian's python3-requests-oauthlib.
const debianPython = "/usr/bin/python3"

// conversation is what testdata/requests_oauthlib_client.py is given first.
type conversation struct {
	Base         string  `json:"base"`
	ClientID     string  `json:"client_id"`
	ClientSecret *string `json:"client_secret"`
	RedirectURI  string  `json:"redirect_uri"`
	Scope        string  `json:"scope"`
	Auth         string  `json:"auth"`
	Verifier     string  `json:"verifier,omitempty"`
	Challenge    string  `json:"challenge,omitempty"`
}

// account is what it tells at the end.
type account struct {
	Before, After answer
	TokenType     string `json:"token_type"`
	Scope         []string
	Renewed       bool
	StaleStatus   int `json:"stale_status"`
}

type answer struct {
	Status     int
	Name, Role string
}

func TestPythonRequestsOAuthlib(t *testing.T) {
	base := startIssuer(t)
	secret := clientSecret
	verifier := oauth2.GenerateVerifier()
	for name, c := range map[string]conversation{
		"secret in the body":       {ClientID: confidential, ClientSecret: &secret, Auth: "body"},
		"secret by Basic":          {ClientID: confidential, ClientSecret: &secret, Auth: "basic"},
		"public client, PKCE only": {ClientID: public, Auth: "body", Verifier: verifier, Challenge: oauth2.S256ChallengeFromVerifier(verifier)},
	} {
		t.Run(name, func(t *testing.T) {
			c.Base, c.RedirectURI, c.Scope = base, redirectURI, "read"
			got := converse(t, c)
			want := account{
				Before: answer{200, "Ada Admin", "admin"}, After: answer{200, "Ada Admin", "admin"},
				TokenType: "bearer", Scope: []string{"read"}, Renewed: true, StaleStatus: 401,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// converse runs the Python program through its flow, with Ada at the browser.
func converse(t *testing.T, c conversation) (got account) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), debianPython, filepath.Join("testdata", "requests_oauthlib_client.py"))
	cmd.Stderr = t.Output()
	cmd.WaitDelay = 10 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: install it: sudo apt-get install python3-requests-oauthlib (or run make deps)", err)
	}
	say, hear := json.NewEncoder(stdin), json.NewDecoder(stdout)
	step := func(err error) {
		t.Helper()
		if err != nil {
			stdin.Close()
			_, _ = io.Copy(io.Discard, stdout)
			t.Fatalf("the Python program did not go on: %v; it ended: %v", err, cmd.Wait())
		}
	}
	var open struct{ Authorize string }
	step(say.Encode(c))
	step(hear.Decode(&open))
	step(say.Encode(map[string]string{"redirected": allow(t, open.Authorize).String()}))
	step(hear.Decode(&got))
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return got
}
