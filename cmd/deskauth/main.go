// Command deskauth is all of Zendesk OAuth in one binary: a local Zendesk to
// develop and test against, and a broker that keeps connections to Zendesk
// alive.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/slip"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A command that is asked to end may have something to put in order, and a server
	// answers first. Who asks a second time does not want to wait: the signal then does
	// what it does to any program. (`deskauth run` hands both to its program.)
	context.AfterFunc(ctx, stop)
	spendMemory(garbagePercent)
	var lines *httpd.Lines // of a daemon
	code := run(ctx, os.Args[1:], process{
		Lookup: os.LookupEnv, In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Log: func(format string) io.Writer {
			lines = httpd.NewLines(os.Stderr, format)
			return lines
		},
	})
	stop()
	if lines != nil {
		_ = lines.Close()
	}
	os.Exit(code)
}

// garbagePercent is how much garbage may pile up, of what is alive. Little is
// alive, a few MiB, so the runtime's own 100 would have it collected dozens of
// times a second by a busy server. GOGC wins over it.
const garbagePercent = 300

// brokerGarbagePercent is that of a broker by itself, which remembers thousands of
// connections, answers fewer requests, and is to stay below 150 MB with 100,000 of them.
const brokerGarbagePercent = 100

func spendMemory(percent int) {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(percent)
	}
}

// process is what a command knows of the process it runs in. Nothing below cmd
// reads the environment.
type process struct {
	Lookup   func(name string) (string, bool)
	In       io.Reader
	Out, Err io.Writer
	// Log makes what a daemon logs to, lines of a format; nil: Err. It is called once.
	Log func(format string) io.Writer

	// NoInput says that nobody is to be asked, though a terminal may be there.
	NoInput bool

	words []string // of the command line, that are still to name a command
}

// log is where a daemon's log goes.
func (p process) log(format string) io.Writer {
	if p.Log != nil {
		return p.Log(format)
	}
	return p.Err
}

// run carries out a command line and returns its exit code.
func run(ctx context.Context, args []string, p process) int {
	root, asked := tree(args, p)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = asked.refused
	}
	if err == nil {
		return exitOK
	}
	if program := (programExit{}); errors.As(err, &program) {
		if program.why != nil {
			fmt.Fprintln(p.Err, "deskauth: "+printableLines(program.why.Error()))
		}
		return program.code
	}
	if code, is := interrupted(ctx, err); is {
		fmt.Fprintln(p.Err, "deskauth: interrupted")
		return code
	}
	// An error may have another server's words in it, for a terminal to obey.
	fmt.Fprintln(p.Err, "deskauth: "+printableLines(err.Error()))
	code := codeOf(err)
	if code == exitUsage {
		fmt.Fprintf(p.Err, "See `%s --help`.\n", cmd.CommandPath())
	}
	return code
}

// tree is the command line: of all that there is, what the words ask for.
func tree(args []string, p process) (*cobra.Command, *help) {
	root := &cobra.Command{
		Use:   "deskauth",
		Short: "All of Zendesk OAuth in one binary",
		Long: "deskauth is all of Zendesk OAuth in one binary: a local Zendesk to develop and test\n" +
			"against, and a broker that keeps connections to Zendesk alive.\n\n" +
			"Start with `deskauth dev`: it runs both, with people and clients to try.\n\n" +
			"Every flag has a variable: --listen is DESKAUTH_LISTEN. A flag wins over its variable.\n" +
			"Exit codes: 0 done, 1 it did not work, 2 the command line is wrong,\n" +
			"4 somebody must sign in again; `deskauth help exit-codes` has them all.",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetArgs(args)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	root.Args = noArgs // or cobra refuses a command that it does not know, in words of its own
	root.SetFlagErrorFunc(flagError)
	asked := &help{show: root.HelpFunc()}
	root.SetHelpFunc(asked.about)
	root.SetHelpCommand(helpCommand())
	p.words = args
	if grow(root, p, branches()...) {
		root.CompletionOptions.DisableDefaultCmd = true
		return root, asked
	}
	root.AddCommand(manCommand(p))
	root.AddCommand(topics()...)
	root.Version = version() // gives it --version
	root.SetVersionTemplate(versionLine())
	root.InitDefaultVersionFlag() // or `deskauth help` does not know of it
	completes(root, p, args)
	return root, asked
}

// helpCommand is cobra's, but that it refuses what there is no help for.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return usage{err}
			}
			if len(rest) > 0 {
				return unknownCommand(about, rest[0])
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// help shows help, but none about a command that there is not.
type help struct {
	show    func(*cobra.Command, []string)
	refused error
}

func (h *help) about(cmd *cobra.Command, args []string) {
	if rest := cmd.Flags().Args(); len(rest) > 0 && cmd.HasAvailableSubCommands() {
		h.refused = unknownCommand(cmd, rest[0])
		return
	}
	h.show(cmd, args)
}

func usagef(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }

// unknownCommand says what there is instead.
func unknownCommand(cmd *cobra.Command, typed string) error {
	cmd.SuggestionsMinimumDistance = slip.Farthest
	instead := slip.DidYouMean(cmd.SuggestionsFor(typed))
	if instead == "" {
		instead = ": it has " + strings.Join(commandsOf(cmd), ", ")
	}
	return usagef("unknown command %q for %q%s", typed, cmd.CommandPath(), instead)
}

func commandsOf(cmd *cobra.Command) (names []string) {
	for _, one := range cmd.Commands() {
		if one.IsAvailableCommand() {
			names = append(names, one.Name())
		}
	}
	return names
}

// noArgs refuses what a command does not take.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasAvailableSubCommands():
		return unknownCommand(cmd, args[0])
	default:
		return usagef("%s takes no arguments: %q", cmd.CommandPath(), args[0])
	}
}
