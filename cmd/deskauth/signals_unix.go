//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// forwarded are the signals that people and supervisors send to a program.
var forwarded = []os.Signal{
	os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
}

// together has a command and what it starts be a group of processes of its own.
func together(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endRest ends what is left of the group of a command that has ended, and waits until it
// is gone: a browser's helpers write to its profile for a while longer.
func endRest(cmd *exec.Cmd) {
	if cmd.Process == nil {
		return // it did not start
	}
	const patience, pause = 5 * time.Second, 10 * time.Millisecond
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(pause) {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); errors.Is(err, syscall.ESRCH) {
			return
		}
	}
}
