//go:build unix

package main

import (
	"os"
	"syscall"
)

// forwarded are the signals that people and supervisors send to a program.
var forwarded = []os.Signal{
	os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
}
