package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// trustStore is a store of certificates: a browser profile's (NSS), or the system's, in the
// form that Debian and its kin keep.
type trustStore struct {
	kind string
	path string // the profile's directory, or the system's file
}

const (
	profileStore = "profile"
	systemStore  = "system"
)

// systemCertificates is where Debian takes local roots from.
const systemCertificates = "/usr/local/share/ca-certificates"

func systemStoreHere() (trustStore, error) {
	if _, err := os.Stat(systemCertificates); err != nil {
		return trustStore{}, fmt.Errorf("--system knows the store of Debian and its kin alone (%s): add the file of `deskauth ca path` by your system's own means", systemCertificates)
	}
	return trustStore{systemStore, filepath.Join(systemCertificates, "deskauth-local-zendesk.crt")}, nil
}

// add has the store trust the authority, for servers alone.
func (s trustStore) add(certificate string) error {
	if s.kind == systemStore {
		content, err := os.ReadFile(certificate)
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.path, content, 0o644); err != nil { //nolint:gosec // a certificate is public
			return err
		}
		return command("update-ca-certificates")
	}
	if _, err := os.Stat(filepath.Join(s.path, "cert9.db")); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(s.path, 0o700); err != nil {
			return err
		}
		if err := certutil("-N", "-d", "sql:"+s.path, "--empty-password"); err != nil {
			return err
		}
	}
	return certutil("-A", "-d", "sql:"+s.path, "-n", caName, "-t", "C,,", "-i", certificate)
}

// remove undoes add, also half of it.
func (s trustStore) remove() error {
	if s.kind == systemStore {
		if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return command("update-ca-certificates", "--fresh")
	}
	if _, err := os.Stat(filepath.Join(s.path, "cert9.db")); errors.Is(err, fs.ErrNotExist) {
		return nil // the profile is gone, and the trust with it
	}
	if certutil("-L", "-d", "sql:"+s.path, "-n", caName) != nil {
		return nil
	}
	return certutil("-D", "-d", "sql:"+s.path, "-n", caName)
}

func certutil(args ...string) error {
	err := command("certutil", args...)
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("certutil is not installed: on Debian, apt-get install libnss3-tools")
	}
	return err
}

// command runs a tool of the system and tells what it said if it failed.
func command(name string, args ...string) error {
	out, err := exec.CommandContext(context.Background(), name, args...).CombinedOutput() //nolint:gosec // its callers name the tools
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return err
}

// trustedFile lists the stores that trust the authority, "KIND PATH" a line, so that
// remove finds them.
const trustedFile = "trusted"

func readTrusted(dir string) ([]trustStore, error) {
	content, err := os.ReadFile(filepath.Join(dir, trustedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []trustStore
	for line := range strings.Lines(string(content)) {
		kind, path, found := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !found || kind != profileStore && kind != systemStore {
			return nil, fmt.Errorf("%s: cannot read %q", filepath.Join(dir, trustedFile), line)
		}
		all = append(all, trustStore{kind, path})
	}
	return all, nil
}

func noteTrusted(dir string, s trustStore) error {
	all, err := readTrusted(dir)
	if err != nil || slices.Contains(all, s) {
		return err
	}
	return writeTrusted(dir, append(all, s))
}

func writeTrusted(dir string, all []trustStore) error {
	path := filepath.Join(dir, trustedFile)
	if len(all) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "%s %s\n", s.kind, s.path)
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}
