package issuer

import (
	"fmt"
	"time"
)

// By is who changes something, and from where: for the audit trail.
type By struct {
	User   UserID // zero: nobody of the account, but whoever runs it
	Origin Origin
}

// By is whoever acts in a call: not the end user in whose name an admin does.
func (c Caller) By(from Origin) By {
	if c.Actor != 0 {
		return By{User: c.Actor, Origin: from}
	}
	return By{User: c.User.ID, Origin: from}
}

// event is a line of the audit trail about a thing: ActionClientUpdated, "client
// 17". The number of a new thing, which is 0 here, the store adds.
func (by By) event(a AccountID, at time.Time, action Action, kind string, id int64, detail string) Event {
	e := Event{Account: a, At: at, Actor: by.User, Action: action, Object: kind, Detail: clipped(detail, detailMost), Origin: by.Origin}
	if id != 0 {
		e.Object = fmt.Sprintf("%s %d", kind, id)
	}
	return e
}

// detailMost bounds what a line says beside what was done: two hundred scopes are
// nothing to read in a table.
const detailMost = 300

// touched is when something that was last changed at before is changed now:
// later than that, even where time stands still, because a swap tells one state
// from the next by it. Rows keep microseconds.
func touched(before, now time.Time) time.Time {
	now = now.Truncate(time.Microsecond)
	if !now.After(before) {
		return before.Add(time.Microsecond)
	}
	return now
}

// swapTries bounds how often a change begins anew because another was faster.
const swapTries = 5
