package zendesk

import (
	"net/url"
	"strconv"
	"unicode/utf8"
)

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return u.Host == u.Hostname() // refuses "host:"
	}
	n, err := strconv.Atoi(u.Port())
	return err == nil && n >= 1 && n <= 65535
}

// clip bounds what somebody else wrote before it reaches a log or a page.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
