package slip_test

import (
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/slip"
)

func TestNear(t *testing.T) {
	names := []string{"scope", "account", "return_to", "expires_in", "name"}
	for typed, want := range map[string]string{
		"scopes": "scope", "acount": "account", "return": "return_to", "expire_in": "expires_in",
		"ticket": "", "s": "", "": "", "nam": "name", "username": "",
	} {
		if got := strings.Join(slip.Near(typed, names), " "); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	if got := slip.Near("bat", []string{"cat", "hat", "cat"}); len(got) != 2 {
		t.Errorf("as near as each other: %q", got)
	}
	if got := slip.DidYouMean([]string{"a", "b"}); got != ": did you mean a or b?" {
		t.Error(got)
	}
}
