package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The ledger is why somebody made a token at this command line, and when it is to end.
// Zendesk keeps neither: a token that is made without a sign-in lives until it is revoked
// (facts §3.1), and says nothing of a ticket.
//
//	~/.local/state/deskauth/logins/https-subdomain.zendesk.com/ledger.jsonl
//	    {"token":4711,"account":"acme","client":"order_sync","ticket":35,"due_at":"…"}
//	    {"token":4711,"account":"acme","ended_at":"…"}
//
// It is a file to which lines are added, and not a table of the logins' database: that one
// is a broker's, whose servers have no such thing, and it is not there where the token is
// the environment's. A line is added by one write, so that commands side by side lose
// nothing, and a line that a crash cut off is passed over. Nothing secret is in it.
type ledger struct{ file string }

func (l loginPlace) ledger() ledger { return ledger{filepath.Join(l.dir(), "ledger.jsonl")} }

// ledgerEntry is a line: a token that was made, or one that has ended.
type ledgerEntry struct {
	Token   int64      `json:"token"`
	Account string     `json:"account"`
	Client  string     `json:"client,omitempty"`
	Ticket  int64      `json:"ticket,omitempty"`
	Why     string     `json:"why,omitempty"`
	MadeAt  *time.Time `json:"made_at,omitempty"`
	DueAt   *time.Time `json:"due_at,omitempty"` // nil: it is to live until somebody revokes it
	EndedAt *time.Time `json:"ended_at,omitempty"`
}

// overdue tells that a token should have ended.
func (e ledgerEntry) overdue(now time.Time) bool { return e.DueAt != nil && !now.Before(*e.DueAt) }

// reason is what it was made for, for people.
func (e ledgerEntry) reason() string {
	switch {
	case e.Ticket != 0 && e.Why != "":
		return fmt.Sprintf("ticket %d, %s", e.Ticket, printable(e.Why))
	case e.Ticket != 0:
		return fmt.Sprintf("ticket %d", e.Ticket)
	}
	return printable(e.Why)
}

// ledgerFile is one that lines can be added to.
type ledgerFile struct{ *os.File }

// open makes sure, before there is a token, that one can be written down.
func (l ledger) open() (ledgerFile, error) {
	if err := os.MkdirAll(filepath.Dir(l.file), 0o700); err != nil {
		return ledgerFile{}, err
	}
	f, err := os.OpenFile(l.file, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	return ledgerFile{f}, err
}

func (f ledgerFile) add(e ledgerEntry) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	// The line before may have been cut off; an empty one is passed over.
	_, err = f.Write(append(append([]byte{'\n'}, text...), '\n'))
	return errors.Join(err, f.Sync())
}

// add adds a line to a ledger that nobody holds open.
func (l ledger) add(e ledgerEntry) error {
	f, err := l.open()
	if err != nil {
		return err
	}
	return errors.Join(f.add(e), f.Close())
}

// living are the tokens that were made and have not ended, the first due first.
func (l ledger) living() ([]ledgerEntry, error) {
	text, err := os.ReadFile(l.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	type key struct {
		account string
		token   int64
	}
	all := map[key]ledgerEntry{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var e ledgerEntry
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Token == 0 {
			continue
		}
		if k := (key{e.Account, e.Token}); e.EndedAt != nil {
			delete(all, k)
		} else {
			all[k] = e
		}
	}
	var living []ledgerEntry
	for _, e := range all {
		living = append(living, e)
	}
	slices.SortFunc(living, func(a, b ledgerEntry) int {
		if c := due(a).Compare(due(b)); c != 0 {
			return c
		}
		return int(a.Token - b.Token)
	})
	return living, nil
}

// due sorts what is never due last.
func due(e ledgerEntry) time.Time {
	if e.DueAt == nil {
		return time.Unix(1<<40, 0)
	}
	return *e.DueAt
}

// overdue are those that should have ended, of an account; "": of any.
func (l ledger) overdue(account string, now time.Time) ([]ledgerEntry, error) {
	all, err := l.living()
	return slices.DeleteFunc(all, func(e ledgerEntry) bool {
		return !e.overdue(now) || account != "" && e.Account != account
	}), err
}
