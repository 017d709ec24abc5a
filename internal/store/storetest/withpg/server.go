package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// patience is how long a server may take to come up or to go down. It is long
// because a loaded machine is slow, and costs nothing when all is well.
const patience = 60 * time.Second

// server is a running PostgreSQL and the directory it lives in.
type server struct {
	dir   string
	port  int
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is gone
}

// start makes a new, empty database cluster and serves it.
func start(fsync bool) (*server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	who, err := serverUser()
	if err != nil {
		return nil, err
	}
	dir, err := makeDir(who)
	if err != nil {
		return nil, err
	}
	if err := initdb(bin, dir, who); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// A free port can be taken by another before the server has it.
	for range 5 {
		var s *server
		if s, err = serve(bin, dir, who, fsync); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

// dsn names the server's own database, from which tests create theirs.
func (s *server) dsn() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

// stop ends the server at once, without a checkpoint: nothing of it is kept.
func (s *server) stop() error {
	return errors.Join(s.end(), os.RemoveAll(s.dir))
}

func (s *server) end() error {
	if err := endNow(s.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop postgres: %w", err)
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(patience):
		return errors.Join(errors.New("postgres did not stop; killed"), s.cmd.Process.Kill())
	}
}

// binaries returns the directory that holds initdb and postgres: on PATH, or where
// Debian (newest version last), Red Hat and Homebrew put them.
func binaries() (string, error) {
	var dirs []string
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	} {
		found, _ := filepath.Glob(pattern) // fails on a bad pattern only
		for i := len(found); i > 0; i-- {
			dirs = append(dirs, found[i-1])
		}
	}
	for _, dir := range dirs {
		if executable(filepath.Join(dir, "initdb")) && executable(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", errors.New("no PostgreSQL server found; install it: sudo apt-get install postgresql (or run make deps)")
}

func executable(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}

func initdb(bin, dir string, who *account) error {
	cmd := exec.Command(filepath.Join(bin, "initdb"),
		"--pgdata", filepath.Join(dir, "data"),
		"--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", // the same order on every machine
		"--no-sync", "--no-instructions")
	cmd.Dir, cmd.Env = dir, environ(dir)
	cmd.SysProcAttr = serverProcess(who)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

func serve(bin, dir string, who *account, fsync bool) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the server has its own descriptor
	sync := "off"
	if fsync {
		sync = "on"
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"),
		"-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(port),
		"-c", "unix_socket_directories=", // TCP alone: socket paths are limited to 107 bytes
		"-c", "max_connections=200", // two cores' worth of test packages, each with a few pools
		"-c", "fsync="+sync, "-c", "full_page_writes="+sync,
		"-c", "timezone=UTC", "-c", "lc_messages=C")
	cmd.Dir, cmd.Env = dir, environ(dir)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = serverProcess(who)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s := &server{dir: dir, port: port, cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is told by its log
		close(s.ended)
	}()
	if err := s.awaitReady(); err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w\n%s", errors.Join(err, s.end()), bytes.TrimSpace(said))
	}
	return s, nil
}

// awaitReady waits until postmaster.pid's eighth line says "ready", which is what
// pg_ctl waits for too. (pg_ctl itself would detach the server from us.)
func (s *server) awaitReady() error {
	late := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.ended:
			return errors.New("postgres ended while starting")
		case <-late:
			return fmt.Errorf("postgres was not ready after %v", patience)
		case <-tick.C:
			text, _ := os.ReadFile(filepath.Join(s.dir, "data", "postmaster.pid"))
			lines := strings.Split(string(text), "\n")
			if len(lines) >= 8 && strings.TrimSpace(lines[7]) == "ready" {
				return nil
			}
		}
	}
}

// freePort asks the system for a port that nobody has just now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// environ is the environment without PG… variables, which would steer the server,
// and with a home that its user may enter.
func environ(dir string) []string {
	env := []string{"HOME=" + dir}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") && !strings.HasPrefix(v, "HOME=") {
			env = append(env, v)
		}
	}
	return env
}
