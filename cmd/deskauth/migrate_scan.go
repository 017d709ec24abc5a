package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of a scan. Sources are smaller than that, and what is more is told.
const (
	scanFileMost  = 1 << 20
	scanFilesMost = 200_000
	scanUsesMost  = 10_000
)

// skippedDirs are of tools, and not of whoever writes the scripts.
var skippedDirs = []string{".git", ".hg", ".svn", "node_modules", "vendor", ".venv", "venv", "__pycache__", ".tox", ".terraform", ".bundle", ".cache"}

// tokenUse is a place that uses an API token.
type tokenUse struct {
	ID   string   `json:"id"` // stays while the line stays, wherever it moves to in its file
	File string   `json:"file"`
	Line int      `json:"line"`
	Kind string   `json:"kind"`
	Sure sureness `json:"sure"`
	Text string   `json:"text"` // the line, without what is secret in it
}

// scanned is what came of a scan.
type scanned struct {
	Uses    []tokenUse
	Scripts map[string]scriptFacts // by file
	Files   int                    // that were read
	Passed  int                    // that were not: too large, no text, not to be read
	Cut     bool                   // there was more than a scan looks at
}

// scan reads the files below some places. No link is followed but the places themselves,
// so that no loop of them has no end.
func scan(ctx context.Context, places []string) (s scanned, err error) {
	s.Scripts = map[string]scriptFacts{}
	for _, place := range places {
		root, err := filepath.EvalSymlinks(place)
		if err != nil {
			return s, usagef("%s: %w", printable(place), errors.Unwrap(err))
		}
		if root, err = filepath.Abs(root); err != nil {
			return s, err
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil: // not to be read
				s.Passed++
				return nil
			case d.IsDir() && path != root && slices.Contains(skippedDirs, d.Name()):
				return fs.SkipDir
			case !d.Type().IsRegular():
				return nil
			case s.Files+s.Passed >= scanFilesMost || len(s.Uses) >= scanUsesMost:
				s.Cut = true
				return fs.SkipAll
			}
			s.file(path)
			return nil
		})
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *scanned) file(path string) {
	if _, seen := s.Scripts[path]; seen { // two places, one in the other
		return
	}
	text, is := textOf(path)
	if !is {
		s.Passed++
		return
	}
	s.Files++
	kinds := kindsIn(text)
	if len(kinds) == 0 {
		return
	}
	twice := map[string]int{}
	for n, line := range strings.Split(text, "\n") {
		use, is := useIn(line, kinds)
		if !is || len(s.Uses) >= scanUsesMost {
			continue
		}
		key := use.kind.name + "\x00" + use.shown
		s.Uses = append(s.Uses, tokenUse{
			ID: useID(path, key, twice[key]), File: path, Line: n + 1, Kind: use.kind.name, Sure: use.kind.sure, Text: use.shown,
		})
		twice[key]++
	}
	if len(twice) > 0 {
		s.Scripts[path] = readScript(text)
	}
}

// useID names a use for as long as its line stays.
func useID(path, key string, nth int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", path, key, nth))
	return hex.EncodeToString(sum[:4])
}

// textOf reads a file, if it is a text of a size that people write.
func textOf(path string) (string, bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, scanFileMost+1))
	if err != nil || len(text) > scanFileMost || bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
		return "", false
	}
	return strings.ToValidUTF8(string(text), "�"), true
}
