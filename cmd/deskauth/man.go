package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

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

// manPage is one, without a date: the same binary writes the same page.
func manPage(cmd *cobra.Command) ([]byte, error) {
	cmd.InitDefaultHelpFlag()
	cmd.DisableAutoGenTag = true
	var page bytes.Buffer
	header := doc.GenManHeader{Title: strings.ToUpper(manName(cmd)), Section: "1", Source: "deskauth " + version(), Manual: "deskauth", Date: new(time.Unix(0, 0).UTC())}
	if err := doc.GenMan(cmd, &header, &page); err != nil {
		return nil, err
	}
	return page.Bytes(), nil
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
