package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// maxFile bounds a key file. A key takes about 300 bytes of it.
const maxFile = 1 << 20

// OpenFile reads the ring in the file at path, and creates it with one key
// when there is none. Any number of processes may do so at once: all get the
// same ring. A file that others may read is refused, as is one that is no key
// file. Errors are one line that names the file and says what to do.
func OpenFile(path string) (*Ring, error) {
	ring, err := read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	return read(path)
}

// file is the Source of a key file.
type file struct{ path string }

// File is the ring in the file at path, as OpenFile reads it.
func File(path string) Source { return file{path} }

func (f file) Load(context.Context) (*Ring, error) { return OpenFile(f.path) }

func (f file) String() string { return f.path }

// remnant is how old the next file of a change must be to be that of one that was cut
// off: a change writes a few hundred bytes.
const remnant = time.Minute

// Replace writes the next ring beside the file and lets it take its place.
func (f file) Replace(_ context.Context, old, next *Ring) error {
	// The next file is also the lock. Two changes at once would each keep the old keys
	// and their own new one, and the second would drop the first's.
	name := f.path + ".new"
	if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > remnant {
		_ = os.Remove(name)
	}
	n, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("sealing keys %s: another change of them is under way; if none is, remove %s: %w", f.path, name, ErrChanged)
	}
	if err != nil {
		return fileError(f.path, err)
	}
	if err := f.replaceBy(n, old, next); err != nil {
		// Only here: once renamed, that name is another change's.
		os.Remove(name)
		return err
	}
	if err := syncDir(filepath.Dir(f.path)); err != nil {
		return fileError(f.path, err)
	}
	return nil
}

// replaceBy writes the next ring into n, closes n, and lets it take the file's place.
func (f file) replaceBy(n *os.File, old, next *Ring) error {
	defer n.Close() // a second time where write did; then it does nothing
	now, err := read(f.path)
	if err != nil {
		return err
	}
	if !now.same(old) {
		return fmt.Errorf("sealing keys %s: %w", f.path, ErrChanged)
	}
	if err := write(n, next.keys); err != nil {
		return fileError(f.path, err)
	}
	if err := os.Rename(n.Name(), f.path); err != nil {
		return fileError(f.path, err)
	}
	return nil
}

func withNewPrimary(m *keyset.Manager) (*Ring, error) {
	id, err := m.Add(aead.XChaCha20Poly1305KeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("seal: new key: %w", err)
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("seal: new key: %w", err)
	}
	return ringOf(m)
}

// create puts a new ring at path, unless another process was faster. The file
// is complete before it has its name, so nobody reads half of it, and a link
// fails where a rename would overwrite the keys of the faster one.
func create(path string) error {
	ring, err := New()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fileError(path, err)
	}
	defer os.Remove(f.Name())
	if err := write(f, ring.keys); err != nil {
		return fileError(path, err)
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fileError(path, err)
	}
	if err := syncDir(dir); err != nil {
		return fileError(path, err)
	}
	return nil
}

// read returns an error that wraps fs.ErrNotExist when there is no file.
func read(path string) (*Ring, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer f.Close()
	if err := private(f); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fileError(path, err)
	}
	return decode(path, content)
}

// decode reads the content of a key file. The errors of what reads it may quote
// it, and it holds keys: they are dropped.
func decode(path string, content []byte) (*Ring, error) {
	keys, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
	if err != nil {
		return nil, fmt.Errorf("sealing keys %s: not sealing keys, or damaged ones: restore them from a backup", path)
	}
	ring, err := newRing(keys)
	if err != nil {
		return nil, fmt.Errorf("sealing keys %s: these keys are not for sealing: name those that deskauth created", path)
	}
	return ring, nil
}

// private refuses a file that others than its owner may touch. Windows has no
// such bits; there the directory's access list protects it.
func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fileError(f.Name(), err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("sealing keys %s: not a regular file", f.Name())
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("sealing keys %s: its mode %04o lets others use it: run chmod 600 %s",
			f.Name(), info.Mode().Perm(), f.Name())
	}
	return nil
}

// write puts keys into f, has the disk confirm them, and closes f.
func write(f *os.File, keys *keyset.Handle) error {
	err := insecurecleartextkeyset.Write(keys, keyset.NewJSONWriter(f))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes a new name in dir survive a power cut. Without it tokens could
// be sealed with a key whose file is gone after the restart.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// fileError makes one line of err, which names the key file but once.
func fileError(path string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		err = l.Err
	}
	hint := "check the path"
	if errors.Is(err, fs.ErrPermission) {
		hint = "let the user that runs deskauth own and read it"
	}
	return fmt.Errorf("sealing keys %s: %w: %s", path, err, hint)
}
