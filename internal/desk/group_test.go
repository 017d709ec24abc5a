package desk

import (
	"strings"
	"testing"
	"time"
)

func TestGroupWith(t *testing.T) {
	then := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	now := then.Add(time.Hour)
	text, yes, no := func(s string) *string { return &s }, true, false
	public := Group{ID: 1, Version: 3, Name: "A", Description: "d", Public: true, Created: then, Updated: then}
	private := public
	private.Public = false
	for _, c := range []struct {
		name  string
		of    Group
		want  GroupChange
		field string // that is refused
		check func(Group) bool
	}{
		{"nothing", public, GroupChange{}, "", func(g Group) bool { return g.Name == "A" && g.Description == "d" && g.Public }},
		{"a name", public, GroupChange{Name: text(" B\x00 ")}, "", func(g Group) bool { return g.Name == "B" && g.Description == "d" }},
		{"no description", public, GroupChange{Description: text("")}, "", func(g Group) bool { return g.Description == "" && g.Name == "A" }},
		{"private", public, GroupChange{Public: &no}, "", func(g Group) bool { return !g.Public }},
		{"private stays", private, GroupChange{Public: &no}, "", func(g Group) bool { return !g.Public }},
		{"public again", private, GroupChange{Public: &yes}, "is_public", nil},
		{"blank", public, GroupChange{Name: text(" ")}, "name", nil},
		{"as long as can be", public, GroupChange{Name: text(strings.Repeat("x", nameMost))}, "", func(g Group) bool { return len(g.Name) == nameMost }},
		{"too long", public, GroupChange{Name: text(strings.Repeat("x", nameMost+1))}, "name", nil},
		{"a long description", public, GroupChange{Description: text(strings.Repeat("x", textMost+1))}, "description", nil},
	} {
		got, err := c.of.with(now, c.want)
		if c.field != "" {
			if all, ok := err.(Invalids); !ok || len(all) != 1 || all[0].Field != c.field { //nolint:errorlint // the value itself
				t.Errorf("%s: %v, want a refusal of %s", c.name, err, c.field)
			}
			continue
		}
		if err != nil || !c.check(got) || got.Version != 4 || !got.Updated.Equal(now) || !got.Created.Equal(then) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}
