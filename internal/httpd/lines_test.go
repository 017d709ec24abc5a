package httpd_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/httpd"
)

func TestLinesKeepOrderAndLoseNone(t *testing.T) {
	var out bytes.Buffer
	l := httpd.NewLines(&out, "text")
	var all sync.WaitGroup
	const writers, each = 8, 2000 // more than waits at once
	for w := range writers {
		all.Go(func() {
			for n := range each {
				if _, err := fmt.Fprintf(l, "writer %d line %d %s\n", w, n, strings.Repeat("x", 100)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	next := map[int]int{}
	for line := range strings.Lines(out.String()) {
		var w, n int
		if _, err := fmt.Sscanf(line, "writer %d line %d ", &w, &n); err != nil || n != next[w] {
			t.Fatalf("got %.40q where line %d was next: %v", line, next[w], err)
		}
		next[w]++
	}
	for w := range writers {
		if next[w] != each {
			t.Errorf("writer %d: %d of %d lines", w, next[w], each)
		}
	}
}

// A quiet server's line is not kept back until the next.
func TestLinesWriteAtOnce(t *testing.T) {
	in, out := io.Pipe()
	l := httpd.NewLines(out, "text")
	for _, line := range []string{"first", "second"} {
		if _, err := io.WriteString(l, line); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(line))
		if _, err := io.ReadFull(in, got); err != nil || string(got) != line {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// Whoever reads the log may go away: those who write neither wait nor fail.
func TestLinesWhenNobodyReads(t *testing.T) {
	in, out := io.Pipe()
	gone := errors.New("gone")
	_ = in.CloseWithError(gone)
	l := httpd.NewLines(out, "text")
	line := append(bytes.Repeat([]byte("x"), 9_999), '\n')
	for range 1000 { // many times what may wait
		if _, err := l.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); !errors.Is(err, gone) || !strings.HasPrefix(err.Error(), "1000 lines ") {
		t.Errorf("closing: %v", err)
	}
}

func TestLinesAfterClose(t *testing.T) {
	var out bytes.Buffer
	l := httpd.NewLines(&out, "text")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Write([]byte("late\n")); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("%d, %v", n, err)
	}
	if err := l.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closing again: %v", err)
	}
	if out.Len() > 0 {
		t.Errorf("it wrote %q", out.String())
	}
}

// disk is a file on a disk that has room for so many bytes.
type disk struct {
	room  int
	holds bytes.Buffer
	wrote chan struct{} // told after each write
}

func (d *disk) Write(p []byte) (int, error) {
	defer func() { d.wrote <- struct{}{} }()
	n := min(len(p), d.room)
	d.room -= n
	d.holds.Write(p[:n])
	if n < len(p) {
		return n, errors.New("the disk is full")
	}
	return n, nil
}

// A log goes on when it can be written again, and says what it lost.
func TestLinesGoOnAfterALoss(t *testing.T) {
	for _, c := range []struct {
		name, format string
		room         int // when the disk fills up
		want         string
	}{
		{"text", "text", 0, `^time=\S+ level=WARN msg="lines of this log were lost" lines=3 error="the disk is full"\nfourth\nfifth\n$`},
		{"json", "json", 0, `^{"time":"[^"]+","level":"WARN","msg":"lines of this log were lost","lines":3,"error":"the disk is full"}\nfourth\nfifth\n$`},
		{"in the midst of a line", "text", 3, `^fir\ntime=\S+ level=WARN msg="lines of this log were lost" lines=3 error="the disk is full"\nfourth\nfifth\n$`},
		{"after a line", "text", 6, `^first\ntime=\S+ level=WARN msg="lines of this log were lost" lines=2 error="the disk is full"\nfourth\nfifth\n$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &disk{room: c.room, wrote: make(chan struct{})}
			l := httpd.NewLines(d, c.format)
			put := func(line string, writes int) {
				t.Helper()
				if _, err := io.WriteString(l, line); err != nil {
					t.Fatal(err)
				}
				for range writes {
					<-d.wrote
				}
			}
			put("first\nsecond\n", 1)
			put("third\n", 1) // the notice does not get out, and so the line is not tried
			d.room = 1 << 20
			put("fourth\n", 2)
			put("fifth\n", 1)
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if got := d.holds.String(); !regexp.MustCompile(c.want).MatchString(got) {
				t.Errorf("the log is\n%s", got)
			}
		})
	}
}
