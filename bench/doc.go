// Command bench measures the issuer and the broker beside bare servers and peers, in one run:
// absolute numbers change with the machine and the minute, so what counts is the
// share of what stands next to it.
//
//	stage (a database with one client and its tokens)
//	  ──► start a server on core 0 ──► load from core 1 ──► CPU time of the server ──► median of three
//	  ──► the answers' statuses and the committed rows are counted ──► table, build/bench/
//
// `make bench` builds what it needs and runs it. Linux alone: it reads /proc and
// pins by taskset.
package main
