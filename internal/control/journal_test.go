package control

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

func TestJournalFinds(t *testing.T) {
	j := NewJournal(100, func() time.Time { return noon })
	add := func(e Event, client string) Entry {
		return j.add(Entry{Event: e, Client: client, Account: "acme", User: 3})
	}
	add(Event(issuer.RefreshRotated), "app")
	mark, err := j.Mark("before")
	if err != nil {
		t.Fatal(err)
	}
	add(Event(issuer.RefreshReplayed), "app")
	add(Event(issuer.RefreshReplayed), "other")
	add(RequestAnswered, "app")
	for name, tt := range map[string]struct {
		q    Query
		want []int64
	}{
		"all":                    {Query{}, []int64{1, 2, 3, 4, 5}},
		"since":                  {Query{Since: mark.Seq}, []int64{3, 4, 5}},
		"an event":               {Query{Event: "refresh.replayed"}, []int64{3, 4}},
		"a family of events":     {Query{Event: "refresh."}, []int64{1, 3, 4}},
		"an event of a client":   {Query{Event: "refresh.replayed", Client: "app"}, []int64{3}},
		"a client":               {Query{Client: "app"}, []int64{1, 3, 5}},
		"a user":                 {Query{User: 3, Since: 3}, []int64{4, 5}},
		"an account":             {Query{Account: "globex"}, nil},
		"since the latest":       {Query{Since: 5}, nil},
		"since after the latest": {Query{Since: 50}, nil},
	} {
		found := j.Find(tt.q)
		var got []int64
		for _, e := range found.Entries {
			got = append(got, e.Seq)
		}
		if !slices.Equal(got, tt.want) || found.Last != 5 || found.Lost {
			t.Errorf("%s: %v (last %d, lost %v), want %v", name, got, found.Last, found.Lost, tt.want)
		}
	}
	if n, err := j.since("before"); err != nil || n != mark.Seq {
		t.Errorf("the mark is at %d, %v; want %d", n, err, mark.Seq)
	}
	var invalid *Invalid
	if _, err := j.since("after"); !errors.As(err, &invalid) {
		t.Errorf("a mark that nobody set: %v", err)
	}
	if _, err := j.Mark("17"); !errors.As(err, &invalid) {
		t.Errorf("a mark that is a number: %v", err)
	}
}

// A ring forgets the oldest, and says so to whoever asks for them: an assertion
// must not pass because the evidence is gone.
func TestJournalSaysWhatIsLost(t *testing.T) {
	j := NewJournal(4, time.Now)
	for range 10 {
		j.add(Entry{Event: RequestAnswered})
	}
	for since, lost := range map[int64]bool{0: true, 5: true, 6: false, 9: false, 10: false} {
		if f := j.Find(Query{Since: since}); f.Lost != lost || len(f.Entries) != int(min(4, 10-since)) {
			t.Errorf("since %d: %d entries, lost %v; want lost %v", since, len(f.Entries), f.Lost, lost)
		}
	}
}

func TestJournalWakesWhoFollows(t *testing.T) {
	j := NewJournal(4, time.Now)
	more := j.Find(Query{}).More
	select {
	case <-more:
		t.Fatal("woken by nothing")
	default:
	}
	j.add(Entry{Event: RequestAnswered, Reason: strings.Repeat("x", 10_000)})
	<-more
	if e := j.Find(Query{}).Entries[0]; len(e.Reason) > 2*textMost {
		t.Errorf("a reason of %d bytes was kept", len(e.Reason))
	}
}

// Every event has one meaning, and every verdict of the issuer is an event: the
// list is closed.
func TestEventsAreDocumented(t *testing.T) {
	seen := map[Event]bool{}
	source, err := os.ReadFile("../issuer/verdict.go")
	if err != nil {
		t.Fatal(err)
	}
	verdicts := regexp.MustCompile(`VerdictName = "([^"]+)"`).FindAllSubmatch(source, -1)
	if len(verdicts) < 20 {
		t.Fatalf("found %d verdicts: is this where they are?", len(verdicts))
	}
	for _, v := range verdicts {
		if !known(string(v[1])) {
			t.Errorf("%s is no event of the list", v[1])
		}
	}
	for _, e := range Events() {
		if seen[e.Event] || e.Meaning == "" || !strings.Contains(string(e.Event), ".") {
			t.Errorf("%+v", e)
		}
		seen[e.Event] = true
	}
	for name, want := range map[string]bool{"refresh.replayed": true, "refresh.": true, "refresh": false, "": false, ".": false, "refresh.replayed.": false} {
		if known(name) != want {
			t.Errorf("%q is known: %v", name, !want)
		}
	}
}
