package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a process that is measured.
type server struct {
	name    string
	addr    string
	cmd     *exec.Cmd
	exited  chan struct{}
	started time.Time
	log     *os.File
}

// freeAddr is an address on which nobody listens.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // opening an address waits for nothing
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// start runs a program and waits until it listens at addr. What it writes goes to
// a file: a log that nobody reads would cost nothing.
func (b *bench) start(ctx context.Context, name, addr string, program ...string) (*server, error) {
	log, err := os.Create(filepath.Join(b.dir, strings.ReplaceAll(name, " ", "-")+".log"))
	if err != nil {
		return nil, err
	}
	if b.pin {
		program = append([]string{"taskset", "-c", "0"}, program...)
	}
	cmd := exec.Command(program[0], program[1:]...) //nolint:gosec,noctx // it is ended by stop, in its own way
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "NODE_ENV=production")
	s := &server{name: name, addr: addr, cmd: cmd, exited: make(chan struct{}), started: time.Now(), log: log}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), log.Close())
	}
	go func() {
		defer close(s.exited)
		_ = cmd.Wait()
	}()
	if err := s.listens(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("%s: %w; it wrote to %s", name, err, log.Name())
	}
	return s, nil
}

// startWithin bounds how long a server takes to listen.
const startWithin = 30 * time.Second

func (s *server) listens(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return errors.New("it ended instead of listening")
		case <-ctx.Done():
			return errors.New("it does not listen")
		}
	}
}

// stop ends the process, kindly at first.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(15 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
	_ = s.log.Close()
}

// tick is the unit of CPU time in /proc: USER_HZ, 100 on every architecture of
// Linux that Go knows.
const tick = 10 * time.Millisecond

func (s *server) cpu() (time.Duration, error) { return usage(s.cmd.Process.Pid) }

// usage is the CPU time that a process has used, user and system.
func usage(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// proc(5): the name, second of the fields, stands in parentheses and may hold anything.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("/proc/…/stat is not as proc(5) says")
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// memory is the resident memory of the process, now and at most, in bytes.
func (s *server) memory() (now, most int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		at := map[string]*int64{"VmRSS": &now, "VmHWM": &most}[name]
		if at == nil {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return 0, 0, err
		}
		*at = kib << 10
	}
	return now, most, nil
}
