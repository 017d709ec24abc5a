package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/goccy/go-yaml"

	"github.com/deskauth/deskauth/internal/blank"
)

// logSet names what `deskauth ticket logs` gathers: an entry of the file of sets.
//
//	app:
//	  paths: [/var/log/app/*.log, ~/app/settings.yaml]
//	  newer_than: 48h
//	  last: 5MB
//	  blank: ['ACME-[0-9]+']
type logSet struct {
	Paths     []string `yaml:"paths"`      // patterns of the shell; ~ is home
	NewerThan string   `yaml:"newer_than"` // files that were changed within it; "": all
	Last      string   `yaml:"last"`       // how much of the end of each; "": 10MB
	Blank     []string `yaml:"blank"`      // patterns of one's own (RE2)

	within time.Duration // 0: however old
	most   int64         // bytes
	*blank.Blanker
}

// logSetsExample is what the help shows.
const logSetsExample = `  app:
    paths: [/var/log/app/*.log, ~/app/settings.yaml]
    newer_than: 48h         # files that changed since; all unless said
    last: 5MB               # the end of each; 10MB unless said
    blank: ['ACME-[0-9]+']  # patterns of your own, beside tokens, keys and addresses
`

// configDir is where a user's programs look for what they are told (XDG Base Directory
// Specification).
func configDir(p process) (string, error) {
	if dir := lookup(p, "XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "deskauth"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", usagef("there is no home directory: name the file of sets with --sets")
	}
	return filepath.Join(home, ".config", "deskauth"), nil
}

// findLogSet reads the file of sets and returns the one of a name.
func findLogSet(p process, file, name string) (logSet, error) {
	if file == "" {
		dir, err := configDir(p)
		if err != nil {
			return logSet{}, err
		}
		file = filepath.Join(dir, "logs.yaml")
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return logSet{}, usagef("there are no sets of logs yet: write %s, as the help shows", file)
	} else if err != nil {
		return logSet{}, err
	}
	var sets map[string]logSet
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&sets); err != nil {
		return logSet{}, usagef("%s: %s", file, yaml.FormatError(err, false, false))
	}
	s, found := sets[name]
	if !found {
		return s, usagef("%s has no set %q; it has %s", file, name, strings.Join(slices.Sorted(maps.Keys(sets)), ", "))
	}
	if err := s.complete(); err != nil {
		return s, usagef("%s: %s: %w", file, name, err)
	}
	return s, nil
}

func (s *logSet) complete() (err error) {
	if len(s.Paths) == 0 {
		return errors.New("paths are missing")
	}
	if s.NewerThan != "" {
		if s.within, err = time.ParseDuration(s.NewerThan); err != nil || s.within <= 0 {
			return fmt.Errorf("newer_than is %q, and should be as 48h", s.NewerThan)
		}
	}
	s.most = 10_000_000
	if s.Last != "" {
		if s.most, err = parseSize(s.Last); err != nil {
			return fmt.Errorf("last is %q, and should be as 5MB, and %s at most", s.Last, humanize.Bytes(lastMost))
		}
	}
	s.Blanker, err = blank.New(s.Blank...)
	return err
}

// lastMost is the most that is kept of one file, in bytes: an archive is to go through
// Zendesk's uploads.
const lastMost = 1_000_000_000

// parseSize reads a size, in bytes.
func parseSize(text string) (int64, error) {
	n, err := humanize.ParseBytes(text)
	if err == nil && (n == 0 || n > lastMost) {
		err = errors.New("no size that can be")
	}
	return int64(n), err
}

// files are those that the patterns find, each once. A pattern that finds none is
// returned by itself.
func (s logSet) files(now time.Time) (files, without []string, err error) {
	home, _ := os.UserHomeDir() // where there is none, ~ is a name like any other
	for _, pattern := range s.Paths {
		if rest, is := strings.CutPrefix(pattern, "~/"); is && home != "" {
			pattern = filepath.Join(home, rest)
		}
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, nil, usagef("%q is not a pattern of paths", pattern)
		}
		some := false
		for _, path := range found {
			info, err := os.Stat(path)
			if err != nil || !info.Mode().IsRegular() || s.within > 0 && now.Sub(info.ModTime()) > s.within {
				continue
			}
			some = true
			if !slices.Contains(files, path) {
				files = append(files, path)
			}
		}
		if !some {
			without = append(without, pattern)
		}
	}
	return files, without, nil
}
