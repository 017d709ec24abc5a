package browsertest

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
)

// TestPass has the holders of passes send files: with a script, and without one.
func TestPass(t *testing.T) {
	data := t.TempDir()
	d := journey.Start(t, "dev", nil, "dev", "--data", data, "--control", "",
		"--issuer-listen", "127.0.0.1:"+journey.FreePort(t), "--broker-listen", "127.0.0.1:"+journey.FreePort(t))
	broker := d.Find(`Open (http://localhost:\d+)`)
	run := func(args ...string) string {
		t.Helper()
		args = append(append([]string{"broker"}, args...), "--db", "sqlite:"+filepath.Join(data, "broker.db"), "--sealing-keys", filepath.Join(data, "sealing-keys.json"))
		out, err := exec.CommandContext(t.Context(), journey.Binary(), args...).Output()
		if err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
		return string(out)
	}
	run("connection", "client", "acme", "--scope", "read write")
	pass := func(flags ...string) string {
		t.Helper()
		link, _, _ := strings.Cut(run(append([]string{"pass", "create", "1", "1", "--name", "Crash logs", "--public-url", broker}, flags...)...), "\n")
		return link
	}
	var said struct{ Done bool }
	Run(t, "pass", map[string]any{
		"broker": broker, "scripted": pass("--types", ".log,image/*", "--uses", "2", "--file-most", "1"), "plain": pass("--uses", "1"),
	}, &said)
	if !said.Done && !t.Failed() {
		t.Error("the journey did not come to its end")
	}
}
