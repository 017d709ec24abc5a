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
	"time"
)

// A report is a file that says which tokens were to be revoked and what became of each,
// written as it goes:
//
//	{"deskauth":"revocation","account":"acme","zendesk_url":"…","tokens":3,"at":"…"}
//	{"plan":{"id":2,"client":"narrow","user":"Ada Admin", …}}    one for each token
//	{"id":2,"result":"revoked","at":"…"}                         as it is answered
//
// The plan is written whole or not at all. Results are added by one write each, and
// flushed to the disk together, so that a kill or a power cut leaves a file to resume
// from: a token whose line got lost is asked for once more, and found gone. No token and
// no secret is in it.
type report struct {
	reportHead
	Name  string
	Plan  []tokenRecord
	Ended map[int64]result // the last of each

	f       *os.File
	unsaved int
	synced  time.Time
}

type reportHead struct {
	Deskauth string    `json:"deskauth"` // reportMark
	Account  string    `json:"account"`
	Zendesk  string    `json:"zendesk_url"`
	Via      string    `json:"via,omitempty"` // URL of the broker that lends the token
	Tokens   int       `json:"tokens"`
	At       time.Time `json:"at"`
}

const reportMark = "revocation"

// result is what became of a token.
type result struct {
	ID     int64     `json:"id"`
	Result outcome   `json:"result"`
	Why    string    `json:"why,omitempty"`
	At     time.Time `json:"at"`
}

type outcome string

const (
	revoked outcome = "revoked"
	gone    outcome = "gone"   // it was not there any more
	failed  outcome = "failed" // resuming tries it again
)

func (o outcome) done() bool { return o == revoked || o == gone }

// usualReport is where a report is that nobody named.
func usualReport(p process, account string, now time.Time) (string, error) {
	dir, err := stateDir(p)
	return filepath.Join(dir, "reports", "revoke-"+account+"-"+now.UTC().Format("20060102T150405Z")+".jsonl"), err
}

// newReport writes a plan.
func newReport(name string, head reportHead, plan []tokenRecord) (*report, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("--report: %s is there already; `--resume %s` goes on with it", name, name)
	}
	head.Deskauth, head.Tokens = reportMark, len(plan)
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	if err := lines.Encode(head); err != nil {
		return nil, err
	}
	for _, t := range plan {
		if err := lines.Encode(planned{&t}); err != nil {
			return nil, err
		}
	}
	if err := writeWhole(name, text.Bytes()); err != nil {
		return nil, err
	}
	return openReport(name)
}

type planned struct {
	Plan *tokenRecord `json:"plan"`
}

// openReport reads a report to go on with it.
func openReport(name string) (*report, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, usagef("--resume: %w", err)
	}
	r := &report{Name: name, Ended: map[int64]result{}}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &r.reportHead) != nil || r.Deskauth != reportMark {
		return nil, usagef("--resume: %s is no report of `deskauth token revoke`", name)
	}
	for lines.Scan() {
		var line struct {
			planned
			result
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue // empty, or cut off
		}
		switch {
		case line.Plan != nil:
			r.Plan = append(r.Plan, *line.Plan)
		case line.ID != 0:
			r.Ended[line.ID] = line.result
		}
	}
	if len(r.Plan) != r.Tokens {
		return nil, usagef("--resume: %s is damaged: it names %d tokens of %d", name, len(r.Plan), r.Tokens)
	}
	if r.f, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0); err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(text, []byte{'\n'}) { // the last line was cut off
		_, err = r.f.Write([]byte{'\n'})
	}
	return r, err
}

// left are the tokens that nothing good became of yet.
func (r *report) left() (all []tokenRecord) {
	for _, t := range r.Plan {
		if !r.Ended[t.ID].Result.done() {
			all = append(all, t)
		}
	}
	return all
}

// syncEvery bounds how long a result is not on the disk.
const syncEvery = time.Second / 4

func (r *report) add(one result) error {
	r.Ended[one.ID] = one
	text, err := json.Marshal(one)
	if err != nil {
		return err
	}
	if r.f == nil {
		return nil
	}
	if _, err := r.f.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("the report %s cannot be written: %w", r.Name, err)
	}
	r.unsaved++
	return r.save(false)
}

// save flushes what was added to the disk, unless that was done a moment ago.
func (r *report) save(now bool) error {
	if r.f == nil || r.unsaved == 0 || !now && time.Since(r.synced) < syncEvery {
		return nil
	}
	r.unsaved, r.synced = 0, time.Now()
	return r.f.Sync()
}

func (r *report) close() error {
	if r.f == nil {
		return nil
	}
	return errors.Join(r.save(true), r.f.Close())
}

// counts are how many of the plan came to what.
func (r *report) counts() (all map[outcome]int) {
	all = map[outcome]int{}
	for _, one := range r.Ended {
		all[one.Result]++
	}
	return all
}
