//go:build unix

package main

import (
	"os"
	"syscall"
)

// ownGroup puts a process into a group of its own, so that a Ctrl-C at the terminal
// reaches withpg alone, which then decides in which order things end.
func ownGroup(onDeath syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	dieWith(attr, onDeath)
	return attr
}

// serverProcess is how initdb and postgres run. On SIGQUIT the server shuts down
// immediately and takes its workers along (PostgreSQL, "Shutting Down the Server").
func serverProcess(who *account) *syscall.SysProcAttr {
	attr := ownGroup(syscall.SIGQUIT)
	if who != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(who.uid), Gid: uint32(who.gid)}
	}
	return attr
}

func endNow(server *os.Process) error { return server.Signal(syscall.SIGQUIT) }

// signalGroup passes s to the process and all that it started. That the group is
// gone already is no error: its end is seen elsewhere.
func signalGroup(leader *os.Process, s os.Signal) {
	if s, ok := s.(syscall.Signal); ok {
		_ = syscall.Kill(-leader.Pid, s)
	}
}

// exitCode is the shell's: 128+n for a process that signal n ended.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
