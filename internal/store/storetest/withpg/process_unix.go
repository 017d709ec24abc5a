//go:build unix

package main

import (
	"os"
	"syscall"
)

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
