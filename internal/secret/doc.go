// Package secret holds what must not be shown: tokens, codes, client secrets,
// verifiers and passwords, from the border where they enter or are made to the
// border where they leave.
//
//	rand ──New/Code/State──▶ ┌───────┐ ──Reveal──▶ the one response, request or
//	wire ──Of──────────────▶ │ Plain │             sealed row that must carry it
//	file ──FromFile────────▶ └───────┘ ──Hint────▶ pages ("starts with 3f9a…")
//	                             │
//	                           Digest ──Bytes────▶ the column it is looked up by
//
// Every other way out (fmt, log/slog, JSON, text, gob) prints [secret] or
// refuses. To find each place where a secret leaves, search for Reveal.
package secret
