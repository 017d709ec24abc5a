package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/web"
)

func TestConnectedSaysTheSentence(t *testing.T) {
	w := httptest.NewRecorder()
	web.Render(w, 200, web.Connected{UserName: "Ada Admin", Role: "admin", Product: "Support", Account: "acme.zendesk.com", Granted: []string{"tickets"}})
	if w.Code != 200 || !strings.Contains(w.Body.String(), "Hi, Ada Admin! Your Zendesk Support user role is admin.") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}
