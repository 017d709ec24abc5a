package main

import "os"

func signalGroup(leader *os.Process, _ os.Signal) { _ = leader.Kill() }

func exitCode(state *os.ProcessState) int { return state.ExitCode() }
