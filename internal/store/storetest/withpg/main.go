package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/deskauth/deskauth/internal/store/storetest/pgserver"
)

// environment is the variable in which CMD finds the server's DSN.
const environment = "DESKAUTH_TEST_POSTGRES"

// failed is the exit code when withpg itself could not do its part, as env(1) and
// timeout(1) have it: CMD's own codes stay readable.
const failed = 125

func main() {
	// The kernel ties "die with your parent" to the thread that forked (prctl(2)),
	// so every fork happens on the main thread, which lives as long as the process.
	runtime.LockOSThread()
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
	}
	os.Exit(code)
}

// run starts the server, runs the command named by args, stops the server, and
// returns the exit code to end with.
func run(args []string) (code int, err error) {
	flags := flag.NewFlagSet("withpg", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: withpg [-fsync] -- CMD [ARG…]")
		flags.PrintDefaults()
	}
	fsync := flags.Bool("fsync", false, "sync to disk, as a server in production does")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0, nil
		}
		return failed, err
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return failed, errors.New("no command given")
	}

	// From here on a signal must not end the process before it has cleaned up.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	s, err := pgserver.Start(*fsync)
	if err != nil {
		return failed, err
	}
	defer func() {
		if stopErr := s.Stop(); stopErr != nil {
			err = errors.Join(err, stopErr)
			if code == 0 {
				code = failed
			}
		}
	}()
	return command(flags.Args(), s.DSN(), signals)
}

// command runs argv with the DSN in its environment and passes signals on to it and
// to what it started, until it ends. It returns its exit code; 128+n after signal n.
func command(argv []string, dsn string, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), environment+"="+dsn)
	// `go test` leaves its test binaries behind on SIGTERM: the whole group gets it.
	cmd.SysProcAttr = pgserver.OwnGroup(syscall.SIGKILL)
	if err := cmd.Start(); err != nil {
		return 127, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			signalGroup(cmd.Process, s)
		case err := <-ended:
			return exitCode(cmd.ProcessState), onlyOther(err)
		}
	}
}

// onlyOther drops the error that only says that a command ended with a code.
func onlyOther(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil
	}
	return err
}
