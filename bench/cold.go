package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// cold is how a server starts: from the start of its process to its first token,
// on a database that is there already, and what it then holds.
type cold struct {
	Server string    `json:"server"`
	MS     float64   `json:"first_token_ms"` // the median
	All    []float64 `json:"all_ms"`
	Memory int64     `json:"memory_bytes"` // resident, idle after the first token; the median start's
}

// settle is how long a server may tidy up after its first token.
const settle = 2 * time.Second

// coldStart measures the issuer's start and that of those beside it.
func (b *bench) coldStart(ctx context.Context) error {
	st, err := b.newStage(ctx, "cold")
	if err != nil {
		return err
	}
	defer st.close()
	if err := st.fill(ctx, st.rows, connections, none); err != nil {
		return err
	}
	if err := b.coldOf(ctx, "deskauth", issueForm, func() (*server, error) { return b.issuerOf(ctx, st) }); err != nil {
		return err
	}
	if err := b.coldOf(ctx, "bare", issueForm, func() (*server, error) { return b.bareOn(ctx, st) }); err != nil {
		return err
	}
	for _, p := range peers {
		if !p.here(b) {
			continue
		}
		if err := b.coldOf(ctx, p.name, p.issue, func() (*server, error) { return p.start(ctx, b) }); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) coldOf(ctx context.Context, name string, form url.Values, start func() (*server, error)) error {
	c := cold{Server: name}
	for range b.starts {
		took, memory, err := b.startOnce(ctx, form, start)
		if err != nil {
			return fmt.Errorf("cold start of %s: %w", name, err)
		}
		c.All, c.Memory = append(c.All, ms(took)), max(c.Memory, memory)
	}
	inOrder := slices.Sorted(slices.Values(c.All))
	c.MS = inOrder[len(inOrder)/2]
	b.say("%-28s %-24s %8.1f ms to the first token, then %5.1f MiB", "cold start", name, c.MS, float64(c.Memory)/(1<<20))
	b.report.Cold = append(b.report.Cold, c)
	return nil
}

func (b *bench) startOnce(ctx context.Context, form url.Values, start func() (*server, error)) (took time.Duration, memory int64, err error) {
	s, err := start()
	if err != nil {
		return 0, 0, err
	}
	defer s.stop()
	if _, err := tokenFrom(ctx, "http://"+s.addr+"/oauth/tokens", form); err != nil {
		return 0, 0, err
	}
	took = time.Since(s.started)
	sleep(ctx, b.settle)
	memory, _, err = s.memory()
	return took, memory, err
}
