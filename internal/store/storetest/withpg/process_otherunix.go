//go:build unix && !linux

package main

import "syscall"

const diesWithParent = false

// dieWith does nothing: only Linux ties a child's life to its parent's.
func dieWith(*syscall.SysProcAttr, syscall.Signal) {}
