package pgserver

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

// Server is a running PostgreSQL and the directory it lives in.
type Server struct {
	bin, dir string
	who      *account
	fsync    bool
	port     int
	cmd      *exec.Cmd
	ended    chan struct{} // closed when the process is gone
}

// Start makes a new, empty database cluster and serves it, with or without syncing to
// disk as a server in production does. The caller stops it.
func Start(fsync bool) (*Server, error) {
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
	s := &Server{bin: bin, dir: dir, who: who, fsync: fsync}
	// A free port can be taken by another before the server has it.
	for range 5 {
		if s.port, err = freePort(); err == nil {
			err = s.serve()
		}
		if err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

// DSN names the server's own database, from which tests create theirs.
func (s *Server) DSN() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

// Stop ends the server at once, without a checkpoint: nothing of it is kept.
func (s *Server) Stop() error {
	return errors.Join(s.end(endNow), os.RemoveAll(s.dir))
}

// Restart ends the server and starts it at the same port, with what was committed:
// in order, as its administrator does, or as a crash does.
func (s *Server) Restart(inOrder bool) error {
	how := endNow
	if inOrder {
		how = endInOrder
	}
	if err := s.end(how); err != nil {
		return err
	}
	return s.serve()
}

func (s *Server) end(how func(*os.Process) error) error {
	if err := how(s.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
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

func (s *Server) serve() error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close() // the server has its own descriptor
	sync := "off"
	if s.fsync {
		sync = "on"
	}
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"),
		"-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(s.port),
		"-c", "unix_socket_directories=", // TCP alone: socket paths are limited to 107 bytes
		"-c", "max_connections=200", // two cores' worth of test packages, each with a few pools
		"-c", "fsync="+sync, "-c", "full_page_writes="+sync,
		"-c", "timezone=UTC", "-c", "lc_messages=C")
	cmd.Dir, cmd.Env = s.dir, environ(s.dir)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = serverProcess(s.who)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	ended := make(chan struct{})
	s.cmd, s.ended = cmd, ended
	go func() {
		_ = cmd.Wait() // how it ended is told by its log
		close(ended)
	}()
	if err := s.awaitReady(); err != nil {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w\n%s", errors.Join(err, s.end(endNow)), bytes.TrimSpace(said))
	}
	return nil
}

// awaitReady waits until postmaster.pid's eighth line says "ready", which is what
// pg_ctl waits for too. (pg_ctl itself would detach the server from us.)
func (s *Server) awaitReady() error {
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
