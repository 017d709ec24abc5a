package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a server says is printed, and moves no cursor.
func TestAnswersDoNotSteerTheTerminal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"title": "no\u001b]0;mine\u0007 more\u009b2J"}`))
	}))
	defer server.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "app.log")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"HOME": dir, "XDG_STATE_HOME": dir, "DESKAUTH_PASS_LINK": server.URL + "/pass#made-up"}
	var out, said bytes.Buffer
	code := run(t.Context(), []string{"ticket", "attach", "--pass", file}, process{
		Lookup: func(name string) (string, bool) { v, is := env[name]; return v, is },
		In:     strings.NewReader(""), Out: &out, Err: &said,
	})
	if code != exitRefused || !strings.Contains(said.String(), "no]0;mine more2J") {
		t.Errorf("code %d: %q", code, said.String())
	}
	if strings.ContainsAny(said.String(), "\x1b\x07\u009b") {
		t.Errorf("it steers: %q", said.String())
	}
}

func TestPrintableLines(t *testing.T) {
	if got := printableLines("one\x1b[2J\n\ttwo\r\u009b1m"); got != "one[2J\n    two1m" {
		t.Errorf("%q", got)
	}
}

// RFC 8628 section 3.2: five seconds where nothing is said. Nobody is asked without a
// pause.
func TestDevicePause(t *testing.T) {
	for interval, want := range map[int64]time.Duration{
		0: 5 * time.Second, -1: 5 * time.Second, 1: time.Second, 30: 30 * time.Second, 1 << 62: time.Hour,
	} {
		if got := (deviceCodes{Interval: interval}).pause(); got != want {
			t.Errorf("%d: %v, want %v", interval, got, want)
		}
	}
}
