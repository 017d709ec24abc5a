// Command leakcheck looks for every secret that a test run issued in every log that
// it wrote, and in what the tests themselves printed:
//
//	go run ./internal/testlog/leakcheck DIR OUTPUT
//
// DIR is what DESKAUTH_TEST_LOGS named while the tests ran; OUTPUT is a file with
// the output of go test. It fails when it finds one, naming file and line and not
// the secret, and when there was so little to look for, or to look at, that it would
// have found nothing whatever the programs did.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/deskauth/deskauth/internal/testlog"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "leakcheck: "+err.Error())
		os.Exit(1)
	}
}

// leaksShown bounds what a person is told at once.
const leaksShown = 20

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("leakcheck", flag.ContinueOnError)
	secrets := flags.Int("secrets", 1000, "fail when fewer secrets were issued")
	lines := flags.Int("lines", 1000, "fail when fewer lines were logged")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return errors.New("usage: leakcheck [-secrets N] [-lines N] DIR OUTPUT")
	}
	dir, output := flags.Arg(0), flags.Arg(1)
	issued, err := testlog.ReadIssued(filepath.Join(dir, testlog.IssuedFile))
	if err != nil {
		return err
	}
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return err
	}
	leaks, logged, err := search(issued, logs)
	if err != nil {
		return err
	}
	printed, _, err := search(issued, []string{output})
	if err != nil {
		return err
	}
	return verdict(out, append(leaks, printed...), issued.Len(), logged, len(logs), *secrets, *lines)
}

// search looks for secrets in files, and counts their lines.
func search(issued *testlog.Secrets, paths []string) (leaks []testlog.Leak, lines int, err error) {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, 0, err
		}
		lines += bytes.Count(text, []byte("\n"))
		leaks = append(leaks, issued.Find(path, text)...)
	}
	return leaks, lines, nil
}

func verdict(out io.Writer, leaks []testlog.Leak, secrets, lines, logs, fewestSecrets, fewestLines int) error {
	for _, l := range leaks[:min(len(leaks), leaksShown)] {
		fmt.Fprintln(out, l)
	}
	switch {
	case len(leaks) > 0:
		return fmt.Errorf("%d lines hold an issued secret", len(leaks))
	case secrets < fewestSecrets:
		return fmt.Errorf("only %d secrets were noted, fewer than %d: the tests that issue them did not run", secrets, fewestSecrets)
	case lines < fewestLines:
		return fmt.Errorf("only %d lines were logged, fewer than %d: the logs are not where they should be", lines, fewestLines)
	}
	fmt.Fprintf(out, "leakcheck: none of %d issued secrets is in any of %d log lines (%d files), nor in the tests' output\n", secrets, lines, logs)
	return nil
}
