package oauth

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// values reads parameters one by one and keeps the first thing found wrong, so
// that a decoder can go on and return what was readable.
type values struct {
	from  url.Values
	limit int // bytes of one value
	err   *Error
}

// take returns the parameter's only value; "" when it is absent, repeated or
// unreadable. RFC 6749 §3.1 and §3.2: an empty value counts as absent, and no
// parameter may come twice.
func (v *values) take(name string) string {
	all := v.from[name]
	switch {
	case len(all) == 0:
		return ""
	case len(all) > 1:
		v.fail("%q is repeated", name)
		return ""
	}
	if why := unreadable(all[0], v.limit); why != "" {
		v.fail("%q %s", name, why)
		return ""
	}
	return all[0]
}

// has tells whether the parameter was given in any form but empty.
func (v *values) has(name string) bool {
	return slices.ContainsFunc(v.from[name], func(s string) bool { return s != "" })
}

func (v *values) fail(reason string, args ...any) {
	if v.err == nil {
		v.err = Errorf(InvalidRequest, reason, args...)
	}
}

// rest is every parameter that is not known, nil when there is none. Keys and
// values that cannot be read are left out and noted.
func (v *values) rest(known []string) url.Values {
	if !v.hasMore(known) {
		return nil
	}
	var extra url.Values
	for _, name := range sortedKeys(v.from) {
		if slices.Contains(known, name) || len(v.from[name]) == 0 {
			continue
		}
		if why := unreadable(name, v.limit); why != "" {
			v.fail("a parameter's name %s", why)
			continue
		}
		for _, value := range v.from[name] {
			if why := unreadable(value, v.limit); why != "" {
				v.fail("%q %s", clip(name), why)
				continue
			}
			if extra == nil {
				extra = url.Values{}
			}
			extra.Add(name, value)
		}
	}
	return extra
}

// hasMore spares most requests the order of the names.
func (v *values) hasMore(known []string) bool {
	for name := range v.from {
		if !slices.Contains(known, name) {
			return true
		}
	}
	return false
}

// unreadable says why a text cannot be taken, "" when it can.
func unreadable(s string, limit int) string {
	switch {
	case len(s) > limit:
		return "is too long"
	case strings.IndexByte(s, 0) >= 0:
		return "holds a NUL"
	case !utf8.ValidString(s):
		return "is not UTF-8"
	}
	return ""
}

// sortedKeys makes the first thing wrong the same one every time.
func sortedKeys(v url.Values) []string {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// put sets a parameter unless it is empty, which would mean absent anyway.
func put(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

// addExtra adds what is not a parameter of the request itself.
func addExtra(v, extra url.Values, known []string) {
	for name, all := range extra {
		if !slices.Contains(known, name) {
			v[name] = append(v[name], all...)
		}
	}
}
