package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/testlog"
)

// A proxy that goes on until Ctrl-C ends what is in flight, and then with code 0.
func TestProxyEndsInOrder(t *testing.T) {
	w := newAPIWorld(t)
	arrived, goOn := make(chan struct{}), make(chan struct{})
	w.answers(func(rw http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-goOn
		_, _ = io.WriteString(rw, "done")
	})
	vars := map[string]string{
		"ZENDESK_OAUTH_TOKEN": "of-the-login", "ZENDESK_SUBDOMAIN": "acme", "XDG_STATE_HOME": t.TempDir(),
		"DESKAUTH_ZENDESK_URL": "http://{subdomain}.localhost:" + w.port,
	}
	ctx, ctrlC := context.WithCancel(t.Context())
	out, said := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"proxy"}, process{
			Lookup: func(name string) (string, bool) { v, is := vars[name]; return v, is },
			In:     strings.NewReader(""), Out: said, Err: io.Discard,
		})
		_ = said.Close()
	}()
	var text strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Ctrl-C") {
		text.WriteString(lines.Text() + "\n")
	}
	found := regexp.MustCompile(`ZENDESK_URL=(\S+)\n  export ZENDESK_OAUTH_TOKEN=(\S+)\n`).FindStringSubmatch(text.String())
	if found == nil {
		t.Fatalf("it says %s", &text)
	}
	testlog.Issued(t, found[2])
	if strings.Contains(text.String(), "of-the-login") || strings.Count(text.String(), found[2]) != 1 {
		t.Errorf("it says %s", &text)
	}
	answer := make(chan string, 1)
	go func() {
		req, _ := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, found[1]+"/api/v2/x", http.NoBody)
		req.SetBasicAuth("anybody", found[2])
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answer <- string(body)
	}()
	<-arrived
	ctrlC()
	close(goOn)
	if got := <-answer; got != "done" {
		t.Errorf("what was in flight got %q", got)
	}
	if got := <-code; got != exitOK {
		t.Errorf("code %d", got)
	}
}
