package main

import (
	"os"
	"syscall"
)

// Windows has neither process groups of this kind, nor a root that PostgreSQL
// refuses, nor signals beside Kill: the plain forms serve.

func ownGroup(syscall.Signal) *syscall.SysProcAttr { return nil }

func serverProcess(*account) *syscall.SysProcAttr { return nil }

func endNow(server *os.Process) error { return server.Kill() }

func signalGroup(leader *os.Process, _ os.Signal) { _ = leader.Kill() }

func exitCode(state *os.ProcessState) int { return state.ExitCode() }
