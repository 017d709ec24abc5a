package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/secret"
)

// variable is the name under which the environment gives a flag its value.
func variable(flag string) string {
	return "DESKAUTH_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// secretly marks a flag whose value may be a secret: its variable has a twin
// that names a file, and no message repeats the value.
const secretly = "deskauth_secret"

func markSecret(flags *pflag.FlagSet, name string) {
	f := flags.Lookup(name)
	f.Usage += "; also from a file: " + variable(name) + "_FILE"
	if err := flags.SetAnnotation(name, secretly, []string{"true"}); err != nil {
		panic(err) // the flag was just looked up
	}
}

// variableless marks a flag that has no variable.
const variableless = "deskauth_no_variable"

func withoutVariable(flags *pflag.FlagSet, name string) {
	if err := flags.SetAnnotation(name, variableless, []string{"true"}); err != nil {
		panic(err) // the flag was just made
	}
}

// fromEnvironment fills in the flags that the command line does not have.
func fromEnvironment(cmd *cobra.Command, p process) error {
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil || f.Annotations[variableless] != nil {
			return
		}
		failed = fillIn(cmd.Flags(), f, p)
	})
	return failed
}

func fillIn(flags *pflag.FlagSet, f *pflag.Flag, p process) error {
	name := variable(f.Name)
	value, found := p.Lookup(name)
	if f.Annotations[secretly] != nil {
		if path, twin := p.Lookup(name + "_FILE"); twin {
			if found {
				return usagef("both %s and %s_FILE are set: keep one", name, name)
			}
			content, err := secret.FromFile(path)
			if err != nil {
				return fmt.Errorf("%s_FILE: %w", name, err)
			}
			value, found = content.Reveal(), true
		}
	}
	if !found {
		return nil
	}
	if err := flags.Set(f.Name, value); err != nil {
		return wrongValue(name, f, value)
	}
	return nil
}

// secretFlag reads a secret that has no flag of its own (a command line is seen
// by every process): from --NAME-file, NAME_FILE, or the variable NAME.
func secretFlag(p process, name, file string) (secret.Plain, error) {
	value, found := p.Lookup(variable(name))
	if file == "" {
		if !found {
			return secret.Plain{}, nil
		}
		return secret.Of(value), nil
	}
	if found {
		return secret.Plain{}, usagef("both %s and --%s-file are given: keep one", variable(name), name)
	}
	return secret.FromFile(file)
}

// stateDir is where a user's programs keep what must survive them (XDG Base
// Directory Specification); elsewhere than on Linux, the usual place.
func stateDir(p process) (string, error) {
	if dir, found := p.Lookup("XDG_STATE_HOME"); found && dir != "" {
		return dir + "/deskauth", nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no home directory to keep data in: name a place with --data or --db")
	}
	return home + "/.local/state/deskauth", nil
}

// untold has the help leave out a flag's default, which its usage tells in words or which
// says nothing. pflag leaves out what it takes for the zero of the flag's type.
func untold(flags *pflag.FlagSet, name string) {
	f := flags.Lookup(name)
	switch f.Value.Type() {
	case "int", "int64", "duration", "float64":
		f.DefValue = "0"
	case "stringSlice", "intSlice", "stringArray":
		f.DefValue = "[]"
	default:
		f.DefValue = ""
	}
}
