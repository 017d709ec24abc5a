package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// farthest is how many letters may be wrong, missing or too many in what is taken for
// a slip of the hand.
const farthest = 2

// didYouMean asks about names, at the end of a line; nothing where there are none.
func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(names, " or ") + "?"
}

// withSuggestion adds to an unknown flag the one that it resembles most.
func withSuggestion(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 2 {
		return err
	}
	typed, least := unknown.GetSpecifiedName(), farthest+1
	var near []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		n := letters(typed, f.Name)
		if strings.HasPrefix(f.Name, typed) && n > farthest {
			n = farthest // the beginning of a name
		}
		if n < least {
			least, near = n, nil
		}
		if n == least && n <= farthest {
			near = append(near, "--"+f.Name)
		}
	})
	if len(near) == 0 {
		return err
	}
	return errors.New(err.Error() + didYouMean(near))
}

// letters is how many letters one must change, add or take away to make b of a
// (Levenshtein's distance).
func letters(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}

// inOneLine is an error of cobra's, which gives each of its suggestions a line.
func inOneLine(text string) string {
	head, rest, found := strings.Cut(text, "\n\nDid you mean this?\n")
	if !found {
		return text
	}
	return head + didYouMean(strings.Fields(rest))
}
