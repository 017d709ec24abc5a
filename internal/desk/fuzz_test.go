package desk

import (
	"testing"
	"unicode/utf8"
)

// FuzzParseQuery: there is no query that cannot be read and held against a ticket,
// and a ticket is never both what is looked for and what is kept out.
func FuzzParseQuery(f *testing.F) {
	for _, text := range []string{"", "type:ticket status<solved", `subject:"on fire" -tags:spam`, "created>=2026-11-22T12:00:00Z", `"`, "-", "priority<", "a:b:c\x00\xff"} {
		f.Add(text)
	}
	ticket := begun(func(t *Ticket) { t.Subject, t.Tags, t.Priority = "Printer on fire", []string{"fire"}, "high" })
	f.Fuzz(func(t *testing.T, text string) {
		q := ParseQuery(text)
		for _, c := range q.conditions {
			if !utf8.ValidString(c.value) {
				t.Fatalf("%q asks for %q", text, c.value)
			}
			kept, asked := c, c
			kept.not, asked.not = true, false
			if c.name == "type" {
				continue
			}
			if (Query{[]condition{kept}}).matches(ticket) == (Query{[]condition{asked}}).matches(ticket) {
				t.Fatalf("%q and its opposite are one: %+v", text, c)
			}
		}
		q.matches(ticket)
		q.Wants("ticket")
	})
}
