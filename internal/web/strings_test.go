package web

import (
	"bytes"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

// usedKeys are the keys that templates and Go files name, and those that are put
// together from a word of the page.
func usedKeys(t *testing.T) map[string]bool {
	t.Helper()
	used := map[string]bool{}
	named := regexp.MustCompile(`\bT(?:\((?:\w+(?:\.Lang)?, )?| )"([a-z0-9_.-]+)"[^+]`)
	var files []string
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllSubmatch(source, -1) {
			if !bytes.HasSuffix(m[1], []byte(".")) {
				used[string(m[1])] = true
			}
		}
	}
	for _, key := range builtKeys() {
		used[key] = true
	}
	return used
}

func builtKeys() []string {
	keys := []string{
		"role.admin", "role.agent", "role.end-user",
		"wait.seconds.one", "wait.seconds.other", "wait.minutes.one", "wait.minutes.other",
		"scope.write", "scope.impersonate",
		"not_found.title", "not_found.host.title",
		"invalid.hint.other",
		"user.tokens.one", "user.tokens.other", "user.tokens.least", "delete_user.tokens.one", "delete_user.tokens.other", "delete_user.tokens.least",
		"client.tokens.one", "client.tokens.other", "delete_client.tokens.one", "delete_client.tokens.other",
		"flaw.blank", "flaw.taken",
		"connected.role.admin", "connected.role.agent", "connected.role.end-user",
		"client.logo.again", "client.logo.format", "client.logo.bytes", "client.logo.pixels", "client.logo.broken",
		"audit.person.unknown", "audit.action.unknown", "audit.object.wrong", "audit.date.wrong", "audit.date.order",
	}
	for _, s := range boardSections {
		keys = append(keys, "board."+s.name)
	}
	for _, kind := range EventKinds {
		keys = append(keys, "events.kind."+kind)
	}
	for _, result := range EventResults {
		keys = append(keys, "events.result."+result)
	}
	for _, f := range EventFields {
		keys = append(keys, "events.wrong."+f)
	}
	for _, kind := range eventThings {
		keys = append(keys, "events.thing."+kind)
	}
	keys = append(keys, "events.kept.one", "events.kept.other")
	for _, s := range PassStates {
		keys = append(keys, "passes.state."+string(s))
	}
	for _, f := range PassFields {
		keys = append(keys, "pass_new.wrong."+f)
	}
	for _, not := range passNewNots {
		keys = append(keys, "pass_new.not."+not)
	}
	for _, f := range []string{FieldUses, FieldFileMost, FieldAllMost, FieldTypes} {
		keys = append(keys, "pass_new."+f, "pass_new."+f+".help")
	}
	for _, s := range []string{"sent", "finishing", "in_doubt", "lapsed", "open"} {
		keys = append(keys, "pass_page.sent."+s)
	}
	keys = append(keys, "pass_new.cannot.product", "pass_new.cannot.state", "pass_new.cannot.scope")
	keys = append(keys, operatorKeys()...)
	for _, key := range PassTexts {
		keys = append(keys, "pass."+key)
	}
	keys = append(keys, "pass.title.both", "pass.title.upload", "pass.title.comment", "pass.title.over", "pass.uses.one", "pass.uses.other",
		"pass.state.sent", "pass.state.finishing", "pass.state.in_doubt", "pass.state.lapsed")
	for _, role := range roles {
		keys = append(keys, "user.role."+role+".help")
	}
	for _, state := range tokenStates {
		keys = append(keys, "tokens.state."+string(state))
	}
	for _, action := range AuditActions {
		keys = append(keys, "audit.action."+action)
	}
	for _, d := range allDone {
		keys = append(keys, "done."+string(d))
	}
	for _, p := range []Problem{ProblemCredentials, ProblemMissing, ProblemTooMany, ProblemSuspended, ProblemStale} {
		keys = append(keys, "sign_in.problem."+string(p))
	}
	for _, p := range []Problem{ProblemSubdomainMissing, ProblemSubdomainInvalid, ProblemNotServed} {
		keys = append(keys, "connect_home.problem."+string(p))
	}
	for _, k := range []LinkKind{LinkAuthorize, LinkTokens, LinkUsersMe, LinkAPI, LinkBroker, LinkControl, LinkAdmin, LinkApps} {
		keys = append(keys, "issuer_home.link."+string(k))
	}
	for _, s := range append([]ConnectionState{renewing}, ConnectionStates...) {
		keys = append(keys, "state."+string(s))
	}
	for _, reason := range ConnectionReasons {
		keys = append(keys, "reason."+reason)
	}
	for _, unit := range []string{"minutes", "hours", "days"} {
		keys = append(keys, "span."+unit+".one", "span."+unit+".other")
	}
	keys = append(keys, "when.in", "when.ago", "connections.scopes.one", "connections.scopes.other", "connections.failed.one", "connections.failed.other")
	for _, o := range []Order{OrderRenew, OrderDisable, OrderEnable, OrderRevoke} {
		for _, part := range []string{"order.", "orders.", "orders.do.", "orders.did."} {
			keys = append(keys, part+string(o))
		}
		keys = append(keys, "orders.go."+string(o)+".one", "orders.go."+string(o)+".other")
	}
	keys = append(keys, "order.link", "advice.link", "advice.client", "advice.wait", "advice.enable", "advice.revoke")
	for _, h := range happenings {
		keys = append(keys, "happening."+h)
	}
	for _, why := range OrderProblems {
		keys = append(keys, "orders.not."+why)
	}
	for _, h := range invalidHints {
		keys = append(keys, "invalid.hint."+h)
	}
	for _, f := range Failures {
		for _, part := range []string{"title", "what", "do"} {
			keys = append(keys, "connect_failed."+string(f)+"."+part)
		}
	}
	for _, p := range zendesk.AllPermissions() {
		keys = append(keys, p.Key())
	}
	return keys
}

// operatorKeys are those of the pages for operators.
func operatorKeys() (keys []string) {
	for _, d := range allBoardDone {
		keys = append(keys, "operator.done."+string(d))
	}
	for _, power := range KeyPowers {
		keys = append(keys, "operator.key.can."+power, "operator.key.can."+power+".help")
	}
	for _, days := range keyLives {
		keys = append(keys, "operator.key.life."+days)
	}
	for _, kind := range append([]string{testNotice}, NoticeTypes...) {
		keys = append(keys, "operator.webhook.type."+kind)
	}
	for _, reason := range DeliveryReasons {
		keys = append(keys, "operator.webhook.reason."+reason)
	}
	for _, why := range []string{"gone", "given_up", "disabled"} {
		keys = append(keys, "operator.webhook."+why, "operator.webhook."+why+".text")
	}
	for form, fields := range operatorFlaws {
		for _, field := range fields {
			keys = append(keys, "operator."+form+".wrong."+field)
		}
	}
	for _, counted := range []string{"client.uses", "client.loss", "client.refusals", "webhook.types", "webhook.dropped", "delivery.tries"} {
		keys = append(keys, "operator."+counted+".one", "operator."+counted+".other")
	}
	return keys
}

func TestEveryKeyExistsAndIsUsed(t *testing.T) {
	used := usedKeys(t)
	for key := range used {
		if _, ok := languages().strings[English][key]; !ok {
			t.Errorf("strings/en.yaml lacks %s", key)
		}
	}
	for key, text := range languages().strings[English] {
		if !used[key] {
			t.Errorf("strings/en.yaml has %s, which no page uses", key)
		}
		if strings.TrimSpace(text) == "" {
			t.Errorf("strings/en.yaml: %s is empty", key)
		}
	}
}

func TestLanguagesAgreeWithEnglish(t *testing.T) {
	for lang, words := range languages().strings {
		if diff := disagreement(needed(languages().strings[English], words, whole[lang]), words); diff != "" {
			t.Errorf("%s: %s", lang, diff)
		}
	}
	english := map[string]string{"a": "{0} is {1}", "n.one": "one", "n.other": "{0}"}
	for _, wrong := range []map[string]string{
		{"a": "{0} ist {1}"},
		{"a": "{0} ist", "n.other": "{0}"},
		{"a": "{0} ist {1}", "n.other": "{0}", "z": "mehr"},
	} {
		if disagreement(english, wrong) == "" {
			t.Errorf("nothing found wrong with %v", wrong)
		}
	}
	if diff := disagreement(english, map[string]string{"a": "{1}: {0}", "n.other": "{0}", "n.many": "{0}"}); diff != "" {
		t.Error(diff)
	}
}

// adminOnly are the strings of the Admin Center's own pages, of a demo's controls and of
// the broker's pages for operators (operator.*), which only the whole languages have. The Admin Center's sections stand
// above other pages too.
var adminOnly = regexp.MustCompile(`^(done|form|actions|delete|clients|client|edit_client|secret|show_secret|delete_client|tokens|kind|` +
	`settings|basic_off|api_tokens|delete_api_token|show_api_token|users|user|edit_user|delete_user|audit|journal|operator|passes|ticket|tickets|pass_new|pass_made|pass_page|events|who)\.|^center\.(actions|delete)$`)

// needed are the English strings that another language must have: of what it may
// lack, only what it has.
func needed(english, other map[string]string, whole bool) map[string]string {
	kept := map[string]string{}
	for key, text := range english {
		if _, has := other[key]; has || whole || !adminOnly.MatchString(key) {
			kept[key] = text
		}
	}
	return kept
}

func TestALanguageNeedsWhatASignInShows(t *testing.T) {
	english := map[string]string{"sign_in.title": "Sign in", "clients.title": "Clients", "skip": "Skip"}
	for _, lacking := range []map[string]string{
		{"sign_in.title": "Anmelden"},
		{"sign_in.title": "Anmelden", "skip": "Weiter", "clients.tilte": "Clients"},
	} {
		if disagreement(needed(english, lacking, false), lacking) == "" {
			t.Errorf("nothing found wrong with %v", lacking)
		}
	}
	most := map[string]string{"sign_in.title": "Anmelden", "skip": "Weiter"}
	if disagreement(needed(english, most, true), most) == "" {
		t.Error("nothing found wrong with a whole language that lacks the Admin Center")
	}
	if diff := disagreement(needed(english, most, false), most); diff != "" {
		t.Error(diff)
	}
}

var (
	placeholder = regexp.MustCompile(`\{\d\}`)
	pluralForm  = regexp.MustCompile(`\.(zero|one|two|few|many)$`)
)

// disagreement compares keys and placeholders. Plural forms but "other" differ from
// language to language.
func disagreement(english, other map[string]string) string {
	shape := func(words map[string]string) map[string][]string {
		shapes := map[string][]string{}
		for key, text := range words {
			if !pluralForm.MatchString(key) {
				found := placeholder.FindAllString(text, -1)
				slices.Sort(found)
				shapes[key] = slices.Compact(found)
			}
		}
		return shapes
	}
	return cmp.Diff(shape(english), shape(other))
}

func TestMatch(t *testing.T) {
	tests := []struct{ accept, chosen, want string }{
		{"", "", "en"},
		{"en-GB,en;q=0.8", "", "en"},
		{"xx-invalid;;;q=zz", "\x00", "en"},
		{"tlh", "tlh", "en"},
		{"de-AT,en;q=0.5", "", "de"},
		{"en", "de", "de"},
		{strings.Repeat("de,", 5000), "", "de"},
		{"es-MX", "", "es"},
		{"fr-CA,fr;q=0.9", "", "fr"},
		{"pt", "", "pt-BR"},
		{"pt-PT", "", "pt-BR"},
		{"ja-JP", "", "ja"},
		{"ja-JP", "pt-BR", "pt-BR"},
		{"zh-Hans,ko", "", "en"},
		// Only what Choose keeps is a choice: parsing anything longer costs time.
		{"ja", "de-DE", "ja"},
		{"ja", "DE", "ja"},
		{"ja", "de" + strings.Repeat("-u-co-phonebk", 5000), "ja"},
		// Neither does a browser ask at such length.
		{"ja" + strings.Repeat("_u_co_phonebk", 1000), "", "en"},
		{"ja_JP", "", "ja"},
	}
	for _, test := range tests {
		if got := Match(test.accept, test.chosen); string(got) != test.want {
			t.Errorf("Match(%.40q, %q) = %q, want %q", test.accept, test.chosen, got, test.want)
		}
	}
}

// A second language is one file more. It is chosen by header or by choice, and
// what it lacks is said in English.
func TestASecondLanguage(t *testing.T) {
	two, err := loadLanguages(fstest.MapFS{
		"strings/de.yaml": {Data: []byte("hi: Hallo\n")},
		"strings/en.yaml": {Data: []byte("hi: Hi\nbye: Bye\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	before := languages
	languages = func() *catalogue { return two }
	t.Cleanup(func() { languages = before })

	tests := []struct {
		accept, chosen string
		want           Lang
	}{
		{"de-AT,en;q=0.5", "", "de"},
		{"en", "de", "de"},
		{"de", "en", "en"},
		{"fr", "", "en"},
	}
	for _, test := range tests {
		if got := Match(test.accept, test.chosen); got != test.want {
			t.Errorf("Match(%q, %q) = %q, want %q", test.accept, test.chosen, got, test.want)
		}
	}
	for key, want := range map[string]string{"hi": "Hallo", "bye": "Bye", "none": "none"} {
		if got := T("de", key); got != want {
			t.Errorf("T(de, %s) = %q, want %q", key, got, want)
		}
	}
}

func TestLoadLanguagesRefuses(t *testing.T) {
	tests := map[string]fs.FS{
		"no English":      fstest.MapFS{"strings/de.yaml": {Data: []byte("a: b\n")}},
		"a key twice":     fstest.MapFS{"strings/en.yaml": {Data: []byte("a: b\na: c\n")}},
		"no language":     fstest.MapFS{"strings/en.yaml": {Data: []byte("a: b\n")}, "strings/not a language.yaml": {Data: []byte("a: b\n")}},
		"not flat":        fstest.MapFS{"strings/en.yaml": {Data: []byte("a: {b: c}\n")}},
		"not YAML at all": fstest.MapFS{"strings/en.yaml": {Data: []byte("a: [\n")}},
	}
	for name, files := range tests {
		if _, err := loadLanguages(files); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTPutsArgumentsIn(t *testing.T) {
	// An argument that looks like a placeholder stays what it is.
	if got := T(English, "connected.hi", "{1}", "Support", "admin"); got != "Hi, {1}! Your Zendesk Support user role is admin." {
		t.Error(got)
	}
	for n, want := range map[int]string{1: "1 second", 2: "2 seconds", 0: "0 seconds"} {
		if got := Count(English, "wait.seconds", n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

// A name from right to left stands in a sentence from left to right by itself.
func TestTIsolatesNames(t *testing.T) {
	for name, want := range map[string]string{
		"Ada": "Allow Ada to use your account?", "דנה (2)": "Allow \u2068דנה (2)\u2069 to use your account?",
		"شركة": "Allow \u2068شركة\u2069 to use your account?", "日本": "Allow 日本 to use your account?", "": "Allow  to use your account?",
		// What turns text of its own would reach beyond the name, or end its isolation.
		"A\u202edda\u202c": "Allow Adda to use your account?", "\u2066A\u2067d\u2068a": "Allow Ada to use your account?",
		"דנה\u2069\u202a\u202b\u202d": "Allow \u2068דנה\u2069 to use your account?",
	} {
		if got := T(English, "consent.title", name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The forms of a plural are the language's own (CLDR): French counts zero as one,
// Japanese has one form for all.
func TestPlurals(t *testing.T) {
	for lang, want := range map[Lang]string{
		English: "0 seconds, 1 second, 2 seconds", "de": "0 Sekunden, 1 Sekunde, 2 Sekunden", "es": "0 segundos, 1 segundo, 2 segundos",
		"fr": "0 seconde, 1 seconde, 2 secondes", "pt-BR": "0 segundo, 1 segundo, 2 segundos", "ja": "0 秒, 1 秒, 2 秒",
	} {
		var said []string
		for n := range 3 {
			said = append(said, Count(lang, "wait.seconds", n))
		}
		if got := strings.Join(said, ", "); got != want {
			t.Errorf("%s: %s, want %s", lang, got, want)
		}
	}
}

func TestWait(t *testing.T) {
	for seconds, want := range map[int]string{-1: "a moment", 0: "a moment", 1: "1 second", 89: "89 seconds", 90: "2 minutes", 120: "2 minutes", 121: "3 minutes"} {
		if got := (Page{}).wait(seconds); got != want {
			t.Errorf("wait(%d) = %q, want %q", seconds, got, want)
		}
	}
}

func TestDir(t *testing.T) {
	for lang, want := range map[Lang]string{"": "ltr", "en": "ltr", "ja": "ltr", "ar": "rtl", "he": "rtl", "fa": "rtl"} {
		if got := lang.dir(); got != want {
			t.Errorf("%q is %s, want %s", lang, got, want)
		}
	}
}

// broken fails in its template, as no real page does.
type broken struct{ Page }

func (broken) frame() frame { return frame{Template: "connected"} }

func TestAFailingTemplateIsAPlain500(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })

	w := httptest.NewRecorder()
	Render(w, 200, broken{Page{RequestID: "r-1"}})
	if w.Code != 500 || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	if got, want := w.Body.String(), "Something went wrong on our side. Request r-1\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !strings.Contains(log.String(), "request_id=r-1") {
		t.Errorf("the log does not say which request failed: %s", &log)
	}
}
