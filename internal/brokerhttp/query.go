package brokerhttp

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/slip"
)

// queries are the parameters of the routes that take any. Another is refused there: a filter that was mistyped would look like an empty list.
var queries = map[string][]string{
	"GET " + apiPath + "/connections":                      paging,
	"GET " + apiPath + "/connections/{id}/token":           {"min_ttl", "refused"},
	"GET " + apiPath + "/clients":                          paging,
	"DELETE " + apiPath + "/clients/{id}":                  {"force"},
	"DELETE " + apiPath + "/clients/{id}/secrets/{number}": {"force"},
	"GET " + apiPath + "/keys":                             paging,
	"GET " + apiPath + "/passes":                           paging,
	"GET " + apiPath + "/links":                            paging,
	"GET " + apiPath + "/webhooks":                         paging,
	"GET " + apiPath + "/events":                           append([]string{"connection", "pass", "kind", "account", "by", "since", "until"}, paging...),
}

var paging = []string{"limit", "cursor"}

// checkQuery refuses a query that no database can hold, or of other parameters than those
// that are known, where any are.
func checkQuery(raw string, known []string) error {
	query, err := url.ParseQuery(raw)
	if err != nil || unkeepable(query) {
		return &broker.Invalid{Field: "query", Why: "it is of the form name=value&name=value, in UTF-8, without NUL"}
	}
	for name := range query {
		if known != nil && !slices.Contains(known, name) {
			return unknownParameter(name, known)
		}
	}
	return nil
}

func unknownParameter(name string, known []string) error {
	field, why := "query", "it has a parameter that is not known"
	if isName(name) {
		field, why = name, "it is not known"
	}
	near := slip.Near(strings.ToLower(name), known)
	switch {
	case len(near) > 0:
		why += slip.DidYouMean(near)
	default:
		why += fmt.Sprintf(": the parameters are %s", strings.Join(known, ", "))
	}
	return &broker.Invalid{Field: field, Why: why}
}
