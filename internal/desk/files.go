package desk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
)

// Files keeps what people upload, each in a file of one directory. It is safe for
// concurrent use, by many processes too, where they share the directory.
type Files struct {
	dir  string
	mu   sync.Mutex
	root *os.Root // nil until the directory is needed
}

// NewFiles keeps files in a directory. It is made for the first of them, readable
// by its owner alone: an issuer to whom nobody uploads needs none. The caller
// closes it.
func NewFiles(dir string) *Files { return &Files{dir: dir} }

// Close ends the use of the directory.
func (f *Files) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root == nil {
		return nil
	}
	return f.root.Close()
}

// at returns the directory, which is made if it is missing and wanted.
func (f *Files) at(wanted bool) (*os.Root, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root != nil {
		return f.root, nil
	}
	if f.dir == "" {
		return nil, errors.New("there is no directory for uploaded files: name one with --files")
	}
	if wanted {
		if err := os.MkdirAll(f.dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the directory of uploads: %w", err)
		}
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, fmt.Errorf("open the directory of uploads: %w", err)
	}
	f.root = root
	return root, nil
}

// keep writes a new file of that name and returns its size, or ErrTooLarge when
// it has more than most bytes. What it returns is on the disk. An error of
// reading r is returned as it is.
func (f *Files) keep(name string, r io.Reader, most int64) (size int64, err error) {
	root, err := f.at(true)
	if err != nil {
		return 0, err
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("keep an upload: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = root.Remove(name)
		}
	}()
	if size, err = io.Copy(file, io.LimitReader(r, most+1)); err != nil {
		return 0, err
	}
	if size > most {
		return 0, ErrTooLarge
	}
	if err = errors.Join(file.Sync(), file.Close()); err != nil {
		return 0, fmt.Errorf("keep an upload: %w", err)
	}
	return size, nil
}

// open opens a file; the caller closes it.
func (f *Files) open(name string) (*os.File, error) {
	root, err := f.at(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	} else if err != nil {
		return nil, err
	}
	file, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	return file, err
}

// remove removes a file that may be gone already.
func (f *Files) remove(name string) error {
	root, err := f.at(false)
	if err == nil {
		err = root.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove an upload: %w", err)
	}
	return nil
}
