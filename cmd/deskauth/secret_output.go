package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/secret"
)

// secretOutput is where a secret goes that is shown once: alone to standard output, or
// to a file; what is said about it then goes to standard output. Nothing else has it.
type secretOutput struct {
	printing
	File string
}

// flags are those of a command whose record is worth printing, or of one that has a
// secret to tell and no more.
func (o *secretOutput) flags(f *pflag.FlagSet, record bool) {
	if record {
		o.printing.flags(f)
	}
	f.StringVar(&o.File, "output-file", "", "write the secret to this `file`, of mode 0600, and not to standard output")
}

// check refuses what would mix a secret with other output.
func (o *secretOutput) check(isSecret bool) error {
	if err := o.printing.check(); err != nil {
		return err
	}
	if isSecret && o.File == "" && (o.asJSON() || o.Quiet) {
		return usagef("the secret goes to standard output, alone: name a file for it with --output-file")
	}
	return nil
}

// secretFile is a file that is to be; it gets its name when the secret is in it. nil:
// there is none.
type secretFile struct {
	f    *os.File
	name string
}

// open makes the file before there is a secret: one that cannot be kept must not be made.
func (o secretOutput) open() (*secretFile, error) {
	if o.File == "" {
		return nil, nil
	}
	f, err := os.CreateTemp(filepath.Dir(o.File), filepath.Base(o.File)+".*") // mode 0600
	if err != nil {
		return nil, usagef("--output-file: %w", err)
	}
	return &secretFile{f, o.File}, nil
}

func (s *secretFile) discard() {
	if s != nil && s.f != nil {
		_ = s.f.Close()
		_ = os.Remove(s.f.Name())
	}
}

func (s *secretFile) keep(v secret.Plain) error {
	_, err := s.f.WriteString(v.Reveal() + "\n")
	if err = errors.Join(err, s.f.Sync(), s.f.Close()); err == nil {
		err = os.Rename(s.f.Name(), s.name)
	}
	if err != nil {
		_ = os.Remove(s.f.Name())
	}
	s.f = nil
	return err
}

// say tells the secret. Record prints what is said beside it where standard output is
// free for that; aside says it otherwise.
func (o secretOutput) say(_ context.Context, p process, file *secretFile, v secret.Plain, what string, record func() error, aside func()) error {
	if file == nil {
		aside()
		return tellSecret(p.Out, v.Reveal())
	}
	if err := file.keep(v); err != nil {
		return fmt.Errorf("%s was made, and could not be written to %s: make another (%w)", what, o.File, err)
	}
	fmt.Fprintf(p.Err, "%s is in %s.\n", capital(what), o.File)
	return record()
}

// tellSecret prints what another server made, which is not to steer a terminal.
func tellSecret(w io.Writer, text string) error {
	if isTerminal(w) {
		text = printable(text)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

func capital(text string) string { return string(text[0]-'a'+'A') + text[1:] }
