package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	system "github.com/zalando/go-keyring"

	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
)

// The keys that seal the logins are in the system's keychain. Where there is none, they
// are in a file that a passphrase opens; or, if somebody wants that, in a plain one.

// loginKeys is one of the three.
type loginKeys struct {
	seal.Source
	name string
}

func (k loginKeys) String() string { return k.name }

const (
	keychainService = "deskauth"
	keychainEntry   = "logins"

	// keychainTime bounds a call: a D-Bus without anybody behind it answers never.
	keychainTime = 3 * time.Second

	// passphraseWork makes a guess cost about a tenth of a second (2^15 of scrypt).
	passphraseWork = 15

	passphraseName = "passphrase"
)

// errNoKeychain says that nobody keeps secrets here, or has not answered.
var errNoKeychain = errors.New("the system's keychain cannot be used")

// keychain carries out a call, for as long as it may take and the command goes on.
func keychain[T any](ctx context.Context, call func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() { v, err := call(); done <- answer{v, err} }()
	select {
	case a := <-done:
		if a.err != nil && !errors.Is(a.err, system.ErrNotFound) {
			a.err = fmt.Errorf("%w: %w", errNoKeychain, a.err)
		}
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	case <-time.After(keychainTime):
		var none T
		return none, fmt.Errorf("%w: it did not answer within %v", errNoKeychain, keychainTime)
	}
}

func plainKeys(root string) string  { return filepath.Join(root, "keys.json") }
func lockedKeys(root string) string { return filepath.Join(root, "keys.age") }

// findLoginKeys finds the keys of logins that are there.
func findLoginKeys(ctx context.Context, root string, p process) (loginKeys, error) {
	if _, err := os.Stat(plainKeys(root)); err == nil {
		return plainLoginKeys(root), nil
	}
	locked, err := os.ReadFile(lockedKeys(root))
	switch {
	case err == nil:
		return unlock(ctx, root, locked, p)
	case !errors.Is(err, fs.ErrNotExist):
		return loginKeys{}, err
	}
	kept, err := keychain(ctx, func() (string, error) { return system.Get(keychainService, keychainEntry) })
	if errors.Is(err, system.ErrNotFound) {
		return loginKeys{}, mustSignIn{errors.New("the system's keychain does not have the key that the logins are sealed with: sign in again with `deskauth auth login`")}
	} else if err != nil {
		return loginKeys{}, fmt.Errorf("the logins are sealed with a key of the system's keychain: %w", err)
	}
	return keychainKeys(secret.Of(kept)), nil
}

func plainLoginKeys(root string) loginKeys {
	return loginKeys{seal.File(plainKeys(root)), "a plain file, " + plainKeys(root)}
}

func keychainKeys(text secret.Plain) loginKeys {
	return loginKeys{seal.Variable("of the system's keychain", text), "the system's keychain"}
}

// makeLoginKeys finds the keys, or makes them where somebody signs in for the first
// time.
func makeLoginKeys(ctx context.Context, root string, insecure bool, p process) (loginKeys, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return loginKeys{}, err
	}
	keys, missing := findLoginKeys(ctx, root, p)
	switch {
	case missing == nil:
		return keys, nil
	case ctx.Err() != nil:
		return keys, missing
	case insecure:
		return plainLoginKeys(root), nil
	case !errors.As(missing, new(mustSignIn)) && !errors.Is(missing, errNoKeychain):
		return keys, missing
	}
	ring, err := seal.New()
	if err != nil {
		return loginKeys{}, err
	}
	text, err := ring.Reveal()
	if err != nil {
		return loginKeys{}, err
	}
	// What does not answer, since somebody has to unlock it first, may have a key that
	// logins are sealed with, and would be given another in its place.
	if errors.Is(missing, errNoKeychain) {
		return lock(ctx, root, text, p, errors.Unwrap(missing)) // there are no logins yet to speak of
	}
	_, err = keychain(ctx, func() (struct{}, error) {
		return struct{}{}, system.Set(keychainService, keychainEntry, text.Reveal())
	})
	if err == nil {
		return keychainKeys(text), nil
	}
	return lock(ctx, root, text, p, err)
}

// lock keeps the keys in a file that a passphrase opens.
func lock(ctx context.Context, root string, text secret.Plain, p process, why error) (loginKeys, error) {
	pass, err := passphrase(ctx, p, "A passphrase for the logins: ")
	if err != nil {
		return loginKeys{}, err
	}
	if pass.IsZero() {
		return loginKeys{}, fmt.Errorf("%w; set DESKAUTH_PASSPHRASE, or its twin DESKAUTH_PASSPHRASE_FILE, to seal the logins with a passphrase, or keep their key in a plain file with --insecure-storage", why)
	}
	to, err := age.NewScryptRecipient(pass.Reveal())
	if err != nil {
		return loginKeys{}, err
	}
	to.SetWorkFactor(passphraseWork)
	var locked bytes.Buffer
	w, err := age.Encrypt(&locked, to)
	if err == nil {
		_, err = io.WriteString(w, text.Reveal())
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return loginKeys{}, err
	}
	f, err := os.CreateTemp(root, "keys.*") // mode 0600
	if err != nil {
		return loginKeys{}, err
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(locked.Bytes()); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return loginKeys{}, err
	}
	if err := os.Link(f.Name(), lockedKeys(root)); errors.Is(err, fs.ErrExist) { // another command was faster
		return findLoginKeys(ctx, root, p)
	} else if err != nil {
		return loginKeys{}, err
	}
	return passphraseKeys(root, text), nil
}

func passphraseKeys(root string, text secret.Plain) loginKeys {
	return loginKeys{seal.Variable(lockedKeys(root), text), "a file that a passphrase opens, " + lockedKeys(root)}
}

func unlock(ctx context.Context, root string, locked []byte, p process) (loginKeys, error) {
	pass, err := passphrase(ctx, p, "The passphrase of the logins: ")
	if err != nil {
		return loginKeys{}, err
	}
	if pass.IsZero() {
		return loginKeys{}, errors.New("the logins are sealed with a passphrase: set DESKAUTH_PASSPHRASE, or its twin DESKAUTH_PASSPHRASE_FILE")
	}
	by, err := age.NewScryptIdentity(pass.Reveal())
	if err != nil {
		return loginKeys{}, err
	}
	r, err := age.Decrypt(bytes.NewReader(locked), by)
	if err != nil {
		return loginKeys{}, fmt.Errorf("the passphrase does not open %s", lockedKeys(root))
	}
	text, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return loginKeys{}, fmt.Errorf("%s is damaged", lockedKeys(root))
	}
	return passphraseKeys(root, secret.Of(string(text))), nil
}

// passphrase is of the environment, else of whoever sits at the terminal; else absent.
func passphrase(ctx context.Context, p process, question string) (secret.Plain, error) {
	given, err := namedSecret(p, passphraseName)
	if err != nil || !given.IsZero() {
		return given, err
	}
	return askHidden(ctx, p, question)
}
