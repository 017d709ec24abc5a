package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	see := Permission{"tickets", "See tickets and their comments", LevelRead}
	change := Permission{"tickets", "Create, change and delete tickets, and comment on them", LevelWrite}
	tests := []struct {
		name   string
		scopes []string
		want   []Permission
	}{
		{"none", nil, nil},
		{"a bare resource is both", []string{"tickets"}, []Permission{see, change}},
		{"said twice", []string{"tickets", "tickets"}, []Permission{see, change}},
		{"one access", []string{"users:read"}, []Permission{{"users:read", "See users, with their names, email addresses and roles", LevelRead}}},
		{"a resource with one access", []string{"auditlogs"}, []Permission{{"auditlogs", "See the audit log of what administrators did", LevelRead}}},
		{"grave ones first", []string{"read", "users:read", "write", "impersonate"}, []Permission{
			{"write", "Create, change and delete everything that you can", LevelGrave},
			{"impersonate", "Act in the name of any end user", LevelGrave},
			{"read", "See everything that you can see", LevelRead},
			{"users:read", "See users, with their names, email addresses and roles", LevelRead},
		}},
		{"unrestricted", []string{"unrestricted"}, []Permission{
			{"unrestricted", "Change everything in the account, without limits", LevelGrave},
			{"unrestricted", "See everything in the account, without limits", LevelRead},
		}},
		{"unknown ones are shown and grave", []string{"teapot:brew", "auditlogs:write", "tickets:", ""}, []Permission{
			{"teapot:brew", "Do something that this page has no words for", LevelGrave},
			{"auditlogs:write", "Do something that this page has no words for", LevelGrave},
			{"tickets:", "Do something that this page has no words for", LevelGrave},
			{"", "Do something that this page has no words for", LevelGrave},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Words(English, test.scopes)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
