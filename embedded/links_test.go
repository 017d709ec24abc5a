package embedded_test

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/embedded"
	"github.com/deskauth/deskauth/internal/testlog"
)

// What a link is asked to be is held to the same bounds as over HTTP, and its number is
// all that is needed to end it.
func TestLinksAreRefusedAndEnd(t *testing.T) {
	b, err := embedded.Open(t.Context(), embedded.Config{
		Path: filepath.Join(t.TempDir(), "c.db"), SealingKeys: filepath.Join(t.TempDir(), "k.json"),
		PublicURL: "https://app.example", ClientID: "app", Account: "acme",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	for name, c := range map[string]struct {
		ask  deskauth.LinkRequest
		says string
	}{
		"too short":             {deskauth.LinkRequest{ExpiresIn: 599}, "expires_in: it is 600 to 604800 seconds"},
		"too long":              {deskauth.LinkRequest{ExpiresIn: 604801}, "expires_in"},
		"backwards":             {deskauth.LinkRequest{ExpiresIn: -1}, "expires_in"},
		"a life that runs over": {deskauth.LinkRequest{ExpiresIn: math.MaxInt64}, "expires_in"},
		"another site":          {deskauth.LinkRequest{ReturnTo: "//evil.example/"}, "return_to"},
		"another product":       {deskauth.LinkRequest{Product: "sell"}, "product"},
		"an account not served": {deskauth.LinkRequest{Account: "globex"}, "account"},
		"no connection":         {deskauth.LinkRequest{Connection: 9}, deskauth.ErrNotFound.Error()},
		"no number":             {deskauth.LinkRequest{Connection: -9}, deskauth.ErrNotFound.Error()},
	} {
		if link, err := b.MakeLink(t.Context(), c.ask); err == nil || !strings.HasPrefix(err.Error(), c.says) {
			t.Errorf("%s: %v, %v, want %q", name, link, err, c.says)
		}
	}
	if all, err := all(b.Links(t.Context())); err != nil || len(all) != 0 {
		t.Fatalf("what was refused left %v, %v", all, err)
	}

	link, err := b.MakeLink(t.Context(), deskauth.LinkRequest{Account: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimPrefix(link.URL, "https://app.example/link/")
	testlog.Issued(t, secret)
	if secret == link.URL || link.State != "open" || link.Scope.String() != "read" || link.ExpiresAt.Sub(link.CreatedAt).Hours() != 24 {
		t.Errorf("made %v: %+v", link, link.Link)
	}
	if err := b.RevokeLink(t.Context(), link.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.RevokeLink(t.Context(), link.ID); !errors.Is(err, deskauth.ErrNotFound) {
		t.Errorf("ended twice: %v", err)
	}
	if all, err := all(b.Links(t.Context())); err != nil || len(all) != 1 || all[0].State != "revoked" {
		t.Errorf("links %+v, %v", all, err)
	}
}
