package foreign

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/journey"
)

// TestNodeZendesk runs, under `deskauth run`, what people begin with who use the Node
// library for Zendesk.
func TestNodeZendesk(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, journey.Binary(), "run", "--offline", "--seed", seedFor(t, "8080"), "--", "node", "examples.mjs")
	cmd.Dir = "node"
	if _, err := os.Stat(filepath.Join("node", "node_modules", "node-zendesk")); err != nil {
		t.Fatal("node-zendesk is not installed: run `make browser`")
	}
	cmd.Env = append(os.Environ(), "TMPDIR="+temporary(t), "CLIENT_SECRET="+appSecret)
	var said, complained bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complained
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s\n%s", err, &said, &complained)
	}
	var saw map[string]any
	if err := json.Unmarshal(said.Bytes(), &saw); err != nil {
		t.Fatalf("%v: %s", err, &said)
	}
	want := map[string]any{
		"me": []any{"Ada Admin", "admin"}, "renamed": "Roger W.", "users": []any{ada.Email, "roge@acme.example"}, "found": []any{"Roger W."},
		"ticket": []any{1.0, "new", "The smoke is very colorful."}, "shown": "open", "attached": "crash.log",
		"comments": []any{"The smoke is very colorful.", "See the log."}, "audits": 2.0, "tags": []any{"ashes"},
		"listed": []any{102.0, 102.0}, "requested": 1.0, "many": []any{"number 0", "number 1"}, "searched": []any{"My printer is on fire!"},
		"gone": true, "refused": 401.0,
	}
	if diff := cmp.Diff(want, saw); diff != "" {
		t.Errorf("-want +got:\n%s\n%s", diff, &complained)
	}
}
