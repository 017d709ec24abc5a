package foreign

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
)

// built is the program of a directory of testdata/run.
func built(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name+".exe")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/run/"+name).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// TestProgramsUnmodified runs, under `deskauth run`, a program in each language that asks
// https://acme.zendesk.com who it is, and knows of nothing else;
// and one that makes a group, as the README of its library does.
func TestProgramsUnmodified(t *testing.T) {
	goProgram, goZendesk := built(t, "me"), built(t, "group")
	const ada = "admin@acme.example"
	for name, c := range map[string]struct {
		program []string
		want    string
	}{
		"curl": {[]string{
			"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-u", "admin@acme.example/token:demo-api-token-of-acme",
			"https://acme.zendesk.com/api/v2/users/me.json",
		}, "200"},
		"curl, no such account": {[]string{
			"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "https://nobody.zendesk.com/api/v2/users/me.json",
		}, "404"},
		"Python, urllib":        {[]string{debianPython, "me_urllib.py"}, ada},
		"Python, requests":      {[]string{debianPython, "me_requests.py"}, ada},
		"Go":                    {[]string{goProgram}, ada},
		"Go, go-zendesk":        {[]string{goZendesk}, "support team"},
		"Node, https":           {[]string{"node", "me_https.cjs"}, ada},
		"Node, http":            {[]string{"node", "me_http.mjs"}, ada},
		"Node, fetch":           {[]string{"node", "me_fetch.mjs"}, ada},
		"Node, past the proxy":  {[]string{"node", "past_proxy.mjs"}, "ENOTFOUND ENOTFOUND ENOTFOUND"},
		"Node, its own servers": {[]string{"node", "loopback.mjs"}, "/fetched /got"},
		"Ruby":                  {[]string{"ruby", "me.rb"}, ada},
		"PHP":                   {[]string{"php", "me.php"}, ada},
		"Java":                  {[]string{"java", "Me.java"}, ada},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), journey.Binary(), append([]string{"run", "--offline", "--"}, c.program...)...)
			cmd.Dir = filepath.Join("testdata", "run")
			var said, complained bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &complained
			err := cmd.Run()
			if got := strings.TrimSpace(said.String()); err != nil || got != c.want {
				t.Errorf("said %q, want %q (%v)\n%s", got, c.want, err, &complained)
			}
		})
	}
}
