package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// span is a flag that is a time as people say it: 90d, 2w, 1y, 12h, 1h30m.
type span time.Duration

const (
	aDay  = 24 * time.Hour
	aWeek = 7 * aDay
	aYear = 365 * aDay
)

// Set implements pflag.Value.
func (s *span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil && text != "" {
		unit := map[byte]time.Duration{'d': aDay, 'w': aWeek, 'y': aYear}[text[len(text)-1]]
		n, wrong := strconv.ParseInt(text[:len(text)-1], 10, 32)
		if unit == 0 || wrong != nil || n > int64(100*aYear/unit) {
			return fmt.Errorf("%q is no time such as 90d, 12h or 1y", text)
		}
		d = time.Duration(n) * unit
	} else if err != nil {
		return fmt.Errorf("it is empty")
	}
	if d <= 0 {
		return fmt.Errorf("%q is not more than nothing", text)
	}
	*s = span(d)
	return nil
}

// String implements pflag.Value: nothing, where nothing is said.
func (s *span) String() string {
	if *s == 0 {
		return ""
	}
	return about(time.Duration(*s))
}

// Type implements pflag.Value.
func (*span) Type() string { return "span" }

// about is a time in words, of its two largest units: "2 d 3 h", "14 min 17 s".
func about(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	if d < time.Second {
		return "less than a second"
	}
	units := []struct {
		name string
		of   time.Duration
	}{{"y", aYear}, {"d", aDay}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	var words []string
	for i, u := range units {
		if n := d / u.of; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, u.name))
			if d -= n * u.of; i+1 < len(units) && d >= units[i+1].of {
				words = append(words, fmt.Sprintf("%d %s", d/units[i+1].of, units[i+1].name))
			}
			break
		}
	}
	return strings.Join(words, " ")
}

// relative is an instant as seen from now, for people: "3 d ago", "in 28 min".
func relative(t, now time.Time) string {
	d := now.Sub(t)
	word, _, _ := strings.Cut(about(d), " ")
	switch text := about(d); {
	case word == "less":
		return "now"
	case d < 0:
		return "in " + firstUnit(text)
	default:
		return firstUnit(text) + " ago"
	}
}

func firstUnit(text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(2, len(words))], " ")
}
