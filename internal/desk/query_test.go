package desk

import (
	"slices"
	"testing"
	"time"
)

func TestQuery(t *testing.T) {
	printer := Ticket{
		Number: 35, Subject: "Printer on FIRE", Description: "The smoke is very colorful.", Status: Pending, Priority: "high", Kind: "incident",
		ExternalID: "Ext-1", Tags: []string{"urgent", "paper_jam"}, Requester: 3, Submitter: 1,
		Created: noon, Updated: noon.Add(25 * time.Hour),
	}
	for query, want := range map[string]bool{
		"":                             true,
		"type:ticket":                  true,
		"type:user":                    true, // Wants is what keeps tickets out
		"fire":                         true,
		"printer COLORFUL":             true,
		"printer water":                false,
		"-printer":                     false,
		"-water":                       true,
		"35":                           true,
		"36":                           false,
		`"printer on fire"`:            true,
		`"fire printer"`:               false,
		"smok*":                        true,
		"note:fire":                    false, // no condition, so a word
		"status:pending":               true,
		"status:open":                  false,
		"status:open status:pending":   true,
		"status<solved":                true,
		"status>open":                  true,
		"status>=pending":              true,
		"status<=open":                 false,
		"status:burning":               false,
		"status<burning":               false,
		"-status:solved":               true,
		"-status:pending":              false,
		"priority:high":                true,
		"priority>normal":              true,
		"priority<urgent":              true,
		"priority>high":                false,
		"priority:none":                false,
		"ticket_type:incident":         true,
		"ticket_type:task":             false,
		"tags:urgent":                  true,
		"tags:urgen":                   false,
		"-tags:spam tags:urgent":       true,
		"tags:none":                    false,
		"external_id:ext-1":            true,
		"requester:3":                  true,
		"requester:4":                  false,
		"submitter:1":                  true,
		"assignee:none":                true,
		"assignee:1":                   false,
		"created:2026-11-22":           true,
		"created>2026-11-22":           false,
		"created>=2026-11-22":          true,
		"updated>2026-11-22":           true,
		"created<2026-11-22T12:00:01Z": true,
		"created<2026-11-22T12:00:00Z": false,
		"created>yesterday":            false,
		"subject:fire":                 true,
		"subject:smoke":                false,
		"description:smoke":            true,
		`subject:"on fire" status<solved tags:paper_jam`: true,
		`subject:"on fire" status:open tags:paper_jam`:   false,
		"\x00":         true,
		`"`:            true,
		"status:":      false,
		"tags:":        false,
		":":            false,
		"-":            true,
		"\xff printer": false,
	} {
		q := ParseQuery(query)
		for n, c := range q.conditions { // as Desk.named does
			switch c.value {
			case "none":
			case "1", "3", "4":
				q.conditions[n].user = UserID(c.value[0] - '0')
			}
		}
		if got := q.matches(printer); got != want {
			t.Errorf("%q matches: %v", query, got)
		}
	}
	for query, want := range map[string]bool{"": true, "x": true, "type:ticket": true, "type:user": false, "type:user type:ticket": true, "-type:user": true, "-type:ticket": false} {
		if got := ParseQuery(query).Wants("ticket"); got != want {
			t.Errorf("%q wants tickets: %v", query, got)
		}
	}
}

func TestOrder(t *testing.T) {
	all := []Ticket{
		{Number: 1, Status: Solved, Priority: "low", Kind: "task", Updated: noon.Add(3)},
		{Number: 2, Status: New, Priority: "", Kind: "incident", Updated: noon.Add(2)},
		{Number: 3, Status: Open, Priority: "urgent", Kind: "incident", Updated: noon.Add(1)},
	}
	for _, c := range []struct {
		order Order
		want  []int64
	}{
		{Order{}, []int64{3, 2, 1}},
		{Order{By: "created_at", Ascending: true}, []int64{1, 2, 3}},
		{Order{By: "updated_at"}, []int64{1, 2, 3}},
		{Order{By: "status", Ascending: true}, []int64{2, 3, 1}},
		{Order{By: "ticket_type", Ascending: true}, []int64{2, 3, 1}},
		{Order{By: "priority"}, []int64{3, 1, 2}},
	} {
		sorted := slices.Clone(all)
		c.order.sort(sorted)
		var got []int64
		for _, v := range sorted {
			got = append(got, v.Number)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.order, got, c.want)
		}
	}
}
