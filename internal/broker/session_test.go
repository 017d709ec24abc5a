package broker_test

import (
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

// What a session may see and do: every signed-in page asks this.
func TestViewer(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	session := func(account, role string, checked time.Duration) broker.Session {
		return broker.Session{Account: account, User: broker.User{ID: 7, Role: role}, Checked: now.Add(-checked)}
	}
	named := session("acme", "agent", 0)
	named.Named = true
	own := broker.Connection{Account: "acme", Product: broker.Support, State: broker.Active, User: broker.User{ID: 7}}
	others, elsewhere, chat, pending := own, own, own, own
	others.User.ID, elsewhere.Account, chat.Product, pending.State = 8, "globex", broker.Chat, broker.Pending
	nobodys := own
	nobodys.User.ID = 0
	for name, tt := range map[string]struct {
		session         broker.Session
		operator, stale bool
		sees            []broker.Connection
		not             []broker.Connection
	}{
		"an agent":                           {session("acme", "agent", 0), false, false, []broker.Connection{own}, []broker.Connection{others, elsewhere, chat, pending, nobodys}},
		"an admin of the operators":          {session("acme", "admin", 0), true, false, []broker.Connection{own, others, elsewhere, chat, nobodys}, []broker.Connection{pending}},
		"an agent of the operators":          {session("acme", "agent", 0), false, false, []broker.Connection{own}, []broker.Connection{others}},
		"an admin of a customer":             {session("globex", "admin", 0), false, false, []broker.Connection{elsewhere}, []broker.Connection{own, others}},
		"the first operator":                 {named, true, false, []broker.Connection{own, others, elsewhere}, []broker.Connection{pending}},
		"a role of almost an hour ago":       {session("acme", "admin", time.Hour-time.Second), true, false, []broker.Connection{others}, nil},
		"a role of an hour ago":              {session("acme", "admin", time.Hour), true, true, nil, []broker.Connection{own, others}},
		"a role of the operators, made up":   {session("acme", "Admin", 0), false, false, []broker.Connection{own}, []broker.Connection{others}},
		"a role of another account, as long": {session("acmee", "admin", 0), false, false, nil, []broker.Connection{own, others}},
	} {
		t.Run(name, func(t *testing.T) {
			v := tt.session.View(now, broker.Operators{"acme"})
			if v.Operator != tt.operator || v.Stale != tt.stale {
				t.Errorf("operator %t, stale %t; want %t, %t", v.Operator, v.Stale, tt.operator, tt.stale)
			}
			for _, c := range tt.sees {
				if !v.Sees(c) {
					t.Errorf("does not see %+v", c)
				}
			}
			for _, c := range tt.not {
				if v.Sees(c) {
					t.Errorf("sees %+v", c)
				}
				for _, o := range broker.Orders() {
					if why := v.May(o, c); why != broker.NotThere {
						t.Errorf("may %s what it does not see: %q", o, why)
					}
				}
			}
		})
	}
	if v := session("acme", "admin", 0).View(now, nil); v.Operator {
		t.Error("an operator, though no account is named")
	}
	if old := session("acme", "admin", 14*24*time.Hour); !old.Over(now) || session("acme", "admin", 13*24*time.Hour).Over(now) {
		t.Error("a session is over after fourteen days without a check, and not before")
	}
}

func TestMay(t *testing.T) {
	now := time.Now()
	user := broker.User{ID: 7, Role: "agent"}
	person := broker.Session{Account: "acme", User: user, Checked: now}.View(now, nil)
	operator := broker.Session{Account: "ops", User: user, Checked: now, Named: true}.View(now, nil)
	sealed := broker.Sealed{Bytes: []byte("x"), Key: 1}
	in := func(s broker.State) broker.Connection {
		return broker.Connection{Account: "acme", Product: broker.Support, User: user, State: s, Access: sealed, Refresh: sealed}
	}
	const ok = broker.NoObjection
	for _, tt := range []struct {
		state            broker.State
		order            broker.Order
		person, operator broker.Objection
	}{
		{broker.Active, broker.RenewNow, ok, ok},
		{broker.Active, broker.DisableIt, broker.NotYours, ok},
		{broker.Active, broker.EnableIt, broker.NotYours, broker.AlreadySo},
		{broker.Active, broker.RevokeIt, ok, ok},
		{broker.Disabled, broker.RenewNow, broker.NotNow, broker.NotNow},
		{broker.Disabled, broker.DisableIt, broker.NotYours, broker.AlreadySo},
		{broker.Disabled, broker.EnableIt, broker.NotYours, ok},
		{broker.Disabled, broker.RevokeIt, ok, ok},
		{broker.Reauthorize, broker.RenewNow, broker.NotNow, broker.NotNow},
		{broker.Reauthorize, broker.DisableIt, broker.NotYours, ok},
		{broker.Reauthorize, broker.EnableIt, broker.NotYours, broker.NotNow},
		{broker.InDoubt, broker.DisableIt, broker.NotYours, ok},
		{broker.InDoubt, broker.RevokeIt, ok, ok},
		{broker.Revoked, broker.DisableIt, broker.NotYours, broker.NotNow},
		{broker.Pending, broker.RevokeIt, broker.NotThere, broker.NotThere},
	} {
		if got := person.May(tt.order, in(tt.state)); got != tt.person {
			t.Errorf("%s while %s: a person %q, want %q", tt.order, tt.state, got, tt.person)
		}
		if got := operator.May(tt.order, in(tt.state)); got != tt.operator {
			t.Errorf("%s while %s: an operator %q, want %q", tt.order, tt.state, got, tt.operator)
		}
	}
	bare := in(broker.Active)
	bare.Refresh = broker.Sealed{}
	if got := operator.May(broker.RenewNow, bare); got != broker.NotNow {
		t.Errorf("renewing what cannot be renewed: %q", got)
	}
}
