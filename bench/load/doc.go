// Package load sends HTTP/1.1 requests over kept-alive connections, as fast as
// they are answered, and measures how long each answer took.
//
//	Run ──► one goroutine for each connection:  Script.Next ──► write ──► read ──► Script.Answered
//
// It is a closed loop, as wrk is: a connection sends its next request when it has
// its answer. It speaks just enough HTTP to be cheap, because it shares a
// machine with what it measures: status line, Content-Length or chunks, body.
// Every answer is looked at by its script; the first one that is wrong ends the
// run.
package load
