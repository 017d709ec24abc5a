package control

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Snapshot is everything that a demo issuer has stored. It holds what opens
// accounts (hashes of passwords, signing keys), so whoever keeps one keeps it to
// themselves.
type Snapshot struct {
	Format int        `json:"format"`
	Taken  time.Time  `json:"taken_at"` // the machine's time
	Clock  ClockState `json:"clock"`
	Tables []Table    `json:"tables"`
}

// snapshotFormat is what this version writes and reads.
const snapshotFormat = 1

// Snapshot returns everything as it is now.
func (c *Controls) Snapshot(ctx context.Context) (Snapshot, error) {
	if err := c.Issuer.FlushUses(ctx); err != nil {
		return Snapshot{}, err
	}
	clock, err := c.Clock.Clock(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	now := time.Now()
	s := Snapshot{Format: snapshotFormat, Taken: now.UTC(), Clock: clock.state(now)}
	s.Tables, err = c.Store.Dump(ctx)
	return s, err
}

// Restore puts everything back. A clock that was steered shows again what it
// showed, and runs on from there; one that was the machine's is so again. Faults
// and journal stay as they are.
func (c *Controls) Restore(ctx context.Context, s Snapshot) error {
	if s.Format != snapshotFormat {
		return &Invalid{"format", fmt.Sprintf("this deskauth reads snapshots of format %d, not %d", snapshotFormat, s.Format)}
	}
	if len(s.Tables) == 0 {
		return &Invalid{"tables", "are missing: to start anew, reset"}
	}
	c.quiet()
	if err := c.Store.Restore(ctx, s.Tables); err != nil {
		return err
	}
	c.Issuer.Forget()
	_, err := c.Clock.Change(ctx, func(old Clock, machine time.Time) (Clock, error) {
		if !s.Clock.Steered {
			return old.Reset(), nil
		}
		rate, err := RateOf(s.Clock.Rate)
		if err != nil {
			return old, err
		}
		return old.Run(machine, rate).At(machine, s.Clock.Now)
	})
	if err != nil {
		return err
	}
	c.Journal.add(Entry{Event: StateRestored})
	return nil
}

// Reset puts everything back to the start: rows, numbers, clock and faults. The
// journal goes on, so that a test can look back over it.
func (c *Controls) Reset(ctx context.Context) error {
	c.quiet()
	if err := c.Store.Restore(ctx, nil); err != nil {
		return err
	}
	c.Issuer.Forget()
	c.Faults.Clear()
	if _, err := c.Clock.Change(ctx, func(old Clock, _ time.Time) (Clock, error) { return old.Reset(), nil }); err != nil {
		return err
	}
	if c.Start != nil {
		if err := c.Start(ctx); err != nil {
			return err
		}
	}
	c.Journal.add(Entry{Event: StateReset})
	return nil
}

func (c *Controls) quiet() {
	if c.Quiet != nil {
		c.Quiet()
	}
}

// State is everything in words: under "issuer" and "desk" each table as a list of
// objects, without what is secret, with times as RFC 3339 has them.
func (c *Controls) State(ctx context.Context) (map[string]any, error) {
	s, err := c.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	parts := map[string]map[string]any{}
	for _, t := range s.Tables {
		rows := []map[string]any{}
		for _, row := range t.Rows {
			rows = append(rows, t.object(row))
		}
		part, name, _ := strings.Cut(t.Name, "_")
		if parts[part] == nil {
			parts[part] = map[string]any{}
		}
		parts[part][name] = rows
	}
	return map[string]any{"clock": s.Clock, "faults": c.Faults.List(), "issuer": parts["issuer"], "desk": parts["desk"]}, nil
}

// object leaves out digests and keys, which are bytes, and hashes of passwords.
func (t Table) object(row Row) map[string]any {
	object := map[string]any{}
	for n, name := range t.Columns {
		value := row[n]
		if _, isBytes := value.([]byte); isBytes || name == "password_hash" {
			continue
		}
		if micros, isTime := value.(int64); isTime && strings.HasSuffix(name, "_at") {
			value = time.UnixMicro(micros).UTC()
		}
		if text, isText := value.(string); isText && name == "redirect_uris" {
			value = strings.FieldsFunc(text, func(c rune) bool { return c == '\n' })
		}
		object[name] = value
	}
	return object
}

// binary is how bytes look in JSON, to be told from text.
type binary struct {
	Base64 string `json:"base64"`
}

// MarshalJSON writes the values, bytes as {"base64": …}.
func (r Row) MarshalJSON() ([]byte, error) {
	values := make([]any, len(r))
	for n, v := range r {
		if b, isBytes := v.([]byte); isBytes {
			v = binary{base64.StdEncoding.EncodeToString(b)}
		}
		values[n] = v
	}
	return json.Marshal(values)
}

// UnmarshalJSON reads what MarshalJSON writes, and nothing else.
func (r *Row) UnmarshalJSON(data []byte) error {
	var values []json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	*r = make(Row, len(values))
	for n, raw := range values {
		v, err := valueOf(raw)
		if err != nil {
			return err
		}
		(*r)[n] = v
	}
	return nil
}

func valueOf(raw json.RawMessage) (any, error) {
	switch raw = bytes.TrimSpace(raw); {
	case bytes.Equal(raw, []byte("null")):
		return nil, nil
	case raw[0] == '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	case raw[0] == '{':
		var b binary
		if err := json.Unmarshal(raw, &b); err != nil {
			return nil, err
		}
		return base64.StdEncoding.DecodeString(b.Base64)
	default:
		var number int64
		err := json.Unmarshal(raw, &number)
		return number, err
	}
}
