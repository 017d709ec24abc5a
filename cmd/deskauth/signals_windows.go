package main

import (
	"os"
	"os/exec"
)

// forwarded are the signals that Windows has; it can deliver none of them to another
// process, but the console sends Ctrl-C to everyone.
var forwarded = []os.Signal{os.Interrupt}

// together and endRest are for systems with groups of processes.
func together(*exec.Cmd) {}

func endRest(*exec.Cmd) {}
