package oauth

import (
	"strconv"
	"strings"
)

// field is one name and printable value of a value that holds secrets.
type field struct{ name, value string }

// hide prints in a secret's place whether there was one.
func hide(secret string) string {
	if secret == "" {
		return ""
	}
	return "[secret]"
}

func seconds(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// redacted prints the fields that are not empty.
func redacted(name string, fields ...field) string {
	var b strings.Builder
	b.WriteString(name + "{")
	sep := ""
	for _, f := range fields {
		if f.value == "" {
			continue
		}
		value := f.value
		if value != "[secret]" {
			value = strconv.Quote(value)
		}
		b.WriteString(sep + f.name + ":" + value)
		sep = " "
	}
	b.WriteString("}")
	return b.String()
}
