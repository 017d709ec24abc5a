package telemetry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskauth/deskauth/internal/broker"
)

// Scrapes ask the store now and then, and what is not known is not shown.
func TestGaugesAskNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, away := 0, error(nil)
		reg := prometheus.NewRegistry()
		NewGauges(reg, func(ctx context.Context) (broker.Totals, error) {
			asked++
			if _, bounded := ctx.Deadline(); !bounded {
				t.Error("a scrape may wait for ever")
			}
			return broker.Totals{Connections: map[broker.State]int{broker.Active: asked}}, away
		})
		scrape := func(wantAsked int, want float64, shown bool) {
			t.Helper()
			families, err := reg.Gather()
			if err != nil {
				t.Fatal(err)
			}
			got, found := 0.0, false
			for _, f := range families {
				for _, m := range f.GetMetric() {
					if f.GetName() == "deskauth_connections" && m.GetLabel()[0].GetValue() == "active" {
						got, found = m.GetGauge().GetValue(), true
					}
				}
			}
			if asked != wantAsked || got != want || found != shown {
				t.Errorf("asked %d times, active %v %t; want %d, %v %t", asked, got, found, wantAsked, want, shown)
			}
		}
		scrape(1, 1, true)
		scrape(1, 1, true)
		time.Sleep(totalsKeep - time.Second)
		scrape(1, 1, true)
		time.Sleep(time.Second)
		scrape(2, 2, true)
		time.Sleep(totalsKeep)
		away = errors.New("the database is away")
		scrape(3, 0, false)
		away = nil
		scrape(4, 4, true)
	})
}

func TestWordsAreOfTheirList(t *testing.T) {
	for _, tt := range []struct{ said, want string }{{"", "none"}, {"a", "a"}, {"admin@acme.example", "other"}} {
		if got := word([]string{"a", "b"}, tt.said); got != tt.want {
			t.Errorf("%q is shown as %q, not %q", tt.said, got, tt.want)
		}
	}
	for status, want := range map[int]string{0: "none", 204: "2xx", 599: "5xx", 99: "other", 1000: "other"} {
		if got := classOf(status); got != want {
			t.Errorf("%d is of %q, not %q", status, got, want)
		}
	}
}
