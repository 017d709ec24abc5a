package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Progress is kept in a file, so that a move of months has a memory. Nothing secret is in
// it: lines are kept as they are shown.
//
//	scan ──► open ──► moved, by hand: the line is there, and does no harm any more
//	           └────► done: the next scan does not find it   ──► open, where it comes back
type movement struct {
	Version   int                    `json:"version"`
	Places    []string               `json:"places"` // that were scanned, to be scanned again
	ScannedAt time.Time              `json:"scanned_at"`
	Uses      []trackedUse           `json:"uses"`
	Scripts   map[string]scriptFacts `json:"scripts"`
}

const progressVersion = 1

// useState is how far a use has come.
type useState string

const (
	useOpen  useState = "open"
	useMoved useState = "moved"
	useDone  useState = "done"
)

// trackedUse is a place that uses API tokens, and what became of it.
type trackedUse struct {
	tokenUse
	State     useState  `json:"state"`
	Note      string    `json:"note,omitempty"`
	FoundAt   time.Time `json:"found_at"`
	ChangedAt time.Time `json:"changed_at"`
}

// progressFile is where it is kept: where --plan says, or in the state directory.
func progressFile(p process, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	dir, err := stateDir(p)
	return filepath.Join(dir, "api-tokens.json"), err
}

func readProgress(file string) (g movement, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return movement{Version: progressVersion, Scripts: map[string]scriptFacts{}}, nil
	} else if err != nil {
		return g, err
	}
	if json.Unmarshal(text, &g) != nil || g.Version < 1 {
		return g, fmt.Errorf("%s is no plan of `deskauth migrate api-tokens`, or is damaged: name another with --plan", printable(file))
	}
	if g.Version > progressVersion {
		return g, fmt.Errorf("%s is of a newer deskauth", printable(file))
	}
	if g.Scripts == nil {
		g.Scripts = map[string]scriptFacts{}
	}
	return g, nil
}

func (g movement) write(file string) error {
	text, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return writeWhole(file, append(text, '\n'))
}

// after is the progress once a scan of places has found this. A use that it did not find
// below them is done; one that was done and is there again is open.
func (g movement) after(s scanned, places []string, now time.Time) movement {
	next := movement{Version: progressVersion, Places: union(g.Places, places), ScannedAt: now, Scripts: map[string]scriptFacts{}}
	known := map[string]trackedUse{}
	for _, u := range g.Uses {
		known[u.ID] = u
	}
	for file, one := range g.Scripts {
		next.Scripts[file] = one
	}
	for file, one := range s.Scripts {
		next.Scripts[file] = one
	}
	there := map[string]bool{}
	for _, found := range s.Uses {
		there[found.ID] = true
		u, is := known[found.ID]
		u.tokenUse = found // its line may have moved
		if !is || u.State == useDone {
			u.State, u.ChangedAt = useOpen, now
		}
		if !is {
			u.FoundAt = now
		}
		next.Uses = append(next.Uses, u)
	}
	for _, u := range g.Uses {
		if there[u.ID] {
			continue
		}
		if u.State != useDone && !s.Cut && within(u.File, places) {
			u.State, u.ChangedAt = useDone, now
		}
		next.Uses = append(next.Uses, u)
	}
	slices.SortStableFunc(next.Uses, byPlace)
	return next
}

func byPlace(a, b trackedUse) int {
	if a.File != b.File {
		if a.File < b.File {
			return -1
		}
		return 1
	}
	return a.Line - b.Line
}

// within tells whether a file is below one of some places.
func within(file string, places []string) bool {
	return slices.ContainsFunc(places, func(place string) bool {
		rel, err := filepath.Rel(place, file)
		return err == nil && filepath.IsLocal(rel)
	})
}

// mark says of uses what somebody knows of them.
func (g movement) mark(ids []string, as useState, note string, now time.Time) (movement, error) {
	g.Uses = slices.Clone(g.Uses)
	for _, id := range ids {
		n := slices.IndexFunc(g.Uses, func(u trackedUse) bool { return u.ID == id })
		if n < 0 {
			return g, asNotFound(fmt.Errorf("the plan has no use %q: `deskauth migrate api-tokens status` shows their ids", printable(id)))
		}
		g.Uses[n].State, g.Uses[n].Note, g.Uses[n].ChangedAt = as, note, now
	}
	return g, nil
}

// count is how many uses are in a state.
func (g movement) count(s useState) (n int) {
	for _, u := range g.Uses {
		if u.State == s {
			n++
		}
	}
	return n
}
