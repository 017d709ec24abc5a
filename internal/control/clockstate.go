package control

import "time"

// ClockState is a clock as GET /clock shows it, with all that a program of the
// same machine needs to keep the same time.
type ClockState struct {
	Now     time.Time  `json:"now"`
	Machine time.Time  `json:"machine_now"`
	Steered bool       `json:"steered"` // false: it is the machine's own
	Frozen  bool       `json:"frozen"`
	Rate    float64    `json:"rate"`
	Base    *time.Time `json:"base,omitempty"`   // what it showed
	Set     *time.Time `json:"set_at,omitempty"` // at this time of the machine
	Version int64      `json:"version"`
}

func (c Clock) state(machine time.Time) ClockState {
	s := ClockState{
		Now: c.Now(machine).UTC().Truncate(time.Microsecond), Machine: machine.UTC().Truncate(time.Microsecond), Steered: !c.Own(), Frozen: c.Frozen(),
		Rate: c.rate().Times(), Version: c.Version,
	}
	if s.Steered {
		s.Base, s.Set = &c.Base, &c.Set
	}
	return s
}

// clock is the Clock that a state was made of.
func (s ClockState) clock() (Clock, error) {
	if !s.Steered || s.Base == nil || s.Set == nil {
		return Clock{Version: s.Version, Rate: RealTime}, nil
	}
	rate, err := RateOf(s.Rate)
	return Clock{Version: s.Version, Base: *s.Base, Set: *s.Set, Rate: rate}, err
}

// Ahead is how far it is before the machine's own time.
func (s ClockState) Ahead() time.Duration { return s.Now.Sub(s.Machine) }
