package desk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Files keeps what people upload, each in a file of a directory. It is safe for
// concurrent use, by many processes too, where they share the directory.
type Files struct {
	root *os.Root
}

// OpenFiles opens a directory, which is made when it is missing, readable by its
// owner alone. The caller closes it.
func OpenFiles(dir string) (*Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the directory of uploads: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the directory of uploads: %w", err)
	}
	return &Files{root}, nil
}

// Close ends the use of the directory.
func (f *Files) Close() error { return f.root.Close() }

// keep writes a new file of that name and returns its size, or ErrTooLarge when
// it has more than most bytes. What it returns is on the disk. An error of
// reading r is returned as it is.
func (f *Files) keep(name string, r io.Reader, most int64) (size int64, err error) {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("keep an upload: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = f.root.Remove(name)
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
	file, err := f.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	return file, err
}

// remove removes a file that may be gone already.
func (f *Files) remove(name string) error {
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove an upload: %w", err)
	}
	return nil
}
