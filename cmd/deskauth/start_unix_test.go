//go:build unix

package main

import (
	"os"
	"syscall"
)

// pageFaults is how many pages a process touched for the first time, of those that no
// disk had to be asked for.
func pageFaults(ended *os.ProcessState) int64 {
	return ended.SysUsage().(*syscall.Rusage).Minflt
}
