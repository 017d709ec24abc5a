//go:build unix

package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// At a terminal JSON is indented, nothing is shown that the terminal would obey, and
// what is no text is not shown at all. Ctrl-C ends a command that waits for an answer.
func TestTerminalAPI(t *testing.T) {
	a := newAPIWorld(t)
	w := &terminalWorld{t: t, env: []string{
		"PATH=" + os.Getenv("PATH"), "XDG_STATE_HOME=" + t.TempDir(), "TERM=xterm",
		"ZENDESK_OAUTH_TOKEN=of-the-login", "ZENDESK_SUBDOMAIN=acme", "DESKAUTH_ZENDESK_URL=http://{subdomain}.localhost:" + a.port,
	}}
	for name, c := range map[string]struct {
		body, want string
		code       int
	}{
		"JSON":     {`{"a":{"b":1}}`, "{\r\n  \"a\": {\r\n    \"b\": 1\r\n  }\r\n}\r\n", exitOK},
		"controls": {"{\"a\":\"\u009b2J\"}", "\"a\": \"2J\"", exitOK},
		"a text":   {"one\x1b[2J\ntwo\n", "one[2J\r\ntwo\r\n", exitOK},
		"bytes":    {"\x89PNG\x00", "the answer is 5 bytes of image/png, and nothing for a terminal: write them to a file with > FILE", exitFailure},
		"nothing":  {"", "", exitOK},
	} {
		a.answers(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "image/png")
			_, _ = io.WriteString(rw, c.body)
		})
		s := w.run(nil, "api", "x")
		if code := s.end(); code != c.code || !strings.Contains(s.heard(), c.want) || strings.Contains(s.heard(), "\x1b") || strings.Contains(s.heard(), "\u009b") || strings.Contains(s.heard(), "PNG") {
			t.Errorf("%s: code %d, %q", name, code, s.heard())
		}
	}
	// Nor by what somebody has made of it.
	a.answers(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, `{"a":"one\u001b]0;mine\u0007\u009b2J\ntwo"}`)
	})
	for _, made := range [][]string{{"--jq", ".a"}, {"--jq", "{a}"}, {"--template", "{{.a}}"}} {
		s := w.run(nil, append([]string{"api", "x"}, made...)...)
		if code := s.end(); code != exitOK || !strings.Contains(s.heard(), "one") || strings.ContainsAny(s.heard(), "\x1b\x07\u009b") {
			t.Errorf("%v: code %d, %q", made, code, s.heard())
		}
	}
	arrived := make(chan struct{})
	a.answers(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	s := w.run(nil, "api", "x", "-X", "POST")
	<-arrived
	s.types(ctrlC)
	if code := s.end(); code != exitInterrupted {
		t.Errorf("Ctrl-C: code %d, %q", code, s.heard())
	}
}
