package seal

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/secret"
)

// ageProgram keeps a ring in a file that age encrypts.
func ageProgram(t *testing.T) (source Source, file string) {
	t.Helper()
	dir := t.TempDir()
	identity, file := filepath.Join(dir, "identity.txt"), filepath.Join(dir, "keys.age")
	if out, err := exec.CommandContext(t.Context(), "age-keygen", "-o", identity).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	script, err := filepath.Abs("testdata/age-keyring.sh")
	if err != nil {
		t.Fatal(err)
	}
	return Program([]string{script, identity, file}, func(line string) { t.Logf("it says: %s", line) }), file
}

func TestSourcesKeepARing(t *testing.T) {
	for name, source := range map[string]Source{
		"file": File(filepath.Join(t.TempDir(), "keys.json")),
		"age":  first(ageProgram(t)),
	} {
		t.Run(name, func(t *testing.T) {
			ring := load(t, source)
			sealed := mustSeal(t, ring, "token-text", place)

			next, err := ring.WithNew()
			if err != nil {
				t.Fatal(err)
			}
			if next.KeyID() != ring.KeyID() || next.Newest() == ring.KeyID() {
				t.Errorf("a new key: %v of %v, primary %d", next.Newest(), next.KeyIDs(), next.KeyID())
			}
			if err := source.Replace(t.Context(), ring, next); err != nil {
				t.Fatal(err)
			}
			if err := source.Replace(t.Context(), ring, next); !errors.Is(err, ErrChanged) {
				t.Errorf("from a ring that is not there any more: %v", err)
			}
			again := load(t, source)
			if !again.same(next) {
				t.Errorf("it has %v, not %v", again.KeyIDs(), next.KeyIDs())
			}
			if got, err := again.Open(sealed, place); err != nil || string(got) != "token-text" {
				t.Errorf("opened as %q, %v", got, err)
			}
			only, err := again.Only(again.Newest())
			if err != nil {
				t.Fatal(err)
			}
			if err := source.Replace(t.Context(), again, only); err != nil {
				t.Fatal(err)
			}
			plain, err := load(t, source).Open(sealed, place)
			checkClosed(t, "without its key", plain, err)
		})
	}
}

func first[T, U any](t T, _ U) T { return t }

func load(t *testing.T, s Source) *Ring {
	t.Helper()
	ring, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// What age keeps is not in the clear.
func TestAgeKeepsNothingInTheClear(t *testing.T) {
	source, file := ageProgram(t)
	load(t, source)
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(kept), "age-encryption.org/v1\n") || strings.Contains(string(kept), "keyData") {
		t.Errorf("the file begins with %q", kept[:min(len(kept), 40)])
	}
}

func TestFixedSources(t *testing.T) {
	ring := open(t)
	keys, err := ring.Reveal()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "mounted")
	if err := os.WriteFile(path, []byte(keys.Reveal()+"\n"), 0o644); err != nil { // as orchestrators mount them
		t.Fatal(err)
	}
	for name, source := range map[string]Source{"variable": Variable("KEYS", keys), "mounted": Mounted(path)} {
		got := load(t, source)
		if !got.same(ring) {
			t.Errorf("%s: other keys", name)
		}
		if err := source.Replace(t.Context(), got, got); !errors.Is(err, ErrFixed) {
			t.Errorf("%s: written: %v", name, err)
		}
	}
	_, err = Variable("KEYS", secret.Of(`{"primaryKeyId":1,"key":"c2VjcmV0"}`)).Load(t.Context())
	checkLine(t, "a variable of something else", err, "KEYS", "not sealing keys")
}

// What a program may do wrong is told in one line, without what it printed.
func TestProgramsThatFail(t *testing.T) {
	const key = "CiQAq83vAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, tt := range []struct{ script, want string }{
		{"exit 3", "exit status 3"},
		{"echo 'no identity matched' >&2; exit 1", "exit status 1: no identity matched"},
		{"echo 'key " + key + " is bad' >&2; exit 1", "exit status 1: key […] is bad"},
		{"echo " + key, "not one JSON object"},
		{`echo '{"keyring":{"primaryKeyId":1}}'`, "not sealing keys"},
		{`echo '{"keyring":null}{}'`, "more than one JSON object"},
		{`echo '{}'`, "its answer has no keyring"},
		{`echo '{"error":"the vault is sealed"}'`, "it says: the vault is sealed"},
		{`grep -q store && echo '{}' || echo '{"keyring":null}'`, "did not say that it has stored"},
		{`grep -q store && echo '{"stored":true}' || echo '{"keyring":null}'`, "does not have them"},
		{"yes", "not one JSON object"},
	} {
		t.Run(tt.script, func(t *testing.T) {
			script := tt.script
			if script == "yes" { // more than it may, and it does end
				script = fmt.Sprintf("head -c %d /dev/zero | tr '\\0' ' '", maxFile+1)
			}
			_, err := Program([]string{"sh", "-c", script}, nil).Load(t.Context())
			checkLine(t, script, err, "sealing keys by sh", tt.want)
			if err != nil && strings.Contains(err.Error(), key) {
				t.Errorf("a key is told: %v", err)
			}
		})
	}
	_, err := Program([]string{"/nowhere/keeper"}, nil).Load(t.Context())
	checkLine(t, "no such program", err, "sealing keys by keeper", "check the path")
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []string
	}{
		{"keeper", []string{"keeper"}},
		{"  keeper   -i id.txt ", []string{"keeper", "-i", "id.txt"}},
		{`keeper "two words" 'and "more"' a'b'c`, []string{"keeper", "two words", `and "more"`, "abc"}},
		{`keeper ''`, []string{"keeper", ""}},
		{`C:\keeper.exe $HOME`, []string{`C:\keeper.exe`, "$HOME"}},
		{``, nil},
		{`  `, nil},
		{`''`, nil},
		{`keeper "open`, nil},
	} {
		got, err := Words(tt.line)
		if d := cmp.Diff(tt.want, got); d != "" || (err != nil) != (tt.want == nil) {
			t.Errorf("%s: %v\n%s", tt.line, err, d)
		}
	}
}

func TestKeyOf(t *testing.T) {
	ring := open(t)
	if got := KeyOf(mustSeal(t, ring, "token-text", place)); got != ring.KeyID() {
		t.Errorf("sealed with %d, want %d", got, ring.KeyID())
	}
	if got := KeyOf([]byte("?")); got != 0 {
		t.Errorf("nothing is sealed with %d", got)
	}
}
