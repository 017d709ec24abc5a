//go:build unix && !linux

package pgserver

import "syscall"

// dieWith does nothing: only Linux ties a child's life to its parent's.
func dieWith(*syscall.SysProcAttr, syscall.Signal) {}
