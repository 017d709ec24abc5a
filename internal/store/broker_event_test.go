package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func TestFindEvents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := db.Broker()
		day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		ada, key := broker.Person("acme", 7), broker.Actor{Kind: broker.ByKey, ID: 3}
		for n, e := range []broker.Event{
			{Kind: broker.ConnectionMade, By: ada, Account: "acme", Connection: 1, Client: 5, Detail: "support"},
			{Kind: broker.PassMade, By: key, Account: "acme", Connection: 1, Pass: 9, Detail: "Zoë 100%_sure"},
			{Kind: broker.KeyEnded, By: broker.AtCommand, Detail: "4"},
			{Kind: broker.StateChanged, By: broker.Itself, Account: "globex", Connection: 2, Client: 5, Detail: "in_doubt: answer_lost"},
			{Kind: broker.SignInFailed, Account: "globex", Client: 5, Detail: "denied"},
		} {
			e.At = day.Add(time.Duration(n) * time.Hour)
			if err := s.AddEvent(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		const top = broker.EventID(1) << 62
		for name, tt := range map[string]struct {
			filter broker.EventFilter
			before broker.EventID
			want   []broker.EventID
		}{
			"all of them":            {broker.EventFilter{}, top, []broker.EventID{5, 4, 3}},
			"the next":               {broker.EventFilter{}, 3, []broker.EventID{2, 1}},
			"a kind":                 {broker.EventFilter{Kind: broker.PassMade}, top, []broker.EventID{2}},
			"a connection":           {broker.EventFilter{Connection: 1}, top, []broker.EventID{2, 1}},
			"a pass":                 {broker.EventFilter{Pass: 9}, top, []broker.EventID{2}},
			"a client":               {broker.EventFilter{Client: 5}, top, []broker.EventID{5, 4, 1}},
			"an account":             {broker.EventFilter{Account: "globex"}, top, []broker.EventID{5, 4}},
			"a person":               {broker.EventFilter{By: ada}, top, []broker.EventID{1}},
			"a key":                  {broker.EventFilter{By: key}, top, []broker.EventID{2}},
			"another key":            {broker.EventFilter{By: broker.Actor{Kind: broker.ByKey, ID: 33}}, top, nil},
			"the broker itself":      {broker.EventFilter{By: broker.Itself}, top, []broker.EventID{4}},
			"what has small letters": {broker.EventFilter{Words: "zoë"}, top, []broker.EventID{2}},
			"a sign of the pattern":  {broker.EventFilter{Words: "0%_s"}, top, []broker.EventID{2}},
			"no pattern":             {broker.EventFilter{Words: "d%d"}, top, nil},
			"a part of the account":  {broker.EventFilter{Words: "lobe"}, top, []broker.EventID{5, 4}},
			"from an hour":           {broker.EventFilter{Since: day.Add(3 * time.Hour)}, top, []broker.EventID{5, 4}},
			"until one":              {broker.EventFilter{Until: day.Add(time.Hour)}, top, []broker.EventID{1}},
			"much at once":           {broker.EventFilter{Kind: broker.StateChanged, Account: "globex", Client: 5, Words: "lost", Since: day, Until: day.AddDate(0, 0, 1)}, top, []broker.EventID{4}},
		} {
			found, err := s.FindEvents(t.Context(), tt.filter, tt.before, 3)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var got []broker.EventID
			for _, e := range found {
				got = append(got, e.ID)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		all, err := s.Events(t.Context(), broker.EventFilter{Account: "acme"}, 0, 10)
		if err != nil || len(all) != 2 || all[0].By != ada || all[1].Pass != 9 {
			t.Errorf("upwards: %+v %v", all, err)
		}
	})
}

func TestFindPasses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := db.Broker()
		now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		hour := now.Add(time.Hour)
		for _, p := range []broker.Pass{
			{Name: "Good", Expires: hour, UsesMost: 2},
			{Name: "used up", Expires: hour, UsesMost: 1},
			{Name: "expired", Expires: now, UsesMost: 1},
			{Name: "revoked", Expires: now, UsesMost: 1, Connection: 2},
		} {
			p.Digest, p.Created, p.Maker, p.Account, p.Ticket = secret.Of(p.Name).Digest(), now.Add(-time.Hour), broker.AtCommand, "acme", 4711
			p, err := s.AddPass(t.Context(), p, broker.Event{})
			if err != nil {
				t.Fatal(err)
			}
			if p.Name == "used up" {
				next, err := p.Use(now)
				if err == nil {
					_, err = s.BeginSending(t.Context(), next, broker.Sending{Pass: p.ID, State: broker.SendingOpen, Began: now, Moved: now})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if p.Name == "revoked" {
				if err := s.RevokePass(t.Context(), p.ID, now, broker.Event{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for name, tt := range map[string]struct {
			filter broker.PassFilter
			before broker.PassID
			want   []string
		}{
			"all of them":   {broker.PassFilter{}, 1 << 62, []string{"revoked", "expired", "used up"}},
			"the next":      {broker.PassFilter{}, 2, []string{"Good"}},
			"good":          {broker.PassFilter{State: broker.GoodPass}, 1 << 62, []string{"Good"}},
			"used up":       {broker.PassFilter{State: broker.UsedUpPass}, 1 << 62, []string{"used up"}},
			"expired":       {broker.PassFilter{State: broker.ExpiredPass}, 1 << 62, []string{"expired"}},
			"revoked":       {broker.PassFilter{State: broker.RevokedPass}, 1 << 62, []string{"revoked"}},
			"a connection":  {broker.PassFilter{Connection: 2}, 1 << 62, []string{"revoked"}},
			"words":         {broker.PassFilter{Words: "good acme"}, 1 << 62, []string{"Good"}},
			"a ticket":      {broker.PassFilter{State: broker.GoodPass, Words: "471"}, 1 << 62, []string{"Good"}},
			"no such words": {broker.PassFilter{Words: "g%d"}, 1 << 62, nil},
		} {
			found, err := s.FindPasses(t.Context(), tt.filter, now, tt.before, 3)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var got []string
			for _, p := range found {
				got = append(got, p.Name)
				if used := p.Name == "used up"; p.Maker != broker.AtCommand || p.Used.IsZero() == used || used && !p.Used.Equal(now) {
					t.Errorf("%s: made by %s, used %v", p.Name, p.Maker, p.Used)
				}
				if state := p.State(now); tt.filter.State != "" && state != tt.filter.State {
					t.Errorf("%s: %s is %s", name, p.Name, state)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}
