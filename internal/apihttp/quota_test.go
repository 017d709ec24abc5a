package apihttp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

// A quota is a value of protocol time: what happens when is all there is to it.
func TestQuotas(t *testing.T) {
	type ask struct {
		at   time.Duration // after the beginning
		n    int           // how often at that moment; the last is looked at
		want zendesk.Quota
		wait time.Duration
	}
	const each = 300 * time.Millisecond // 200 a minute
	quota := func(left int, reset time.Duration) zendesk.Quota {
		return zendesk.Quota{Limit: 200, Remaining: left, Reset: reset}
	}
	for name, asks := range map[string][]ask{
		"the first":               {{0, 1, quota(199, each), 0}},
		"the last of a minute":    {{0, 200, quota(0, time.Minute), 0}},
		"one too many":            {{0, 201, quota(0, time.Minute), each}},
		"refusals cost nothing":   {{0, 500, quota(0, time.Minute), each}, {each, 1, quota(0, time.Minute), 0}},
		"it fills up evenly":      {{0, 200, quota(0, time.Minute), 0}, {30 * time.Second, 1, quota(99, 30*time.Second+each), 0}},
		"and no further":          {{0, 200, quota(0, time.Minute), 0}, {time.Hour, 1, quota(199, each), 0}},
		"time that is set back":   {{time.Hour, 200, quota(0, time.Minute), 0}, {0, 1, quota(199, each), 0}},
		"time that stands still":  {{0, 100, quota(100, 30*time.Second), 0}, {0, 1, quota(99, 30*time.Second+each), 0}},
		"time set back a little":  {{time.Second, 200, quota(0, time.Minute), 0}, {0, 1, quota(199, each), 0}},
		"the wait is long enough": {{0, 201, quota(0, time.Minute), each}, {each - 1, 1, quota(0, time.Minute-each+1), 1}},
	} {
		t.Run(name, func(t *testing.T) {
			var all quotas
			start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
			for n, a := range asks {
				var got zendesk.Quota
				var wait time.Duration
				for range a.n {
					got, wait = all.spend(start.Add(a.at), bucket{account: 1}, 200)
				}
				if diff := cmp.Diff(a.want, got); diff != "" {
					t.Errorf("ask %d (-want +got):\n%s", n+1, diff)
				}
				if wait != a.wait {
					t.Errorf("ask %d: wait %s, want %s", n+1, wait, a.wait)
				}
			}
			// Another account, product or endpoint has a bucket of its own.
			for _, other := range []bucket{{account: 2}, {account: 1, product: "chat"}, {account: 1, name: "tickets-index"}} {
				if got, _ := all.spend(start, other, 200); got.Remaining != 199 {
					t.Errorf("%+v has %d left", other, got.Remaining)
				}
			}
		})
	}
}
