package issuer_test

import (
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/issuer"
)

// Users are found by what Zendesk's search language says of them, a name included; in
// parts as all at once.
func TestUserQuery(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		by := issuer.By{User: h.acme.Users[0].ID}
		for _, u := range []issuer.NewUser{
			{Email: "zoe.first@acme.example", Name: "Zoë Ångström", Role: issuer.Agent},
			{Email: "second@acme.example", Name: "Zoë Second", Role: issuer.EndUser},
			{Email: "third@acme.example", Name: "Third Zoë", Role: issuer.EndUser},
		} {
			if _, err := h.CreateUser(t.Context(), h.acme.Account, u, by); err != nil {
				t.Fatal(err)
			}
		}
		for query, want := range map[string]string{
			"Zoë Ångström":             "zoe.first",
			`"zoË ÅNGSTRÖM"`:           "zoe.first",
			"ÅNGST":                    "zoe.first",
			"zoë":                      "zoe.first second third",
			"name:third":               "third",
			"zoë role:end-user":        "second third",
			"second@acme.example":      "second",
			"zoë @acme.example":        "zoe.first second third",
			"email:third":              "third",
			"zoë nobody":               "",
			"zoë organization:acme":    "",
			strings.Repeat("zoë ", 21): "",
		} {
			for _, r := range []issuer.Range{{Limit: 100}, {Limit: 2, Count: true}, {Limit: 1, Offset: 1, Count: true}} {
				page, err := h.FindUsers(t.Context(), h.acme.Account, issuer.UserQuery(query), r)
				if err != nil {
					t.Fatal(err)
				}
				var found []string
				for _, u := range page.Items {
					name, _, _ := strings.Cut(u.Email, "@")
					found = append(found, name)
				}
				all := strings.Fields(want)
				part := all[min(r.Offset, len(all)):]
				part = part[:min(r.Limit, len(part))]
				if got := strings.Join(found, " "); got != strings.Join(part, " ") || r.Count && page.Total != len(all) || page.More != (len(all) > r.Offset+r.Limit) {
					t.Errorf("%q, %+v: %q, %d of them, more %t", query, r, got, page.Total, page.More)
				}
			}
		}
	})
}
