package issuerhttp_test

import (
	"crypto/rand"
	"html"
	"regexp"
	"strconv"
	"strings"
)

// randomText is so long and so random that no database can pack it.
func randomText(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(rand.Text())
	}
	return b.String()[:n]
}

func id64(id int64) string { return strconv.FormatInt(id, 10) }

func slugOf(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "_") }

// linkOf is the address of a page's link with this rel; "" if there is none.
func linkOf(r *reply, rel string) string {
	found := regexp.MustCompile(`<a href="([^"]+)" rel="` + rel + `"`).FindStringSubmatch(r.Body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// rowsOf are the names of a table's rows.
func rowsOf(body string) string {
	return strings.Join(regexp.MustCompile(`<th scope="row">.*?</th>`).FindAllString(body, -1), "\n")
}
