package zendesk_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

// An API token is told from a password by the user's name, and goes before any bearer.
func TestBasic(t *testing.T) {
	var seen []string
	api := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		seen = append(seen, user+" "+password)
		answer(200, golden(t, "user_admin.json"))(w, r)
	})
	for _, b := range []zendesk.Basic{{Email: "ada@acme.example", APIToken: "t", Password: "p"}, {Email: "ada@acme.example", Password: "p"}} {
		api.Basic = &b
		if _, err := api.Me(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"ada@acme.example/token t", "ada@acme.example p"}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestBasicIsNotPrinted(t *testing.T) {
	b := zendesk.Basic{Email: "ada@acme.example", APIToken: "hunter2-token", Password: "hunter2-password"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("basic", "b", b)
	for _, said := range []string{fmt.Sprint(b), fmt.Sprintf("%v %+v %#v %s", b, &b, b, b), log.String()} {
		if strings.Contains(said, "hunter2") || !strings.Contains(said, "ada@acme.example") {
			t.Errorf("printed: %s", said)
		}
	}
	text, err := json.Marshal(b)
	if err != nil || strings.Contains(string(text), "hunter2") {
		t.Errorf("as JSON: %s, %v", text, err)
	}
}
