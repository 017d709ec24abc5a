package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/journey"
)

// BenchmarkStart is how long a command takes from the start of its process to its end,
// beside a Go program that prints one line: in turns, so that a neighbour slows both.
//
//	go test ./cmd/deskauth -run '^$' -bench Start -benchtime 100x
//
// A page of memory that is touched for the first time is a fault: their number hardly
// depends on the machine and its load, and most of the time goes there. Init is the part
// that packages take before main: GODEBUG=inittrace=1 tells whose.
func BenchmarkStart(b *testing.B) {
	signedIn := signedInAtDemo(b)
	commands := []struct {
		name  string
		words []string
		env   []string
	}{
		{"line", []string{oneLine(b)}, nil},
		{"version", []string{journey.Binary(), "version"}, nil},
		{"exit-codes", []string{journey.Binary(), "help", "exit-codes"}, nil},
		{"auth-token", []string{journey.Binary(), "auth", "token"}, signedIn},
	}
	took, touched := make([][]float64, len(commands)), make([][]float64, len(commands))
	for b.Loop() {
		for n, c := range commands {
			cmd := exec.Command(c.words[0], c.words[1:]...)
			cmd.Env = append(os.Environ(), c.env...)
			began := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%q: %v: %s", c.words, err, out)
			}
			took[n] = append(took[n], float64(time.Since(began).Microseconds())/1000)
			touched[n] = append(touched[n], float64(pageFaults(cmd.ProcessState)))
		}
	}
	for n, c := range commands {
		slices.Sort(took[n])
		slices.Sort(touched[n])
		b.ReportMetric(took[n][len(took[n])/2], c.name+"-p50-ms")
		b.ReportMetric(took[n][len(took[n])*9/10], c.name+"-p90-ms")
		b.ReportMetric(touched[n][len(touched[n])/2], c.name+"-faults")
	}
}

// oneLine is the program that every command is measured beside.
func oneLine(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"one line\") }\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	line := filepath.Join(dir, "line")
	build := exec.Command("go", "build", "-o", line, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return line
}

// signedInAtDemo is the environment of somebody who has a login: its token lives longer
// than the benchmark runs, so that no Zendesk is asked for another.
func signedInAtDemo(b *testing.B) (env []string) {
	b.Helper()
	dir := b.TempDir()
	zendesk := journey.Start(b, "zendesk", nil, "issuer", "--demo", "--control", "", "--db", "sqlite:"+filepath.Join(dir, "issuer.db"),
		"--files", filepath.Join(dir, "files"), "--listen", "127.0.0.1:0")
	env = []string{"HOME=" + dir, "XDG_STATE_HOME=" + dir, "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent"}
	login := exec.Command(journey.Binary(), "auth", "login", "--account", "acme", "--client-id", "oauth_tutorial_app", "--client-credentials",
		"--insecure-storage", "--zendesk-url", "http://{subdomain}.localhost:"+zendesk.Find(`http://[a-z0-9.-]+:(\d+)`))
	login.Env = append(append(os.Environ(), env...), "DESKAUTH_CLIENT_SECRET=demo-secret-of-the-tutorial-app-at-acme")
	if out, err := login.CombinedOutput(); err != nil {
		b.Fatalf("sign in: %v: %s", err, out)
	}
	zendesk.Kill() // a server beside it would be measured, too
	return env
}
