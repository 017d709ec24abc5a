package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// theSecret is what no scan shows.
const theSecret = "Zk3nB0qVw8Xy2Lr5Tt7Ud9Pe1Ha4Jc6Mf0Gs3Di"

// Each way of using an API token is found, told by its name, and shown without the secret.
func TestWhatUsesAPITokens(t *testing.T) {
	for _, c := range []struct {
		text, line string // the file, and the line in it that is found; "": none is
		kind       string
		sure       sureness
	}{
		{"curl https://acme.zendesk.com/api/v2/tickets.json -u ada@acme.example/token:SECRET", "curl", "Basic", certain},
		{`curl -u "$ZENDESK_EMAIL/token:$ZENDESK_API_TOKEN" https://acme.zendesk.com/api/v2/tickets.json`, "curl", "Basic", certain},
		{"# zendesk\nauth = f\"{email}/token:{token}\"", "auth", "Basic", certain},
		{"# zendesk\nrequests.get(url, auth=(email + '/token', 'SECRET'))", "requests", "Basic", likely},
		{"machine acme.zendesk.com login ada@acme.example/token password SECRET", "machine", "Basic", likely},
		{"// zendesk\nheaders['Authorization'] = 'Basic SECRET'", "headers", "Basic", likely},
		{"ZENDESK_API_TOKEN=SECRET", "ZENDESK", "variable", certain},
		{"ZENDESK_API_TOKEN=ab", "ZENDESK", "variable", certain},
		{"env:\n  ZENDESK_TOKEN: ${{ secrets.ZENDESK_TOKEN }}", "ZENDESK", "variable", certain},
		{"token = os.environ['ZENDESK_API_TOKEN']", "token", "variable", likely},
		{"client := zendesk.NewAPITokenCredential(\"ada@acme.example\", \"SECRET\")", "client", "go-zendesk", certain},
		{"client.SetCredential(zendesk.NewAPITokenCredential(email, os.Getenv(\"TOKEN\")))", "client", "go-zendesk", certain},
		{"require 'zendesk_api'\nconfig.token = 'SECRET'", "config", "zendesk_api (Ruby)", certain},
		{"from zenpy import Zenpy\ncreds = {'email': 'ada@acme.example', 'token': 'SECRET', 'subdomain': 'acme'}", "creds", "zenpy", certain},
		{"var zd = require('node-zendesk');\nvar c = zd.createClient({username: 'a@b.example', token: 'SE,CRET', remoteUri: u});", "var c", "node-zendesk", certain},
		{"provider \"zendesk\" {\n  token = \"SECRET\"\n}", "token", "terraform", certain},
		{"use Zendesk\\API\\HttpClient;\n$client->setAuth('basic', ['username' => 'a@b.example', 'token' => 'SECRET']);", "$client", "zendesk_api_client_php", certain},
		{"import org.zendesk.client.v2.Zendesk;\n new Zendesk.Builder(url).setUsername(u).setToken(\"SECRET\")", "new", "Java client", certain},
		{"# of zendesk\napi_token: SECRET", "api_token", "setting", possible},
		{"\xff zendesk \xfe ada@acme.example/token:SECRET", "\ufffd zendesk", "Basic", certain},

		{"curl https://other.example/ -u ada@acme.example/token:SECRET", "", "", ""},
		{"api_token: SECRET", "", "", ""},
		{"# zendesk\nPOST /oauth/tokens", "", "", ""},
		{"# zendesk\n'https://acme.zendesk.com/oauth2/chat/token'", "", "", ""},
		{"from zenpy import Zenpy\ncreds = {'oauth_token': 'SECRET'}", "", "", ""},
		{"config.access_token = 'SECRET' # zendesk_api", "", "", ""},
	} {
		text := strings.ReplaceAll(c.text, "SECRET", theSecret)
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := scan(t.Context(), []string{file})
		switch {
		case err != nil:
			t.Fatal(err)
		case c.line == "" && len(s.Uses) > 0:
			t.Errorf("%q: found %+v", c.text, s.Uses)
		case c.line == "":
		case len(s.Uses) != 1:
			t.Errorf("%q: found %+v", c.text, s.Uses)
		case s.Uses[0].Kind != c.kind || s.Uses[0].Sure != c.sure || !strings.HasPrefix(s.Uses[0].Text, c.line):
			t.Errorf("%q: found %+v", c.text, s.Uses[0])
		case strings.Contains(s.Uses[0].Text, theSecret[:8]), strings.Contains(s.Uses[0].Text, "=ab"), strings.Contains(s.Uses[0].Text, "CRET"):
			t.Errorf("%q: the secret is shown: %q", c.text, s.Uses[0].Text)
		}
	}
}

// Whatever stands round it, a secret that a line has between quotes or as a long word does
// not come through.
func FuzzShownLine(f *testing.F) {
	for _, in := range []string{"", "curl -u a@b.example/token:", "'", "\"", "token = `", "[secret] ", "\xff"} {
		f.Add(in, "")
	}
	f.Fuzz(func(t *testing.T, before, behind string) {
		line := strings.NewReplacer("\n", " ", "\r", " ").Replace(before + "zendesk ada@acme.example/token:" + theSecret + " " + behind)
		if strings.Contains(before+behind, theSecret[:8]) {
			return
		}
		if use, is := useIn(line, kindsIn(line)); is && strings.Contains(use.shown, theSecret[:8]) {
			t.Errorf("%q is shown as %q", line, use.shown)
		}
		if shown := shownLine(line); strings.Contains(shown, theSecret[:8]) {
			t.Errorf("%q is shown as %q", line, shown)
		}
	})
}

// A scan has an end whatever links there are, and passes over what no person wrote.
func TestWhatAScanReads(t *testing.T) {
	dir := t.TempDir()
	use := "curl https://acme.zendesk.com -u a@b.example/token:" + theSecret + "\n"
	for name, text := range map[string]string{
		"a.sh": use, "sub/.env": "ZENDESK_API_TOKEN=" + theSecret, "node_modules/x.js": use, "vendor/x.go": use, ".git/config": use,
		"binary": "\x00" + use, "large": use + strings.Repeat("x\n", scanFileMost),
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(dir, "sub", "loop")); err != nil {
		t.Skip(err)
	}
	s, err := scan(t.Context(), []string{dir, filepath.Join(dir, "sub")})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, u := range s.Uses {
		found = append(found, filepath.Base(u.File))
	}
	if diff := cmp.Diff([]string{"a.sh", ".env"}, found); diff != "" || s.Files != 2 || s.Passed != 2 {
		t.Errorf("%s; %d read, %d passed over", diff, s.Files, s.Passed)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scan(ended, []string{dir}); err == nil {
		t.Error("it goes on when nobody waits any more")
	}
}

func TestScopesOfScripts(t *testing.T) {
	for _, c := range []struct {
		text    string
		scopes  string
		guessed bool
	}{
		{"curl $Z/api/v2/tickets.json", "tickets:read", false},
		{"curl -X POST $Z/api/v2/tickets.json", "tickets:read tickets:write", false},
		{"get('/api/v2/users/me.json')\n\n\n\n\nput('/api/v2/organizations/1.json')", "organizations:read organizations:write users:read", false},
		{"curl $Z/api/v2/search.json?query=x\n\n\n\n\ncurl $Z/api/v2/tickets/1.json", "read", false},
		{"curl $Z/api/v2/ticket_fields.json\n\n\n\n\ncurl -X PUT $Z/api/v2/tickets/1.json", "read tickets:write", false},
		{"curl --data-binary @f $Z/api/v2/uploads.json", "ticket_attachments:read ticket_attachments:write", false},
		{"curl -H 'X-On-Behalf-Of: 1' $Z/api/v2/requests.json", "impersonate requests:read", false},
		{"client.tickets.create(t)", "tickets:read tickets:write", false},
		{"nothing", "read", true},
	} {
		scopes, guessed := readScript(c.text).scopes()
		if scopes.String() != c.scopes || guessed != c.guessed {
			t.Errorf("%q: %q, guessed %t, want %q", c.text, scopes, guessed, c.scopes)
		}
	}
}

// Who runs a script decides the grant.
func TestPlans(t *testing.T) {
	robot := planOf("/s/Nightly Export.sh", []trackedUse{{State: useOpen}}, readScript("curl $Z/api/v2/tickets.json"), " --account acme")
	want := []string{
		"deskauth client create --name 'Nightly Export.sh' --identifier nightly_export_sh --allowed-scope tickets:read --output-file nightly_export_sh.secret --account acme",
		"deskauth auth login --client-id nightly_export_sh --client-secret-file nightly_export_sh.secret --client-credentials --scope 'tickets:read' --account acme",
		"deskauth auth token --account acme",
	}
	if diff := cmp.Diff(want, robot.Commands); diff != "" || robot.Kind != "confidential" || robot.Grant != "client_credentials" || robot.Open != 1 {
		t.Errorf("%s %+v", diff, robot)
	}
	person := planOf("/s/ask.sh", nil, readScript("read -p 'ticket? ' n\ncurl $Z/api/v2/tickets/$n.json"), "")
	if person.Kind != "public" || person.Grant != "authorization_code" || !strings.HasPrefix(person.Commands[0], "deskauth auth login --client-id deskauth_cli ") {
		t.Errorf("%+v", person)
	}
}

// A use keeps its id and its state where its line moves, is done when it is gone, and open
// when it is back.
func TestProgress(t *testing.T) {
	use := func(id string, line int) tokenUse { return tokenUse{ID: id, File: "/s/a.sh", Line: line} }
	now, later := time.Unix(1, 0).UTC(), time.Unix(2, 0).UTC()
	g := movement{}.after(scanned{Uses: []tokenUse{use("a", 1), use("b", 2)}}, []string{"/s"}, now)
	g, err := g.mark([]string{"a"}, useMoved, "why", now)
	if err != nil {
		t.Fatal(err)
	}
	states := func(g movement) string {
		var all []string
		for _, u := range g.Uses {
			all = append(all, u.ID+" "+string(u.State))
		}
		return strings.Join(all, ", ")
	}
	for _, c := range []struct {
		name   string
		found  []tokenUse
		places []string
		cut    bool
		want   string
	}{
		{"moved on", []tokenUse{use("a", 5), use("b", 6)}, []string{"/s"}, false, "a moved, b open"},
		{"gone", []tokenUse{use("a", 1)}, []string{"/s"}, false, "a moved, b done"},
		{"another place", nil, []string{"/other"}, false, "a moved, b open"},
		{"a scan that was cut short", nil, []string{"/s"}, true, "a moved, b open"},
		{"all gone", nil, []string{"/s"}, false, "a done, b done"},
	} {
		if got := states(g.after(scanned{Uses: c.found, Cut: c.cut}, c.places, later)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	gone := g.after(scanned{}, []string{"/s"}, later)
	if got := states(gone.after(scanned{Uses: []tokenUse{use("b", 2)}}, []string{"/s"}, later)); got != "a done, b open" {
		t.Errorf("back again: %s", got)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := g.write(file); err != nil {
		t.Fatal(err)
	}
	read, err := readProgress(file)
	if diff := cmp.Diff(g.Uses, read.Uses, cmp.AllowUnexported(trackedUse{})); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := g.mark([]string{"nobody"}, useDone, "", now); codeOf(err) != exitNotFoundAt {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readProgress(file); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("%v", err)
	}
}

func TestReadyToSwitchOff(t *testing.T) {
	now := time.Date(2027, 4, 20, 0, 0, 0, 0, time.UTC)
	used := now.AddDate(0, 0, -3)
	long := now.AddDate(0, -3, 0)
	for _, c := range []struct {
		name   string
		status migrationStatus
		want   string
	}{
		{"nothing scanned", migrationStatus{DaysLeft: 10}, "fault ok ok"},
		{"one is open", migrationStatus{ScannedAt: &long, Open: 1, DaysLeft: 10}, "fault ok ok"},
		{"all is done", migrationStatus{ScannedAt: &long, Done: 2, DaysLeft: 10}, "ok ok ok"},
		{"one was used", migrationStatus{ScannedAt: &long, APITokens: []apiTokenRecord{{Active: true, LastUsedAt: &used}}, DaysLeft: 10}, "ok fault ok"},
		{"one is active", migrationStatus{ScannedAt: &long, APITokens: []apiTokenRecord{{Active: true, LastUsedAt: &long}}, DaysLeft: 10}, "ok warning ok"},
		{"nobody knows", migrationStatus{ScannedAt: &long, Why: "--offline", DaysLeft: 10}, "ok fault ok"},
		{"too late", migrationStatus{ScannedAt: &long}, "ok ok warning"},
	} {
		var got []string
		for _, f := range c.status.ready(now, 14*aDay) {
			got = append(got, string(f.Result))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
