package journey_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
)

// A lender is a process that does nothing but lend the tokens of connections, each
// of which is due every time: half an hour passes between two of its calls. It is
// this test binary, run again; it can be killed in the midst of a renewal.

// asLender makes the test binary a lender, with the lending as its value.
const asLender = "DESKAUTH_JOURNEY_BE_LENDER"

// lending says what a lender does.
type lending struct {
	DSN, Keys, IssuerPort string
	Connections           []broker.ConnectionID
	Session               int // which lender on this database it is; each lives after the one before
}

// sessionHours is how much protocol time each lender has for itself.
const sessionHours = 10_000

// betweenLends is longer than a token of half an hour is lent without a renewal.
const betweenLends = 27 * time.Minute

// lent is a line that a lender prints: a token that it got, or why it got none.
type lent struct {
	Connection  broker.ConnectionID
	Generation  int64
	Access      string
	Unusable    broker.State
	Unavailable bool
	Err         string
}

// lend is the main function of a lender.
func lend() int {
	var l lending
	if err := json.Unmarshal([]byte(os.Getenv(asLender)), &l); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx := context.Background()
	db, err := store.Open(ctx, l.DSN)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var passed atomic.Int64
	begin := time.Now().Add(time.Duration(l.Session) * sessionHours * time.Hour)
	now := func() time.Time { return begin.Add(time.Duration(passed.Load())) }
	b, err := newBroker(ctx, db, l.Keys, l.IssuerPort, now)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var printing sync.Mutex
	var all sync.WaitGroup
	for _, id := range l.Connections {
		all.Go(func() {
			for {
				passed.Add(int64(betweenLends))
				line := lendOnce(ctx, b, id)
				printing.Lock()
				_ = json.NewEncoder(os.Stdout).Encode(line) // a reader that is gone means the end, soon
				printing.Unlock()
				if line.Access == "" {
					<-time.After(20 * time.Millisecond)
				}
			}
		})
	}
	all.Wait() // until it is killed
	return 0
}

func lendOnce(ctx context.Context, b *broker.Broker, id broker.ConnectionID) lent {
	g, err := b.Token(ctx, id, 0)
	line := lent{Connection: id, Generation: g.Connection.Generation, Access: g.Access.Reveal()}
	var unusable *broker.Unusable
	var unavailable *broker.Unavailable
	switch {
	case errors.As(err, &unusable):
		line.Unusable = unusable.State
	case errors.As(err, &unavailable):
		line.Unavailable = true
	}
	if err != nil {
		line.Err = err.Error()
	}
	return line
}

// lender is a lender that runs.
type lender struct {
	cmd   *exec.Cmd
	lines chan lent // closed when it is gone
}

func startLender(t *testing.T, l lending) *lender {
	t.Helper()
	config, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self) // ends with the test at the latest
	cmd.Env = append(os.Environ(), asLender+"="+string(config))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	run := &lender{cmd: cmd, lines: make(chan lent, 10_000)}
	go func() {
		defer close(run.lines)
		scan := bufio.NewScanner(out)
		for scan.Scan() {
			var line lent
			if json.Unmarshal(scan.Bytes(), &line) == nil { // else the kill cut it off
				run.lines <- line
			}
		}
		_ = cmd.Wait() // it was killed
	}()
	return run
}
