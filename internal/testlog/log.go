package testlog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Variable names the directory that gathers the logs of a whole test run.
const Variable = "DESKAUTH_TEST_LOGS"

// kept is what this process knows of its tests.
var kept = struct {
	sync.Mutex
	dirs  map[string]string   // by test: where it logs
	paths map[string][]string // by test: its logs
}{dirs: map[string]string{}, paths: map[string][]string{}}

// Path returns the name of a new, empty log file for a daemon of the test.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir := directory(t)
	program := strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
	stem := strings.NewReplacer("/", "-", "\\", "-", " ", "_").Replace(program + "." + t.Name() + "." + name)
	for n := 1; ; n++ {
		path := filepath.Join(dir, fmt.Sprintf("%s.%d.log", stem, n))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		f.Close()
		keepPath(t, path)
		return path
	}
}

// Writer is a new log file for a server in the process of the test. It is closed
// when the test ends.
func Writer(t testing.TB, name string) io.Writer {
	t.Helper()
	f, err := os.OpenFile(Path(t, name), os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// directory is where the test logs.
func directory(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv(Variable); dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	kept.Lock()
	dir, found := kept.dirs[t.Name()]
	kept.Unlock()
	if !found {
		dir = t.TempDir()
		keep(t, dir)
	}
	return dir
}

// keep remembers the directory of a test for as long as there is one.
func keep(t testing.TB, dir string) {
	kept.Lock()
	defer kept.Unlock()
	kept.dirs[t.Name()] = dir
	t.Cleanup(func() {
		kept.Lock()
		defer kept.Unlock()
		delete(kept.dirs, t.Name())
	})
}

// keepPath remembers a log until its test ends. Then it is looked into, because
// its directory may go before the cleanup that Issued has asked for.
func keepPath(t testing.TB, path string) {
	kept.Lock()
	defer kept.Unlock()
	kept.paths[t.Name()] = append(kept.paths[t.Name()], path)
	t.Cleanup(func() {
		lookBack(t, []string{path})
		kept.Lock()
		defer kept.Unlock()
		kept.paths[t.Name()] = slices.DeleteFunc(kept.paths[t.Name()], func(p string) bool { return p == path })
	})
}

// logsOf are the logs of a test, of the tests that it is part of, and of its parts.
func logsOf(test string) []string {
	kept.Lock()
	defer kept.Unlock()
	var all []string
	for name, paths := range kept.paths {
		if name == test || strings.HasPrefix(name, test+"/") || strings.HasPrefix(test, name+"/") {
			all = append(all, paths...)
		}
	}
	return all
}
