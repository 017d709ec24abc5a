package apihttp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// A quota is a value of protocol time: what happens when is all there is to it.
func TestQuotas(t *testing.T) {
	type ask struct {
		at   time.Duration // after a full minute of the clock
		n    int           // how often at that moment; the last is looked at
		want zendesk.Quota
		ok   bool
	}
	quota := func(left int, reset time.Duration) zendesk.Quota {
		return zendesk.Quota{Limit: 200, Remaining: left, Reset: reset}
	}
	const minute = time.Minute
	for name, asks := range map[string][]ask{
		"the first of a minute":    {{0, 1, quota(199, minute), true}},
		"the first in its midst":   {{18 * time.Second, 1, quota(199, 42*time.Second), true}},
		"the last":                 {{0, 200, quota(0, minute), true}},
		"one too many":             {{time.Second, 201, quota(0, 59*time.Second), false}},
		"refusals cost nothing":    {{0, 500, quota(0, minute), false}, {minute, 1, quota(199, minute), true}},
		"not before the minute":    {{0, 200, quota(0, minute), true}, {minute - 1, 1, quota(0, 1), false}},
		"the next is full":         {{59 * time.Second, 200, quota(0, time.Second), true}, {61 * time.Second, 200, quota(0, 59*time.Second), true}},
		"and no fuller later":      {{0, 1, quota(199, minute), true}, {time.Hour, 1, quota(199, minute), true}},
		"time that is set back":    {{time.Hour, 200, quota(0, minute), true}, {0, 1, quota(199, minute), true}},
		"within the same minute":   {{30 * time.Second, 200, quota(0, 30*time.Second), true}, {10 * time.Second, 1, quota(0, 50*time.Second), false}},
		"time that stands still":   {{time.Second, 100, quota(100, 59*time.Second), true}, {time.Second, 1, quota(99, 59*time.Second), true}},
		"forth and back and forth": {{0, 200, quota(0, minute), true}, {minute, 1, quota(199, minute), true}, {0, 1, quota(199, minute), true}},
	} {
		t.Run(name, func(t *testing.T) {
			var all quotas
			start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
			mine := bucket{account: 1, name: "tickets-index", key: "a"}
			for n, a := range asks {
				var got zendesk.Quota
				var ok bool
				for range a.n {
					got, ok = all.spend(start.Add(a.at), mine, 200, minute)
				}
				if diff := cmp.Diff(a.want, got); diff != "" || ok != a.ok {
					t.Errorf("ask %d: ok %v (-want +got):\n%s", n+1, ok, diff)
				}
			}
			// Another account, product, endpoint or key has a bucket of its own.
			for _, change := range []func(*bucket){
				func(b *bucket) { b.account = 2 }, func(b *bucket) { b.product = issuer.Chat },
				func(b *bucket) { b.name = "tickets-update" }, func(b *bucket) { b.key = "b" },
			} {
				other := mine
				change(&other)
				if got, _ := all.spend(start, other, 200, minute); got.Remaining != 199 {
					t.Errorf("%+v has %d left", other, got.Remaining)
				}
			}
		})
	}
}

// Windows that ended are thrown away: there may be one for every ticket.
func TestQuotasAreSwept(t *testing.T) {
	var all quotas
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for n := range 1000 {
		all.spend(at, bucket{account: issuer.AccountID(n)}, 1, time.Minute)
		all.spend(at, bucket{account: issuer.AccountID(n), key: "long"}, 1, 10*time.Minute)
	}
	for _, c := range []struct {
		later time.Duration
		want  int // and the one that asks
	}{{59 * time.Second, 2001}, {time.Minute, 1001}, {9 * time.Minute, 1001}, {10 * time.Minute, 1}, {-time.Hour, 1}} {
		all.spend(at.Add(c.later), bucket{account: -1}, 1, time.Second)
		if got := len(all.spent); got != c.want {
			t.Errorf("after %s there are %d, want %d", c.later, got, c.want)
		}
	}
}
