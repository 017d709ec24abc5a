package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

func confirmFlag(f *pflag.FlagSet, yes *bool) {
	f.BoolVarP(yes, "yes", "y", false, "do not ask")
	// A variable that somebody once set would answer every question from then on.
	withoutVariable(f, "yes")
}

// errNotConfirmed is for whoever typed something else.
var errNotConfirmed = errors.New("nothing was done: that is not what was asked for")

// confirm has somebody type a word before something is done that nobody can undo: what
// is a sentence of what would be. Where nobody can be asked, --yes has to be there.
func confirm(ctx context.Context, p process, yes bool, word, what string) error {
	if yes {
		return nil
	}
	if !atTerminal(p) {
		return usagef("nothing was done, for nobody is there to confirm it: say --yes. %s", what)
	}
	fmt.Fprintln(p.Err, what)
	typed, err := ask(ctx, p, fmt.Sprintf("Type %s to go on: ", printable(word)))
	if err != nil {
		return err
	}
	if typed != word {
		return errNotConfirmed
	}
	return nil
}

// grouped is a number with its thousands apart.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
