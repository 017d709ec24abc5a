package browsertest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/journey"
)

// TestJournalPage watches a demo on its live page, with JavaScript and without, and
// finds that another server's page on the same machine can neither read nor steer it.
func TestJournalPage(t *testing.T) {
	d := journey.Start(t, "issuer", nil, "issuer", "--demo", "--db", "sqlite:"+t.TempDir()+"/issuer.db",
		"--listen", "127.0.0.1:0", "--control", "127.0.0.1:0")
	address := d.Find(`Controls: (http://\S+)`)
	client, err := control.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Do(t.Context(), http.MethodPost, "/clock/freeze", nil, nil); err != nil {
		t.Fatal(err)
	}
	before, err := client.Clock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>Evil</title><body></body></html>`))
	}))
	defer evil.Close()

	var said struct{ Got map[string]any }
	Run(t, "journal", map[string]any{
		"zendesk": d.Find(`(http://acme\.localhost:\d+)`), "control": address, "evil": evil.URL,
	}, &said)
	if len(said.Got) < 7 && !t.Failed() {
		t.Errorf("the other server's page did not try all: %v", said.Got)
	}
	after, err := client.Clock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if after.Version != before.Version {
		t.Errorf("the clock was changed: %+v, before it was %+v", after, before)
	}
}
