package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/control"
)

func clockCommand(c *controlling) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clock",
		Short: "Show and steer protocol time: what codes, tokens and sessions expire by",
		Args:  noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	advance := c.command("advance DURATION", "Let time pass at once, such as 29m or 720h", func(_ *cobra.Command, args []string) error {
		by, err := time.ParseDuration(args[0])
		if err != nil {
			return usagef("%q is not a duration such as 29m, 48h or 1m30s", args[0])
		}
		if by < 0 {
			return onlyOn(args[0])
		}
		return c.changeClock(http.MethodPost, "/clock/advance", map[string]any{"by": control.Duration(by)})
	})
	advance.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		// A minus begins a flag, where nobody meant one.
		if none := (*pflag.NotExistError)(nil); errors.As(err, &none) {
			if typed := "-" + none.GetSpecifiedShortnames(); isDuration(typed) {
				return onlyOn(typed)
			}
		}
		return flagError(cmd, err)
	})
	cmd.AddCommand(advance,
		c.command("show", "Show what time it is", func(*cobra.Command, []string) error {
			return c.changeClock(http.MethodGet, "/clock", nil)
		}),
		c.command("freeze", "Stop the clock", func(*cobra.Command, []string) error {
			return c.changeClock(http.MethodPost, "/clock/freeze", nil)
		}),
		c.command("set TIME", "Set the clock, to a time such as 2026-11-22T10:00:00Z", func(_ *cobra.Command, args []string) error {
			to, err := time.Parse(time.RFC3339, args[0])
			if err != nil {
				return usagef("%q is not a time such as 2026-11-22T10:00:00Z", args[0])
			}
			return c.changeClock(http.MethodPut, "/clock", map[string]any{"now": to})
		}),
		c.command("rate TIMES", "Let time run so many times as fast; 1 is the machine's pace", func(_ *cobra.Command, args []string) error {
			rate, err := strconv.ParseFloat(args[0], 64)
			if err != nil {
				return usagef("%q is not a number such as 60 or 0.5", args[0])
			}
			return c.changeClock(http.MethodPut, "/clock", map[string]any{"rate": rate})
		}),
		c.command("reset", "Make it this machine's own time again", func(*cobra.Command, []string) error {
			return c.changeClock(http.MethodDelete, "/clock", nil)
		}),
	)
	return cmd
}

func isDuration(text string) bool {
	_, err := time.ParseDuration(text)
	return err == nil
}

// onlyOn answers whoever wants time to go back.
func onlyOn(typed string) error {
	return usagef("%s: time only moves on; `deskauth control clock set TIME` shows any other", typed)
}

func (c *controlling) changeClock(method, path string, in any) error {
	var s control.ClockState
	if err := c.do(method, path, in, &s); err != nil {
		return err
	}
	return c.show(s, func() { fmt.Fprintln(c.Out, describeClock(s)) })
}

// describeClock is one line: the time, and how it goes.
func describeClock(s control.ClockState) string {
	how := "this machine's time"
	switch ahead := s.Ahead().Round(time.Second); {
	case !s.Steered:
	case s.Frozen:
		how = "frozen, " + distance(ahead)
	case s.Rate != 1:
		how = fmt.Sprintf("%g times as fast, %s", s.Rate, distance(ahead))
	default:
		how = distance(ahead)
	}
	return s.Now.UTC().Format(time.RFC3339) + "  " + how
}

func distance(ahead time.Duration) string {
	switch {
	case ahead > 0:
		return ahead.String() + " ahead of this machine"
	case ahead < 0:
		return (-ahead).String() + " behind this machine"
	default:
		return "level with this machine"
	}
}
