package web

// OrderLine is a connection of an order: what will become of it, or what did.
type OrderLine struct {
	Row  ConnectionRow
	Will bool   // it will be done, or was
	Gone bool   // there is no page of it any more
	Why  string // why not: a word of [OrderProblems]
}

// OrderProblems are why something is not done.
var OrderProblems = []string{"already", "not_now", "not_yours", "not_found", "unreachable", "still_alive", "lost", "failed", "nobody"}

// Orders is what is about to be done to several connections, and then what was done.
type Orders struct {
	Board
	Order Order
	Lines []OrderLine
	Back  string // the list that they were chosen on
	Done  bool
}

func (p Orders) frame() frame { return p.Board.frame("orders", p.Title(), AtConnections) }

// Title is the page's title and first heading; for the template.
func (p Orders) Title() string { return p.T("orders." + string(p.Order)) }

// Will is how many connections it will be done to, or was; for the template.
func (p Orders) Will() (n int) {
	for _, line := range p.Lines {
		if line.Will {
			n++
		}
	}
	return n
}

// Said sums up; for the template.
func (p Orders) Said() string {
	if p.Done {
		return p.T("orders.done", p.Will(), len(p.Lines))
	}
	return p.T("orders.will", p.Will(), len(p.Lines))
}

// Go is the button that does it; for the template.
func (p Orders) Go() string { return Count(p.Lang, "orders.go."+string(p.Order), p.Will()) }

// LineText is what will become of a connection, or did; for the template.
func (p Orders) LineText(line OrderLine) string {
	switch {
	case line.Will && p.Done:
		return p.T("orders.did." + string(p.Order))
	case line.Will:
		return p.T("orders.do." + string(p.Order))
	}
	return p.T("orders.not." + line.Why)
}
