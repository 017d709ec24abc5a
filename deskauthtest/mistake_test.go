package deskauthtest_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/deskauth/deskauth/deskauthtest"
)

// mistakes are those of a test, each on a line of its own.
var mistakes = map[string]func(z *deskauthtest.Zendesk){
	"event": func(z *deskauthtest.Zendesk) { z.Journal.Find(deskauthtest.Query{Event: "no.such"}) },
	"count": func(z *deskauthtest.Zendesk) { z.Journal.Count(deskauthtest.Query{Event: "no.such"}) },
	"clock": func(z *deskauthtest.Zendesk) { z.Clock.Set(time.Unix(0, 0)) },
	"rate":  func(z *deskauthtest.Zendesk) { z.Clock.Rate(-1) },
	"fault": func(z *deskauthtest.Zendesk) { z.Faults.Add(deskauthtest.Fault{Kind: "lateness"}) },
	"whose": func(z *deskauthtest.Zendesk) {
		z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.HTML, Client: "nobody"})
	},
	"suspend": func(z *deskauthtest.Zendesk) { z.Suspend("acme", "nobody@acme.example", true) },
	"allow":   func(z *deskauthtest.Zendesk) { z.Allow("nobody@acme.example", "https://acme.zendesk.com/") },
}

// TestMistakesAreReportedWhereTheyAre runs this binary once for each mistake: what a
// failing test prints is seen from outside alone.
func TestMistakesAreReportedWhereTheyAre(t *testing.T) {
	const variable = "DESKAUTHTEST_MISTAKE"
	if which, inside := os.LookupEnv(variable); inside {
		mistakes[which](deskauthtest.New(t))
		return
	}
	at := regexp.MustCompile(`(?m)^ +mistake_test\.go:\d+: deskauthtest: \S`)
	for which := range mistakes {
		t.Run(which, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestMistakesAreReportedWhereTheyAre$")
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s", variable, which))
			out, err := cmd.CombinedOutput()
			if err == nil || !at.Match(out) {
				t.Errorf("%v; it does not name a line of the test:\n%s", err, out)
			}
		})
	}
}
