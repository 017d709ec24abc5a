package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
)

// viaLogin is a login by way of somebody's broker: what is kept here is a key of that
// broker's, which lends one connection. A file for each, beside the others' databases:
//
//	logins/via-https-connect.example.com/17.json
type viaLogin struct {
	Broker     string    `json:"broker"`     // its URL
	Connection int64     `json:"connection"` // its number there
	Account    string    `json:"account"`    // subdomain; "": not known yet
	Host       string    `json:"host"`       // of the account
	Person     string    `json:"person"`
	KeyExpires time.Time `json:"key_expires"`
	Sealed     string    `json:"sealed"` // the key, base64

	key secret.Plain // in the clear, once it is opened
}

const viaPrefix = "via-"

func (v viaLogin) file(root string) string {
	return filepath.Join(root, viaPrefix+fileName(v.Broker), fmt.Sprintf("%d.json", v.Connection))
}

// boundTo is what the key is sealed for: that broker alone, for it is sent there.
func (v viaLogin) boundTo() string { return fmt.Sprintf("logins/%s/%d/key", v.Broker, v.Connection) }

// keep writes it, whole or not at all.
func (v viaLogin) keep(root string, ring *seal.Ring) error {
	sealed, err := ring.Seal([]byte(v.key.Reveal()), v.boundTo())
	if err != nil {
		return err
	}
	v.Sealed = base64.StdEncoding.EncodeToString(sealed)
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(v.file(root)), 0o700); err != nil {
		return err
	}
	return writeWhole(v.file(root), append(text, '\n'))
}

// kept is the key that is there already for the same connection, if one is that opens.
func (v viaLogin) kept(root string, ring *seal.Ring) secret.Plain {
	all, err := viaLogins(root)
	if err != nil {
		return secret.Plain{}
	}
	for _, one := range all {
		if one.Broker == v.Broker && one.Connection == v.Connection {
			one, _ = one.opened(ring)
			return one.key
		}
	}
	return secret.Plain{}
}

// opened is the login with its key in the clear.
func (v viaLogin) opened(ring *seal.Ring) (viaLogin, error) {
	sealed, err := base64.StdEncoding.DecodeString(v.Sealed)
	if err != nil {
		return v, fmt.Errorf("the login by way of %s is damaged: sign in again", v.Broker)
	}
	key, err := ring.Open(sealed, v.boundTo())
	if err != nil {
		return v, mustSignIn{fmt.Errorf("the login by way of %s is sealed with another key: sign in again with `%s`", v.Broker, v.signInAgain())}
	}
	v.key = secret.Of(string(key))
	return v, nil
}

func (v viaLogin) signInAgain() string {
	line := "deskauth auth login --via " + shellWord(v.Broker)
	if v.Account != "" {
		line += " --account " + shellWord(v.Account)
	}
	return line
}

// viaLogins are all that there are, in the order of their brokers.
func viaLogins(root string) (all []viaLogin, err error) {
	files, err := fs.Glob(os.DirFS(root), viaPrefix+"*/*.json") // root may have signs of a pattern in it
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		name = filepath.Join(root, name)
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) { // signed out a moment ago
			continue
		} else if err != nil {
			return nil, err
		}
		var v viaLogin
		if json.Unmarshal(text, &v) != nil || v.Broker == "" {
			return nil, fmt.Errorf("%s is damaged: remove it, and sign in again", name)
		}
		all = append(all, v)
	}
	return all, nil
}

// chooseVia decides which of them is meant, if one is: of the broker that is named, of
// the account that is named, the current one before the last.
func chooseVia(all []viaLogin, broker, account string, now current) (v viaLogin, found bool) {
	for _, one := range all {
		if broker != "" && one.Broker != broker || account != "" && one.Account != account {
			continue
		}
		if one.Broker == now.Via && one.Connection == int64(now.Connection) {
			return one, true
		}
		if broker != "" || account != "" {
			v, found = one, true
		}
	}
	return v, found
}

// fileName is a name of a directory for an address, another for each.
func fileName(address string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.':
			return r
		case r == ':':
			return '_' // in no name of a host
		}
		return '-'
	}, strings.ToLower(strings.NewReplacer("://", "-", "{", "", "}", "").Replace(address)))
}

// writeWhole writes a file of mode 0600, whole or not at all.
func writeWhole(name string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
