package broker_test

import (
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
)

// What is typed finds a connection where each word of it is the beginning of one of
// the connection's.
func TestWordsOfAFilter(t *testing.T) {
	c := broker.Connection{Account: "globex", User: broker.User{Name: "Zoë Ångström-Müller", Email: "Z.Angstrom+desk@globex.example"}}
	for typed, want := range map[string]bool{
		"":                                 true,
		"zoë":                              true,
		"ZOË":                              true,
		"ångs glo":                         true,
		"glob ÅNGS":                        true,
		"mül":                              true,
		"z.angstrom+desk@globex.example":   true,
		"  Zoë   Ångström-Müller ":         true,
		"zoë nobody":                       false,
		"ngström":                          false,
		"xample":                           false,
		"glob%":                            true, // no sign means anything
		"%":                                true,
		strings.Repeat("zoë ", 1000):       true,
		"zoë" + strings.Repeat(" x", 1000): false,
	} {
		if got := (broker.Filter{Words: typed}).Passes(c); got != want {
			t.Errorf("%.40q: %v, want %v", typed, got, want)
		}
	}
	long := broker.Connection{User: broker.User{Name: strings.Repeat("word ", 1000)}}
	if words := long.Words(); len(words) > 2 {
		t.Errorf("each word is to be there once: %q", words)
	}
}
