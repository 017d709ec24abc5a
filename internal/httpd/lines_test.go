package httpd_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/httpd"
)

func TestLinesKeepOrderAndLoseNone(t *testing.T) {
	var out bytes.Buffer
	l := httpd.NewLines(&out)
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
	l := httpd.NewLines(out)
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

// Whoever reads the log may go away: those who write must not wait for ever.
func TestLinesWhenNobodyReads(t *testing.T) {
	in, out := io.Pipe()
	gone := errors.New("gone")
	_ = in.CloseWithError(gone)
	l := httpd.NewLines(out)
	var err error
	for n := 0; n < 1000 && err == nil; n++ {
		_, err = l.Write(make([]byte, 10_000))
	}
	if !errors.Is(err, gone) {
		t.Errorf("writing: %v", err)
	}
	if err := l.Close(); !errors.Is(err, gone) {
		t.Errorf("closing: %v", err)
	}
}
