package web

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/bidi"
)

// Lang names a language that there is a strings file for, as a BCP 47 tag such
// as "en". Its zero value is read as [English].
type Lang string

// English is the language that every key exists in, and the one shown to whoever
// asks for a language that there is no file for.
const English Lang = "en"

// whole are the languages that the Admin Center, and the broker's pages for operators,
// are in too. The others have what
// everybody meets who signs in, consents or looks after their own access.
var whole = map[Lang]bool{English: true, "de": true}

// ForAdmin is the language of such a page for a reader of l: a page
// is in one language from top to bottom, in English where l lacks it.
func (l Lang) ForAdmin() Lang {
	if whole[l] {
		return l
	}
	return English
}

//go:embed strings/*.yaml
var stringFiles embed.FS

// languages holds what is built into the binary, read for the first page: a command
// that shows none does not wait for it. A strings file that cannot be read is a
// defect of the build, hence the panic, which every test would show.
var languages = sync.OnceValue(func() *catalogue { return must(loadLanguages(stringFiles)) })

// catalogue is every language's strings and the matcher that chooses among them.
type catalogue struct {
	strings map[Lang]map[string]string
	tags    []language.Tag // in the order of the matcher; English first, as its fallback
	matcher language.Matcher
}

// loadLanguages reads strings/LANG.yaml, one flat mapping of key to text a file.
func loadLanguages(files fs.FS) (*catalogue, error) {
	names, err := fs.Glob(files, "strings/*.yaml")
	if err != nil {
		return nil, err
	}
	c := &catalogue{strings: map[Lang]map[string]string{}}
	sort.Strings(names)
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		tag, err := language.Parse(strings.TrimSuffix(path.Base(name), ".yaml"))
		if err != nil {
			return nil, fmt.Errorf("%s: the file's name is no language: %w", name, err)
		}
		words := map[string]string{}
		if err := yaml.Unmarshal(raw, &words); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c.strings[Lang(tag.String())] = words
		if Lang(tag.String()) == English {
			c.tags = append([]language.Tag{tag}, c.tags...)
		} else {
			c.tags = append(c.tags, tag)
		}
	}
	if c.strings[English] == nil {
		return nil, fmt.Errorf("strings/%s.yaml is missing", English)
	}
	c.matcher = language.NewMatcher(c.tags)
	return c, nil
}

// mostUnderscores bounds what of an Accept-Language header is parsed, in time that
// grows with the square of its subtags. The parser itself bounds the hyphens, but
// takes underscores for the same; no language range has any (RFC 4647 §2.1).
const mostUnderscores = 100

// Match chooses the language of a page. chosen is the reader's own choice, such
// as a cookie's value, and wins when it is one of the languages, by the very name
// that [LanguageCookie.Choose] keeps: it is not parsed, since anybody can send one
// of any length. acceptLanguage is the request's header (RFC 9110 §12.5.4). Garbage
// in it means English.
func Match(acceptLanguage, chosen string) Lang {
	if languages().strings[Lang(chosen)] != nil {
		return Lang(chosen)
	}
	var wanted []language.Tag
	if strings.Count(acceptLanguage, "_") <= mostUnderscores {
		wanted, _, _ = language.ParseAcceptLanguage(acceptLanguage) // none, if it cannot be read
	}
	_, i, _ := languages().matcher.Match(wanted...)
	return Lang(languages().tags[i].String())
}

// T is the text of a key, with {0}, {1}, … replaced by args. A key that the
// language lacks is shown in English; one that English lacks is shown as itself,
// so that a page still says something, and fails a test.
func T(lang Lang, key string, args ...any) string {
	text, ok := languages().lookup(lang, key)
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for i, arg := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", isolated(fmt.Sprint(arg)))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// isolated keeps a name that is written from right to left from turning the words
// and signs of the sentence round it (UAX 9, FSI and PDI). A sentence as a whole has
// the direction of its language, whatever it begins with. What turns text in a name
// is left out: it would reach into the sentence, or end the isolation.
func isolated(text string) string {
	text = strings.Map(func(r rune) rune {
		if r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, text)
	for _, r := range text {
		if p, _ := bidi.LookupRune(r); p.Class() == bidi.R || p.Class() == bidi.AL {
			return "\u2068" + text + "\u2069"
		}
	}
	return text
}

// Count is T for a number of things: it chooses among key.zero, key.one, key.two,
// key.few, key.many and key.other by the language's plural rules, and {0} is n.
func Count(lang Lang, key string, n int) string {
	form := pluralForms[plural.Cardinal.MatchPlural(lang.tag(), n, 0, 0, 0, 0)]
	if _, ok := languages().lookup(lang, key+"."+form); !ok {
		form = "other"
	}
	return T(lang, key+"."+form, n)
}

var pluralForms = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two",
	plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

func (c *catalogue) lookup(lang Lang, key string) (string, bool) {
	if text, ok := c.strings[lang][key]; ok {
		return text, true
	}
	text, ok := c.strings[English][key]
	return text, ok
}

func (l Lang) tag() language.Tag {
	if l == "" {
		l = English
	}
	return language.Make(string(l))
}

// dir is the value of HTML's dir attribute.
func (l Lang) dir() string {
	script, _ := l.tag().Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm":
		return "rtl"
	}
	return "ltr"
}

// must is for what is embedded in the binary and therefore cannot fail at a user's.
func must[V any](v V, err error) V {
	if err != nil {
		panic("web: " + err.Error())
	}
	return v
}
