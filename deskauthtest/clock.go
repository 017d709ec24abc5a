package deskauthtest

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/control"
)

// Clock is protocol time: what codes, tokens and sessions expire by. It is the
// machine's until it is steered.
type Clock struct{ z *Zendesk }

// Now is what it shows. Give it to what is to keep the same time.
func (c *Clock) Now() time.Time { return c.z.controls.Clock.Now() }

// Advance lets time pass at once.
func (c *Clock) Advance(d time.Duration) {
	c.z.helper()
	c.change(func(old control.Clock, machine time.Time) (control.Clock, error) { return old.Advance(machine, d) })
}

// Freeze stops it.
func (c *Clock) Freeze() {
	c.z.helper()
	c.change(func(old control.Clock, machine time.Time) (control.Clock, error) { return old.Run(machine, 0), nil })
}

// Set sets it to a time, from which it runs on as it ran.
func (c *Clock) Set(to time.Time) {
	c.z.helper()
	c.change(func(old control.Clock, machine time.Time) (control.Clock, error) { return old.At(machine, to) })
}

// Rate lets it run so many times as fast as the machine's.
func (c *Clock) Rate(times float64) {
	c.z.helper()
	c.change(func(old control.Clock, machine time.Time) (control.Clock, error) {
		rate, err := control.RateOf(times)
		return old.Run(machine, rate), err
	})
}

// Reset makes it the machine's own again.
func (c *Clock) Reset() {
	c.z.helper()
	c.change(func(old control.Clock, _ time.Time) (control.Clock, error) { return old.Reset(), nil })
}

func (c *Clock) change(decide func(control.Clock, time.Time) (control.Clock, error)) {
	c.z.helper()
	_, err := c.z.controls.Clock.Change(context.Background(), decide)
	c.z.check(err)
}
