package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/deskauth/deskauth/internal/blank"
)

// gathered is a file of an archive, as it is shown before anything is sent.
type gathered struct {
	Path   string // where it was
	Leads  string // where that leads, if a link is on the way; "": none is
	Size   int64  // bytes, blanked
	Cut    bool   // its beginning is left out
	Counts blank.Counts
	Left   string // why it is left out; "": it is in the archive
}

// archive writes blanked copies of a set's files into a zip file. Nothing of them is
// written anywhere unblanked.
func (s logSet) archive(ctx context.Context, w io.Writer, files []string) (all []gathered, err error) {
	z := zip.NewWriter(w)
	for _, path := range files {
		g, err := s.add(ctx, z, path)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if errors.As(err, new(local)) { // of this one file
			g.Left, err = err.Error(), nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, z.Close()
}

func (s logSet) add(ctx context.Context, z *zip.Writer, path string) (g gathered, err error) {
	g.Path = path
	f, err := os.Open(path)
	if err != nil {
		return g, local{err}
	}
	defer f.Close()
	// Whoever may write where the logs are could have put a link there to anything that the
	// person may read, who is to see that.
	if real, err := filepath.EvalSymlinks(path); err == nil && real != filepath.Clean(path) {
		g.Leads = real
	}
	text, cut, err := s.end(ctx, f)
	if err != nil {
		return g, local{err}
	}
	if isBinary(text) {
		g.Left = "it is no text, so that nothing can be blanked in it"
		return g, nil
	}
	name, counts, err := s.archived(path)
	if err != nil {
		return g, err
	}
	to, err := z.Create(name)
	if err != nil {
		return g, err
	}
	count := &lengthOf{to: to}
	g.Counts, err = s.Copy(count, text)
	for kind, n := range counts {
		g.Counts[kind] += n
	}
	g.Size, g.Cut = count.n, cut
	return g, err
}

// archived is the name of a file in the archive. A name may tell as much as what is in the
// file; and it leads out of no folder in which somebody unpacks it.
func (s logSet) archived(path string) (name string, counts blank.Counts, err error) {
	var kept []string
	for _, part := range strings.Split(filepath.ToSlash(path), "/") {
		if part == "" || part == "." || part == ".." {
			continue
		}
		var out strings.Builder
		some, err := s.Copy(&out, strings.NewReader(strings.TrimSuffix(part, ".gz")))
		if err != nil {
			return "", nil, err
		}
		if counts == nil {
			counts = blank.Counts{}
		}
		for kind, n := range some {
			counts[kind] += n
		}
		kept = append(kept, strings.ReplaceAll(out.String(), ":", ""))
	}
	return strings.Join(kept, "/"), counts, nil
}

// unpackedMost bounds the work that a small file can make.
const unpackedMost = 4 << 30

// end is the last of a file, from the beginning of a line. What gzip packed is unpacked.
func (s logSet) end(ctx context.Context, f *os.File) (text *bufio.Reader, cut bool, err error) {
	if strings.HasSuffix(f.Name(), ".gz") {
		unpacked, err := gzip.NewReader(while{ctx, f})
		if err != nil {
			return nil, false, err
		}
		last := &tail{most: int(s.most)}
		if _, err := io.CopyN(last, unpacked, unpackedMost); err == nil {
			return nil, false, fmt.Errorf("it unpacks to more than %s", sizeText(unpackedMost))
		} else if !errors.Is(err, io.EOF) {
			return nil, false, err
		}
		text, cut = bufio.NewReader(bytes.NewReader(last.bytes())), last.cut
	} else {
		info, err := f.Stat()
		if err != nil {
			return nil, false, err
		}
		size := info.Size() // a log may grow meanwhile
		from := max(0, size-s.most)
		text, cut = bufio.NewReader(while{ctx, io.NewSectionReader(f, from, size-from)}), from > 0
	}
	if cut {
		if _, err := text.ReadString('\n'); err != nil && !errors.Is(err, io.EOF) {
			return nil, false, err
		}
	}
	return text, cut, nil
}

// while reads for as long as the command goes on.
type while struct {
	ctx  context.Context
	from io.Reader
}

func (r while) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.from.Read(b)
}

// tail keeps the last bytes that are written to it.
type tail struct {
	most int
	kept []byte
	cut  bool
}

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if len(t.kept) > 2*t.most {
		t.kept = append([]byte{}, t.bytes()...)
		t.cut = true
	}
	return len(b), nil
}

func (t *tail) bytes() []byte {
	if len(t.kept) > t.most {
		t.cut = true
		return t.kept[len(t.kept)-t.most:]
	}
	return t.kept
}

// isBinary looks at the beginning: text has no zero bytes and is UTF-8, or nearly.
func isBinary(text *bufio.Reader) bool {
	head, _ := text.Peek(4 << 10)
	if bytes.IndexByte(head, 0) >= 0 {
		return true
	}
	wrong := 0
	for rest := head; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			wrong++
		}
		rest = rest[n:]
	}
	return wrong > len(head)/20+3
}

type lengthOf struct {
	to io.Writer
	n  int64
}

func (c *lengthOf) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	return n, err
}

// tellGathered shows what is sent, for people.
func tellGathered(w io.Writer, all []gathered, without []string) {
	for _, g := range all {
		if g.Left != "" {
			fmt.Fprintf(w, "  %s: left out: %s\n", printable(g.Path), printable(g.Left))
			continue
		}
		if g.Leads != "" {
			g.Path += ", which leads to " + g.Leads
		}
		fmt.Fprintf(w, "  %s: %s%s%s\n", printable(g.Path), sizeText(g.Size), map[bool]string{true: ", its end"}[g.Cut], countsText(g.Counts))
	}
	for _, pattern := range without {
		fmt.Fprintf(w, "  %s: there is no such file\n", printable(pattern))
	}
}

func countsText(c blank.Counts) string {
	var parts []string
	for _, kind := range blank.Kinds {
		if n := c[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", kind, n))
		}
	}
	if parts == nil {
		return "; nothing to blank"
	}
	return "; blanked: " + strings.Join(parts, ", ")
}
