package desk

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Query is what somebody looks for, in Zendesk's search language: words, and
// conditions as `status<solved`, `requester:me` or `-tags:spam`. Words that begin
// no condition are looked for in the text. Several conditions of one name and sign
// are alternatives; those of different names have to hold together.
type Query struct {
	conditions []condition
}

// condition is one word of a query.
type condition struct {
	name  string // empty: a word of the text
	sign  string // ":", "<", ">", "<=" or ">="
	value string // in lower case
	not   bool
	user  UserID    // whom the value names, where it names one; noUser: nobody there is
	group []GroupID // those that the value names; zero: none
}

// noUser is nobody's number.
const noUser UserID = -1

// ParseQuery reads a query; there is none that cannot be.
func ParseQuery(text string) Query {
	var q Query
	for _, word := range split(strings.ToLower(clean(text))) {
		c := condition{value: word}
		if rest, negated := strings.CutPrefix(word, "-"); negated {
			c.not, c.value = true, rest
		}
		if at := strings.IndexAny(c.value, ":<>"); at > 0 && known[c.value[:at]] {
			c.name = c.value[:at]
			c.sign = c.value[at : at+1]
			c.value = c.value[at+1:]
			if c.sign != ":" && strings.HasPrefix(c.value, "=") {
				c.sign, c.value = c.sign+"=", c.value[1:]
			}
		}
		c.value = strings.TrimSuffix(strings.ReplaceAll(c.value, `"`, ""), "*")
		if c.value != "" || c.name != "" {
			q.conditions = append(q.conditions, c)
		}
	}
	return q
}

// known are the names of conditions; what else has a colon is a word.
var known = map[string]bool{
	"type": true, "status": true, "priority": true, "ticket_type": true, "tags": true, "external_id": true, "requester": true,
	"submitter": true, "assignee": true, "group": true, "created": true, "updated": true, "subject": true, "description": true,
}

// split cuts a text at its spaces, but for those between quotes.
func split(text string) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && (r == ' ' || r == '\t' || r == '\n' || r == '\r')
	})
}

// Wants tells whether things of a type are looked for: all are, where none is named.
func (q Query) Wants(kind string) bool {
	named := false
	for _, c := range q.conditions {
		if c.name == "type" {
			if (c.value == kind) != c.not {
				return true
			}
			named = true
		}
	}
	return !named
}

// matches tells whether a ticket is what is looked for.
func (q Query) matches(t Ticket) bool {
	alternatives := map[string]bool{}
	for _, c := range q.conditions {
		holds := c.name == "type" || c.holds(t)
		switch {
		case c.not || c.name == "":
			if holds == c.not && c.name != "type" {
				return false
			}
		default:
			key := c.name + c.sign
			alternatives[key] = alternatives[key] || holds
		}
	}
	for _, holds := range alternatives {
		if !holds {
			return false
		}
	}
	return true
}

func (c condition) holds(t Ticket) bool {
	switch c.name {
	case "":
		return has(t.Subject, c.value) || has(t.Description, c.value) || strconv.FormatInt(t.Number, 10) == c.value
	case "status":
		return c.ranks(1+slices.Index(statuses, t.Status), 1+slices.Index(statuses, Status(c.value)))
	case "priority":
		return c.ranks(urgency(t.Priority), urgency(c.value))
	case "ticket_type":
		return t.Kind == c.value
	case "tags":
		return slices.Contains(t.Tags, c.value) || c.value == "none" && len(t.Tags) == 0
	case "external_id":
		return strings.EqualFold(t.ExternalID, c.value)
	case "requester":
		return t.Requester == c.user
	case "submitter":
		return t.Submitter == c.user
	case "assignee":
		return t.Assignee == c.user
	case "group":
		return slices.Contains(c.group, t.Group)
	case "created":
		return c.dates(t.Created)
	case "updated":
		return c.dates(t.Updated)
	case "subject":
		return has(t.Subject, c.value)
	default:
		return has(t.Description, c.value)
	}
}

func has(text, part string) bool { return strings.Contains(strings.ToLower(text), part) }

// urgency is 1 for low, and 0 for none.
func urgency(priority string) int {
	if at := slices.Index(priorities, priority); at >= 0 {
		return len(priorities) - at
	}
	return 0
}

// ranks compares places in a list from 1; what has none matches nothing.
func (c condition) ranks(place, of int) bool {
	return place > 0 && of > 0 && c.compares(cmp.Compare(place, of))
}

func (c condition) compares(order int) bool {
	switch c.sign {
	case "<":
		return order < 0
	case ">":
		return order > 0
	case "<=":
		return order <= 0
	case ">=":
		return order >= 0
	default:
		return order == 0
	}
}

// dates compares days with days, and moments with moments to the second. What is
// no date matches nothing.
func (c condition) dates(at time.Time) bool {
	if day, err := time.Parse(time.DateOnly, c.value); err == nil {
		return c.compares(at.UTC().Truncate(24 * time.Hour).Compare(day))
	}
	moment, err := time.Parse(time.RFC3339, strings.ToUpper(c.value))
	return err == nil && c.compares(at.Truncate(time.Second).Compare(moment))
}

// Order is how found tickets are sorted.
type Order struct {
	By        string // created_at, updated_at, priority, status or ticket_type; else by number
	Ascending bool
}

// sort puts tickets into an order; alike ones, the newest first.
func (o Order) sort(all []Ticket) {
	slices.SortStableFunc(all, func(a, b Ticket) int {
		order := 0
		switch o.By {
		case "updated_at":
			order = a.Updated.Compare(b.Updated)
		case "priority":
			order = cmp.Compare(urgency(a.Priority), urgency(b.Priority))
		case "status":
			order = cmp.Compare(slices.Index(statuses, a.Status), slices.Index(statuses, b.Status))
		case "ticket_type":
			order = cmp.Compare(a.Kind, b.Kind)
		}
		if order == 0 {
			order = cmp.Compare(a.Number, b.Number)
		}
		if !o.Ascending {
			order = -order
		}
		return order
	})
}
