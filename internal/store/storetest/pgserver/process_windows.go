package pgserver

import (
	"os"
	"syscall"
)

// Windows has neither process groups of this kind, nor a root that PostgreSQL
// refuses, nor signals beside Kill: the plain forms serve.

// OwnGroup does nothing.
func OwnGroup(syscall.Signal) *syscall.SysProcAttr { return nil }

func serverProcess(*account) *syscall.SysProcAttr { return nil }

func endNow(server *os.Process) error { return server.Kill() }

func endInOrder(server *os.Process) error { return server.Kill() }
