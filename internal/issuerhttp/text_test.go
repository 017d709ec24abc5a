package issuerhttp_test

import (
	"crypto/rand"
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
