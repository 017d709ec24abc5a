package main

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// manuals are the manual pages, a file for each command. TestManualPages makes them of
// the commands: what turns a command into a page is a reader of Markdown and one of YAML,
// and to have them in the binary costs the start of every command.
//
//go:embed man/*.1
var manuals embed.FS

// manVersion stands in a page where it says whose it is, lest every commit write all of
// them anew.
const manVersion = "@VERSION@"

func manCommand(p process) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "man [COMMAND…]",
		Short: "Write the manual pages, or print one",
		Long: "Write a manual page for each command into a directory, or print that of one command, in the\n" +
			"form that man reads.",
		Example: "  deskauth man auth login | man -l -\n" +
			"  deskauth man --dir ~/.local/share/man/man1",
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`directory` to write all pages to")
	withoutVariable(cmd.Flags(), "dir")
	cmd.ValidArgsFunction = topicsAndCommands
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		root := cmd.Root()
		if dir != "" {
			if len(args) > 0 {
				return usagef("--dir writes all pages: leave %q out", args[0])
			}
			return manPages(p, root, dir)
		}
		about, rest, err := root.Find(args)
		if err != nil {
			return usage{err}
		}
		if len(rest) > 0 {
			return unknownCommand(about, rest[0])
		}
		page, err := manPage(about)
		if err != nil {
			return err
		}
		_, err = p.Out.Write(page)
		return err
	}
	return cmd
}

// manPage is one, of this version and without a date: the same binary writes the same page.
func manPage(cmd *cobra.Command) ([]byte, error) {
	page, err := manuals.ReadFile("man/" + manName(cmd) + ".1")
	if err != nil {
		return nil, fmt.Errorf("%s has no manual page: %w", cmd.CommandPath(), err)
	}
	return bytes.Replace(page, []byte(manVersion), []byte(version()), 1), nil
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

func manPages(p process, root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // pages are for everybody
		return usagef("--dir: %w", err)
	}
	n := 0
	for _, cmd := range allCommands(root) {
		if !cmd.IsAvailableCommand() && cmd.HasParent() && !cmd.IsAdditionalHelpTopicCommand() {
			continue
		}
		page, err := manPage(cmd)
		if err != nil {
			return err
		}
		if err := os.WriteFile(dir+"/"+manName(cmd)+".1", page, 0o644); err != nil { //nolint:gosec // pages are for everybody
			return fmt.Errorf("--dir: %w", err)
		}
		n++
	}
	fmt.Fprintf(p.Err, "%s are in %s.\n", numberOf(n, "page"), dir)
	return nil
}
