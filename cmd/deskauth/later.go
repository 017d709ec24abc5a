package main

import (
	"regexp"
	"sync"
)

// laterPattern is a regular expression that is compiled when it is first asked for: all
// of them together take longer than most commands do.
type laterPattern func() *regexp.Regexp

func compiledLater(text string) laterPattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
