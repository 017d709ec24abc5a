package tracing

import (
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
)

// complaints passes on what went wrong with sending, now and then: a collector that is
// away is away for each batch.
type complaints struct {
	say func(error)

	mu   sync.Mutex
	last time.Time
}

const complainEvery = time.Minute

// Handle implements otel.ErrorHandler.
func (c *complaints) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil || !c.last.IsZero() && time.Since(c.last) < complainEvery {
		return
	}
	c.last = time.Now()
	c.say(err)
}

// frank is the SDK's log. It says what is wrong with a variable, and not what stands in
// it: the SDK would have its headers, with the credentials, on standard error.
type frank struct{ say func(error) }

// Init implements logr.LogSink, as the others do.
func (frank) Init(logr.RuntimeInfo) {}

// Enabled lets no more than errors through.
func (frank) Enabled(int) bool { return false }

// Info says nothing.
func (frank) Info(int, string, ...any) {}

// Error leaves the values out.
func (f frank) Error(err error, what string, _ ...any) { f.say(fmt.Errorf("%s: %w", what, err)) }

// WithValues leaves them out.
func (f frank) WithValues(...any) logr.LogSink { return f }

// WithName is the same.
func (f frank) WithName(string) logr.LogSink { return f }
