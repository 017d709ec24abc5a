package control

import "time"

// SetMachine gives a timekeeper another machine's time.
func (k *Timekeeper) SetMachine(now func() time.Time) { k.machine = now }

// RereadAfter is how long a replica goes on by what it knows.
const RereadAfter = rereadAfter

// What the live page is made of.
const (
	StreamPath = streamPath
	LiveMost   = liveMost
)

// Add notes an entry.
func (j *Journal) Add(e Entry) Entry { return j.add(e) }

// Patterns are those of the controls, as http.ServeMux has them.
func (c *Controls) Patterns() (all []string) {
	for _, e := range c.endpoints() {
		all = append(all, e.Method+" "+e.Path)
	}
	return append(all, "GET /{$}", "GET "+streamPath)
}
