package pgserver

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// account is the system user that the server runs as.
type account struct{ uid, gid int }

// serverUser returns the user to run the server as; nil means whoever asks.
// Only root needs another: initdb and postgres refuse to run as root.
func serverUser() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user to run it as: %w", err)
	}
	uid, uidErr := strconv.Atoi(u.Uid)
	gid, gidErr := strconv.Atoi(u.Gid)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return nil, err
	}
	return &account{uid, gid}, nil
}

// makeDir makes the server's directory, owned by who, in the first place that who can
// reach: root's TMPDIR is often below a directory that only root may enter.
func makeDir(who *account) (string, error) {
	var errs []error
	for _, place := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if who != nil && !open(place) {
			errs = append(errs, fmt.Errorf("%s: the user postgres cannot enter it", place))
			continue
		}
		dir, err := os.MkdirTemp(place, "deskauth-withpg-")
		if err == nil && who != nil {
			err = os.Chown(dir, who.uid, who.gid)
		}
		if err == nil {
			return dir, nil
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}

// open tells whether everybody may pass through path and all directories above it.
func open(path string) bool {
	path, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return false
	}
	for {
		info, err := os.Stat(path)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(path)
		if parent == path {
			return true
		}
		path = parent
	}
}
