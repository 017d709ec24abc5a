package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/blank"
)

// What an archive has of a file: its end, from the beginning of a line, unpacked and
// blanked.
func TestArchive(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("a line that is left out\n", 100) + "ada@acme.example\nthe last\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(long)); err != nil {
		t.Fatal(err)
	}
	_ = z.Close()
	var files []string
	for _, f := range []struct{ name, text string }{
		{"plain.log", long},
		{"old.log.gz", packed.String()},
		{"short.log", "password=swordfish"},
		{"empty.log", ""},
		{"core", "\x00\x01"},
		{"broken.gz", "no gzip"},
	} {
		files = append(files, filepath.Join(dir, f.name))
		if err := os.WriteFile(files[len(files)-1], []byte(f.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files = append(files, filepath.Join(dir, "gone.log"))
	s := logSet{Paths: []string{"*"}, Last: "40B"}
	if err := s.complete(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	all, err := s.archive(t.Context(), &out, files)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	r, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		got[filepath.Base(f.Name)] = string(text)
	}
	for name, want := range map[string]string{
		"plain.log": "[email 1]\nthe last\n", "old.log": "[email 1]\nthe last\n", "short.log": "password=[secret 1]", "empty.log": "",
	} {
		if text, found := got[name]; !found || text != want {
			t.Errorf("%s is %q", name, text)
		}
	}
	if len(got) != 4 {
		t.Errorf("the archive has %d files", len(got))
	}
	for i, left := range []bool{false, false, false, false, true, true, true} {
		if g := all[i]; (g.Left != "") != left || g.Cut != (i < 2) {
			t.Errorf("%+v", g)
		}
	}
}

// A name tells nothing that is blanked, and leads nowhere; a link says where it leads.
func TestArchivedNames(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	real := filepath.Join(dir, "elsewhere.txt")
	if err := os.WriteFile(real, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("logs", 0o700); err != nil {
		t.Fatal(err)
	}
	names := []string{"../" + filepath.Base(dir) + "/logs/ada@acme.example.log", "./logs/10.1.2.3.log.gz", "logs/token=a1b2c3d4"}
	for _, name := range names {
		if err := os.Symlink(real, name); err != nil {
			t.Skip(err) // a system where not everybody may
		}
	}
	s := logSet{Paths: []string{"*"}}
	if err := s.complete(); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	all, err := s.archive(t.Context(), &out, []string{names[0], names[2]})
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{filepath.Base(dir) + "/logs/[email 1]", "logs/token=[secret 1]"} {
		if got := r.File[n].Name; got != want {
			t.Errorf("%s is %s, want %s", names[n], got, want)
		}
		if all[n].Counts[blank.Email]+all[n].Counts[blank.Secret] != 1 {
			t.Errorf("%+v", all[n])
		}
	}
	if name, _, err := s.archived(names[1]); err != nil || name != "logs/[address 1].log" {
		t.Errorf("%s, %v", name, err)
	}
	tellGathered(&said, all, nil)
	if n := strings.Count(said.String(), ", which leads to "+real+": 1 B"); n != 2 {
		t.Errorf("%q", said.String())
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"5MB": 5_000_000, "1.5 kB": 1500, "7B": 7, "2MiB": 2 << 20, "1GB": 1_000_000_000} {
		if n, err := parseSize(text); err != nil || n != want {
			t.Errorf("%q is %d, %v", text, n, err)
		}
	}
	for _, text := range []string{"", "MB", "-1MB", "0B", "1.1GB", "9000000GB", "1XB"} {
		if n, err := parseSize(text); err == nil {
			t.Errorf("%q is %d", text, n)
		}
	}
}
