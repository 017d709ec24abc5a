package broker

import (
	"strconv"
	"strings"
)

// Actor is who did something. The zero Actor: nobody told.
type Actor struct {
	Kind    ActorKind
	Account string // of a person
	ID      int64  // of a person, a key or a pass
}

// ActorKind says what kind of one it is.
type ActorKind string

// The kinds.
const (
	ByPerson  ActorKind = "user"    // signed in by Zendesk: account and number, never an email address
	ByKey     ActorKind = "key"     // a program
	ByHolder  ActorKind = "pass"    // whoever holds that pass
	ByCommand ActorKind = "command" // somebody at the command line, beside the broker
	ByBroker  ActorKind = "broker"  // nobody asked
)

// Person is the actor of a user of an account.
func Person(account string, user int64) Actor { return Actor{ByPerson, account, user} }

// Itself is the broker, where nobody asked.
var Itself = Actor{Kind: ByBroker}

// AtCommand is whoever works beside the broker.
var AtCommand = Actor{Kind: ByCommand}

// Actor is whoever is signed in.
func (v Viewer) Actor() Actor { return Person(v.Account, v.User.ID) }

// Actor is the program that holds the key.
func (k Key) Actor() Actor { return Actor{Kind: ByKey, ID: int64(k.ID)} }

// Holder is whoever holds the pass; nobody who is known, where it is none.
func (p Pass) Holder() Actor {
	if p.ID == 0 {
		return Actor{}
	}
	return Actor{Kind: ByHolder, ID: int64(p.ID)}
}

// String is the actor as the audit trail has it: "user acme/7", "key 3", "pass 5",
// "command", "broker", or "" where nobody told.
func (a Actor) String() string {
	switch a.Kind {
	case ByPerson:
		return string(ByPerson) + " " + a.Account + "/" + strconv.FormatInt(a.ID, 10)
	case ByKey, ByHolder:
		return string(a.Kind) + " " + strconv.FormatInt(a.ID, 10)
	}
	return string(a.Kind)
}

// ParseActor reads what String wrote; false for anything else.
func ParseActor(text string) (a Actor, ok bool) {
	kind, rest, named := strings.Cut(text, " ")
	a.Kind = ActorKind(kind)
	switch a.Kind {
	case ByPerson:
		var number string
		a.Account, number, ok = strings.Cut(rest, "/")
		rest, ok = number, ok && a.Account != ""
	case ByKey, ByHolder:
		ok = true
	case ByCommand, ByBroker, "":
		return a, !named
	}
	id, err := strconv.ParseInt(rest, 10, 64)
	a.ID = id
	return a, ok && err == nil && id > 0
}
