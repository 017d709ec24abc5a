package broker_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
)

const (
	png = "\x89PNG\r\n\x1a\n and so on"
	gif = "GIF89a and so on"
)

// why is the reason in an error, "" for none.
func why(t *testing.T, err error) broker.Why {
	t.Helper()
	var refused *broker.PassRefused
	if err != nil && !errors.As(err, &refused) {
		t.Fatalf("%T: %v", err, err)
	}
	if refused == nil {
		return ""
	}
	return refused.Why
}

func TestPassAccepts(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	pass := broker.Pass{
		ID: 3, Can: []broker.PassAction{broker.Upload}, FileMost: 100, BytesMost: 250, UsesMost: 2, Bytes: 100, Uses: 1,
		Types: []string{".log", "image/*"}, Expires: now.Add(time.Hour),
	}
	a := func(edit func(*broker.Pass)) broker.Pass { p := pass; edit(&p); return p }
	log := broker.Incoming{Name: "a.log", Size: 10, Head: []byte("x")}
	file := func(name, head string) broker.Incoming {
		return broker.Incoming{Name: name, Size: 10, Head: []byte(head)}
	}
	for _, c := range []struct {
		name string
		pass broker.Pass
		file broker.Incoming
		want broker.Why
		most int64
	}{
		{"a file", pass, log, "", 10},
		{"its last byte", pass, broker.Incoming{Name: "a.log", Size: 100, Head: []byte("x")}, "", 100},
		{"a byte more", pass, broker.Incoming{Name: "a.log", Size: 101, Head: []byte("x")}, broker.FileTooLarge, 0},
		{"of unknown size", pass, broker.Incoming{Name: "a.log", Size: -1, Head: []byte("x")}, "", 100},
		{"of unknown size, with little left", a(func(p *broker.Pass) { p.Bytes = 190 }), broker.Incoming{Name: "a.log", Size: -1, Head: []byte("x")}, "", 60},
		{"of unknown size, with nothing left", a(func(p *broker.Pass) { p.Bytes = 250 }), broker.Incoming{Name: "a.log", Size: -1, Head: []byte("x")}, broker.BytesUsedUp, 0},
		{"more than is left", a(func(p *broker.Pass) { p.Bytes = 241 }), log, broker.BytesUsedUp, 0},
		{"nothing", pass, broker.Incoming{Name: "a.log"}, broker.FileEmpty, 0},
		{"the last use is under way", a(func(p *broker.Pass) { p.Uses = 2 }), log, "", 10},
		{"at its end", a(func(p *broker.Pass) { p.Expires = now }), log, broker.PassExpired, 0},
		{"revoked", a(func(p *broker.Pass) { p.Revoked = now }), log, broker.PassRevoked, 0},
		{"only to comment", a(func(p *broker.Pass) { p.Can = []broker.PassAction{broker.Comment} }), log, broker.NotAllowed, 0},
		{"in capitals", pass, file("A.LOG", "x"), "", 10},
		{"two ends", pass, file("a.exe.log", "x"), "", 10},
		{"another type", pass, file("a.exe", "x"), broker.WrongType, 0},
		{"no more than an end", pass, file(".log", "x"), broker.WrongType, 0},
		{"an image", pass, file("a.png", png), "", 10},
		{"a JPEG", pass, file("a.jpeg", "\xff\xd8\xff\xe0"), "", 10},
		{"named as another image", pass, file("a.png", gif), broker.WrongType, 0},
		{"an image in name alone", pass, file("a.png", "<html>"), broker.WrongType, 0},
		{"a page that begins like an image", pass, file("a.html", gif), broker.WrongType, 0},
		{"a drawing with scripts", pass, file("a.svg", "<svg xmlns="), broker.WrongType, 0},
		{"one kind of image", a(func(p *broker.Pass) { p.Types = []string{"image/gif"} }), file("a.gif", gif), "", 10},
		{"not that kind", a(func(p *broker.Pass) { p.Types = []string{"image/gif"} }), file("a.png", png), broker.WrongType, 0},
		{"an image by its end", a(func(p *broker.Pass) { p.Types = []string{".png"} }), file("a.png", "MZ"), broker.WrongType, 0},
		{"any", a(func(p *broker.Pass) { p.Types = nil }), file("a.exe", "MZ"), "", 10},
	} {
		next, most, err := c.pass.Accept(now, c.file)
		if got := why(t, err); got != c.want || most != c.most {
			t.Errorf("%s: %q and %d, want %q and %d", c.name, got, most, c.want, c.most)
		}
		if err == nil && (next.Bytes != c.pass.Bytes+most || next.Version != c.pass.Version+1 || next.Uses != c.pass.Uses) {
			t.Errorf("%s: next is %+v", c.name, next)
		}
	}
}

func TestPassIsUsed(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	pass := broker.Pass{UsesMost: 2, Uses: 1, Expires: now.Add(1)}
	next, err := pass.Use(now)
	if err != nil || next.Uses != 2 || next.Version != 1 || next.UsesLeft() != 0 {
		t.Errorf("%+v, %v", next, err)
	}
	for name, c := range map[string]struct {
		pass broker.Pass
		want broker.Why
	}{
		"used up":             {next, broker.PassUsedUp},
		"over":                {broker.Pass{UsesMost: 1, Expires: now}, broker.PassExpired},
		"revoked":             {broker.Pass{UsesMost: 1, Expires: now.Add(1), Revoked: now}, broker.PassRevoked},
		"revoked and used up": {broker.Pass{Expires: now.Add(1), Revoked: now}, broker.PassRevoked},
	} {
		if _, err := c.pass.Use(now); why(t, err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCleanFileName(t *testing.T) {
	for given, want := range map[string]string{
		"crash.log":                       "crash.log",
		"/etc/passwd":                     "passwd",
		`C:\temp\a b.txt`:                 "a b.txt",
		"../../x":                         "x",
		"..":                              "file",
		"":                                "file",
		"a/":                              "file",
		"gnp\u202egpj.exe":                "gnpgpj.exe",
		"a\x00\r\nb\x1b[31m.log":          "ab[31m.log",
		"zero\u200bwidth":                 "zerowidth",
		"name. . ":                        "name",
		".env":                            ".env",
		"\xff.log":                        "�.log",
		strings.Repeat("é", 100) + ".log": strings.Repeat("é", 58) + ".log",
		"x." + strings.Repeat("y", 200):   "x." + strings.Repeat("y", 118),
	} {
		if got := broker.CleanFileName(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

func TestReadTypes(t *testing.T) {
	got, err := broker.ReadTypes([]string{" .LOG", "image/*", ".tar.gz", ".log", "image/png"})
	if diff := cmp.Diff([]string{".log", "image/*", ".tar.gz", "image/png"}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, wrong := range []string{"", "log", "*", ".", "text/plain", "image/svg+xml", ". log", ".log,.txt", "..", ".é", "." + strings.Repeat("x", 17)} {
		if _, err := broker.ReadTypes([]string{wrong}); err == nil {
			t.Errorf("%q passes", wrong)
		}
	}
}

// FuzzPassSecret: what is read of a link is a secret as it was made, or nothing.
func FuzzPassSecret(f *testing.F) {
	for _, s := range []string{"deskauth_pass_abc", "https://x/pass#deskauth_pass_abc", " deskauth_pass_abc\n", "#", "deskauth_abc", "#deskauth_pass_a b", "deskauth_pass_\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, given string) {
		s := broker.PassSecret(given)
		if !s.IsZero() && (!strings.HasPrefix(s.Reveal(), "deskauth_pass_") || !strings.Contains(given, s.Reveal()) || len(s.Reveal()) > 200) {
			t.Errorf("%q of %q", s.Reveal(), given)
		}
	})
}

// FuzzFileName: a cleaned name is one name, readable, bounded, and clean already.
func FuzzFileName(f *testing.F) {
	for _, s := range []string{"a.log", "../a", `\\host\x`, "a\u202eb", strings.Repeat("x", 500) + ".png", "\xff\xfe", ". . .", "a\u00a0.", strings.Repeat(".", 130) + strings.Repeat("x", 30), strings.Repeat("x", 119) + " " + strings.Repeat("x", 30)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, given string) {
		got := broker.CleanFileName(given)
		if got == "" || len(got) > 120 || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\n\r\x00\u202e\u2066") {
			t.Errorf("%q of %q", got, given)
		}
		if again := broker.CleanFileName(got); again != got {
			t.Errorf("%q becomes %q", got, again)
		}
	})
}

// FuzzTypes: a list that is read takes files or refuses them, and is read the same again.
func FuzzTypes(f *testing.F) {
	f.Add(".log,image/*", "a.log", []byte("x"))
	f.Add("image/png", "a.png", []byte(png))
	f.Add(".a-b.c", "x.a-b.c", []byte{})
	f.Fuzz(func(t *testing.T, list, name string, head []byte) {
		types, err := broker.ReadTypes(strings.Split(list, ","))
		if err != nil {
			return
		}
		again, err := broker.ReadTypes(types)
		if diff := cmp.Diff(types, again); diff != "" || err != nil {
			t.Error(err, diff)
		}
		p := broker.Pass{Can: broker.Actions(), FileMost: 1, BytesMost: 1, Types: types, Expires: time.Unix(1, 0)}
		_, _, err = p.Accept(time.Unix(0, 0), broker.Incoming{Name: broker.CleanFileName(name), Size: 1, Head: head})
		_ = why(t, err)
	})
}
