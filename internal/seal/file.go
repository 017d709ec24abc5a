package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

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

// Rotate adds a key to the file at path and makes it the primary one. The old
// keys stay, so that what they sealed still opens. A process that has the old
// ring cannot open what the new primary key seals: it must call OpenFile again.
func Rotate(path string) (*Ring, error) {
	// The next file is also the lock. Two rotations at once would each keep
	// the old keys and their own new one, and the second would drop the first's.
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("sealing keys %s: another rotation is running; if none is, remove %s", path, next)
	}
	if err != nil {
		return nil, fileError(path, err)
	}
	ring, err := addInto(f, path)
	if err != nil {
		// Only here: once renamed, that name is another rotation's.
		os.Remove(next)
		return nil, err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, fileError(path, err)
	}
	return ring, nil
}

// addInto writes the ring at path and one key more into next, closes next, and
// lets it take the place of path.
func addInto(next *os.File, path string) (*Ring, error) {
	defer next.Close() // a second time where write did; then it does nothing
	old, err := read(path)
	if err != nil {
		return nil, err
	}
	ring, err := withNewPrimary(keyset.NewManagerFromHandle(old.keys))
	if err != nil {
		return nil, err
	}
	if err := write(next, ring.keys); err != nil {
		return nil, fileError(path, err)
	}
	if err := os.Rename(next.Name(), path); err != nil {
		return nil, fileError(path, err)
	}
	return ring, nil
}

func withNewPrimary(m *keyset.Manager) (*Ring, error) {
	id, err := m.Add(aead.XChaCha20Poly1305KeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("seal: new key: %w", err)
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("seal: new key: %w", err)
	}
	keys, err := m.Handle()
	if err != nil {
		return nil, fmt.Errorf("seal: new key: %w", err)
	}
	return newRing(keys)
}

// create puts a new ring at path, unless another process was faster. The file
// is complete before it has its name, so nobody reads half of it, and a link
// fails where a rename would overwrite the keys of the faster one.
func create(path string) error {
	ring, err := withNewPrimary(keyset.NewManager())
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
		return nil, fmt.Errorf("sealing keys %s: not a key file, or a damaged one: restore it from a backup", path)
	}
	ring, err := newRing(keys)
	if err != nil {
		return nil, fmt.Errorf("sealing keys %s: its keys are not for sealing: name the file that deskauth created", path)
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
