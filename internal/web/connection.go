package web

import (
	"strconv"
	"time"
)

// OrderLink asks for a link by which the connection's person authorizes it again.
const OrderLink Order = "link"

// connectionAdvice is what to do about a reason: see the strings advice.*.
var connectionAdvice = map[string]string{
	"refresh_refused": "link", "answer_lost": "link", "scope_no_longer_allowed": "link", "access_token_refused": "link",
	"no_refresh_token": "link", "client_refused": "client", "unreachable": "wait", "told_to_wait": "wait",
	"switched_off": "enable", "not_revoked": "revoke",
}

// Happening is a line of a connection's history.
type Happening struct {
	At      time.Time
	What    string // a kind of event, or the outcome of an attempt to renew it
	Attempt bool
	Detail  string
	Took    time.Duration
	Grave   bool
}

// Connection is the page of one connection.
type Connection struct {
	Board
	Row         ConnectionRow
	Generation  int64
	Fingerprint string
	Missing     []string // scopes that were asked for and not granted
	Created     time.Time
	History     []Happening
	Uses        []DayUses // of the last days, the latest first
	Stream      string    // what the page follows; empty: it stands still
	Orders      []Order
	Link        string // to authorize it again, shown this once
	Did         Order  // what was done just now
	Not         string // why it was not: a word of [OrderProblems], or "name"
}

func (p Connection) frame() frame {
	f := p.Board.frame("connection", p.Title(), AtConnections)
	f.Follows = p.Stream != ""
	return f
}

// Title is the page's title and first heading; for the template.
func (p Connection) Title() string { return p.T("connection.title", p.Row.Name(), p.Row.Account) }

// Advice is what to do about the connection's reason, empty where there is nothing;
// for the template.
func (p Connection) Advice() string {
	if p.Row.Reason == "switched_off" && p.May(OrderEnable) {
		return p.T("advice.enable.operator")
	}
	if advice, ok := connectionAdvice[p.Row.Reason]; ok {
		return p.T("advice." + advice)
	}
	return ""
}

// Scopes and Lacking are scopes in words; for the template.
func (p Connection) Scopes() []Permission { return p.words(p.Row.Scopes) }

// Lacking are those that were asked for and not granted; for the template.
func (p Connection) Lacking() []Permission { return p.words(p.Missing) }

func (p Connection) words(scopes []string) (all []Permission) {
	if p.Row.Product != "Chat" {
		return Words(p.Lang, scopes)
	}
	for _, scope := range scopes {
		all = append(all, chatWordsOf(p.Lang, scope)...)
	}
	return all
}

// happenings are what there are words for: see the strings happening.*.
var happenings = []string{
	"connected", "reconnected", "scopes_lost", "former_tokens_revoked", "former_tokens_left", "imported", "state_changed", "ordered",
	"refresh_expiring", "removed", "sign_in_failed", "link_made", "link_used", "link_revoked", "link_refused",
	"device_allowed", "device_denied", "key_made", "pass_made", "pass_used", "pass_refused", "pass_revoked",
	"access_token_refused", "answered", "unanswered", "refused", "unsent", "open",
}

// WhatText is what happened, in words where there are some; for the template.
func (p Connection) WhatText(h Happening) string {
	for _, known := range happenings {
		if h.What == known {
			return p.T("happening." + known)
		}
	}
	return h.What
}

// Told is what the line tells beside that; for the template. What went wrong with an
// attempt is a code, and stands as it is.
func (p Connection) Told(h Happening) string {
	if h.Attempt {
		return h.Detail
	}
	return p.DetailText(h.What, h.Detail, p.Row.Account)
}

// LastRenewal is the latest attempt to renew it, nil where there was none; for the
// template.
func (p Connection) LastRenewal() *Happening {
	for i := range p.History {
		if p.History[i].Attempt {
			return &p.History[i]
		}
	}
	return nil
}

// TookText is how long it took; for the template.
func (p Connection) TookText(h Happening) string {
	return strconv.FormatInt(h.Took.Milliseconds(), 10) + " ms"
}

// DidText is what was done just now; for the template.
func (p Connection) DidText() string { return p.T("orders.did." + string(p.Did)) }

// Mistyped tells whether the name that confirms was another; for the template.
func (p Connection) Mistyped() bool { return p.Not == "name" }

// NotText is why something was not done; for the template.
func (p Connection) NotText() string {
	if p.Mistyped() {
		return p.T("connection.mistyped")
	}
	return p.T("orders.not." + p.Not)
}

// May tells whether an order is offered; for the template.
func (p Connection) May(o Order) bool {
	for _, offered := range p.Orders {
		if o == offered {
			return true
		}
	}
	return false
}

// DayUses are how often a connection's token was lent on a day, and Zendesk called.
type DayUses struct{ Lent, Called int64 }

// UseBar is a day of the chart of uses: calls stand on what was lent.
type UseBar struct{ X, LentY, LentH, CalledY, CalledH int }

// UseBars are the uses of the last days; for the template.
func (p Connection) UseBars() []UseBar {
	most := int64(1)
	for _, u := range p.Uses {
		most = max(most, u.Lent+u.Called)
	}
	bars := make([]UseBar, ChartDays)
	for i := range bars {
		bars[i] = UseBar{X: i * 20, LentY: chartHeight, CalledY: chartHeight}
		if n := ChartDays - 1 - i; n < len(p.Uses) {
			u := p.Uses[n]
			bars[i].LentH, bars[i].CalledH = int(u.Lent*chartHeight/most), int(u.Called*chartHeight/most)
			bars[i].LentY -= bars[i].LentH
			bars[i].CalledY = bars[i].LentY - bars[i].CalledH
		}
	}
	return bars
}

// UsesText says what that chart shows; for the template.
func (p Connection) UsesText() string {
	var lent, called int64
	for _, u := range p.Uses {
		lent, called = lent+u.Lent, called+u.Called
	}
	return p.T("connection.uses.text", ChartDays, lent, called)
}

// Used tells whether there is anything for that chart to show; for the template.
func (p Connection) Used() bool {
	for _, u := range p.Uses {
		if u.Lent+u.Called > 0 {
			return true
		}
	}
	return false
}

// Days is how far back the charts go; for the template.
func (p Connection) Days() int { return ChartDays }

// LiveHTML are the parts of the page that change, by their names, each on one line.
func (p Connection) LiveHTML() ([]LivePart, error) {
	return liveParts("connection", p, "standing", "matter", "known", "told")
}

// Bar is a day of the chart.
type Bar struct {
	Day       string
	X, Y, H   int
	N, Failed int
}

// ChartDays is how far back the charts go, and chartHeight their height.
const (
	ChartDays   = 14
	chartHeight = 60
)

// Bars are the renewals of the last days; for the template.
func (p Connection) Bars() []Bar {
	bars, most := make([]Bar, ChartDays), 1
	for i := range bars {
		bars[i].Day, bars[i].X = p.Now.UTC().AddDate(0, 0, i+1-ChartDays).Format(time.DateOnly), i*20
	}
	for _, h := range p.History {
		for i := range bars {
			if h.Attempt && bars[i].Day == h.At.UTC().Format(time.DateOnly) {
				bars[i].N++
				most = max(most, bars[i].N)
				if h.Grave {
					bars[i].Failed++
				}
			}
		}
	}
	for i := range bars {
		bars[i].H = bars[i].N * chartHeight / most
		bars[i].Y = chartHeight - bars[i].H
	}
	return bars
}

// Renewed tells whether there is anything for it to show; for the template.
func (p Connection) Renewed() bool {
	for _, b := range p.Bars() {
		if b.N > 0 {
			return true
		}
	}
	return false
}

// ChartText says what the chart shows; for the template.
func (p Connection) ChartText() string {
	n, failed := 0, 0
	for _, b := range p.Bars() {
		n, failed = n+b.N, failed+b.Failed
	}
	return p.T("connection.chart.text", ChartDays, n, failed)
}
