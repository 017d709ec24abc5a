package deskauthtest_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
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
	"client": func(z *deskauthtest.Zendesk) {
		z.Allow(deskauthtest.Admin, "https://acme.zendesk.com/oauth/authorizations/new?response_type=code&scope=read&client_id=ap")
	},
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

// Who asks for somebody who is not there is told who is; and dev's people are these.
func TestAllowNamesThePeople(t *testing.T) {
	out := mistakenOutput(t, "allow")
	if !strings.Contains(out, "there is no user nobody@acme.example at acme; there are ada@acme.example, grace@acme.example, carl@acme.example") {
		t.Error(out)
	}
	if out := mistakenOutput(t, "client"); !strings.Contains(out, `unknown client_id: client_id "ap" at acme`) {
		t.Error(out)
	}
	z := deskauthtest.New(t)
	link := "https://acme.zendesk.com/oauth/authorizations/new?response_type=code&scope=read&client_id=app&redirect_uri=" + url.QueryEscape(deskauthtest.RedirectURI)
	for _, email := range []string{"admin@acme.example", "agent@acme.example", "customer@acme.example"} {
		if back := z.Allow(email, link); back.Query().Get("code") == "" {
			t.Errorf("%s comes back to %s", email, back)
		}
	}
}

// mistakenOutput is what a run of this binary says that makes a mistake.
func mistakenOutput(t *testing.T, which string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestMistakesAreReportedWhereTheyAre$")
	cmd.Env = append(os.Environ(), "DESKAUTHTEST_MISTAKE="+which)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("%s is no mistake", which)
	}
	return string(out)
}
