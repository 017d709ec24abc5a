package broker_test

import (
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
)

func TestActors(t *testing.T) {
	for text, want := range map[string]broker.Actor{
		"":              {},
		"user acme/7":   broker.Person("acme", 7),
		"user a-b9/123": broker.Person("a-b9", 123),
		"key 3":         broker.Key{ID: 3}.Actor(),
		"pass 5":        broker.Pass{ID: 5}.Holder(),
		"command":       broker.AtCommand,
		"broker":        broker.Itself,
	} {
		got, ok := broker.ParseActor(text)
		if !ok || got != want || got.String() != text {
			t.Errorf("%q is %+v (%v), and %q again", text, got, ok, got)
		}
	}
	if (broker.Pass{}).Holder() != (broker.Actor{}) {
		t.Error("no pass has a holder")
	}
	for _, text := range []string{"user", "user acme", "user /7", "user acme/", "user acme/0", "user acme/x", "key", "key 0", "key -1", "key 1 2", "pass x", "command ", "broker 1", "somebody", " "} {
		if got, ok := broker.ParseActor(text); ok {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}
