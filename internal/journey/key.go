package journey

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/testlog"
)

// Key makes a key to a broker's database that can lend, and returns its secret.
func Key(t testing.TB, dsn string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), Binary(), "key", "create", "journey", "--can", "lend", "--db", dsn)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	key := strings.TrimSpace(string(out))
	testlog.Issued(t, key)
	return key
}
