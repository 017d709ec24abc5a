package control

import (
	"math"
	"math/bits"
	"time"
)

// Clock is protocol time as a function of this machine's: what everything that
// expires at the issuer is measured by. It is one row, so all replicas have the
// same. The zero value is the machine's own time.
//
// Machine time (claims, timeouts, log stamps, the age of caches) never asks it.
type Clock struct {
	// Version counts the changes; zero: it was never set.
	Version int64
	// Base is what protocol time was when the machine's was Set.
	Base, Set time.Time
	// Rate is how fast it runs since; zero: it stands still.
	Rate Rate
}

// Rate is how many microseconds of protocol time pass in a second of the
// machine's: an integer, so that a row can hold it exactly.
type Rate int64

// RealTime is the machine's own pace.
const RealTime Rate = 1_000_000

// Bounds of what a clock can be told. Zendesk's times are in the range of years
// that RFC 3339 has; the fastest clock makes a month of an access token's life
// pass in the time of a request.
const fastest = 100_000 * RealTime

var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// RateOf turns "60 times as fast" into a Rate.
func RateOf(times float64) (Rate, error) {
	if !(times >= 0 && times <= float64(fastest/RealTime)) { // NaN neither
		return 0, &Invalid{Field: "rate", Why: "a clock can run 0 to 100000 times as fast as this machine's"}
	}
	return Rate(math.Round(times * float64(RealTime))), nil
}

// Times is how many times as fast as the machine's clock it runs.
func (r Rate) Times() float64 { return float64(r) / float64(RealTime) }

// Now decides what time it is, when it is machine by this machine's clock. A
// machine whose clock was set back finds protocol time standing still, not
// running backwards from Base.
func (c Clock) Now(machine time.Time) time.Time {
	if c.Version == 0 || c.Base.IsZero() {
		return machine
	}
	passed := max(0, machine.Sub(c.Set))
	if c.Rate == RealTime {
		return c.Base.Add(passed)
	}
	// 128 bits: a year of nanoseconds at the fastest rate does not fit in 64.
	high, low := bits.Mul64(uint64(passed), uint64(c.Rate))
	most := latest.Sub(c.Base)
	if high >= uint64(RealTime) {
		return c.Base.Add(most)
	}
	ran, _ := bits.Div64(high, low, uint64(RealTime))
	return c.Base.Add(time.Duration(min(ran, uint64(most))))
}

// Frozen tells whether it stands still.
func (c Clock) Frozen() bool { return c.Version > 0 && !c.Base.IsZero() && c.Rate == 0 }

// Own tells whether it is the machine's own time.
func (c Clock) Own() bool { return c.Version == 0 || c.Base.IsZero() }

// rate is how fast it runs, the machine's own clock included.
func (c Clock) rate() Rate {
	if c.Own() {
		return RealTime
	}
	return c.Rate
}

// next is a clock that shows base at machine and runs at rate from there.
func (c Clock) next(machine, base time.Time, rate Rate) Clock {
	return Clock{Version: c.Version + 1, Base: base.Truncate(time.Microsecond), Set: machine.Truncate(time.Microsecond), Rate: rate}
}

// At sets it to a time; it runs on as it ran.
func (c Clock) At(machine, to time.Time) (Clock, error) {
	if to.Before(earliest) || !to.Before(latest) {
		return c, &Invalid{Field: "now", Why: "a clock can show the years 2000 to 8999"}
	}
	return c.next(machine, to, c.rate()), nil
}

// Advance lets d pass at once. Time that expires things does not run backwards:
// whoever wants that sets it.
func (c Clock) Advance(machine time.Time, d time.Duration) (Clock, error) {
	if d < 0 {
		return c, &Invalid{Field: "by", Why: "time is advanced by more than nothing; to go back, set the clock"}
	}
	return c.At(machine, c.Now(machine).Add(d))
}

// Run lets it go on from now at a rate; zero stops it.
func (c Clock) Run(machine time.Time, rate Rate) Clock {
	return c.next(machine, c.Now(machine), rate)
}

// Reset makes it the machine's own again.
func (c Clock) Reset() Clock { return Clock{Version: c.Version + 1, Rate: RealTime} }
