package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/deskauth/deskauth/internal/secret"
)

// Questions to whoever sits at the terminal. Each ends with the command, too: a signal
// that ends it does not wait for an answer, and leaves the terminal as it was.

// atTerminal tells whether somebody can be asked.
func atTerminal(p process) bool {
	in, isFile := p.In.(*os.File)
	return !p.NoInput && isFile && term.IsTerminal(int(in.Fd()))
}

// ask asks whoever sits at the terminal; "" where nobody does.
func ask(ctx context.Context, p process, question string) (string, error) {
	if !atTerminal(p) {
		return "", nil
	}
	line, err := answered(ctx, func() (string, error) { return readLine(p.In) }, func() { fmt.Fprint(p.Err, question) })
	if err != nil {
		fmt.Fprintln(p.Err)
	}
	if errors.Is(err, io.EOF) { // Ctrl-D
		err = nil
	}
	return strings.TrimSpace(line), err
}

// askHidden asks for what nobody is to see; the absent one where nobody is there.
func askHidden(ctx context.Context, p process, question string) (secret.Plain, error) {
	in, isFile := p.In.(*os.File)
	if !isFile || !atTerminal(p) {
		return secret.Plain{}, nil
	}
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return secret.Plain{}, err
	}
	typed, err := answered(ctx, func() ([]byte, error) { return term.ReadPassword(int(in.Fd())) }, func() {
		silent(in, before)
		fmt.Fprint(p.Err, question)
	})
	fmt.Fprintln(p.Err)
	if err != nil {
		_ = term.Restore(int(in.Fd()), before)
	}
	if errors.Is(err, io.EOF) { // Ctrl-D
		err = nil
	}
	return secret.Of(string(typed)), err
}

// silent waits until the terminal no longer shows what is typed, so that whoever answers
// at once shows nothing either.
func silent(in *os.File, before *term.State) {
	for range 1000 {
		if now, err := term.GetState(int(in.Fd())); err != nil || *now != *before {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// answered asks once it reads, and waits for the answer no longer than the command goes on.
func answered[T any](ctx context.Context, read func() (T, error), question func()) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() { v, err := read(); done <- answer{v, err} }()
	question()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// readSome reads what comes, at most so much, and no longer than the command goes on.
func readSome(ctx context.Context, from io.Reader, most int64) ([]byte, error) {
	return answered(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(from, most)) }, func() {})
}

// lineMost bounds a line that is read.
const lineMost = 64 << 10

// readLine reads one line and not a byte more, for what follows is another's: the next
// question's, or a program's. The error is io.EOF where there is none.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < lineMost; {
		n, err := r.Read(one)
		switch {
		case n > 0 && one[0] == '\n':
			return string(line), nil
		case n > 0:
			line = append(line, one[0])
		case errors.Is(err, io.EOF) && len(line) > 0:
			return string(line), nil
		case err != nil:
			return "", err
		}
	}
	return "", errors.New("the line is too long")
}
