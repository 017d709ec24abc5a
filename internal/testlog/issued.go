package testlog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// IssuedFile is the name of the file with the noted secrets, in the directory of
// the run: a line for each, quoted, with the test that noted it.
const IssuedFile = "issued.txt"

// leastLength is how long a secret is at least. A shorter one would be found by
// chance.
const leastLength = 12

// noted is what the tests of this process noted, by test.
var noted = struct {
	sync.Mutex
	secrets map[string]*Secrets
}{secrets: map[string]*Secrets{}}

// Issued notes secrets. They must be in no log of this test, which is looked at
// when it ends, nor in any other of the run. Empty values are passed over.
func Issued(t testing.TB, values ...string) {
	t.Helper()
	noted.Lock()
	defer noted.Unlock()
	own := noted.secrets[t.Name()]
	if own == nil {
		own = &Secrets{}
		noted.secrets[t.Name()] = own
		t.Cleanup(func() {
			lookBack(t, logsOf(t.Name()))
			noted.Lock()
			defer noted.Unlock()
			delete(noted.secrets, t.Name())
		})
	}
	for _, v := range values {
		if v == "" || own.Has(v) {
			continue
		}
		if len(v) < leastLength {
			t.Errorf("testlog: a secret of %d characters is too short to be looked for", len(v))
			continue
		}
		own.Add(v, t.Name())
		remember(t, v)
	}
}

// lookBack looks for the test's secrets in logs.
func lookBack(t testing.TB, logs []string) {
	noted.Lock()
	defer noted.Unlock()
	own := noted.secrets[t.Name()]
	if own == nil {
		return
	}
	for _, path := range logs {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // of a part that has ended, and removed it
			continue
		} else if err != nil {
			t.Error(err)
			continue
		}
		for _, leak := range own.Find(filepath.Base(path), text) {
			t.Error(leak)
		}
	}
}

// remember adds to the file of the whole run, if there is one.
func remember(t testing.TB, value string) {
	t.Helper()
	dir := os.Getenv(Variable)
	if dir == "" {
		return
	}
	// One write of one line: test processes append side by side.
	f, err := os.OpenFile(filepath.Join(directory(t), IssuedFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(strconv.Quote(value) + "\t" + t.Name() + "\n"); err != nil {
		t.Fatal(err)
	}
}

// ReadIssued reads the file that the tests of a run have written.
func ReadIssued(path string) (*Secrets, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all := &Secrets{}
	for line := range strings.Lines(string(text)) {
		quoted, test, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		value, err := strconv.Unquote(quoted)
		if err != nil || !found {
			return nil, errors.New(path + ": a line is not one of testlog's")
		}
		all.Add(value, test)
	}
	return all, nil
}
