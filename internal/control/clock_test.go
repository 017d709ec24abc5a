package control

import (
	"errors"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestClockNow(t *testing.T) {
	at := func(rate Rate) Clock { return Clock{Version: 1, Base: noon, Set: noon.Add(time.Hour), Rate: rate} }
	for name, tt := range map[string]struct {
		clock   Clock
		machine time.Time
		want    time.Time
	}{
		"never set: the machine's":          {Clock{}, noon, noon},
		"reset: the machine's":              {at(60 * RealTime).Reset(), noon, noon},
		"at the moment it was set":          {at(RealTime), noon.Add(time.Hour), noon},
		"runs on":                           {at(RealTime), noon.Add(90 * time.Minute), noon.Add(30 * time.Minute)},
		"frozen":                            {at(0), noon.Add(90 * time.Minute), noon},
		"sixty times as fast":               {at(60 * RealTime), noon.Add(time.Hour + time.Minute), noon.Add(time.Hour)},
		"half as fast":                      {at(RealTime / 2), noon.Add(time.Hour + time.Minute), noon.Add(30 * time.Second)},
		"the machine was set back":          {at(60 * RealTime), noon, noon},
		"a year at the fastest ends at its": {at(fastest), noon.Add(365 * 24 * time.Hour), noon.Add(latest.Sub(noon))},
		"a century at the fastest":          {at(fastest), noon.Add(100 * 365 * 24 * time.Hour), noon.Add(latest.Sub(noon))},
	} {
		if got := tt.clock.Now(tt.machine); !got.Equal(tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestClockChanges(t *testing.T) {
	machine := noon.Add(5 * time.Hour)
	frozen := Clock{Version: 4, Base: noon, Set: noon, Rate: 0}
	must := func(c Clock, err error) Clock {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, tt := range map[string]struct {
		clock   Clock
		version int64
		now     time.Time // at machine
		later   time.Time // a minute after
	}{
		"own, advanced":       {must(Clock{}.Advance(machine, 29*time.Minute)), 1, machine.Add(29 * time.Minute), machine.Add(30 * time.Minute)},
		"own, frozen":         {Clock{}.Run(machine, 0), 1, machine, machine},
		"own, set":            {must(Clock{}.At(machine, noon)), 1, noon, noon.Add(time.Minute)},
		"own, faster":         {Clock{}.Run(machine, 60*RealTime), 1, machine, machine.Add(time.Hour)},
		"frozen, advanced":    {must(frozen.Advance(machine, time.Hour)), 5, noon.Add(time.Hour), noon.Add(time.Hour)},
		"frozen, goes on":     {frozen.Run(machine, RealTime), 5, noon, noon.Add(time.Minute)},
		"frozen, set back":    {must(frozen.At(machine, noon.Add(-time.Hour))), 5, noon.Add(-time.Hour), noon.Add(-time.Hour)},
		"frozen, reset":       {frozen.Reset(), 5, machine, machine.Add(time.Minute)},
		"advanced by nothing": {must(frozen.Advance(machine, 0)), 5, noon, noon},
	} {
		if tt.clock.Version != tt.version {
			t.Errorf("%s: version %d, want %d", name, tt.clock.Version, tt.version)
		}
		if got := tt.clock.Now(machine); !got.Equal(tt.now) {
			t.Errorf("%s: %v, want %v", name, got, tt.now)
		}
		if got := tt.clock.Now(machine.Add(time.Minute)); !got.Equal(tt.later) {
			t.Errorf("%s, a minute later: %v, want %v", name, got, tt.later)
		}
	}
}

func TestClockRefuses(t *testing.T) {
	for name, err := range map[string]error{
		"backwards":     second(Clock{}.Advance(noon, -time.Second)),
		"too far":       second(Clock{}.At(noon, latest)),
		"too early":     second(Clock{}.At(noon, earliest.Add(-1))),
		"negative rate": second(RateOf(-1)),
		"too fast":      second(RateOf(100_001)),
		"no number":     second(RateOf(nan())),
	} {
		var invalid *Invalid
		if !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, times := range []float64{0, 0.29, 0.5, 1, 60, 100_000} {
		if r, err := RateOf(times); err != nil || r.Times() != times {
			t.Errorf("%v times: %v, %v", times, r.Times(), err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func nan() float64 { zero := 0.0; return zero / zero }
