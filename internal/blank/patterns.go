package blank

import (
	"net/netip"
	"regexp"
	"slices"
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
	words  []string // in small letters, one of which is in whatever it finds; none: not known
}

// mayFind tells quickly of most lines, in small letters, that nothing is to be found.
func (p pattern) mayFind(line string) bool {
	return p.words == nil || slices.ContainsFunc(p.words, func(word string) bool { return strings.Contains(line, word) })
}

// named is what a setting is called whose value is a secret, and whatever follows that in
// its name.
const named = `(?i)(?:(?:token|secret|passw(?:or)?d|passphrase|pwd|(?:api|access|account|auth|encryption|private|shared|signing)[_-]?key|code_verifier|credentials?|session(?:_?id)?|sessid|[?&"']code)[a-z0-9_.-]*|\b(?:user)?pass|\bsid)`

var namedBy = []string{"token", "secret", "pass", "pwd", "key", "code", "credential", "sess", "sid"}

// What stands between the name of a setting and its value. In a text that is itself a text
// of JSON each quote has a backslash before it.
const (
	is     = `\\*["']?\s*(?:=>?|:)\s*`
	quoted = `"(?:[^"\\\r\n]|\\.)*"|'[^'\r\n]*'`
)

// known are the patterns, the surest first: what is blanked is found by no later one.
// They are compiled when they are first asked for: it takes longer than most commands do.
var known = sync.OnceValue(func() []pattern {
	setting := func(value string) pattern {
		return pattern{kind: Secret, re: regexp.MustCompile(named + value), group: 1, unless: plain, words: namedBy}
	}
	return []pattern{
		{kind: Key, re: regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?-----END [A-Z0-9 ]*PRIVATE KEY-----`), words: []string{"private key"}},
		{kind: Token, re: regexp.MustCompile(`(?i)authorization\\*["']?\s*[:=]\s*\[?\s*\\*["']?\s*(?:[a-z]+\s+)?([^\s"',;\[\]\\]{4,})`), group: 1, words: []string{"authorization"}},
		{kind: Token, re: regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{8,})`), group: 1, words: []string{"bearer", "basic"}},
		{kind: Token, re: regexp.MustCompile(`(?i)\b(?:set-)?cookie["']?\s*:\s*\[((?:` + quoted + `|[\s,])+)\]`), group: 1, words: []string{"cookie"}},
		{kind: Token, re: regexp.MustCompile(`(?i)\b(?:set-)?cookie\\*["']?\s*:\s*\[?\s*\\*["']?([^\r\n"'\[\]\\]+)`), group: 1, words: []string{"cookie"}},
		{kind: Token, re: regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,3}`)},
		{kind: Secret, re: regexp.MustCompile(`://[^/\s:@\[\]]*:([^@\s/\[\]]+)@`), group: 1, words: []string{"://"}},
		// Between quotes a value has what it wants: blanks, commas, braces. One whose end
		// was cut off goes on to the end of the line.
		setting(is + `\[((?:` + quoted + `|[\s,])+)\]`),
		setting(is + `"((?:[^"\\\r\n]|\\.)*)(?:"|[\r\n]|$)`),
		setting(is + `'((?:[^'\\\r\n]|\\.|'')*)(?:'|[\r\n]|$)`),
		setting(is + `\\+"((?:[^"\\\r\n]|\\\\(?:\\"|[^"\r\n]))*)(?:\\+"|[\r\n]|$)`),
		setting(is + `([^\s"'&,;{}\[\]\\]{4,})`),
		setting(`%3D((?:[^%&\s"']|%(?:[013-9a-f][0-9a-f]|2[0-57-9a-f]))+)`), // of a query within a query
		setting(`(?:\s[^<>\r\n]*)?>([^<\r\n]+)</`),
		// Of a command line.
		{kind: Secret, re: regexp.MustCompile(`(?i)\s--?(?:[a-z0-9]+-)*(?:token|secret|passw(?:or)?d|passphrase|pass|pwd|api-?key)\s+["']?([^\s"'-][^\s"']{3,})`), group: 1, unless: plain, words: namedBy},
		{kind: Secret, re: regexp.MustCompile(`\s(?:-u|--user)[ =]?["']?[^\s:"'/]+:([^\s"'\[\]]+)`), group: 1, words: []string{"-u"}},
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

// plain tells a value that says nothing: a word of JSON, a type, or what stands in the place
// of one that was blanked.
func plain(value string) bool {
	switch strings.ToLower(value) {
	case "null", "none", "true", "false", "bearer", "undefined", "empty":
		return true
	}
	return numbered().MatchString(value)
}

var numbered = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\[[a-z]+ \d+\]$`) })

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
