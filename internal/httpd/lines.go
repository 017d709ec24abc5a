package httpd

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Lines writes a log in groups: what is written while a group is on its way, or
// within linesPause after it, goes out with the next. A quiet server writes each
// line at once; a busy one is spared a system call for each request.
//
// A group that cannot be written is dropped, and its lines are counted: a full disk
// or a reader that went away holds up nobody. A line of the log's own form says how
// many were lost, once, before the next group that can be written.
//
// Lines that were written less than linesPause ago are lost when the process is
// killed, or ends without Close.
type Lines struct {
	out    io.Writer
	format string
	wake   chan struct{} // holds one
	closed chan struct{}
	ended  chan struct{}

	mu      sync.Mutex
	room    *sync.Cond // signalled when waiting was taken
	waiting []byte
	spare   []byte
	over    bool // Close was called

	// Of run alone, and of Close when that has ended.
	lost losses
}

const (
	linesPause = 5 * time.Millisecond
	// linesMost bounds what waits: those who write more wait for it to get out.
	linesMost = 256 << 10
)

// NewLines starts to write to out. What it says itself is of format "json", or else
// "text", as that of NewLogger. The caller closes it.
func NewLines(out io.Writer, format string) *Lines {
	l := &Lines{out: out, format: format, wake: make(chan struct{}, 1), closed: make(chan struct{}), ended: make(chan struct{})}
	l.room = sync.NewCond(&l.mu)
	go l.run()
	return l
}

// Write takes a line, or several. It fails with os.ErrClosed after Close, and at no
// other time: what becomes of a line is not known yet.
func (l *Lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) >= linesMost && !l.over {
		l.room.Wait()
	}
	if l.over {
		return 0, fmt.Errorf("log: %w", os.ErrClosed)
	}
	l.waiting = append(l.waiting, line...)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return len(line), nil
}

// Close writes what waits. Its error says how many lines were lost of which the log
// does not tell. Another Close fails.
func (l *Lines) Close() error {
	l.mu.Lock()
	again := l.over
	l.over = true
	l.room.Broadcast()
	l.mu.Unlock()
	if again {
		return fmt.Errorf("log: %w", os.ErrClosed)
	}
	close(l.closed)
	<-l.ended
	return l.lost.err()
}

func (l *Lines) run() {
	defer close(l.ended)
	for {
		select {
		case <-l.wake:
			l.flush()
		case <-l.closed:
			l.flush()
			return
		}
		select {
		case <-time.After(linesPause):
		case <-l.closed:
		}
	}
}

func (l *Lines) flush() {
	l.mu.Lock()
	group := l.waiting
	l.waiting, l.spare = l.spare[:0], nil
	l.mu.Unlock()
	l.put(group)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spare = group
	l.room.Broadcast()
}

// put writes a group, after what is to be said of those before it.
func (l *Lines) put(group []byte) {
	if l.lost.lines > 0 {
		notice := l.lost.notice(l.format)
		if n, err := l.out.Write(notice); err != nil {
			l.lost.torn = l.lost.torn && n == 0 || n > 0 // whether it stands in the midst of a line
			l.lost.add(group, err)
			return
		}
		l.lost = losses{}
	}
	if len(group) == 0 {
		return
	}
	if n, err := l.out.Write(group); err != nil {
		l.lost.torn = n > 0 && group[n-1] != '\n'
		l.lost.add(group[n:], err)
	}
}

// losses are the lines that could not be written since the last one that could.
type losses struct {
	lines int
	cause error // of the last
	torn  bool  // the log ends in the midst of a line
}

func (x *losses) add(group []byte, cause error) {
	x.lines += bytes.Count(group, []byte("\n"))
	if len(group) > 0 && group[len(group)-1] != '\n' {
		x.lines++
	}
	x.cause = cause
}

// notice is the line of the log that tells of them.
func (x *losses) notice(format string) []byte {
	var line bytes.Buffer
	if x.torn {
		line.WriteByte('\n')
	}
	NewLogger(&line, slog.LevelWarn, format).Warn("lines of this log were lost", "lines", x.lines, "error", x.cause)
	return line.Bytes()
}

func (x *losses) err() error {
	if x.lines == 0 {
		return nil
	}
	return fmt.Errorf("%d lines of the log were lost: %w", x.lines, x.cause)
}
