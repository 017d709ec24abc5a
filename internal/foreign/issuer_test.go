package foreign

import (
	"path/filepath"
	"testing"

	"github.com/deskauth/deskauth/internal/daemontest"
)

// The issuer of these tests and who is in it, as testdata/seed.yaml has them.
const (
	redirectURI  = "http://localhost:8080/handle_user_decision"
	confidential = "confidential_app"
	clientSecret = "a-secret-for-the-confidential-app"
	public       = "public_app"
)

var ada = person{email: "ada@acme.example", password: "a-password-for-ada"}

// startIssuer runs `deskauth issuer` until the test ends, and returns the address that
// clients use which cannot resolve names below localhost.
func startIssuer(t *testing.T) string {
	t.Helper()
	d := daemontest.Start(t, daemontest.Build(t), "issuer", "--seed", filepath.Join("testdata", "seed.yaml"),
		"--db", "sqlite:"+filepath.Join(t.TempDir(), "issuer.db"), "--listen", "127.0.0.1:0", "--ops", "")
	return d.Await(t, `(http://127\.0\.0\.1:\d+)`)[1]
}
