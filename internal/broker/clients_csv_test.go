package broker_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

func csvReader(t testing.TB) *broker.Broker {
	t.Helper()
	base, err := zendesk.ParseBase("https://{subdomain}.zendesk.com")
	if err != nil {
		t.Fatal(err)
	}
	return &broker.Broker{Config: broker.Config{Base: base}}
}

func TestReadClients(t *testing.T) {
	const file = "\xef\xbb\xbfAccount, product,identifier,secret\r\n" +
		"acme,support,one,s1\r\n" +
		" https://globex.zendesk.com/ ,, two ,\r\n" +
		"\r\n" +
		`,Chat,"three","s""3"` + "\r\n"
	got, err := csvReader(t).ReadClients(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := []broker.NewClient{
		{Account: "acme", Product: broker.Support, Identifier: "one", Secret: secret.Of("s1")},
		{Account: "globex", Product: broker.Support, Identifier: "two"},
		{Product: broker.Chat, Identifier: "three", Secret: secret.Of(`s"3`)},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(secret.Plain.Equal)); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
}

func TestReadClientsFaults(t *testing.T) {
	const header = broker.ClientsHeader + "\n"
	for _, c := range []struct {
		name, file string
		want       []string
	}{
		{"nothing", "", []string{"line 1: it must be account,product,identifier,secret"}},
		{"no header", "acme,support,app,hush\n", []string{"line 1: it must be account,product,identifier,secret"}},
		{"semicolons", "account;product;identifier;secret\nacme;support;app;hush\n", []string{"line 1: it must be account,product,identifier,secret"}},
		{"a header alone", header, []string{"line 2: there is no client in it"}},
		{"every line is told", header + "hush hush,support,app,s\nacme,sell,app,hush\nacme,support,,hush\nacme,support,app,hush hush\nacme,chat,app,\nacme,hush\n", []string{
			"line 2: account: it is a subdomain such as acme, or empty for a client that serves every account",
			"line 3: product: it is support or chat",
			"line 4: identifier: it is the client's unique identifier, 1 to 255 characters without spaces",
			"line 5: secret: it is one word of 1 to 1024 characters",
			"line 6: secret: a client of Chat has one",
			"line 7: it has 2 values, not 4",
		}},
		{"twice", header + "acme,support,app,hush\n\nacme.zendesk.com,,app,hush2\n", []string{"line 4: it is the client of line 2"}},
		{"after a value of two lines", header + "acme,support,app,\"hush\nhush\"\nacme,support,,hush\n", []string{
			"line 2: secret: it is one word of 1 to 1024 characters",
			"line 4: identifier: it is the client's unique identifier, 1 to 255 characters without spaces",
		}},
		{"a quotation mark", header + "acme,support,app,\"hush\nacme,support,,hush\n", []string{"line 2: a quotation mark is out of place; what follows was not read"}},
		{"no text", header + "\x00\xff,\x00,\x00,hush\n", []string{"line 2: product: it is support or chat"}},
		{"large", header + strings.Repeat("a", 9<<20), []string{"line 1: the file has more than 8388608 bytes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := csvReader(t).ReadClients(strings.NewReader(c.file))
			var faults *broker.ClientFaults
			if !errors.As(err, &faults) {
				t.Fatalf("read with %v", err)
			}
			if diff := cmp.Diff(strings.Join(c.want, "\n"), err.Error()); diff != "" {
				t.Error("-want +got:\n" + diff)
			}
		})
	}
	many := header + strings.Repeat("acme,support,,hush\n", 60)
	if _, err := csvReader(t).ReadClients(strings.NewReader(many)); err == nil || !strings.HasSuffix(err.Error(), "\nand 10 faults more") {
		t.Errorf("many: %v", err)
	}
}

// No file makes it panic, and no fault says what stood in the file.
func FuzzReadClients(f *testing.F) {
	for _, seed := range []string{
		"", broker.ClientsHeader, broker.ClientsHeader + "\nacme,support,app,HUSH\n", "acme,support,app,HUSH",
		broker.ClientsHeader + "\nHUSH,HUSH,HUSH HUSH,HUSH\nHUSH", broker.ClientsHeader + "\r\n\"HUSH,\"\"\nHUSH,,,",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		all, err := csvReader(t).ReadClients(strings.NewReader(file))
		if (err == nil) == (len(all) == 0) {
			t.Errorf("%d clients, %v", len(all), err)
		}
		if err != nil && strings.Contains(err.Error(), "HUSH") {
			t.Errorf("told: %v", err)
		}
	})
}
