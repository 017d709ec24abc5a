package secret

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const maxFile = 64 << 10

// FromFile reads a secret file, as orchestrators mount them, and drops one
// trailing newline, which editors add. It refuses an empty file and one over
// 64 KiB. Errors are one line that names the file, never its content.
func FromFile(path string) (Plain, error) {
	f, err := os.Open(path)
	if err != nil {
		return Plain{}, fmt.Errorf("secret file %s: %w", path, cause(err))
	}
	defer f.Close()

	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Plain{}, fmt.Errorf("secret file %s: %w", path, cause(err))
	}
	if len(b) > maxFile {
		return Plain{}, fmt.Errorf("secret file %s: larger than %d bytes: is it the right file?", path, maxFile)
	}
	s := string(b)
	if rest, found := strings.CutSuffix(s, "\n"); found {
		s = strings.TrimSuffix(rest, "\r")
	}
	if s == "" {
		return Plain{}, fmt.Errorf("secret file %s: empty", path)
	}
	return Of(s), nil
}

// cause drops the path that os puts into its errors; ours name it already.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
