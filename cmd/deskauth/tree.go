package main

import "github.com/spf13/cobra"

// Whoever types `deskauth auth token` waits for no flag of `deskauth broker`: there are
// more than a hundred commands, and to make all of them with their flags takes longer
// than most of them run.
//
//	words ──► the first names a branch? ── yes ──► that alone is made ──► its own branches, by the words left
//	                   │ no: help, completion, manual pages, a slip of the hand
//	                   └──► everything is made

// branch is a command that is made when it is wanted.
type branch struct {
	name string
	make func(process) *cobra.Command
}

// branches of the root. Manual pages and help topics are about all of it, and are not
// among them.
func branches() []branch {
	return []branch{
		{"dev", devCommand},
		{"auth", authCommand},
		{"client", accountClientCommand},
		{"token", tokenCommand},
		{"control", controlCommand},
		{"issuer", issuerCommand},
		{"broker", brokerCommand},
		{"key", keyCommand},
		{"connection", remoteConnectionCommand},
		{"pass", remotePassCommand},
		{"event", remoteEventCommand},
		{"sealing", sealingCommand},
		{"run", runCommand},
		{"ca", caCommand},
		{"ticket", ticketCommand},
		{"doctor", doctorCommand},
		{"migrate", migrateCommand},
		{"account", accountCommand},
		{"user", userCommand},
		{"version", versionCommand},
		{"api", apiCommand},
		{"proxy", proxyCommand},
	}
}

// grow adds the branch that the words name, and tells whether they name one: all of them
// are added otherwise.
func grow(cmd *cobra.Command, p process, all ...branch) bool {
	if len(p.words) > 0 {
		for _, b := range all {
			if b.name == p.words[0] {
				p.words = p.words[1:]
				cmd.AddCommand(b.make(p))
				return true
			}
		}
	}
	p.words = nil
	for _, b := range all {
		cmd.AddCommand(b.make(p))
	}
	return false
}
