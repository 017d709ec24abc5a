package journey_test

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/apidoc/contract"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/testlog"
)

// secretInTour is what an answer, or a redirect, of the tour tells once.
var secretInTour = regexp.MustCompile(`(?:"(?:access_token|refresh_token|full_token|secret|client_secret)":"|[?&]code=)([^"&\s]{12,})`)

// The script of the documentation works, from its first line to its last, and asks
// something of every endpoint that the description has.
func TestTour(t *testing.T) {
	d := journey.Start(t, "issuer", nil, "issuer", "--demo", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0",
		"--db", "sqlite:"+filepath.Join(t.TempDir(), "issuer.db"))
	port := d.Find(`http://acme\.localhost:(\d+)`)
	controls := d.Find(`(?m)^Controls: (http://\S+)`)
	tour := exec.CommandContext(t.Context(), "bash", filepath.Join("..", "..", "docs", "api", "tour.sh"), "http://127.0.0.1:"+port, controls)
	out, err := tour.CombinedOutput()
	for _, found := range secretInTour.FindAllSubmatch(out, -1) {
		testlog.Issued(t, string(found[1]))
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	visited := answered(t, controls)
	for _, o := range contract.Issuer().Operations() {
		if !visited[o.Method+" "+strings.TrimSuffix(o.Path, "{$}")] { // the journal shows it so
			t.Errorf("the tour leaves out %s %s", o.Method, o.Path)
		}
	}
}

// answered are the routes that a demo answered without an error, by its journal.
func answered(t *testing.T, controls string) map[string]bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, controls+"/journal?event=request.answered", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var journal struct {
		Lost    bool
		Entries []struct {
			Method, Route string
			Status        int
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&journal); err != nil {
		t.Fatal(err)
	}
	if journal.Lost {
		t.Fatal("the journal has forgotten the beginning of the tour")
	}
	routes := map[string]bool{}
	for _, e := range journal.Entries {
		if e.Status < 400 {
			routes[e.Method+" "+e.Route] = true
		}
	}
	return routes
}
