package blank

import (
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// pattern finds values of a kind: what the group of the expression holds, 0 the whole.
type pattern struct {
	kind   Kind
	re     *regexp.Regexp
	group  int
	unless func(value string) bool
}

// known are the patterns, the surest first: what is blanked is found by no later one.
// They are compiled when they are first asked for: it takes longer than most commands do.
var known = sync.OnceValue(func() []pattern {
	return []pattern{
		{kind: Key, re: regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?-----END [A-Z0-9 ]*PRIVATE KEY-----`)},
		{kind: Token, re: regexp.MustCompile(`(?i)authorization["']?\s*[:=]\s*["']?\s*(?:[a-z]+\s+)?([^\s"',;\[\]]{4,})`), group: 1},
		{kind: Token, re: regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{8,})`), group: 1},
		{kind: Token, re: regexp.MustCompile(`(?i)\b(?:set-)?cookie["']?\s*:\s*["']?([^\r\n"'\[\]]+)`), group: 1},
		{kind: Token, re: regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,3}`)},
		{kind: Secret, re: regexp.MustCompile(`://[^/\s:@\[\]]+:([^@\s/\[\]]+)@`), group: 1},
		{kind: Secret, re: regexp.MustCompile(`(?i)(?:token|secret|passw(?:or)?d|passphrase|pwd|api[_-]?key|access[_-]?key|private[_-]?key|code_verifier|credentials?|session(?:_?id)?|[?&"']code)[a-z0-9_.-]*["']?\s*(?:=>?|:)\s*["']?([^\s"'&,;{}\[\]]{4,})`), group: 1, unless: plain},
		{kind: Key, re: regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{35}`)},
		{kind: Token, re: regexp.MustCompile(`\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|[sr]k_(?:live|test)_|whsec_|deskauth_[a-z]+_)[A-Za-z0-9_+/=-]{10,}`)},
		{kind: Token, re: regexp.MustCompile(`\b[0-9a-fA-F]{64,}\b`)}, // as Zendesk's are; digests of git and traces are shorter
		{kind: Token, re: regexp.MustCompile(`[A-Za-z0-9_-]{40,}`), unless: readable},
		{kind: Email, re: regexp.MustCompile(`[\pL\pN._%+'-]+@[\pL\pN.-]+\.\pL{2,}`)},
		{kind: Address, re: regexp.MustCompile(`(?i)\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b`)},
		{kind: Address, re: regexp.MustCompile(`\b(?:\d{1,3}\.){3}\d{1,3}\b`), unless: noAddress},
		{kind: Address, re: regexp.MustCompile(`(?i)[0-9a-f]*:[0-9a-f:]*:[0-9a-f.]*`), unless: noAddress},
	}
})

// plain tells a value that says nothing: a word of JSON, or a type.
func plain(value string) bool {
	switch strings.ToLower(value) {
	case "null", "none", "true", "false", "bearer", "undefined", "empty":
		return true
	}
	return false
}

// readable tells a long word that is a name rather than chance: it lacks small letters,
// capitals or digits.
func readable(word string) bool {
	return !strings.ContainsFunc(word, unicode.IsLower) || !strings.ContainsFunc(word, unicode.IsUpper) || !strings.ContainsFunc(word, unicode.IsDigit)
}

// noAddress tells what is no address of a machine, or only this one's own.
func noAddress(text string) bool {
	ip, err := netip.ParseAddr(text)
	return err != nil || ip.IsLoopback() || ip.IsUnspecified()
}
