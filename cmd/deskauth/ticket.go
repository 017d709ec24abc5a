package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
)

func ticketCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ticket",
		Short: "Put files on a ticket",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(ticketAttachCommand(p), ticketLogsCommand(p))
	return cmd
}

// ticketNumber reads a ticket as people name it: 4711, #4711, or its address.
func ticketNumber(typed string) (int64, error) {
	number := strings.TrimPrefix(strings.TrimSpace(typed), "#")
	if u, err := url.Parse(typed); err == nil && u.Host != "" {
		parts := strings.Split(strings.Trim(u.Path, "/"), "/")
		number = parts[len(parts)-1]
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 {
		return 0, usagef("%q is not the number of a ticket", typed)
	}
	return n, nil
}

// outgoing is a file that is to be sent: as long as it was when it was looked at, for a
// log may grow meanwhile.
type outgoing struct {
	Path     string // whole
	Name     string // as the ticket's readers see it
	Size     int64  // bytes
	Modified time.Time
}

// uploadMost is how large a file Zendesk takes: 50 MB, as its page on attachments says, and as
// a pass takes it.
const uploadMost = broker.PassFileMost

// outgoingFiles looks at every file before the first is sent.
func outgoingFiles(paths []string) (files []outgoing, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, usage{err}
		case !info.Mode().IsRegular():
			return nil, usagef("%s is not a file", path)
		case info.Size() == 0: // a pass does not take it either
			return nil, usagef("%s is empty: there is nothing in it to send", path)
		case info.Size() > uploadMost:
			return nil, usagef("%s has %s; Zendesk takes files of up to %s: compress or split it", path, sizeText(info.Size()), sizeText(uploadMost))
		}
		whole, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		files = append(files, outgoing{whole, filepath.Base(whole), info.Size(), info.ModTime()})
	}
	return files, nil
}

// sizeText is for people: 1.2 MB is a million bytes and some.
func sizeText(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }
