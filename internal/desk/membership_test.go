package desk

import (
	"testing"
)

func TestPlaced(t *testing.T) {
	const (
		mine = GroupID(5)
		also = GroupID(6)
		away = GroupID(7)
	)
	group := func(id GroupID) func(*Ticket) { return func(t *Ticket) { t.Group = id } }
	free := func(id GroupID) func(*Ticket) { return func(t *Ticket) { t.Group, t.Assignee = id, 0 } }
	for name, c := range map[string]struct {
		before func(*Ticket)
		want   Change
		cast   cast
		told   string
		err    string
	}{
		"an assignee brings the default group":    {free(0), Change{Assignee: &Ref{ID: 2}}, cast{assignee: other, groups: []GroupID{mine, also}}, "assignee_id -→2, group_id -→5", ""},
		"an assignee of no group brings none":     {free(0), Change{Assignee: &Ref{ID: 2}}, cast{assignee: other}, "assignee_id -→2", ""},
		"a member keeps the group":                {free(also), Change{Assignee: &Ref{ID: 2}}, cast{assignee: other, groups: []GroupID{mine, also}}, "assignee_id -→2", ""},
		"who is no member brings their own":       {group(away), Change{Assignee: &Ref{ID: 2}}, cast{assignee: other, groups: []GroupID{mine}}, "assignee_id 1→2, group_id 7→5", ""},
		"who is in none takes the group away":     {group(away), Change{Assignee: &Ref{ID: 2}}, cast{assignee: other}, "assignee_id 1→2, group_id 7→-", ""},
		"both, and a member":                      {group(0), Change{Assignee: &Ref{ID: 2}, Group: ptr(also)}, cast{assignee: other, groups: []GroupID{mine, also}}, "assignee_id 1→2, group_id -→6", ""},
		"both, and no member":                     {group(0), Change{Assignee: &Ref{ID: 2}, Group: ptr(away)}, cast{assignee: other, groups: []GroupID{mine}}, "", "assignee: is invalid; assignee: is not a member of the group"},
		"a group takes it from who is no member":  {group(mine), Change{Group: ptr(away)}, cast{groups: []GroupID{mine}}, "assignee_id 1→-, group_id 5→7", ""},
		"a group leaves it to a member":           {group(mine), Change{Group: ptr(also)}, cast{groups: []GroupID{mine, also}}, "group_id 5→6", ""},
		"no group leaves it to whoever is in one": {group(mine), Change{Group: ptr(GroupID(0))}, cast{groups: []GroupID{mine}}, "group_id 5→-", ""},
		"sent back as they were":                  {group(away), Change{Assignee: &Ref{ID: 1}, Group: ptr(away)}, cast{assignee: agent}, "", ""},
		"nobody":                                  {group(mine), Change{Assignee: &Ref{}}, cast{}, "assignee_id 1→-", ""},
		"whoever solves it brings a group":        {free(0), Change{Status: ptr(Solved)}, cast{groups: []GroupID{also}}, "status open→solved, assignee_id -→1, group_id -→6", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, audit, err := begun(c.before).change(noon, agent, c.want, c.cast, Origin{})
			if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if got := told(audit); err == nil && got != c.told {
				t.Errorf("%s, want %s", got, c.told)
			}
		})
	}
	_, err := Draft{Assignee: Ref{ID: 2}, Group: away, Comment: NewComment{Body: "b"}}.open(noon, cast{assignee: other, author: agent, groups: []GroupID{mine}}, Origin{})
	if err == nil || err.Error() != "assignee: is invalid; assignee: is not a member of the group" {
		t.Errorf("opened: %v", err)
	}
	o, err := Draft{Assignee: Ref{ID: 2}, Comment: NewComment{Body: "b"}}.open(noon, cast{assignee: other, author: agent, groups: []GroupID{mine}}, Origin{})
	if err != nil || o.Ticket.Group != mine {
		t.Errorf("opened %+v, %v", o.Ticket, err)
	}
}
