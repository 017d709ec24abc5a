package issuerhttp_test

import (
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/issuerhttp"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/web"
)

const auditPath = "/admin/audit"

// The page's words and the trail's actions are one list.
func TestEveryActionHasWords(t *testing.T) {
	var actions []string
	for _, a := range issuer.Actions {
		actions = append(actions, string(a))
		if web.ActionText(web.English, string(a)) == string(a) {
			t.Errorf("%s has no words", a)
		}
	}
	if diff := cmp.Diff(actions, web.AuditActions); diff != "" {
		t.Error("actions (-issuer +web):\n" + diff)
	}
}

var auditLine = regexp.MustCompile(`<tr><th scope="row">.*?</tr>`)

// lines are the rows of a page of the trail as texts.
func (r *reply) lines() (all []string) {
	r.t.Helper()
	for _, row := range auditLine.FindAllString(r.want(http.StatusOK).Body, -1) {
		text := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(regexp.MustCompile(`</t[dh]>`).ReplaceAllString(row, "|"), ""))
		all = append(all, strings.TrimSuffix(strings.Join(strings.Fields(strings.ReplaceAll(text, "|", " | ")), " "), " |"))
	}
	return all
}

func (w *world) makeClient(name, identifier string, by issuer.UserID) issuer.Client {
	w.t.Helper()
	change := issuer.ClientChange{Name: &name, Identifier: &identifier}
	from := issuer.By{User: by, Origin: issuer.Origin{Address: "203.0.113.7", RequestID: "req-" + identifier}}
	c, key, err := w.issuer.CreateClient(w.t.Context(), w.account("acme"), issuer.Support, change, from)
	if err != nil {
		w.t.Fatal(err)
	}
	w.secrets.learn("", key.Reveal())
	return c
}

// Who did what, on what, when and from where, and every filter.
func TestAuditTrail(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.clock.pass(24 * time.Hour)
		b := w.browser("acme.localhost").signInAs(ada)
		c := w.makeClient("Fresh <app>", "fresh", 1)
		gone := w.makeClient("Gone", "gone", 1)
		if err := w.issuer.DeleteClient(t.Context(), w.account("acme"), issuer.Support, gone.ID, issuer.By{User: 1, Origin: issuer.Origin{Address: "203.0.113.7", RequestID: "req-gone"}}); err != nil {
			t.Fatal(err)
		}
		lines := b.get(auditPath).lines()
		want := []string{
			fmt.Sprintf("2026-11-23 09:00:00 | Ada Admin | Deleted an OAuth client gone | A client that is gone client %d | 203.0.113.7 req-gone", gone.ID),
			fmt.Sprintf("2026-11-23 09:00:00 | Ada Admin | Added an OAuth client gone | A client that is gone client %d | 203.0.113.7 req-gone", gone.ID),
			fmt.Sprintf("2026-11-23 09:00:00 | Ada Admin | Added an OAuth client fresh | Fresh <app> client %d | 203.0.113.7 req-fresh", c.ID),
		}
		if diff := cmp.Diff(want, lines[:min(3, len(lines))]); diff != "" {
			t.Error("the newest lines (-want +got):\n" + diff)
		}
		if page := b.get(auditPath).Body; !strings.Contains(page, fmt.Sprintf(`href="/admin/oauth/clients/%d"`, c.ID)) || strings.Contains(page, fmt.Sprintf(`href="/admin/oauth/clients/%d"`, gone.ID)) {
			t.Error("a client that is there has no link, or one that is gone has")
		}
		if last := lines[len(lines)-1]; last != "2026-11-22 09:00:00 | A seed file | Made the account | Acme Inc. account 1 |" {
			t.Errorf("the oldest line is %q", last)
		}

		count := func(query string, want int) {
			t.Helper()
			if got := len(b.get(auditPath + "?" + query).lines()); got != want {
				t.Errorf("%s: %d lines, want %d", query, got, want)
			}
		}
		all := len(lines)
		count("action=client.deleted", 1)
		count("action=client.created", 7) // five were planted
		count("action=client.created&person=ada%40acme.example", 2)
		count("action=client.created&person=1", 2)
		count("person=+ADA%40ACME.example+&action=client.deleted", 1)
		count("person=2", 0)
		count(url.Values{"object": {fmt.Sprintf("client %d", gone.ID)}}.Encode(), 2)
		count(url.Values{"object": {fmt.Sprintf(" Client %d ", gone.ID)}}.Encode(), 2)
		count("object=client+999999", 0)
		count("from=2026-11-23", 4) // with the sign-in
		count("until=2026-11-22", all-4)
		count("from=2026-11-22&until=2026-11-23", all)
		count("from=2026-11-23&until=2026-11-23&action=client.deleted&person=1&object=client+"+id64(int64(gone.ID)), 1)
		count("from=2026-11-24", 0)
		count("nonsense=1&after=x&before=y-z", all)
		if page := b.get(auditPath + "?from=2026-11-24"); !strings.Contains(page.Body, "No line of the audit trail is like that.") || !strings.Contains(page.Body, `value="2026-11-24"`) {
			t.Error("an empty page does not say so, or forgot the filter")
		}
		for query, said := range map[string]string{
			"person=nobody%40acme.example":     "Nobody here has this email or number.",
			"person=999":                       "Nobody here has this email or number.",
			"person=a%00b":                     "Nobody here has this email or number.",
			"action=user.exploded":             "There is no such thing to look for.",
			"object=client":                    "Give a kind and a number",
			"object=teapot+3":                  "Give a kind and a number",
			"object=client+-3":                 "Give a kind and a number",
			"object=%00+3":                     "Give a kind and a number",
			"object=%ff+3":                     "Give a kind and a number",
			"from=yesterday":                   "This is no date.",
			"until=2026-02-30":                 "This is no date.",
			"from=2026-11-23&until=2026-11-22": "This is before the first day.",
		} {
			r := b.get(auditPath + "?" + query).want(http.StatusUnprocessableEntity)
			if !strings.Contains(r.Body, said) || strings.Contains(r.Body, `scope="row"`) || strings.Contains(r.Body, auditPath+".csv") {
				t.Errorf("%s: does not say %q, or shows lines all the same", query, said)
			}
			if r := b.get(auditPath + ".csv?" + query).want(http.StatusSeeOther); r.location().Path != auditPath {
				t.Errorf("%s: the file leads to %s", query, r.location())
			}
		}
		for _, path := range []string{auditPath, auditPath + ".csv"} {
			w.as(grace).get(path).want(http.StatusForbidden)
			w.browser("acme.localhost").get(path).want(http.StatusSeeOther)
		}
		if lines := w.as(hank).get(auditPath).lines(); strings.Contains(strings.Join(lines, "\n"), "Ada") {
			t.Errorf("globex sees acme's trail: %q", lines)
		}
	})
}

// An erased user stays in the trail without name and address, and whoever tried to
// sign in as them without an address too.
func TestErasedUsersInTheAuditTrail(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		g := w.user(grace)
		w.as(grace)
		w.browser("acme.localhost").post("/access/unauthenticated", form(web.FieldEmail, grace, web.FieldPassword, "wrong password")).want(http.StatusUnauthorized)
		path := auditPath + "?object=user+" + id64(int64(g.ID))
		before := strings.Join(w.as(ada).get(path).lines(), "\n")
		if strings.Count(before, "127.0.0.1") != 2 || !strings.Contains(before, "Somebody unknown | Failed to sign in as this person | Grace Agent user") {
			t.Errorf("before:\n%s", before)
		}
		if err := w.issuer.DeleteUser(t.Context(), w.account("acme"), g.ID, issuer.By{User: 1}); err != nil {
			t.Fatal(err)
		}
		after := strings.Join(w.as(ada).get(path).lines(), "\n")
		file := w.as(ada).get(auditPath + ".csv").want(http.StatusOK).Body
		for _, text := range []string{after, file} {
			if strings.Contains(strings.ToLower(text), "grace") || !strings.Contains(text, "Deleted user") {
				t.Errorf("after:\n%s", text)
			}
		}
		if strings.Contains(after, "127.0.0.1") || strings.Contains(after, "href") {
			t.Errorf("after:\n%s", after)
		}
	})
}

// A long trail is read in parts, there and back, also where many lines are of one
// moment and where time was set back.
func TestAuditTrailIsPaged(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for n := range 120 {
			at := w.clock.Now().Add(time.Duration(n/40) * time.Minute)
			if n >= 100 {
				at = w.clock.Now().Add(-time.Hour)
			}
			storetest.Exec(t, w.raw, `INSERT INTO issuer_events (account_id, at, actor_id, action, object, address, request_id, detail)
				VALUES (1, $1, 3, 'user.updated', 'user 3', '', $2, 'paged')`, at.UnixMicro(), fmt.Sprintf("r-%03d", n))
		}
		b, path, last := w.as(ada), auditPath+"?action=user.updated&person=3", "9999"
		seen := map[string]bool{}
		var pages []string
		for path != "" {
			pages = append(pages, path)
			r := b.get(path)
			for _, line := range r.lines() {
				if seen[line] || line[:19] > last {
					t.Errorf("%q is there twice, or out of order", line)
				}
				seen[line], last = true, line[:19]
			}
			path = linkOf(r, "next")
		}
		if len(seen) != 120 || len(pages) != 3 {
			t.Errorf("saw %d lines on %d pages", len(seen), len(pages))
		}
		back := linkOf(b.get(pages[2]), "prev")
		if got, want := rowsOf(b.get(back).Body), rowsOf(b.get(pages[1]).Body); got != want || got == "" {
			t.Errorf("the way back leads elsewhere:\n%s\nnot\n%s", got, want)
		}
		first := linkOf(b.get(back), "prev")
		if got, want := rowsOf(b.get(first).Body), rowsOf(b.get(pages[0]).Body); got != want || linkOf(b.get(first), "prev") != "" {
			t.Error("the way back does not end at the first page")
		}
	})
}

// The file has what the page with the same filter has, all pages of it, and what a
// spreadsheet would take for a formula is text.
func TestAuditFile(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		hostile := []string{"=HYPERLINK(\"https://evil.example\")", "+1", "-1", "@SUM(A1)", "plain, with \"quotes\""}
		for n, name := range hostile {
			w.makeClient(name, "x"+id64(int64(n)), 1)
		}
		for n := range 1100 {
			storetest.Exec(t, w.raw, `INSERT INTO issuer_events (account_id, at, actor_id, action, object, address, request_id, detail)
				VALUES (1, $1, 3, 'user.updated', 'user 3', '192.0.2.1', $2, $3)`, w.clock.Now().UnixMicro(), fmt.Sprintf("r-%04d", n), "\tline\r\ntwo")
		}
		b := w.as(ada)
		r := b.get(auditPath + ".csv?action=user.updated").want(http.StatusOK)
		for name, want := range map[string]string{
			"Content-Type":            "text/csv; charset=utf-8; header=present",
			"Content-Disposition":     `attachment; filename="acme-audit-2026-11-22.csv"`,
			"Cache-Control":           "no-store",
			"X-Content-Type-Options":  "nosniff",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		records := func(body string) [][]string {
			t.Helper()
			if strings.Contains(strings.ReplaceAll(body, "\r\n", ""), "\n") {
				t.Error("a line does not end with CR LF (RFC 4180)")
			}
			all, err := csv.NewReader(strings.NewReader(body)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		all := records(r.Body)
		if len(all) != 1101 || all[1][9] != "r-1099" || all[1100][9] != "r-0000" {
			t.Fatalf("%d records, from %v to %v", len(all), all[1], all[len(all)-1])
		}
		want := []string{"2026-11-22T09:00:00Z", "3", "Carl Customer", carl, "user.updated", "user 3", "Carl Customer", "'\tline\ntwo", "192.0.2.1", "r-1099"}
		if diff := cmp.Diff(want, all[1]); diff != "" {
			t.Error("a record (-want +got):\n" + diff)
		}
		made := records(b.get(auditPath + ".csv?action=client.created&person=1").want(http.StatusOK).Body)
		var names []string
		for _, record := range made[1:] {
			names = append([]string{record[6]}, names...)
		}
		if diff := cmp.Diff([]string{"'" + hostile[0], "'+1", "'-1", "'@SUM(A1)", hostile[4]}, names); diff != "" {
			t.Error("names (-want +got):\n" + diff)
		}
		if empty := records(b.get(auditPath + ".csv?from=2030-01-01").want(http.StatusOK).Body); len(empty) != 1 {
			t.Errorf("nothing is %q", empty)
		}
	})
}

// What cannot be read to its end ends as no file does, so that nobody takes a half
// for the whole.
func TestAuditFileIsCutOff(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	for n := range 600 {
		object := "user 3"
		if n == 50 {
			object = "api_token 1" // in the second step
		}
		storetest.Exec(t, w.raw, `INSERT INTO issuer_events (account_id, at, actor_id, action, object, address, request_id, detail)
			VALUES (1, $1, 3, 'user.updated', $2, '', '', '')`, w.clock.Now().UnixMicro()+int64(n), object)
	}
	storetest.Exec(t, w.raw, `ALTER TABLE issuer_api_tokens RENAME TO api_tokens_away`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://acme.localhost"+auditPath+".csv?action=user.updated", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.http.Do(r)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	if err == nil {
		t.Error("half a file looks like a whole one")
	}
	b.get("/apps").want(http.StatusOK) // and the server lives
}

// A spreadsheet takes no cell for a formula, not even one that splits them at a
// semicolon or a tab, or does not know quotes round a line's end.
func TestCellsThatAreNoFormulas(t *testing.T) {
	for cell, want := range map[string]string{
		"":                    "",
		"Ada":                 "Ada",
		"=1+1":                "'=1+1",
		"+1":                  "'+1",
		"-1":                  "'-1",
		"@sum":                "'@sum",
		"\t=1":                "'\t'=1",
		"a=b, c-d; e+f@g":     "a=b, c-d; e+f@g",
		"x;=1+1":              "x;'=1+1",
		"x\t@sum":             "x\t'@sum",
		"x\r\n-1":             "x\r\n'-1",
		"x\r+1\n=2":           "x\r'+1\n'=2",
		"x;;=1;\"=2\";\"\"=3": "x;;'=1;\"'=2\";\"\"'=3",
		"דנה;=1":              "דנה;'=1",
		"\xff;=1":             "\xff;'=1",
	} {
		if got := issuerhttp.Harmless(cell)[0]; got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
}
