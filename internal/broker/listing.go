package broker

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Filter is which connections somebody wants to see. Its zero value: all of them.
type Filter struct {
	State   State
	Account string
	Product Product
	Client  ClientID
	Words   string // beginnings of words of a user's name and email address, and of the account
}

// wordsMost bounds what of a name or an email address a connection is found by, in
// characters.
const wordsMost = 60

// Words are what the connection is found by, in small letters, each once.
func (c Connection) Words() []string {
	words := wordsOf(clip(c.User.Name, wordsMost) + " " + clip(c.User.Email, wordsMost) + " " + c.Account)
	slices.Sort(words)
	return slices.Compact(words)
}

// wordsOf takes a text apart. A word is what has letters and digits alone, so that the
// parts of an email address are words, too.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
}

func clip(s string, most int) string {
	runes := []rune(s)
	return string(runes[:min(len(runes), most)])
}

// looked is the filter as it is looked for: what is typed may be of any length.
func (f Filter) looked() Filter {
	f.Words = strings.Join(wordsOf(clip(plainText(f.Words), wordsMost)), " ")
	return f
}

// Passes decides whether the filter lets a connection through.
func (f Filter) Passes(c Connection) bool {
	return (f.State == "" || f.State == c.State) && (f.Account == "" || f.Account == c.Account) &&
		(f.Product == "" || f.Product == c.Product) && (f.Client == 0 || f.Client == c.Client) &&
		c.hasAll(strings.Fields(f.looked().Words))
}

// hasAll tells whether each of the beginnings is one of a word of the connection.
func (c Connection) hasAll(beginnings []string) bool {
	words := c.Words()
	for _, b := range beginnings {
		if !slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, b) }) {
			return false
		}
	}
	return true
}

// Listing is a part of a list of connections, the newest first.
type Listing struct {
	Connections []Connection
	More        bool // there are older ones
}

// newestFirst stands above the number of any connection.
const newestFirst = ConnectionID(1) << 62

// Seen lists at most limit of the connections that a viewer sees and a filter lets
// through, from the one before `before` (0: the newest).
func (b *Broker) Seen(ctx context.Context, v Viewer, f Filter, before ConnectionID, limit int) (Listing, error) {
	f = f.looked()
	switch {
	case v.Stale:
		return Listing{}, nil
	case !v.Operator:
		return b.own(ctx, v, f, before, limit)
	}
	all, err := b.Store.FindConnections(ctx, f, cmp.Or(before, newestFirst), limit+1)
	if err != nil {
		return Listing{}, err
	}
	l := Listing{Connections: all}
	if len(all) > limit {
		l.Connections, l.More = all[:limit], true
	}
	return l, nil
}

// Counted is how many connections the viewer sees in each state, of those that the
// filter lets through but for its state and words.
func (b *Broker) Counted(ctx context.Context, v Viewer, f Filter) (map[State]int, error) {
	f.State, f.Words = "", ""
	if v.Stale {
		return nil, nil
	}
	if v.Operator {
		return b.Store.CountConnections(ctx, f)
	}
	all, err := b.Store.ConnectionsOfPerson(ctx, v.Account, v.User.ID)
	counts := map[State]int{}
	for _, c := range all {
		if v.Sees(c) && f.Passes(c) {
			counts[c.State]++
		}
	}
	return counts, err
}

// own is Seen for a person, who has few.
func (b *Broker) own(ctx context.Context, v Viewer, f Filter, before ConnectionID, limit int) (l Listing, err error) {
	all, err := b.Store.ConnectionsOfPerson(ctx, v.Account, v.User.ID)
	slices.Reverse(all)
	for _, c := range all {
		switch {
		case !v.Sees(c) || !f.Passes(c) || before != 0 && c.ID >= before:
		case len(l.Connections) == limit:
			l.More = true
			return l, err
		default:
			l.Connections = append(l.Connections, c)
		}
	}
	return l, err
}

// SeenOne is a connection, if the viewer sees it. One that they do not see does not
// exist for them.
func (b *Broker) SeenOne(ctx context.Context, v Viewer, id ConnectionID) (Connection, error) {
	c, err := b.Store.Connection(ctx, id)
	if err == nil && !v.Sees(c) {
		err = ErrNotFound
	}
	if err != nil {
		return Connection{}, err
	}
	return c, nil
}

// ParseConnectionID reads a number as an address has it; ErrNotFound for what is none.
func ParseConnectionID(text string) (ConnectionID, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, ErrNotFound
	}
	return ConnectionID(id), nil
}
