package testlog_test

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/testlog"
)

func TestFind(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	const state = "odd state/with=signs&all"
	var s testlog.Secrets
	s.Add(token, "TestToken")
	s.Add(state, "TestState")
	for text, want := range map[string][]int{
		"":                             nil,
		"nothing\nhere\n":              nil,
		token:                          {1},
		"a\nb=" + token + "\n" + token: {2, 3},
		token[:31]:                     nil, // all but its last character
		token[1:]:                      nil,
		"x" + token + "y":              {1},
		token[:8] + token:              {1}, // its beginning twice
		"state=" + state:               {1},
		"?" + url.Values{"state": {state}}.Encode(): {1},
		"\n\n" + `{"code":"` + token + `"}`:         {3},
	} {
		var got []int
		for _, l := range s.Find("x.log", []byte(text)) {
			got = append(got, l.Line)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: found on lines %v, want %v", text, got, want)
		}
	}
	leak := s.Find("x.log", []byte("\n"+token))[0].String()
	if want := "x.log:2: holds a secret that was issued in TestToken"; leak != want {
		t.Errorf("leak reads %q, want %q", leak, want)
	}
}

// recorder is a test whose outcome another looks at.
type recorder struct {
	testing.TB
	name     string
	cleanups []func()
	errors   []string
}

func (r *recorder) Name() string              { return r.name }
func (r *recorder) Helper()                   {}
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Error(args ...any)         { r.errors = append(r.errors, fmt.Sprint(args...)) }
func (r *recorder) Errorf(f string, a ...any) { r.errors = append(r.errors, fmt.Sprintf(f, a...)) }

func (r *recorder) end() {
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
}

// A test that logs a secret fails when it ends; and its secret is remembered for
// the logs of others.
func TestIssued(t *testing.T) {
	const token = "fedcba9876543210fedcba9876543210"
	for name, tt := range map[string]struct {
		line  string
		value string
		want  int
	}{
		"clean":  {"status=200", token, 0},
		"leaks":  {"access_token=" + token, token, 1},
		"short":  {"status=200", "12345", 1},
		"absent": {"status=200", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv(testlog.Variable, dir)
			r := &recorder{TB: t, name: t.Name()}
			io.WriteString(testlog.Writer(r, "server"), "ready\n"+tt.line+"\n")
			testlog.Issued(r, tt.value)
			testlog.Issued(r, "")
			r.end()
			if len(r.errors) != tt.want {
				t.Errorf("errors %q, want %d", r.errors, tt.want)
			}
			if strings.Contains(strings.Join(r.errors, ""), token) {
				t.Error("the secret itself was printed")
			}
			if tt.value != token {
				return
			}
			issued, err := testlog.ReadIssued(filepath.Join(dir, testlog.IssuedFile))
			if err != nil {
				t.Fatal(err)
			}
			if issued.Len() != 1 || !issued.Has(token) {
				t.Error("the secret was not remembered for the logs of others")
			}
		})
	}
}

func TestPathIsNewEachTime(t *testing.T) {
	a, b := testlog.Path(t, "issuer"), testlog.Path(t, "issuer")
	if a == b {
		t.Errorf("two daemons log into %s", a)
	}
	for _, path := range []string{a, b} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
