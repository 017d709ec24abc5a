//go:build !unix

package prove_test

import "testing"

func stopProcess(t *testing.T, _ *replica) { t.Skip("this system cannot stop a process") }

func resumeProcess(*testing.T, *replica) {}
