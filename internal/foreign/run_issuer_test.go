package foreign

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
)

// TestRunAgainstANamedIssuer has a program meet an issuer that runs already: what that
// says of itself names Zendesk's address, not its own.
func TestRunAgainstANamedIssuer(t *testing.T) {
	base := startIssuer(t)
	cmd := exec.CommandContext(t.Context(), journey.Binary(), "run", "--issuer", base, "--",
		"curl", "-sS", "https://acme.zendesk.com/.well-known/oauth-authorization-server")
	var complained bytes.Buffer
	cmd.Stderr = &complained
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &complained)
	}
	var about struct {
		Issuer string `json:"issuer"`
		Token  string `json:"token_endpoint"`
	}
	if err := json.Unmarshal(out, &about); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if about.Issuer != "https://acme.zendesk.com" || about.Token != "https://acme.zendesk.com/oauth/tokens" {
		t.Errorf("it says it is %s, with tokens at %s", about.Issuer, about.Token)
	}
}
