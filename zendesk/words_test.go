package zendesk_test

import (
	"os"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// lines are those of a file of golden texts.
func lines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

func TestDescription(t *testing.T) {
	endpoints := map[string]zendesk.Endpoint{"authorize": zendesk.Authorize, "token": zendesk.Token}
	all := lines(t, "words.txt")
	if len(all) != 11 {
		t.Fatalf("%d sentences", len(all))
	}
	for _, line := range all {
		where, want, _ := strings.Cut(line, ": ")
		endpoint, code, _ := strings.Cut(where, " ")
		if got := zendesk.Description(oauth.Code(code), endpoints[endpoint]); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", where, got, want)
		}
	}
	for _, at := range endpoints {
		for _, code := range []oauth.Code{oauth.ServerError, oauth.TemporarilyUnavailable} {
			if zendesk.Description(code, at) == "" {
				t.Errorf("no words for %s", code)
			}
		}
	}
	if got := zendesk.Description(oauth.InvalidGrant, zendesk.Authorize); got != "" {
		t.Errorf("a code that does not occur has words: %q", got)
	}
}
