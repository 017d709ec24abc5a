package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// localError says what to do about a machine that cannot keep the logins.
func localError(err error) error {
	var db *sqlite.Error
	code := 0
	if errors.As(err, &db) {
		code = db.Code() & 0xff // the primary one
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), code == sqlite3.SQLITE_FULL:
		return fmt.Errorf("there is no space left for the logins: make some, and run it again (%w)", err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOTDIR), code == sqlite3.SQLITE_READONLY, code == sqlite3.SQLITE_CANTOPEN, code == sqlite3.SQLITE_PERM:
		return fmt.Errorf("the logins cannot be kept there: name a directory of your own in XDG_STATE_HOME (%w)", err)
	}
	return err
}
