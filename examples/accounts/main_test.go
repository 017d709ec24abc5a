package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/embedded"
)

func TestReport(t *testing.T) {
	account := func(subdomain string, people int) deskauthtest.Account {
		a := deskauthtest.DefaultAccount()
		a.Subdomain, a.Users = subdomain, a.Users[:people]
		return a
	}
	z := deskauthtest.New(t, deskauthtest.Accounts(account("acme", 3), account("globex", 1), account("initech", 2)))
	b, err := embedded.Open(t.Context(), embedded.Config{
		Path: filepath.Join(t.TempDir(), "c.db"), SealingKeys: filepath.Join(t.TempDir(), "k.json"), PublicURL: "http://localhost:8080",
		ZendeskURL: z.Base(), ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret, Now: z.Clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, subdomain := range []string{"acme", "globex", "initech"} {
		c, err := b.ConnectClient(t.Context(), subdomain)
		if err != nil {
			t.Fatal(err)
		}
		if subdomain == "globex" {
			err = b.Disable(t.Context(), c.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := report(t.Context(), b, &out); err != nil {
		t.Fatal(err)
	}
	want := `acme	3 people
globex	no answer: Get "GLOBEX": deskauth: connection 2 is disabled: switched_off
initech	2 people
`
	got := string(bytes.ReplaceAll(out.Bytes(), []byte(z.URL("globex")+"/api/v2/users"), []byte("GLOBEX")))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
