package httpd

import (
	"io"
	"sync"
	"time"
)

// Lines writes a log in groups: what is written while a group is on its way, or
// within linesPause after it, goes out with the next. A quiet server writes each
// line at once; a busy one is spared a system call for each request.
//
// Lines that were written less than linesPause ago are lost when the process is
// killed, or ends without Close.
type Lines struct {
	out    io.Writer
	wake   chan struct{} // holds one
	closed chan struct{}
	ended  chan struct{}

	mu      sync.Mutex
	room    *sync.Cond // signalled when waiting was taken
	waiting []byte
	spare   []byte
	err     error // the first of out; later lines are dropped
}

const (
	linesPause = 5 * time.Millisecond
	// linesMost bounds what waits: those who write more wait for it to get out.
	linesMost = 256 << 10
)

// NewLines starts to write to out. The caller closes it.
func NewLines(out io.Writer) *Lines {
	l := &Lines{out: out, wake: make(chan struct{}, 1), closed: make(chan struct{}), ended: make(chan struct{})}
	l.room = sync.NewCond(&l.mu)
	go l.run()
	return l
}

// Write takes a line, or several. It fails when lines before it could not be
// written.
func (l *Lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) >= linesMost && l.err == nil {
		l.room.Wait()
	}
	if l.err != nil {
		return 0, l.err
	}
	l.waiting = append(l.waiting, line...)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return len(line), nil
}

// Close writes what waits. Nothing may be written afterwards.
func (l *Lines) Close() error {
	close(l.closed)
	<-l.ended
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
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
	var err error
	if len(group) > 0 {
		_, err = l.out.Write(group)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spare = group
	if l.err == nil {
		l.err = err
	}
	l.room.Broadcast()
}
