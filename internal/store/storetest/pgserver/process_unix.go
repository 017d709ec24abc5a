//go:build unix

package pgserver

import (
	"os"
	"syscall"
)

// OwnGroup puts a process into a group of its own, so that a Ctrl-C at the terminal
// reaches its parent alone, which then decides in which order things end. On Linux it
// gets the signal onDeath when its parent dies.
func OwnGroup(onDeath syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	dieWith(attr, onDeath)
	return attr
}

// serverProcess is how initdb and postgres run. On SIGQUIT the server shuts down
// immediately and takes its workers along (PostgreSQL, "Shutting Down the Server").
func serverProcess(who *account) *syscall.SysProcAttr {
	attr := OwnGroup(syscall.SIGQUIT)
	if who != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(who.uid), Gid: uint32(who.gid)}
	}
	return attr
}

// endNow ends the server as a crash does, without a checkpoint.
func endNow(server *os.Process) error { return server.Signal(syscall.SIGQUIT) }

// endInOrder ends its sessions, writes a checkpoint and ends it, as a restart does.
func endInOrder(server *os.Process) error { return server.Signal(syscall.SIGINT) }
