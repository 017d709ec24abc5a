package issuerhttp

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/issuer"
)

// FuzzTicket: what the consent page carries along comes back as it was.
func FuzzTicket(f *testing.F) {
	f.Add(ticket{product: issuer.Support, user: 1, request: url.Values{"client_id": {"app"}, "state": {"a&b=c"}}}.encode())
	f.Add("product=chat&user=-1&request=%zz")
	f.Add("user=1&user=2")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := decodeTicket(text)
		if err != nil {
			return
		}
		again, err := decodeTicket(first.encode())
		if err != nil {
			t.Fatalf("%q: %v", first.encode(), err)
		}
		if diff := cmp.Diff(first, again, cmp.AllowUnexported(ticket{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzReadQuery: nothing of a query that can be read is lost, semicolons neither.
func FuzzReadQuery(f *testing.F) {
	f.Add("client_id=app&state=a;b")
	f.Add("state=%zz")
	f.Add(";;&;=;")
	f.Fuzz(func(t *testing.T, raw string) {
		query, malformed := readQuery(raw)
		if malformed != nil {
			return
		}
		again, malformed := readQuery(query.Encode())
		if malformed != nil {
			t.Fatal(malformed)
		}
		if diff := cmp.Diff(query, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
