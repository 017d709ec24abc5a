package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// memory is what is remembered of files that were sent and stand in no comment yet, so
// that running the same again sends what is missing. A file each: commands at the same
// time meet only where they send the same.
//
// They are not sealed. A token of an upload is good for an hour, and for nobody but who
// may write to the account's tickets anyway.
type memory struct{ dir string }

func remembered(at loginPlace) memory { return memory{filepath.Join(filepath.Dir(at.Root), "uploads")} }

// uploaded is a file that is at Zendesk.
type uploaded struct {
	Token      string    `json:"token"`
	Attachment int64     `json:"attachment"`
	Sending    int64     `json:"sending,omitempty"`   // by a pass
	Commented  bool      `json:"commented,omitempty"` // the comment was begun
	Size       int64     `json:"size"`
	Modified   time.Time `json:"modified"`
	At         time.Time `json:"at"`
}

// memoryLasts is shorter than the hour that Zendesk keeps an upload (facts §7).
const memoryLasts = 50 * time.Minute

func (m memory) file(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(m.dir, hex.EncodeToString(sum[:16])+".json")
}

// find returns what was sent of this very file, as it is now.
func (m memory) find(key string, f outgoing) (u uploaded, found bool) {
	text, err := os.ReadFile(m.file(key))
	if err != nil || json.Unmarshal(text, &u) != nil {
		return uploaded{}, false
	}
	good := u.Size == f.Size && u.Modified.Equal(f.Modified) && time.Since(u.At) < memoryLasts
	return u, good
}

// keep writes it whole or not at all.
func (m memory) keep(key string, u uploaded) error {
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return local{err}
	}
	m.tidy()
	text, err := json.Marshal(u)
	if err != nil {
		return local{err}
	}
	if err := writeWhole(m.file(key), append(text, '\n')); err != nil {
		return local{err}
	}
	return nil
}

func (m memory) forget(keys []string) error {
	for _, key := range keys {
		if err := os.Remove(m.file(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return local{err}
		}
	}
	return nil
}

// tidy removes what nobody came back for.
func (m memory) tidy() {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.Remove(filepath.Join(m.dir, e.Name()))
		}
	}
}

// local is an error of this machine, which says nothing of whom a file was for.
type local struct{ error }

func (l local) Unwrap() error { return l.error }
