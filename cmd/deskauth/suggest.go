package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/slip"
)

// plainWord is what a shell takes as it stands.
var plainWord = compiledLater(`^[\pL\pN._:/@%+,=-]+$`)

// shellWord is a word of a command that somebody may copy into a shell: what others chose
// is in it, and is to stay one word.
func shellWord(text string) string {
	if text = printable(text); plainWord().MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// flagError says what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	if invalid := (*pflag.InvalidValueError)(nil); errors.As(err, &invalid) {
		return wrongValue("--"+invalid.GetFlag().Name, invalid.GetFlag(), invalid.GetValue())
	}
	// A word that is no command was read as an argument: its flags are no fault.
	if rest := cmd.Flags().Args(); len(rest) > 0 && cmd.HasAvailableSubCommands() {
		return unknownCommand(cmd, rest[0])
	}
	return usage{withSuggestion(cmd, err)}
}

// wrongValue says what a flag takes, where its value was read by its type. The name
// is that of the flag, or of its variable.
func wrongValue(name string, f *pflag.Flag, value string) error {
	if f.Annotations[secretly] != nil {
		return usagef("%s: the value cannot be read", name)
	}
	takes := map[string]string{
		"bool": "true or false", "duration": "a duration such as 90s or 2h", "float64": "a number such as 0.5",
		"int": "a whole number", "int64": "a whole number", "uint64": "a whole number that is not negative",
		"span":       "a time such as 90d, 12h or 1y",
		"int64Slice": "whole numbers, separated by commas",
	}[f.Value.Type()]
	if takes == "" {
		takes = "of another form"
	}
	unit, _ := pflag.UnquoteUsage(f)
	if unit == "days" {
		takes = "a whole number of days"
	}
	return usagef("%s must be %s, not %q", name, takes, value)
}

// withSuggestion adds to an unknown flag the one that it resembles most.
func withSuggestion(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 2 {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	var near []string
	for _, name := range slip.Near(unknown.GetSpecifiedName(), names) {
		near = append(near, "--"+name)
	}
	if len(near) == 0 {
		return err
	}
	return errors.New(err.Error() + slip.DidYouMean(near))
}
