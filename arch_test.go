package deskauth_test

import (
	"slices"
	"testing"
)

// rooms says what each package may import of this module. Patterns are paths below
// the module root; "…/..." takes in a whole subtree; the first row that matches a
// package is its row, and a package without one is an error: new rooms are put on the
// plan before they are built. Test files are free to import what they test with.
var rooms = []room{
	// Public: what other programs see.
	{".", only("oauth"), "the client pulls in no server"},
	{"oauth", nothing, "RFC vocabulary, of use without the rest"},
	{"zendesk/...", only("oauth", "zendesk/..."), "the dialect, of use without the rest"},
	{"embedded", only(".", "oauth", "zendesk/...", "internal/secret", "internal/seal", "internal/broker",
		"internal/brokerhttp", "internal/store", "internal/web", "internal/httpd", "internal/telemetry"), "composes the broker, and no issuer"},
	{"deskauthtest", only("oauth", "zendesk/...", "internal/secret", "internal/issuer", "internal/desk",
		"internal/apihttp", "internal/issuerhttp", "internal/deskhttp", "internal/control", "internal/intercept",
		"internal/seed", "internal/store", "internal/web", "internal/httpd"), "composes the issuer, and no broker"},
	{"cmd/...", everything, "composes all there is"},
	{"bench", only("bench/load", "internal/secret", "internal/issuer", "internal/store"), "measures the binary from outside, and fills its database"},
	{"bench/...", nothing, "the load, and what the issuer is measured against"},
	{"examples/...", only(".", "embedded", "oauth", "zendesk/...", "deskauthtest"), "shows what a stranger can do"},

	// Domain: decisions and use cases.
	{"internal/secret", nothing, "everybody needs it"},
	{"internal/seal", only("internal/secret"), "cryptography knows no domain"},
	{"internal/blank", nothing, "knows texts, and not whose"},
	{"internal/logo", nothing, "knows pictures, and not whose"},
	{"internal/slip", nothing, "knows names, and not whose"},
	{"internal/issuer", only("oauth", "internal/secret", "internal/logo"), "decides; speaks no dialect"},
	{"internal/desk", only("oauth", "internal/secret", "internal/issuer"), "decides for an issuer's Caller"},
	{"internal/broker", only("oauth", "zendesk/...", "internal/secret", "internal/slip", "internal/seal"), "a client of any Zendesk"},
	{"internal/control", only("oauth", "zendesk/...", "internal/secret", "internal/issuer", "internal/desk",
		"internal/apihttp", "internal/apidoc", "internal/web", "internal/httpd"), "steers a demo issuer"},
	{
		"internal/seed", only("oauth", "zendesk/...", "internal/secret", "internal/issuer", "internal/desk"),
		"the issuer's file of accounts",
	},

	// Edges: wire and pages.
	{"internal/httpd", only("internal/secret"), "serves anybody"},
	{"internal/web/...", only("oauth", "zendesk/...", "internal/web/..."), "looks, and no behaviour; the scopes it has words for are the dialect's"},
	{"internal/apidoc", nothing, "a description, and nothing that it describes"},
	{"internal/apidoc/contract", only("internal/apidoc"), "holds others' exchanges against it, in tests"},
	{"internal/intercept", only("internal/secret", "internal/httpd"), "knows host names only"},
	{
		"internal/apihttp", only("oauth", "zendesk/...", "internal/secret", "internal/issuer", "internal/httpd"),
		"what all of the Zendesk API shares",
	},
	{"internal/issuerhttp", only("oauth", "zendesk/...", "internal/secret", "internal/issuer",
		"internal/logo", "internal/apihttp", "internal/apidoc", "internal/web", "internal/httpd"), "the issuer's wire"},
	{"internal/deskhttp", only("oauth", "zendesk/...", "internal/secret", "internal/issuer", "internal/desk",
		"internal/apihttp", "internal/web", "internal/httpd"), "the desk's wire"},
	{"internal/brokerhttp", only(".", "oauth", "zendesk/...", "internal/secret", "internal/slip", "internal/broker",
		"internal/web", "internal/httpd"), "the broker's wire; its types are the client's"},

	{"internal/tracing", only("internal/broker", "internal/httpd"), "follows what the broker does, and decides nothing"},
	{"internal/telemetry", only("internal/broker"), "counts what the broker does, and decides nothing"},

	// Storage implements what the domain declares.
	{"internal/store", only("oauth", "zendesk/...", "internal/secret", "internal/issuer", "internal/desk",
		"internal/broker", "internal/control"), "rows of everybody's values"},

	// Support of tests.
	{"internal/store/storetest/...", everything, "makes stores for tests"},
	{"internal/browsertest/...", everything, "drives pages in tests"},
	{"internal/journey/...", everything, "runs the binary in tests"},
	{"internal/prove/...", everything, "proves the broker's promise in tests"},
	{"internal/foreign/...", everything, "runs other people's clients in tests"},
	{"internal/testlog/...", only("internal/testlog/..."), "looks for secrets in the logs of tests"},
}

// rules are the house's other directions. Each carries a module made up to break it,
// so that a rule that can no longer fail is itself a failure.
var rules = []rule{
	{
		name:  "issuer and broker know nothing of each other",
		check: neverReaches("internal/issuer", "internal/broker"),
		breaks: module{
			"internal/issuer": `package issuer; import _ "` + root + `/oauth"`,
			"oauth":           `package oauth; import _ "` + root + `/internal/broker"`,
		},
	},
	{
		name:   "broker and issuer know nothing of each other",
		check:  neverReaches("internal/broker", "internal/issuer"),
		breaks: module{"internal/broker": `package broker; import _ "` + root + `/internal/issuer"`},
	},
	{
		name:   "those who compose, and tests, alone import the store",
		check:  importedBy("internal/store", "cmd/...", "embedded", "deskauthtest", "bench", "internal/store/storetest/..."),
		breaks: module{"internal/issuerhttp": `package issuerhttp; import _ "` + root + `/internal/store"`},
	},
	{
		name:   "the seed file is read by those who start an issuer",
		check:  importedBy("internal/seed", "cmd/...", "deskauthtest"),
		breaks: module{"internal/issuerhttp": `package issuerhttp; import _ "` + root + `/internal/seed"`},
	},
	{
		name:   "nothing that ships imports support of tests",
		check:  supportOfTestsStaysThere,
		breaks: module{"cmd/deskauth": `package main; import _ "` + root + `/internal/store/storetest"`},
	},
	{
		name:   "issuer and desk decide: no HTTP, no SQL, no log",
		check:  neverImport([]string{"internal/issuer", "internal/desk"}, "net/http", "database/sql", "log/slog", "log"),
		breaks: module{"internal/desk": `package desk; import _ "log/slog"`},
	},
	{
		name:   "the broker leaves SQL and logging to others",
		check:  neverImport([]string{"internal/broker"}, "database/sql", "log/slog", "log"),
		breaks: module{"internal/broker": `package broker; import _ "database/sql"`},
	},
	{
		name:  "the broker uses net/http as a client only",
		check: neverUses([]string{"internal/broker"}, "net/http", httpServing...),
		breaks: module{
			"internal/broker": `package broker; import h "net/http"; func f(h.ResponseWriter, *h.Request) {}`,
		},
	},
	{
		name:   "desk knows of issuer only who is calling",
		check:  usesOnly("internal/desk", "internal/issuer", "Caller"),
		breaks: module{"internal/desk": `package desk; import "` + root + `/internal/issuer"; var _ issuer.Token`},
	},
	{
		name:   "only the command reads the environment",
		check:  usedBy("os", readers, environmentReaders...),
		breaks: module{"internal/httpd": `package httpd; import "os"; var debug = os.Getenv("DEBUG")`},
	},
	{
		name:   "only the command reads the environment, by syscall neither",
		check:  usedBy("syscall", []string{"Getenv", "Environ"}, environmentReaders...),
		breaks: module{"internal/httpd": `package httpd; import . "syscall"; var debug, _ = Getenv("DEBUG")`},
	},
	{
		name:   "passwords that ship cost what they should",
		check:  usedBy(root+"/internal/issuer", []string{"CheapPasswords"}),
		breaks: module{"deskauthtest": `package deskauthtest; import "` + root + `/internal/issuer"; var p = issuer.CheapPasswords()`},
	},
	{
		name:  "a use case passes no function into its store",
		check: storesTakeNoFunction,
		breaks: module{
			"internal/issuer": `package issuer
				type step func() error
				type Store interface { Within(step) error }`,
		},
	},
}

var readers = []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}

// environmentReaders may read the environment: the command, what supports tests, and
// the examples, which are other people's commands.
var environmentReaders = append([]string{"cmd/...", "bench", "examples/..."}, testSupport...)

// testSupport exists for test files alone. internal/store/storetest is among it, but
// may be imported by its own subtree.
var testSupport = []string{
	"internal/store/storetest/...", "internal/browsertest/...", "internal/journey/...", "internal/prove/...", "internal/foreign/...",
	"internal/web/webtest", "internal/web/gallery", "internal/testlog/...", "internal/apidoc/contract",
}

// httpServing are the names of net/http by which one serves rather than asks.
var httpServing = []string{
	"Error", "FileServer", "Flusher", "Handle", "HandleFunc", "Handler", "HandlerFunc", "Hijacker",
	"ListenAndServe", "ListenAndServeTLS", "MaxBytesHandler", "NewResponseController", "NewServeMux", "NotFound",
	"NotFoundHandler", "Redirect", "ResponseController", "ResponseWriter", "Serve", "ServeContent", "ServeFile",
	"ServeMux", "ServeTLS", "Server", "SetCookie", "StripPrefix", "TimeoutHandler",
}

func TestArchitecture(t *testing.T) {
	house := loadHouse(t)
	if len(house) < 3 {
		t.Fatalf("go list found %d packages: is it looking at this module?", len(house))
	}
	t.Run("each package imports only what its row allows", func(t *testing.T) {
		report(t, directions(house, rooms))
	})
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { report(t, r.check(house)) })
	}
}

// TestArchitectureCanFail breaks each rule in a module made up for it.
func TestArchitectureCanFail(t *testing.T) {
	for _, r := range rules {
		if found := r.check(r.breaks.parse(t)); len(found) == 0 {
			t.Errorf("%s: the module made up to break it passes", r.name)
		}
		sound := module{"oauth": `package oauth`, "cmd/deskauth": `package main; import _ "` + root + `/oauth"`}
		if found := r.check(sound.parse(t)); len(found) != 0 {
			t.Errorf("%s: a sound module fails: %q", r.name, found)
		}
	}
	for _, r := range rooms {
		at := trimSubtree(r.at)
		intruder := module{at: `package p; import _ "` + root + `/internal/nowhere"`}
		free := slices.Equal(r.may, everything)
		if found := directions(intruder.parse(t), rooms); (len(found) == 0) != free {
			t.Errorf("room %s importing internal/nowhere: %q", r.at, found)
		}
		for _, allowed := range r.may {
			if allowed == "..." {
				continue
			}
			guest := module{at: `package p; import _ "` + full(trimSubtree(allowed)) + `"`}
			if found := directions(guest.parse(t), rooms); len(found) != 0 {
				t.Errorf("room %s importing %s: %q", r.at, allowed, found)
			}
		}
	}
	if found := directions(module{"internal/manager": `package manager`}.parse(t), rooms); len(found) == 0 {
		t.Error("a package without a row passes")
	}
}

// TestArchitectureSeesThroughNames tries the ways by which a use can hide or seem.
func TestArchitectureSeesThroughNames(t *testing.T) {
	check := usedBy("os", readers, "cmd/...")
	for name, c := range map[string]struct {
		at, text string
		want     bool
	}{
		"plain":            {"oauth", `package p; import "os"; var _ = os.Getenv("A")`, true},
		"renamed":          {"oauth", `package p; import sys "os"; var _ = sys.Getenv("A")`, true},
		"dot import":       {"oauth", `package p; import . "os"; var _ = Getenv("A")`, true},
		"as a value":       {"oauth", `package p; import "os"; var get = os.LookupEnv`, true},
		"another name":     {"oauth", `package p; import "os"; var _, _ = os.Open("A")`, false},
		"a local variable": {"oauth", `package p; import _ "os"; type e struct{ Getenv int }; func f(os e) int { return os.Getenv }`, false},
		"where it may":     {"cmd/deskauth", `package main; import "os"; var _ = os.Getenv("A")`, false},
	} {
		if found := check(module{c.at: c.text}.parse(t)); (len(found) > 0) != c.want {
			t.Errorf("%s: found %q, want any: %v", name, found, c.want)
		}
	}
}

func report(t *testing.T, violations []string) {
	t.Helper()
	for _, v := range violations {
		t.Error(v)
	}
}
