package desk

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	noon  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	agent = Person{ID: 1, Agent: true}
	other = Person{ID: 2, Agent: true}
	asker = Person{ID: 3}
)

func ptr[T any](v T) *T { return &v }

// a ticket of asker's, as the cases below begin with it.
func begun(change func(*Ticket)) Ticket {
	t := Ticket{Number: 7, Version: 4, Status: Open, Requester: asker.ID, Submitter: asker.ID, Assignee: agent.ID, Public: true, Updated: noon}
	if change != nil {
		change(&t)
	}
	return t
}

// told is what an audit says, short.
func told(a Audit) string {
	var all []string
	for _, e := range a.Events {
		text := func(p *string) string {
			if p == nil {
				return "-"
			}
			return *p
		}
		switch e.Kind {
		case Commented:
			all = append(all, map[bool]string{true: "public", false: "internal"}[e.Comment.Public])
		case Changed:
			all = append(all, fmt.Sprintf("%s %s→%s", e.Field, text(e.Previous), text(e.Value)))
		case Set:
			all = append(all, fmt.Sprintf("%s=%s", e.Field, text(e.Value)))
		}
	}
	return strings.Join(all, ", ")
}

func TestChange(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*Ticket)
		by     Person
		want   Change
		cast   cast
		told   string
		err    string
	}{
		"nothing":                         {nil, agent, Change{}, cast{}, "", ""},
		"to what it is":                   {nil, agent, Change{Status: ptr(Open)}, cast{}, "", ""},
		"words":                           {nil, agent, Change{Subject: ptr(" s "), Priority: ptr("low"), Kind: ptr("task"), ExternalID: ptr("x")}, cast{}, "subject -→s, priority -→low, type -→task, external_id -→x", ""},
		"away with words":                 {func(v *Ticket) { v.Priority = "low" }, agent, Change{Priority: ptr("")}, cast{}, "priority low→-", ""},
		"tags":                            {func(v *Ticket) { v.Tags = []string{"a", "b"} }, agent, Change{AddTags: []string{"B c"}, RemoveTags: []string{"A"}}, cast{}, "tags a b→b c", ""},
		"other tags":                      {func(v *Ticket) { v.Tags = []string{"a", "b"} }, agent, Change{Tags: &[]string{}}, cast{}, "tags a b→-", ""},
		"a comment":                       {nil, agent, Change{Comment: &NewComment{Body: "x"}}, cast{author: agent}, "public", ""},
		"an internal comment":             {nil, agent, Change{Comment: &NewComment{Body: "x", Public: ptr(false)}}, cast{author: agent}, "internal", ""},
		"as the first comment":            {func(v *Ticket) { v.Internal = true }, agent, Change{Comment: &NewComment{Body: "x"}}, cast{author: agent}, "internal", ""},
		"whoever asks, asks in public":    {func(v *Ticket) { v.Internal = true }, asker, Change{Comment: &NewComment{Body: "x", Public: ptr(false)}}, cast{author: asker}, "public", ""},
		"a file is enough":                {nil, agent, Change{Comment: &NewComment{}}, cast{author: agent, uploads: []Upload{{Attachments: []Attachment{{ID: 1}}}}}, "public", ""},
		"no words":                        {nil, agent, Change{Comment: &NewComment{Body: "\n"}}, cast{author: agent}, "", "base: Comment: cannot be blank"},
		"too many words":                  {nil, agent, Change{Comment: &NewComment{Body: strings.Repeat("x", commentMost+1)}}, cast{author: agent}, "", "comment: is too long (maximum is 65536 bytes)"},
		"just not too many":               {nil, agent, Change{Comment: &NewComment{Body: strings.Repeat("x", commentMost)}}, cast{author: agent}, "public", ""},
		"the answer opens what is solved": {func(v *Ticket) { v.Status = Solved }, asker, Change{Comment: &NewComment{Body: "x"}}, cast{author: asker}, "public, status solved→open", ""},
		"and what is pending":             {func(v *Ticket) { v.Status = Pending }, asker, Change{Comment: &NewComment{Body: "x"}}, cast{author: asker}, "public, status pending→open", ""},
		"but not what is new":             {func(v *Ticket) { v.Status = New }, asker, Change{Comment: &NewComment{Body: "x"}}, cast{author: asker}, "public", ""},
		"an agent's does not":             {func(v *Ticket) { v.Status = Solved }, agent, Change{Comment: &NewComment{Body: "x"}}, cast{author: agent}, "public", ""},
		"taking a new one opens it":       {func(v *Ticket) { v.Status, v.Assignee = New, 0 }, agent, Change{Assignee: &Ref{ID: 2}}, cast{assignee: other}, "status new→open, assignee_id -→2", ""},
		"unless it is said what it is":    {func(v *Ticket) { v.Status, v.Assignee = New, 0 }, agent, Change{Assignee: &Ref{ID: 2}, Status: ptr(Hold)}, cast{assignee: other}, "status new→hold, assignee_id -→2", ""},
		"solving what nobody has":         {func(v *Ticket) { v.Assignee = 0 }, other, Change{Status: ptr(Solved)}, cast{}, "status open→solved, assignee_id -→2", ""},
		"solving what another has":        {nil, other, Change{Status: ptr(Solved)}, cast{}, "status open→solved", ""},
		"to nobody":                       {nil, agent, Change{Assignee: &Ref{}}, cast{}, "assignee_id 1→-", ""},
		"to one who only asks":            {nil, agent, Change{Assignee: &Ref{ID: 3}}, cast{assignee: asker}, "", "assignee: is not an agent"},
		"all that is wrong":               {nil, agent, Change{Status: ptr(Status("x")), Priority: ptr("x"), Kind: ptr("x")}, cast{}, "", "status: is not a valid status; priority: is not a valid priority; type: is not a valid type"},
		"closed":                          {func(v *Ticket) { v.Status = Closed }, agent, Change{}, cast{}, "", "status: closed prevents ticket update"},
		"seen last at its change":         {nil, agent, Change{Status: ptr(Hold), UpdatedStamp: noon}, cast{}, "status open→hold", ""},
		"seen last before":                {nil, agent, Change{Status: ptr(Hold), UpdatedStamp: noon.Add(-time.Second)}, cast{}, "", ErrOutdated.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			v := begun(c.before)
			now := noon.Add(time.Minute)
			next, audit, err := v.change(now, c.by, c.want, c.cast, Origin{})
			if got := fmt.Sprint(err); c.err != "" && got != c.err || c.err == "" && err != nil {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if got := told(audit); got != c.told {
				t.Errorf("told %q, want %q", got, c.told)
			}
			if changed := c.told != ""; next.Version != v.Version+map[bool]int64{true: 1}[changed] || next.Updated.Equal(now) != changed {
				t.Errorf("version %d at %s", next.Version, next.Updated)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	for name, c := range map[string]struct {
		draft Draft
		cast  cast
		told  string
		err   string
	}{
		"least":           {Draft{Comment: NewComment{Body: "x"}}, cast{requester: asker, submitter: agent, author: agent}, "public, subject=-, requester_id=3, priority=-, type=-, status=new", ""},
		"most":            {Draft{Subject: "s", Priority: "low", Kind: "task", ExternalID: "e", Tags: []string{"T t"}, Comment: NewComment{Body: "x", Public: ptr(false)}}, cast{requester: asker, submitter: agent, author: agent, assignee: other}, "internal, subject=s, requester_id=3, priority=low, type=task, status=open, assignee_id=2, external_id=e, tags=t", ""},
		"by the asker":    {Draft{Comment: NewComment{Body: "x", Public: ptr(false)}}, cast{requester: asker, submitter: asker, author: asker}, "public, subject=-, requester_id=3, priority=-, type=-, status=new", ""},
		"a file alone":    {Draft{}, cast{author: asker, uploads: []Upload{{Attachments: []Attachment{{ID: 1}}}}}, "", "base: Description: cannot be blank"},
		"nothing, wrong":  {Draft{Priority: "x"}, cast{author: asker}, "", "base: Description: cannot be blank; priority: is not a valid priority"},
		"for no agent":    {Draft{Comment: NewComment{Body: "x"}}, cast{author: agent, assignee: asker}, "", "assignee: is not an agent"},
		"a status of its": {Draft{Status: Solved, Comment: NewComment{Body: "x"}}, cast{author: agent}, "public, subject=-, requester_id=-, priority=-, type=-, status=solved", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := c.draft.open(noon, c.cast, Origin{})
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Errorf("error %v, want %q", err, c.err)
				}
				return
			}
			if got := told(o.Audit); err != nil || got != c.told {
				t.Errorf("told %q, %v; want %q", got, err, c.told)
			}
			if public := strings.HasPrefix(c.told, "public"); o.Ticket.Public != public || o.Ticket.Internal == public {
				t.Errorf("public %v, internal %v", o.Ticket.Public, o.Ticket.Internal)
			}
		})
	}
}

func TestSight(t *testing.T) {
	for _, c := range []struct {
		name            string
		ticket          Ticket
		who             Person
		shown, solvable bool
	}{
		{"the requester", begun(nil), asker, true, true},
		{"another who asks", begun(nil), Person{ID: 4}, false, false},
		{"an agent", begun(nil), other, true, false},
		{"all internal", begun(func(v *Ticket) { v.Public = false }), asker, false, true},
		{"all internal, an agent", begun(func(v *Ticket) { v.Public = false }), agent, true, false},
		{"nobody has it", begun(func(v *Ticket) { v.Assignee = 0 }), asker, true, false},
		{"a problem of many", begun(func(v *Ticket) { v.Kind = "problem" }), asker, true, false},
		{"solved", begun(func(v *Ticket) { v.Status = Solved }), asker, true, false},
	} {
		if got := c.ticket.ShownTo(c.who); got != c.shown {
			t.Errorf("%s: shown %v", c.name, got)
		}
		if got := c.ticket.SolvableBy(c.who); got != c.solvable {
			t.Errorf("%s: solvable %v", c.name, got)
		}
	}
	if internal := (Comment{}); internal.ShownTo(asker) || !internal.ShownTo(agent) {
		t.Error("an internal comment is for agents")
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir() + "/files"
	f := NewFiles(dir)
	defer func() { _ = f.Close() }()
	if _, err := f.open("a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("before there is a directory: %v", err)
	}
	if err := f.remove("a"); err != nil {
		t.Errorf("before there is a directory: %v", err)
	}
	if _, err := NewFiles("").keep("a", strings.NewReader("x"), 5); err == nil {
		t.Error("kept nowhere")
	}
	if n, err := f.keep("a", strings.NewReader("12345"), 5); n != 5 || err != nil {
		t.Errorf("kept %d, %v", n, err)
	}
	if _, err := f.keep("b", strings.NewReader("123456"), 5); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	broken := errors.New("broken")
	if _, err := f.keep("c", failing{broken}, 5); !errors.Is(err, broken) {
		t.Errorf("a broken body: %v", err)
	}
	if _, err := f.keep("a", strings.NewReader("x"), 5); err == nil {
		t.Error("a file was overwritten")
	}
	if _, err := f.keep("../d", strings.NewReader("x"), 5); err == nil {
		t.Error("a file outside of the directory")
	}
	for name, want := range map[string]error{"a": nil, "b": ErrNotFound, "c": ErrNotFound} {
		file, err := f.open(name)
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			file.Close()
		}
	}
	for range 2 { // the second time it is gone
		if err := f.remove("a"); err != nil {
			t.Error(err)
		}
	}
	if _, err := f.open("a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its removal: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
