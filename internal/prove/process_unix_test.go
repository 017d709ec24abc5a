//go:build unix

package prove_test

import (
	"syscall"
	"testing"
)

// stopProcess stops a replica where it stands, as a debugger or a virtual machine
// that is moved does.
func stopProcess(t *testing.T, r *replica) { signal(t, r, syscall.SIGSTOP) }

func resumeProcess(t *testing.T, r *replica) { signal(t, r, syscall.SIGCONT) }

func signal(t *testing.T, r *replica, s syscall.Signal) {
	t.Helper()
	if err := r.Signal(s); err != nil {
		t.Fatal(err)
	}
}
