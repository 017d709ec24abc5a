package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/testlog"
)

func TestMain(m *testing.M) {
	if who := os.Getenv("DESKAUTH_TEST_BROWSER"); who != "" { // BROWSER names this binary, then
		os.Exit(browse(who, os.Args[1]))
	}
	os.Exit(journey.Main(m))
}

// browse is somebody's browser: who is EMAIL PASSWORD DECISION.
func browse(who, address string) int {
	fields := strings.Fields(who)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b := journey.NewBrowser()
	p, err := b.Get(ctx, address)
	if at, bad := url.Parse(address); bad == nil && err == nil && at.Query().Has("user_code") { // a broker asks first
		p, err = b.Submit(ctx, p, "user_code="+at.Query().Get("user_code"))
		if err == nil {
			p, err = b.Submit(ctx, p, "decision="+fields[2])
		}
	}
	if err == nil {
		_, err = b.SignIn(ctx, p, journey.Person{Email: fields[0], Password: fields[1]}, fields[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the browser:", err)
		return 1
	}
	return 0
}

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

// The scripts run the built binary. Beside testscript's own commands they have:
//
//	refuses CODE ARG…     deskauth ARG… ends with CODE and one clear line
//	daemon NAME ARG…      deskauth ARG… runs; $NAME_port is where it listens, $NAME_ops its health;
//	                      $DAEMON_CLOCK is its DESKAUTH_CLOCK
//	end NAME SIGNAL       ends it in order: exit code 0; NAME.out and NAME.err are what it said
//	restart NAME          starts it again
//	crash NAME            ends it as a crash would
//	postgres NAME         $NAME is the DSN of a new database, $NAME_absent that of none
//	newer DSN TABLE       writes a version into TABLE that no deskauth knows yet
//	listen NAME           $NAME is an address where somebody else listens
//	port NAME             $NAME is a port where nobody listens
//	certificate NAME      NAME.pem and NAME.key are a certificate for localhost and its key
//	get URL               prints what the page says, whoever signed the certificate
//	person EMAIL PASSWORD SUBDOMAIN URL
//	                      opens URL in a browser of their own, signs in at SUBDOMAIN, allows
//	                      what is asked, and prints what the last page says
//	printed NAME DAEMON PATTERN
//	                      $NAME is the first group of PATTERN in what the daemon printed
//	file NAME FILE        $NAME is what FILE holds, a link that was issued
//	call METHOD URL FILE  asks the broker's API with the key in FILE; prints what it answers
//	many ARG…             deskauth ARG… runs forty times at once, two hundred with
//	                      DESKAUTH_PROVE=1: all do it, and say the same
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update, RequireUniqueNames: true,
		Deadline: time.Now().Add(15 * time.Minute), // of all of them together
		Setup:    setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"refuses": refuses, "daemon": daemon, "end": end, "restart": restart,
			"crash": crash, "postgres": postgres, "newer": newer, "listen": listen, "port": freePort,
			"certificate": certificate, "get": get, "many": many, "person": visit, "call": call,
			"printed": printed, "file": file,
		},
	})
}

// scriptKey finds what Setup gave to a script.
type scriptKey struct{}

// script is what the commands of a script share.
type script struct {
	t       testing.TB
	daemons map[string]*journey.Daemon
}

func setup(env *testscript.Env) error {
	env.Values[scriptKey{}] = &script{t: env.T().(testing.TB), daemons: map[string]*journey.Daemon{}}
	env.Setenv("PATH", filepath.Dir(journey.Binary())+string(filepath.ListSeparator)+env.Getenv("PATH"))
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
	env.Setenv("DESKAUTH_OPS", "127.0.0.1:0")                        // scripts run side by side
	env.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent") // the person's own keychain is none of ours
	browser, err := os.Executable()
	env.Setenv("BROWSER", browser)
	return err
}

func of(ts *testscript.TestScript) *script { return ts.Value(scriptKey{}).(*script) }

// refuses runs a command that must not get ready: it says why in one line, to
// standard error alone, and where the command line was wrong, where to read more.
func refuses(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: refuses CODE ARG…")
	}
	err := ts.Exec("deskauth", args[1:]...)
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) {
		ts.Fatalf("it did not fail: %v", err)
	}
	if code := strconv.Itoa(exit.ExitCode()); code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("a failure prints to standard output:\n%s", out)
	}
	said := ts.ReadFile("stderr")
	lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
	most := 1
	if args[0] == strconv.Itoa(exitUsage) {
		most = 2
		if !strings.HasPrefix(lines[len(lines)-1], "See `deskauth") {
			ts.Fatalf("no hint where to read more:\n%s", said)
		}
	}
	if len(lines) != most || !strings.HasPrefix(said, "deskauth: ") {
		ts.Fatalf("want %d line(s), the first beginning with the program's name:\n%s", most, said)
	}
}

func daemon(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: daemon NAME ARG…")
	}
	s, name := of(ts), args[0]
	place := journey.Place{Name: name, Dir: ts.MkAbs(".")}
	for _, v := range []string{"HOME", "XDG_STATE_HOME", "DESKAUTH_CLIENT_SECRET", "DESKAUTH_DB_FILE", "DAEMON_CLOCK"} {
		if value := ts.Getenv(v); value != "" {
			place.Env = append(place.Env, strings.Replace(v, "DAEMON_CLOCK", "DESKAUTH_CLOCK", 1)+"="+value)
		}
	}
	s.daemons[name] = journey.StartIn(s.t, place, args[1:]...)
	announce(ts, name)
}

func many(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: many ARG…")
	}
	n := 40
	if os.Getenv("DESKAUTH_PROVE") == "1" {
		n = 200
	}
	said, errs := make([]string, n), make([]error, n)
	var env []string
	for _, v := range []string{"HOME", "XDG_STATE_HOME", "DESKAUTH_CLOCK", "DBUS_SESSION_BUS_ADDRESS"} {
		env = append(env, v+"="+ts.Getenv(v))
	}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			cmd := exec.Command(journey.Binary(), args...)
			cmd.Dir, cmd.Env = ts.MkAbs("."), env
			var out, err bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &err
			if failed := cmd.Run(); failed != nil {
				errs[i] = fmt.Errorf("%w: %s", failed, err.String())
			}
			said[i] = out.String()
		})
	}
	all.Wait()
	ts.Check(errors.Join(errs...))
	for _, one := range said {
		if one != said[0] || one == "" {
			ts.Fatalf("one says %q, another %q", said[0], one)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs("many.out"), []byte(said[0]), 0o600))
}

// announce sets the variables of a daemon from what it printed.
func announce(ts *testscript.TestScript, name string) {
	d := of(ts).daemons[name]
	ts.Setenv(name+"_ops", d.Find(`Health and metrics: (\S+)`))
	u, err := url.Parse(d.Find(`(https?://[a-z0-9.-]+:\d+)`))
	ts.Check(err)
	ts.Setenv(name+"_port", u.Port())
}

func end(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: end NAME SIGNAL")
	}
	signals := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}
	d := of(ts).daemons[args[0]]
	code := d.Stop(signals[args[1]])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), []byte(d.Out()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".err"), []byte(d.Log()), 0o600))
	if code != exitOK {
		ts.Fatalf("exit code %d:\n%s", code, d.Log())
	}
}

func crash(ts *testscript.TestScript, _ bool, args []string) { of(ts).daemons[args[0]].Kill() }

func restart(ts *testscript.TestScript, _ bool, args []string) {
	of(ts).daemons[args[0]].Restart()
	announce(ts, args[0])
}

func postgres(ts *testscript.TestScript, _ bool, args []string) {
	dsn := storetest.Empty(of(ts).t, store.Postgres)
	u, err := url.Parse(dsn)
	ts.Check(err)
	u.Path = "/deskauth_absent"
	ts.Setenv(args[0], dsn)
	ts.Setenv(args[0]+"_absent", u.String())
}

// newer lets a database look as if a newer deskauth had been there.
func newer(ts *testscript.TestScript, _ bool, args []string) {
	driver, dsn := "pgx", args[0]
	if path, found := strings.CutPrefix(dsn, "sqlite:"); found {
		driver, dsn = "sqlite", ts.MkAbs(path)
	}
	db, err := sql.Open(driver, dsn)
	ts.Check(err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), `INSERT INTO `+args[1]+` (version_id, is_applied) VALUES (9999, true)`)
	ts.Check(err)
}

func listen(ts *testscript.TestScript, _ bool, args []string) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

func freePort(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], journey.FreePort(of(ts).t))
}

func certificate(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(journey.Certificate(ts.MkAbs(args[0]+".pem"), ts.MkAbs(args[0]+".key")))
}

func get(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	page, err := journey.NewBrowser().Get(ctx, args[0])
	ts.Check(err)
	show(ts, page)
}

// show prints a page's status and what it says, line by line.
func show(ts *testscript.TestScript, page *journey.Page) {
	fmt.Fprintln(ts.Stdout(), page.Status)
	for line := range strings.Lines(page.Text()) {
		if line = strings.TrimSpace(line); line != "" {
			fmt.Fprintln(ts.Stdout(), line)
		}
	}
}

// visit is somebody who comes to the broker by a link, or to its first page.
func visit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: person EMAIL PASSWORD SUBDOMAIN URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	page, err := visits(ctx, args[3], args[2], journey.Person{Email: args[0], Password: args[1]})
	ts.Check(err)
	show(ts, page)
}

// visits opens a page or a link of a broker's, goes on to the account, signs in there and
// allows what is asked, as far as one is asked.
func visits(ctx context.Context, address, account string, who journey.Person) (*journey.Page, error) {
	b := journey.NewBrowser()
	page, err := b.Get(ctx, address)
	if err != nil {
		return nil, err
	}
	if _, asks := page.Form("subdomain"); asks {
		page, err = b.Submit(ctx, page, "subdomain="+account)
	} else if page.Status == http.StatusOK {
		page, err = b.Submit(ctx, page) // the link says where
	}
	if err != nil {
		return nil, err
	}
	return b.SignIn(ctx, page, who, "allow")
}

func printed(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: printed NAME DAEMON PATTERN")
	}
	m := regexp.MustCompile(args[2]).FindStringSubmatch(of(ts).daemons[args[1]].Out())
	switch {
	case m == nil != neg:
		ts.Fatalf("%s printed:\n%s", args[1], of(ts).daemons[args[1]].Out())
	case !neg:
		ts.Setenv(args[0], m[1])
	}
}

func file(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.TrimSpace(ts.ReadFile(args[1]))
	testlog.Issued(of(ts).t, text[strings.LastIndex(text, "/")+1:])
	ts.Setenv(args[0], text)
}

func call(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: call METHOD URL FILE")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, args[0], args[1], http.NoBody)
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[2])))
	resp, err := journey.Loopback().Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d\n%s\n", resp.StatusCode, body)
}
