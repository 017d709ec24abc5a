// Package control is how a demo issuer is steered: its clock, its faults, its
// journal, and its state as a whole. It exists with --demo alone.
//
//	a request ─► Wrap ─► visit (who is it about?) ─► Faults.pick ─► disturbed ─► the surface ─► Bend ─► use case
//	                │                                                                  Tell ◄──┘
//	                └──────────────► Journal ◄──────────────────────────────────────────┘
//
//	a program of this machine ─► Handler: /clock /faults /journal /seed /reset /snapshot /state
//
// Clock is a row of the database, so that all replicas obey it. Faults and
// journal belong to one process: each replica is steered by itself.
//
// A fault that changes a decision is a value that the use case gets with the
// request (issuer.Bent); every other is middleware round the surface. The
// listener of the controls stands apart from the public one, so that they can
// never leak onto it.
package control
