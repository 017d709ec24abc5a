//go:build linux || darwin

package main

import "syscall"

// writable tells whether this user may make files in a directory, without making one.
func writable(dir string) bool { return syscall.Access(dir, 2) == nil } // W_OK

// freeSpace is how many bytes may still be written there.
func freeSpace(dir string) (bytes uint64, known bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil || s.Bsize <= 0 {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}
