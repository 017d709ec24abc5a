package seal

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
)

func TestFileKeepsItsKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	first, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed := mustSeal(t, first, "token-text", place)

	again, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed, place); err != nil || string(got) != "token-text" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	if again.KeyID() != first.KeyID() || first.KeyID() == 0 {
		t.Errorf("key id %d became %d", first.KeyID(), again.KeyID())
	}
	checkAlone(t, path)
}

// checkAlone wants the key file to be private and no copy of it left about.
func checkAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("directory holds %v, %v; want the key file alone", entries, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %04o, want 0600", info.Mode().Perm())
	}
}

func TestManyFirstStartsShareOneRing(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "keys.json")
		rings := atOnce(t, 8, func() (*Ring, error) { return OpenFile(path) })

		sealed := mustSeal(t, rings[0], "token-text", place)
		for i, ring := range rings {
			if got, err := ring.Open(sealed, place); err != nil || string(got) != "token-text" {
				t.Fatalf("starter %d has other keys: %v", i, err)
			}
		}
		checkAlone(t, path)
	}
}

func atOnce(t *testing.T, n int, f func() (*Ring, error)) []*Ring {
	t.Helper()
	rings, errs := make([]*Ring, n), make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			rings[i], errs[i] = f()
		})
	}
	close(start)
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("%d of %d: %v", i, n, err)
		}
	}
	return rings
}

// rotate adds a key to the file and makes it the primary one.
func rotate(path string) (*Ring, error) {
	old, err := read(path)
	if err != nil {
		return nil, err
	}
	next, err := old.WithNew()
	if err != nil {
		return nil, err
	}
	if next, err = next.With(next.Newest()); err != nil {
		return nil, err
	}
	return next, File(path).Replace(context.Background(), old, next)
}

func TestRotateKeepsTheOldKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	first, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old := mustSeal(t, first, "token-text", place)
	canary, err := first.Canary()
	if err != nil {
		t.Fatal(err)
	}

	rotated, err := rotate(path)
	if err != nil {
		t.Fatal(err)
	}
	if rotated.KeyID() == first.KeyID() {
		t.Error("the primary key did not change")
	}
	if got, err := rotated.Open(old, place); err != nil || string(got) != "token-text" {
		t.Errorf("old value after the rotation: %q, %v", got, err)
	}
	if err := rotated.CheckCanary(canary); err != nil {
		t.Errorf("old canary after the rotation: %v", err)
	}

	fresh := mustSeal(t, rotated, "token-text", place)
	plain, err := first.Open(fresh, place)
	checkClosed(t, "new value, old ring", plain, err)
	again, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(fresh, place); err != nil || string(got) != "token-text" {
		t.Errorf("new value after a restart: %q, %v", got, err)
	}
	checkAlone(t, path)
}

func TestRotationsDoNotLoseKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if _, err := OpenFile(path); err != nil {
		t.Fatal(err)
	}
	// A rotation that finds another one running, or done, is refused and tried again.
	rings := atOnce(t, 6, func() (*Ring, error) {
		for {
			ring, err := rotate(path)
			if errors.Is(err, ErrChanged) {
				runtime.Gosched()
				continue
			}
			return ring, err
		}
	})
	last, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, ring := range rings {
		if _, err := last.Open(mustSeal(t, ring, "token-text", place), place); err != nil {
			t.Errorf("the key of rotation %d is lost", i)
		}
	}
}

func TestRotateRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	_, err := rotate(path)
	checkLine(t, "no file", err, path, "check the path")
	if _, err := os.Stat(path); err == nil {
		t.Error("a rotation of nothing made a key file")
	}

	if _, err := OpenFile(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = rotate(path)
	checkLine(t, "cut-off rotation", err, path, "remove")
	if _, err := os.Stat(path + ".new"); err != nil {
		t.Error("a refused rotation removed the other one's file")
	}
	// One that was cut off long ago is in nobody's way.
	long := time.Now().Add(-2 * remnant)
	if err := os.Chtimes(path+".new", long, long); err != nil {
		t.Fatal(err)
	}
	if _, err := rotate(path); err != nil {
		t.Errorf("after a rotation that was cut off: %v", err)
	}
	checkAlone(t, path)
}

func TestOpenFileRefuses(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.json")
	if _, err := OpenFile(good); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		content []byte
		mode    os.FileMode
		words   string
	}{
		{"empty", nil, 0o600, "restore them from a backup"},
		{"text", []byte("token-text, not keys"), 0o600, "restore them from a backup"},
		{"cut short", content[:len(content)/2], 0o600, "restore them from a backup"},
		{"no key in it", []byte(`{"primaryKeyId":1,"key":[]}`), 0o600, "keys"},
		{"keys for another use", macKeys(t), 0o600, "not for sealing"},
		{"group may read", content, 0o640, "chmod 600"},
		{"others may read", content, 0o604, "chmod 600"},
		{"others may write", content, 0o602, "chmod 600"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.mode != 0o600 && runtime.GOOS == "windows" {
				t.Skip("no such modes on Windows")
			}
			path := filepath.Join(t.TempDir(), "keys.json")
			if err := os.WriteFile(path, tt.content, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil { // past the umask
				t.Fatal(err)
			}
			_, err := OpenFile(path)
			checkLine(t, tt.name, err, path, tt.words)
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, tt.content) {
				t.Errorf("the refused file was changed: %v", err)
			}
		})
	}
}

func macKeys(t *testing.T) []byte {
	t.Helper()
	handle, err := keyset.NewHandle(mac.HMACSHA256Tag256KeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&b)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpenFileWhereThereCanBeNone(t *testing.T) {
	dir := t.TempDir()
	_, err := OpenFile(dir)
	checkLine(t, "a directory", err, dir, "not a regular file")

	path := filepath.Join(dir, "missing", "keys.json")
	_, err = OpenFile(path)
	checkLine(t, "no directory", err, path, "check the path")

	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(file, "keys.json")
	_, err = OpenFile(path)
	checkLine(t, "under a file", err, path, "check the path")
}

func TestOpenFileUnreadable(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("a superuser reads every file; Windows has no such modes")
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	if _, err := OpenFile(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err := OpenFile(path)
	checkLine(t, "unreadable", err, path, "let the user that runs deskauth")
}

// A superuser cannot make the case above happen, but must see its words kept.
func TestWordsOfAnUnreadableFile(t *testing.T) {
	err := fileError("keys.json", &fs.PathError{Op: "open", Path: "keys.json", Err: fs.ErrPermission})
	checkLine(t, "unreadable", err, "keys.json", "let the user that runs deskauth")
	if strings.Count(err.Error(), "keys.json") != 1 {
		t.Errorf("error %q names the file twice", err)
	}
}

// checkLine wants one line that names the file and has the words in it.
func checkLine(t *testing.T, what string, err error, path, words string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error; want one with %q", what, words)
		return
	}
	msg := err.Error()
	if !strings.Contains(msg, path) || !strings.Contains(msg, words) || strings.Contains(msg, "\n") {
		t.Errorf("%s: error %q: want one line with the path and %q", what, msg, words)
	}
	if strings.Contains(msg, "token-text") {
		t.Errorf("%s: error %q quotes the file", what, msg)
	}
}
