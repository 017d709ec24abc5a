package apihttp

import (
	"slices"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/zendesk"
)

// IDs are the numbers of a list in the query, "ids=1,2,3": each once, in their
// order. What is too large names nothing and is left out.
func (r Request) IDs(name string) ([]int64, error) {
	words, err := r.Words(name)
	if err != nil {
		return nil, err
	}
	var all []int64
	for _, word := range words {
		if strings.ContainsFunc(word, func(c rune) bool { return c < '0' || c > '9' }) {
			return nil, zendesk.InvalidAttribute(name, "must be a list of integers", r.action)
		}
		if id, err := strconv.ParseInt(word, 10, 64); err == nil && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all, nil
}

// Words are those of a list in the query, "ids=a,b", as they are.
func (r Request) Words(name string) ([]string, error) {
	text := r.query.Get(name)
	if strings.Trim(text, ", ") == "" {
		return nil, zendesk.ParameterMissing(name)
	}
	words := strings.Split(text, ",")
	if len(words) > zendesk.MaxPageSize {
		return nil, zendesk.TooManyValues(zendesk.MaxPageSize)
	}
	for n, word := range words {
		words[n] = strings.TrimSpace(word)
	}
	return words, nil
}
