package pgserver

import "syscall"

// dieWith makes the kernel send sig to the process when withpg dies, however it dies.
func dieWith(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }
