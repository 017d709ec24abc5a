package main

import (
	"context"

	"github.com/spf13/cobra"
)

// work is what a command does that works on the data of a server, beside it or
// instead of it. T is what it works on.
type work[T any] struct {
	// Check looks at the command line before anything is opened; nil: there is nothing
	// to look at.
	Check func(ctx context.Context, args []string) error
	Open  func(ctx context.Context, p process) (on T, closing func(), err error)
	Run   func(ctx context.Context, on T, args []string) error
}

// command has cmd do it, with the flags that the environment fills in.
func (w work[T]) command(p process, cmd *cobra.Command) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := fromEnvironment(cmd, p); err != nil {
			return err
		}
		if w.Check != nil {
			if err := w.Check(cmd.Context(), args); err != nil {
				return err
			}
		}
		on, closing, err := w.Open(cmd.Context(), p)
		if err != nil {
			return err
		}
		defer closing()
		return w.Run(cmd.Context(), on, args)
	}
	return cmd
}
