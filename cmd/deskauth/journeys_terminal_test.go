//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// says ends a session that has to end with code, and say everything that is wanted.
func (s *session) says(code int, wanted ...string) string {
	s.t.Helper()
	if got := s.end(); got != code {
		s.t.Errorf("%v: code %d, want %d:\n%s", s.cmd.Args[1:], got, code, s.heard())
	}
	heard := strings.ReplaceAll(s.heard(), "\r\n", "\n")
	for _, want := range wanted {
		if !strings.Contains(heard, want) {
			s.t.Errorf("%v does not say %q, but\n%q", s.cmd.Args[1:], want, heard)
		}
	}
	return heard
}

// A list is a table for whoever looks at it, and fields between tabs for a program.
func TestTerminalLists(t *testing.T) {
	w := signedIn(t)
	via := w.key()
	for _, c := range []struct {
		name          string
		env           []string
		args          []string
		title, fields string
	}{
		{"clients", nil, []string{"client", "list"}, "\x1b[1mID", "\trobot\t"},
		{"tokens", nil, []string{"token", "list"}, "\x1b[1mID", "\tactive\trobot\tAda Admin\t"},
		{"connections", via, []string{"connection", "list"}, "\x1b[1mID", "1\tacme\tsupport\tAda Admin\tadmin\tactive\t"},
		{"keys", via, []string{"key", "list"}, "\x1b[1mKEY", "1\tall\tadmin\t"},
		{"events", via, []string{"event", "list"}, "\x1b[1mAT", "\tkey_made\t"},
	} {
		s := w.run(c.env, c.args...)
		if heard := s.says(exitOK, c.title); strings.Contains(heard, "\t") {
			t.Errorf("%s: a table has tabs:\n%q", c.name, heard)
		}
		plain := w.run(append([]string{"NO_COLOR=1"}, c.env...), c.args...)
		if heard := plain.says(exitOK, strings.TrimPrefix(c.title, "\x1b[1m")); strings.Contains(heard, "\x1b[") {
			t.Errorf("%s: NO_COLOR is not heeded:\n%q", c.name, heard)
		}
		if out := w.done(c.env, c.args...); !strings.Contains(out, c.fields) || strings.Contains(out, "\x1b") || strings.Contains(out, strings.TrimPrefix(c.title, "\x1b[1m")+" ") {
			t.Errorf("%s: to a program:\n%q", c.name, out)
		}
	}
	s := w.run(nil, "client", "get", "robot")
	s.says(exitOK, "\x1b[1mRobot\x1b[0m\n")
	s = w.run(nil, "client", "list", "--json")
	s.says(exitOK, "{\"clients\":[")
}

// What nobody can undo has to be typed, and what is typed wrongly does nothing.
func TestTerminalConfirmation(t *testing.T) {
	w := signedIn(t)
	via := w.key()
	w.done(nil, "token", "create", "--client", "old", "--scope", "read")
	w.done(via, "pass", "create", "acme", "1")
	for _, c := range []struct {
		name     string
		env      []string
		args     []string
		word     string
		question string
		after    string
	}{
		{"a secret", nil, []string{"client", "roll-secret", "old"}, "old", "The secret of old at acme.localhost", "has a new secret; the old one has ended"},
		{"tokens", nil, []string{"token", "revoke", "--all", "--client", "old"}, "acme", "1 token at acme.localhost", "1 revoked, 0 gone already, 0 failed"},
		{"a client", nil, []string{"client", "delete", "old"}, "old", "The client old (Old) at acme.localhost", "Deleted the client old"},
		{"a pass", via, []string{"pass", "revoke", "1"}, "1", "its link is good for nothing then", "Pass 1 is revoked."},
		{"a connection", via, []string{"connection", "revoke", "acme"}, "acme", "Connection 1 of Ada Admin at acme.localhost", "is revoked at Zendesk and deleted."},
	} {
		for _, typed := range []string{"yes", "", strings.ToUpper(c.word) + " "} {
			if typed == c.word+" " {
				continue // a number has no capitals
			}
			s := w.run(c.env, c.args...)
			s.expect("Type " + c.word + " to go on: ")
			s.types(typed + "\n")
			s.says(exitFailure, c.question, "nothing was done: that is not what was asked for")
		}
		s := w.run(c.env, c.args...)
		s.expect("Type " + c.word + " to go on: ")
		s.types(ctrlC)
		s.says(exitInterrupted, "deskauth: interrupted\n")
		s = w.run(c.env, c.args...)
		s.expect("Type " + c.word + " to go on: ")
		s.types(c.word + "\n")
		s.says(exitOK, c.question, c.after)
	}
}

// Bars of progress stand on a terminal, and nowhere else.
func TestTerminalProgress(t *testing.T) {
	w := signedIn(t)
	for range 3 {
		w.done(nil, "token", "create", "--client", "old", "--scope", "read")
	}
	arrived := w.zendesk.holds("DELETE", "/api/v2/oauth/tokens/")
	s := w.run(nil, "token", "revoke", "--all", "--client", "old", "--yes", "--at-once", "1")
	<-arrived
	s.expect(`revoking +0% \|`)
	w.zendesk.release()
	s.expect(`revoking 100% \|█+\| \(3/3`)
	s.says(exitOK, "\x1b[1mRevoke 3 tokens at acme.localhost", "3 tokens: 3 revoked")

	big := w.write("big.log", strings.Repeat("it smokes\n", 100_000))
	small := w.write("small.log", "it smokes\n")
	arrived = w.zendesk.holds("POST", "/api/v2/uploads")
	s = w.run(nil, "ticket", "attach", "1", big, small)
	<-arrived
	s.expect(`big\.log +\d+% \|`)
	w.zendesk.release()
	heard := s.says(exitOK, "big.log: sent, 1.0 MB.\n", "small.log: sent, 10 B.\n", "2 files are on ticket 1")
	for line := range strings.Lines(heard) { // of which a terminal shows what was written last
		if shown := line[strings.LastIndex(line, "\r")+1:]; strings.Contains(shown, "|") {
			t.Errorf("a bar is left:\n%q", line)
		}
	}
	code, out, said := w.does(nil, "ticket", "attach", "1", small)
	if code != exitOK || strings.ContainsAny(out+said, "|\x1b\r") {
		t.Errorf("without a terminal: code %d\n%q", code, out+said)
	}
}

// Logs are shown before they are sent, and go when somebody says so.
func TestTerminalLogs(t *testing.T) {
	w := signedIn(t)
	w.write("app.log", "ada@acme.example signed in with password=swordfish\n")
	sets := w.write("sets.yaml", "app:\n  paths: ['"+filepath.Join(w.dir, "app.log")+"']\n")
	for _, c := range []struct {
		typed string
		code  int
		words string
	}{
		{"\n", exitFailure, "deskauth: nothing was sent\n"},
		{"no\n", exitFailure, "deskauth: nothing was sent\n"},
		{"\x04", exitFailure, "deskauth: nothing was sent\n"}, // Ctrl-D
		{ctrlC, exitInterrupted, "deskauth: interrupted\n"},
		{"Y\n", exitOK, "is on ticket 1"},
	} {
		s := w.run(nil, "ticket", "logs", "1", "app", "--sets", sets)
		s.expect(`Send this, .*, to ticket 1\? \[y/N\] `)
		s.types(c.typed)
		heard := s.says(c.code, "blanked: secret 1, email 1", c.words)
		if strings.Contains(heard, "swordfish") {
			t.Errorf("%q: a secret is shown:\n%s", c.typed, heard)
		}
		if left, _ := os.ReadDir(filepath.Join(w.dir, "tmp")); len(left) > 0 {
			t.Errorf("%q: %v is left", c.typed, left)
		}
	}
}

// The link of a pass is asked for, and not shown.
func TestTerminalPass(t *testing.T) {
	w := signedIn(t)
	via := w.key()
	link := strings.TrimSpace(w.done(via, "pass", "create", "acme", "1"))
	log := w.write("app.log", "it smokes\n")
	s := w.run(nil, "ticket", "attach", "--pass", log)
	s.expect(`Link of the pass: `)
	s.types(link + "\n")
	if heard := s.says(exitOK, "app.log is on the ticket of the pass."); strings.Contains(heard, link) {
		t.Error("the link is shown")
	}
}

// A sign-in by way of a broker shows a code; a browser on another machine allows it.
func TestTerminalViaBroker(t *testing.T) {
	w := newWorkplace(t)
	env := []string{"DESKAUTH_PASSPHRASE=correct-horse", "DESKAUTH_VIA=http://localhost:" + w.broker.port}
	s := w.run(env, "auth", "login", "--account", "acme", "--no-browser")
	code := s.expect("\x1b\\[1m([A-Z]{4}-[A-Z]{4})\x1b\\[0m")
	if got := browse("admin@acme.example ada-password allow", "http://localhost:"+w.broker.port+"/device?user_code="+code); got != 0 {
		t.Fatalf("the browser: %d", got)
	}
	s.says(exitOK, "Signed in at acme.localhost", "as Ada Admin (admin), by way of localhost:"+w.broker.port)
	s = w.run(env, "auth", "status")
	s.says(exitOK, "\x1b[1macme.localhost")
	s = w.run(env, "auth", "token")
	s.says(exitOK)
	s = w.run(env, "auth", "switch", "acme")
	s.says(exitOK, "is the current one.")
	s = w.run(env, "auth", "logout")
	s.says(exitOK)
	s = w.run(env, "auth", "status")
	s.says(exitSignIn)
}

// Moving off API tokens, at a terminal.
func TestTerminalMigrate(t *testing.T) {
	w := signedIn(t)
	scripts := filepath.Join(w.dir, "scripts")
	if err := os.Mkdir(scripts, 0o700); err != nil {
		t.Fatal(err)
	}
	w.write("scripts/export.sh", "#!/bin/sh\ncurl -u admin@acme.example/token:api-token-of-acme https://acme.zendesk.com/api/v2/tickets.json\n")
	s := w.run(nil, "migrate", "api-tokens", "scan", scripts)
	if heard := s.says(exitOK, "\x1b[1mID", "1 file read", "1 open"); strings.Contains(heard, "api-token-of-acme") {
		t.Errorf("a secret is shown:\n%s", heard)
	}
	s = w.run(nil, "migrate", "api-tokens", "plan")
	s.says(exitOK, "\x1b[1m", "export.sh", "scopes   tickets:read")
	s = w.run(nil, "migrate", "api-tokens", "check")
	s.says(exitPartly, "\x1b[31mfault", "API tokens cannot be switched off yet")
}
