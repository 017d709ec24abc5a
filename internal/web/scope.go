package web

import (
	"sort"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// Permission is a scope in plain words.
type Permission struct {
	Scope string // as Zendesk writes it
	Text  string
	Level Level
}

// Level is how much a permission lets a client do. It chooses the sign beside it.
type Level string

// The levels, from harmless to grave.
const (
	LevelRead  Level = "read"
	LevelWrite Level = "write"
	LevelGrave Level = "grave" // everything, or somebody else's name
)

// Grave tells whether the permission deserves a warning; for templates.
func (p Permission) Grave() bool { return p.Level == LevelGrave }

// Words turns scopes into sentences, the grave ones first and otherwise in the
// order given. A bare resource is read and write (facts §5.1), hence two sentences.
// A scope that there are no words for is shown as it is, never left out.
func Words(lang Lang, scopes []string) []Permission {
	return sentences(lang, scopes, wordsOf)
}

// ChatWords is Words for Zendesk Chat, whose three scopes have the same names as
// some of Support's and mean something else.
func ChatWords(lang Lang, scopes []string) []Permission {
	return sentences(lang, scopes, chatWordsOf)
}

func sentences(lang Lang, scopes []string, of func(Lang, string) []Permission) []Permission {
	var words []Permission
	seen := map[string]bool{}
	for _, scope := range scopes {
		for _, p := range of(lang, scope) {
			if !seen[p.Scope+p.Text] {
				seen[p.Scope+p.Text] = true
				words = append(words, p)
			}
		}
	}
	sort.SliceStable(words, func(i, j int) bool { return words[i].Grave() && !words[j].Grave() })
	return words
}

func wordsOf(lang Lang, scope string) []Permission {
	var words []Permission
	for _, p := range zendesk.Permissions(oauth.Scope{scope}) {
		words = append(words, Permission{scope, T(lang, p.Key()), level(p.Resource, p.Access)})
	}
	if words == nil {
		return []Permission{{scope, T(lang, "scope.unknown"), LevelGrave}}
	}
	return words
}

func chatWordsOf(lang Lang, scope string) []Permission {
	switch scope {
	case chat.Read:
		return []Permission{{scope, T(lang, "scope.chat.read"), LevelRead}}
	case chat.Write:
		return []Permission{{scope, T(lang, "scope.chat.write"), LevelWrite}}
	case chat.Chat:
		return []Permission{{scope, T(lang, "scope.chat.chat"), LevelWrite}}
	default:
		return []Permission{{scope, T(lang, "scope.unknown"), LevelGrave}}
	}
}

func level(resource, access string) Level {
	switch {
	case access == zendesk.Impersonate, resource == "" && access == zendesk.Write,
		resource == "unrestricted" && access == zendesk.Write:
		return LevelGrave
	case access == zendesk.Write:
		return LevelWrite
	default:
		return LevelRead
	}
}

func anyGrave(words []Permission) bool {
	for _, w := range words {
		if w.Grave() {
			return true
		}
	}
	return false
}
