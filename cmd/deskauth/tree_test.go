package main

import (
	"slices"
	"strings"
	"testing"
)

// A command says the same of itself, and has the same beside it, whether it was made
// alone or with all the others.
func TestTreeOfOneCommand(t *testing.T) {
	p := process{Lookup: func(string) (string, bool) { return "", false }}
	whole, _ := tree(nil, p)
	all := allCommands(whole)
	if len(all) < 100 {
		t.Fatalf("the whole tree has %d commands", len(all))
	}
	for _, want := range all {
		words := strings.Fields(want.CommandPath())[1:]
		root, _ := tree(words, p)
		got, _, err := root.Find(words)
		if err != nil || got.CommandPath() != want.CommandPath() {
			t.Errorf("%q: %v, %v", want.CommandPath(), got.CommandPath(), err)
			continue
		}
		if got.UsageString() != want.UsageString() || got.Long != want.Long {
			t.Errorf("%q by itself says\n%s\nand among all others\n%s", want.CommandPath(), got.UsageString(), want.UsageString())
		}
		if len(allCommands(got)) != len(allCommands(want)) {
			t.Errorf("%q by itself has other commands below it", want.CommandPath())
		}
	}
}

// A name in the table that is not the command's own would have it made with all others:
// nobody would notice, but for the time.
func TestBranchesHaveTheirCommandsNames(t *testing.T) {
	p := process{Lookup: func(string) (string, bool) { return "", false }}
	for _, b := range branches() {
		if name := b.make(p).Name(); name != b.name {
			t.Errorf("%q makes %q", b.name, name)
		}
	}
	for _, words := range []string{"version", "auth token", "token revoke", "client list", "broker backup"} {
		root, _ := tree(strings.Fields(words), p)
		var names []string
		for at := root; at.HasSubCommands(); at = at.Commands()[0] {
			below := at.Commands()
			names = append(names, below[0].Name())
			if len(below) > 1 {
				t.Errorf("%q: %q has %d commands", words, at.CommandPath(), len(below))
			}
		}
		if !slices.Equal(names, strings.Fields(words)) {
			t.Errorf("%q: %q was made", words, names)
		}
	}
}
