package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/issuerhttp"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// shell runs commands of this program on one database.
type shell struct {
	t   *testing.T
	dsn string
}

// run carries out a command line, its words separated by spaces, with something
// on standard input.
func (s shell) run(in, line string, more ...string) (code int, out, errs string) {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	environment := map[string]string{"DESKAUTH_DB": s.dsn}
	code = run(s.t.Context(), append(strings.Fields(line), more...), process{
		Lookup: func(name string) (string, bool) { v, found := environment[name]; return v, found },
		In:     strings.NewReader(in), Out: &stdout, Err: &stderr,
	})
	return code, stdout.String(), stderr.String()
}

// ok wants a command to work, and returns what it prints.
func (s shell) ok(in, line string, more ...string) string {
	s.t.Helper()
	code, out, errs := s.run(in, line, more...)
	if code != exitOK || errs != "" {
		s.t.Errorf("%s: exit code %d: %s", line, code, errs)
	}
	return out
}

// fails wants a command to fail with this code and this message.
func (s shell) fails(code int, message, in, line string, more ...string) {
	s.t.Helper()
	got, out, errs := s.run(in, line, more...)
	first, _, _ := strings.Cut(errs, "\n")
	if got != code || first != "deskauth: "+message || out != "" {
		s.t.Errorf("%s: exit code %d, %q\n%s\nwant %d, %q", line, got, out, errs, code, "deskauth: "+message)
	}
}

func onEachDatabase(t *testing.T, f func(t *testing.T, s shell)) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) { f(t, shell{t, storetest.DSN(t, engine)}) })
	}
}

// issuerOf is the server's view of the same database.
func (s shell) issuerOf() *issuer.Issuer {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = db.Close() })
	return &issuer.Issuer{
		Store: db.Issuer(), Passwords: issuer.CheapPasswords(), Policies: issuerhttp.Policies(), Now: time.Now, Rand: rand.Reader, Uses: &issuer.Uses{},
	}
}

var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// Looking makes no database: whoever looked in the wrong place would find it empty.
func TestLookingMakesNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.db")
	s := shell{t, "sqlite:" + path}
	s.fails(exitFailure, "there is no database at "+path+": name the issuer's with --db or DESKAUTH_DB (that of `deskauth dev` is issuer.db in its --data directory), or begin with `deskauth account create`", "", "user list")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is one now: %v", err)
	}
}

func TestAccountsAndUsers(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s shell) {
		s.issuerOf() // a database that is there, and empty
		s.fails(exitFailure, "there is no account yet: see `deskauth account create`", "", "user list")
		if got, want := s.ok("", "account create acme --name", "Acme Inc."), "Created account acme (Acme Inc.).\n"; got != want {
			t.Errorf("%q", got)
		}
		s.fails(exitFailure, "subdomain: has already been taken", "", "account create acme")

		got := s.ok("correct horse\n", "user create Ada@Acme.example --role admin --password-file - --name", "Ada Admin")
		if want := "Created admin ada@acme.example in account acme.\n"; got != want {
			t.Errorf("%q", got)
		}
		s.ok("", "user create carl@acme.example")
		s.fails(exitFailure, "email: is already being used by another user", "", "user create ADA@acme.example")

		i := s.issuerOf()
		a, err := i.Store.Account(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		enters := func(email, password string) bool {
			t.Helper()
			_, err := i.SignIn(t.Context(), a, issuer.SignIn{Email: email, Password: secret.Of(password)}, secret.Plain{})
			if err != nil && err != issuer.ErrSignIn { //nolint:errorlint // it comes as it is
				t.Fatal(err)
			}
			return err == nil
		}
		if !enters("ada@acme.example", "correct horse") || enters("carl@acme.example", "") {
			t.Error("who may sign in is wrong")
		}
		session, err := i.SignIn(t.Context(), a, issuer.SignIn{Email: "ada@acme.example", Password: secret.Of("correct horse")}, secret.Plain{})
		if err != nil {
			t.Fatal(err)
		}

		// Another password: the old one, and who came by it, are out.
		s.fails(exitFailure, "password: must have at least 8 characters", "short", "user set-password ada@acme.example")
		s.fails(exitFailure, "the password on standard input is empty", "\n", "user set-password ada@acme.example")
		file := filepath.Join(t.TempDir(), "new")
		if err := os.WriteFile(file, []byte("battery staple\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := s.ok("", "user set-password ADA@acme.example --password-file "+file); got != "ada@acme.example of account acme: the password was changed.\n" {
			t.Errorf("%q", got)
		}
		if enters("ada@acme.example", "correct horse") || !enters("ada@acme.example", "battery staple") {
			t.Error("the password is not the new one")
		}
		if _, err := i.SignedIn(t.Context(), a, session); err == nil {
			t.Error("the old session lives on")
		}

		s.ok("", "user suspend ada@acme.example")
		if enters("ada@acme.example", "battery staple") {
			t.Error("a suspended user signs in")
		}
		s.ok("", "user suspend ada@acme.example --undo")
		if !enters("ada@acme.example", "battery staple") {
			t.Error("the suspension stays")
		}
		s.ok("", "user role carl@acme.example agent")
		s.fails(exitFailure, "role: must be admin, agent or end-user", "", "user role carl@acme.example boss")
		s.ok("", "user suspend carl@acme.example")

		want := "ID  EMAIL              NAME       ROLE   STATE      CREATED\n" +
			"1   ada@acme.example   Ada Admin  admin  active     [moment]\n" +
			"2   carl@acme.example  carl       agent  suspended  [moment]\n"
		if diff := cmp.Diff(want, moment.ReplaceAllString(s.ok("", "user list"), "[moment]")); diff != "" {
			t.Error(diff)
		}
		s.ok("", "user delete carl@acme.example")
		s.fails(exitFailure, "account acme has no user carl@acme.example", "", "user role carl@acme.example admin")
		if out := s.ok("", "user list --account acme"); strings.Contains(out, "carl") || !strings.Contains(out, "ada") {
			t.Errorf("the list is\n%s", out)
		}
		// The address is free again, the number is not.
		s.ok("", "user create carl@acme.example --role agent")

		s.ok("", "account create globex --era legacy --chat off --plan team --basic-auth off --password-grant")
		s.fails(exitUsage, "there are 2 accounts: name one with --account", "", "user list")
		s.fails(exitFailure, "there is no account initech: see `deskauth account list`", "", "user list --account initech")
		want = "SUBDOMAIN  NAME       ERA       BASIC AUTH  CHAT     PLAN  CREATED\n" +
			"acme       Acme Inc.  enforced  by_date     support  none  [moment]\n" +
			"globex     globex     legacy    off         off      team  [moment]\n"
		if diff := cmp.Diff(want, moment.ReplaceAllString(s.ok("", "account list"), "[moment]")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAccountAndUserUsage(t *testing.T) {
	s := shell{t, "sqlite:" + filepath.Join(t.TempDir(), "deskauth.db")}
	for _, c := range []struct{ line, message string }{
		{"account create", "deskauth account create needs SUBDOMAIN"},
		{"account create a b", `deskauth account create takes no more arguments: "b"`},
		{"account create Acme", "SUBDOMAIN: a subdomain has only lower-case letters, digits and hyphens"},
		{"account create acme --era modern", `--era must be one of [enforced legacy], not "modern"`},
		{"account create acme --chat maybe", `--chat must be one of [support chat_only off], not "maybe"`},
		{"account nonsense", `unknown command "nonsense" for "deskauth account": it has create, list`},
		{"user nonsense", `unknown command "nonsense" for "deskauth user": it has create, delete, list, role, set-password, suspend`},
		{"user delte", `unknown command "delte" for "deskauth user": did you mean delete?`},
		{"user create", "deskauth user create needs EMAIL"},
		{"user create a@b.c --role boss", `--role must be one of [admin agent end-user], not "boss"`},
		{"user create a@b.c --password hunter2hunter2", "unknown flag: --password: did you mean --password-file?"},
		{"user role a@b.c", "deskauth user role needs ROLE"},
	} {
		s.fails(exitUsage, c.message, "", c.line)
	}
	if _, err := os.Stat(strings.TrimPrefix(s.dsn, "sqlite:")); err == nil {
		t.Error("a wrong command line made a database")
	}
	for _, line := range []string{"account", "user", "user --help"} {
		if out := s.ok("", line); !strings.Contains(out, "create") {
			t.Errorf("%s prints\n%s", line, out)
		}
	}
	s.ok("", "account create acme")
	s.fails(exitFailure, "email: must be an address like ada@acme.example", "", "user create ada")
}
