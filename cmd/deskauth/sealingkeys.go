package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
)

// keyring says where the sealing keys are: at most one of its places is named.
type keyring struct {
	File    string
	Command string // of a program that keeps them
}

// keyringVariable holds the keys themselves, as a key file has them. There is no flag
// for it: a command line is seen by every process.
const keyringVariable = "DESKAUTH_SEALING_KEYRING"

func (k *keyring) flags(f *pflag.FlagSet, fileUsage string) {
	f.StringVar(&k.File, "sealing-keys", "", fileUsage)
	f.StringVar(&k.Command, "sealing-keys-exec", "", "`command` of a program that keeps them instead, run without a shell (docs/operations.md); or the keys in the variable "+keyringVariable)
}

// source is the place that is named, or the usual file: then made is true.
func (k keyring) source(p process, say func(line string)) (source seal.Source, usual bool, err error) {
	var named []string
	if k.File != "" {
		named, source = append(named, "--sealing-keys"), seal.File(k.File)
	}
	if k.Command != "" {
		words, err := seal.Words(k.Command)
		if err != nil {
			return nil, false, usagef("--sealing-keys-exec: %w", err)
		}
		named, source = append(named, "--sealing-keys-exec"), seal.Program(words, say)
	}
	if keys, found := p.Lookup(keyringVariable); found {
		named, source = append(named, keyringVariable), seal.Variable(keyringVariable, secret.Of(keys))
	}
	if path, found := p.Lookup(keyringVariable + "_FILE"); found {
		named, source = append(named, keyringVariable+"_FILE"), seal.Mounted(path)
	}
	switch {
	case len(named) > 1:
		return nil, false, usagef("both %s and %s are given: keep one", named[0], named[1])
	case source != nil:
		return source, false, nil
	}
	dir, err := stateDir(p)
	return seal.File(dir + "/sealing-keys.json"), true, err
}

// sayKeeper says on standard error what the program that keeps the keys says.
func sayKeeper(p process) func(line string) {
	return func(line string) { fmt.Fprintln(p.Err, "sealing keys: "+line) }
}

// open reads the keys for a server, and makes them at its first start. What is sealed
// already has keys somewhere: none are made for it.
func (k keyring) open(ctx context.Context, p process, sealed bool, say func(line string)) (seal.Source, *seal.Ring, error) {
	if sealed {
		return k.there(ctx, p, say)
	}
	source, usual, err := k.source(p, say)
	if err != nil {
		return nil, nil, err
	}
	if usual {
		if err := os.MkdirAll(filepath.Dir(source.String()), 0o700); err != nil {
			return nil, nil, fmt.Errorf("--sealing-keys: %w", err)
		}
	}
	ring, err := source.Load(ctx)
	return source, ring, err
}

// there reads the keys of a server that has been started: a file that is not there is
// another's, and must not be made.
func (k keyring) there(ctx context.Context, p process, say func(line string)) (seal.Source, *seal.Ring, error) {
	source, usual, err := k.source(p, say)
	if err != nil {
		return nil, nil, err
	}
	if usual || k.File != "" {
		if _, err := os.Stat(source.String()); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("there are no sealing keys at %s, and the database is sealed with some: name the broker's with --sealing-keys, or bring the file back from a backup", source)
		}
	}
	ring, err := source.Load(ctx)
	return source, ring, err
}
