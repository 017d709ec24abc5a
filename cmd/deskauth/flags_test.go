package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// in is a process with nothing but these variables.
func in(variables map[string]string) process {
	return process{
		Lookup: func(name string) (string, bool) { v, found := variables[name]; return v, found },
		Out:    io.Discard, Err: io.Discard,
	}
}

var servers = map[string]func(process) *cobra.Command{"issuer": issuerCommand, "broker": brokerCommand, "dev": devCommand}

// otherValue is a value that a flag does not have by itself.
func otherValue(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true"
	case "int":
		return "7"
	case "duration":
		return "7s"
	case "stringSlice":
		return "one,two"
	}
	return "other-" + f.Name
}

// Every flag has its variable, and wins over it.
func TestEveryFlagHasItsVariable(t *testing.T) {
	for name, command := range servers {
		probe := command(in(nil))
		count := 0
		probe.Flags().VisitAll(func(f *pflag.Flag) {
			count++
			variables := map[string]string{"DESKAUTH_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")): otherValue(f)}
			cmd := command(in(variables))
			if err := fromEnvironment(cmd, in(variables)); err != nil {
				t.Errorf("%s --%s: %v", name, f.Name, err)
			}
			want := strings.ReplaceAll(fmt.Sprint(otherValue(f)), "one,two", "[one,two]")
			if got := cmd.Flags().Lookup(f.Name).Value.String(); got != want {
				t.Errorf("%s --%s by its variable is %q, want %q", name, f.Name, got, want)
			}
			if f.Value.Type() != "string" {
				return
			}
			cmd = command(in(variables))
			if err := cmd.ParseFlags([]string{"--" + f.Name, "given"}); err != nil {
				t.Fatal(err)
			}
			if err := fromEnvironment(cmd, in(variables)); err != nil {
				t.Errorf("%s --%s: %v", name, f.Name, err)
			}
			if got := cmd.Flags().Lookup(f.Name).Value.String(); got != "given" {
				t.Errorf("%s --%s given, with its variable, is %q", name, f.Name, got)
			}
		})
		if count < 5 {
			t.Errorf("%s has %d flags: are they looked at?", name, count)
		}
	}
}

// A value that cannot be read is refused by the name of its variable, and repeated
// only where it cannot be a secret.
func TestVariableThatCannotBeRead(t *testing.T) {
	variables := map[string]string{"DESKAUTH_DEMO": "perhaps"}
	err := fromEnvironment(issuerCommand(in(variables)), in(variables))
	if err == nil || !strings.Contains(err.Error(), "DESKAUTH_DEMO") || !strings.Contains(err.Error(), "perhaps") {
		t.Errorf("DESKAUTH_DEMO=perhaps: %v", err)
	}
}

// Every flag whose value may be a secret has a twin that names a file.
func TestTwins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(path, []byte("sqlite:from-file.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, command := range servers {
		command(in(nil)).Flags().VisitAll(func(f *pflag.Flag) {
			twin := variable(f.Name) + "_FILE"
			if f.Annotations[secretly] == nil {
				if strings.Contains(f.Usage, twin) || f.Name == "db" {
					t.Errorf("%s --%s is not marked as secret", name, f.Name)
				}
				return
			}
			variables := map[string]string{twin: path}
			cmd := command(in(variables))
			if err := fromEnvironment(cmd, in(variables)); err != nil {
				t.Errorf("%s: %s: %v", name, twin, err)
			}
			if got := cmd.Flags().Lookup(f.Name).Value.String(); got != "sqlite:from-file.db" {
				t.Errorf("%s: %s gives %q", name, twin, got)
			}
		})
	}
}

func TestVersionIsAFlagToo(t *testing.T) {
	var said [2]string
	for n, arg := range []string{"version", "--version"} {
		var out, errs strings.Builder
		if code := run(t.Context(), []string{arg}, process{Lookup: func(string) (string, bool) { return "", false }, Out: &out, Err: &errs}); code != exitOK {
			t.Fatalf("%s: code %d: %s", arg, code, errs.String())
		}
		said[n] = out.String()
	}
	if said[0] != said[1] || !strings.HasPrefix(said[0], "deskauth ") {
		t.Errorf("version prints %q, --version %q", said[0], said[1])
	}
}

// A default that nobody is to be told leaves no empty brackets in the help.
func TestUntoldDefaults(t *testing.T) {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.Int("int", 0, "")
	f.Int64("int64", 7, "")
	f.Duration("duration", 0, "")
	f.String("string", "text", "")
	f.StringSlice("slice", []string{"active"}, "")
	f.Int64Slice("numbers", nil, "")
	f.VisitAll(func(one *pflag.Flag) { untold(f, one.Name) })
	if usage := f.FlagUsages(); strings.Contains(usage, "default") {
		t.Errorf("%s", usage)
	}
}
