package main

import (
	"strings"
	"unicode"

	"github.com/deskauth/deskauth/internal/blank"
)

// How programs use API tokens, as it looks in their sources and settings.

// sureness says how sure it is that a line uses one.
type sureness string

const (
	certain  sureness = "certain"  // nothing else looks so
	likely   sureness = "likely"   // a part of it does
	possible sureness = "possible" // somebody has to look
)

// tokenKind is a way of using API tokens.
type tokenKind struct {
	name string
	sure sureness
	line laterPattern // the group "secret", where it has one, is never shown
	// file must be found in the file, beside Zendesk's name or a path of its API; nil: no more
	file   laterPattern
	change string // what becomes of it
}

// envKind is named where what it finds is no program, but its settings.
const envKind = "variable"

// tokenKinds are tried in this order; a line is of the first that fits.
var tokenKinds = []tokenKind{
	{"go-zendesk", certain, compiledLater(`NewAPITokenCredential\s*\((?:[^,)]*,\s*(?P<secret>"[^"]*"|'[^']*'|[^)]*))?`), nil, "use zendesk.NewBearerTokenCredential with the access token, or the HTTP client of a connection (package deskauth)"},
	{"zendesk_api (Ruby)", certain, compiledLater(`\bconfig\.token\s*=\s*(?P<secret>.*)`), compiledLater(`(?i)zendesk_?api`), "set config.access_token, and leave config.username and config.token out"},
	{"zenpy", certain, compiledLater(`(?:["']token["']\s*:|\btoken\s*=)\s*(?P<secret>"[^"]*"|'[^']*'|[^,})]*)`), compiledLater(`(?i)\bzenpy\b`), "give oauth_token instead of email and token"},
	{"node-zendesk", certain, compiledLater(`\btoken\s*:\s*(?P<secret>"[^"]*"|'[^']*'|[^,}]*)`), compiledLater(`node-zendesk`), "give the access token as token, with oauth: true and without username"},
	{"terraform", certain, compiledLater(`^\s*token\s*=\s*(?P<secret>.*)`), compiledLater(`provider\s+"zendesk"`), "the provider has to take an access token: see its newest version, or run it against `deskauth proxy`"},
	{"zendesk_api_client_php", certain, compiledLater(`setAuth\s*\(\s*["']basic["'](?P<secret>.*)`), nil, "setAuth('oauth', ['token' => …])"},
	{"Java client", certain, compiledLater(`\.setToken\s*\(\s*(?P<secret>"[^"]*"|'[^']*'|[^)]*)`), compiledLater(`(?i)zendesk\.Builder|org\.zendesk`), "setOauthToken(…) instead of setUsername and setToken"},
	{"Basic", certain, compiledLater(`[\w.+%$#{}"'-]*(?:@|%40|EMAIL|email|USER|user|\}|%s)[\w.+%$#{}-]*["']?\s*/token:(?P<secret>[^\s"'` + "`" + `\\]*)`), nil, "send Authorization: Bearer with the access token, instead of -u or Basic"},
	{envKind, certain, compiledLater(`\bZENDESK_(?:API_)?(?:TOKEN|KEY)\b["']?\s*(?:[:=]|=>)\s*(?P<secret>.*)`), nil, "take the access token from `deskauth auth token`, or client_id and client_secret"},
	{"Basic", likely, compiledLater(`/token(?:["'` + "`" + `\s,)}:]|$)(?P<secret>.*)`), nil, "send Authorization: Bearer with the access token, instead of Basic"},
	{envKind, likely, compiledLater(`\bZENDESK_(?:API_)?(?:TOKEN|KEY)\b`), nil, "take the access token from `deskauth auth token`, or client_id and client_secret"},
	{"Basic", likely, compiledLater(`(?i)authorization["'\])}]*\s*[:=,]?\s*["'` + "`" + `]?\s*(?:Bearer\s*)?basic\s+(?P<secret>.*)`), nil, "send Authorization: Bearer with the access token, instead of Basic"},
	{"setting", possible, compiledLater(`(?i)\bapi_?(?:token|key)\b["']?\s*(?:[:=]|=>)\s*(?P<secret>.*)`), nil, "look whether it is Zendesk's; then as above"},
}

var saysZendesk = compiledLater(`(?i)zendesk|zenpy|/api/v2/`)

// tokenLine is a line that uses an API token.
type tokenLine struct {
	kind  tokenKind
	shown string // without what is secret in it
}

// kindsIn are those that a file may have.
func kindsIn(text string) (some []tokenKind) {
	if !saysZendesk().MatchString(text) { // as all kinds have it, and few files do
		return nil
	}
	for _, k := range tokenKinds {
		if k.file == nil || k.file().MatchString(text) {
			some = append(some, k)
		}
	}
	return some
}

// useIn tells whether a line uses an API token.
func useIn(line string, kinds []tokenKind) (tokenLine, bool) {
	for _, k := range kinds {
		m := k.line().FindStringSubmatchIndex(line)
		if m == nil || k.name == "Basic" && ofOAuth().MatchString(line) {
			continue
		}
		at := k.line().SubexpIndex("secret")
		if at < 0 || m[2*at] < 0 {
			return tokenLine{k, shownLine(line)}, true
		}
		value := line[m[2*at]:m[2*at+1]]
		if !isReference(value) {
			line = line[:m[2*at]] + "[secret]" + line[m[2*at+1]:]
		}
		return tokenLine{k, shownLine(line)}, true
	}
	return tokenLine{}, false
}

// ofOAuth are paths that end so, and are no API tokens.
var ofOAuth = compiledLater(`(?i)oauth2?/(?:chat/)?token`)

// reference is a value that names where the secret is, and is none: a variable, or a call
// that reads one.
var reference = compiledLater(`^["'` + "`" + `]?(?:\$\{?\w+\}?|\$\{\{[^}]*\}\}|#\{\w+\}|\{\w+\}|%s|%\w|ENV\[["']\w+["']\]|ENV\.fetch\(["']\w+["']\)?|os\.environ(?:\.get)?[\[(]["']\w+["'][\])]?|os\.getenv\(["']\w+["']\)?|os\.Getenv\(["']\w+["']\)?|process\.env\.\w+|getenv\(["']\w+["']\)?|System\.getenv\(["']\w+["']\)?|var\.\w+)["'` + "`" + `]?[,;)\]}]*\s*$`)

func isReference(value string) bool { return reference().MatchString(strings.TrimSpace(value)) }

// literal are texts between quotes, and scriptWord what may be a secret without.
var (
	literal    = compiledLater("\"[^\"]*\"|'[^']*'|`[^`]*`|[\"'`][^\"'`]*$")
	scriptWord = compiledLater(`[A-Za-z0-9+_-]{16,}`)
	harmless   = compiledLater(`^(?:/?[a-z][a-z_.-]{0,30}(?:/[a-z0-9_.{}-]{1,31})*|[A-Z][A-Z_]{0,40}|https?://[a-z0-9.{}$_-]+(?:/[a-z0-9_.{}?=&-]{1,31})*)?$`)
)

// shownMost is how much of a line is shown.
const shownMost = 160

// shownLine is a line as it may be shown. It is blanked as logs are; and, since a line of a
// program is no log, no text between quotes comes through but names and addresses, and no
// long word that is not one of letters.
func shownLine(line string) string {
	line = strings.TrimSpace(strings.ToValidUTF8(line, "�"))
	b, err := blank.New()
	if err != nil {
		return ""
	}
	var out strings.Builder
	if _, err := b.Copy(&out, strings.NewReader(line)); err != nil {
		return ""
	}
	line = literal().ReplaceAllStringFunc(out.String(), func(text string) string {
		inside := strings.Trim(text, "\"'`")
		if harmless().MatchString(inside) || strings.HasPrefix(inside, "[") && strings.HasSuffix(inside, "]") || isReference(inside) {
			return text
		}
		return text[:1] + "…" + text[:1]
	})
	line = scriptWord().ReplaceAllStringFunc(line, func(word string) string {
		if isName(word) {
			return word
		}
		return "…"
	})
	return cut(line, shownMost)
}

// nameMost is how long names are, at most, and those in which few letters are capitals.
const nameMost = 32

// isName tells a long word that people made from one of chance.
func isName(word string) bool {
	small, capitals := 0, 0
	for _, r := range word {
		switch {
		case unicode.IsDigit(r) || r == '+':
			return false
		case unicode.IsUpper(r):
			capitals++
		case unicode.IsLower(r):
			small++
		}
	}
	return len(word) < nameMost && (small == 0 || capitals*4 <= len(word))
}
