package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// command is how long one takes, from the start of its process to its end.
type command struct {
	Name string    `json:"command"`
	MS   float64   `json:"ms"` // the median
	P90  float64   `json:"p90_ms"`
	All  []float64 `json:"all_ms"`
}

// turnsOf is how often each command is run for one cold start of a server: it takes a
// hundredth of the time, and a neighbour a share of it.
const turnsOf = 10

// oneLine is the command that the others are compared with.
const oneLine = "a program that prints one line"

// commands measures commands beside a program that prints one line: in turns, so that a
// neighbour slows all of them. They run where this process may, on a core without load.
func (b *bench) commands(ctx context.Context) error {
	env, err := b.signIn(ctx)
	if err != nil {
		return err
	}
	words := [][]string{{b.line}, {b.deskauth, "version"}, {b.deskauth, "auth", "token"}}
	b.report.Commands = []command{{Name: oneLine}, {Name: "`deskauth version`"}, {Name: "`deskauth auth token`"}}
	for range b.starts * turnsOf {
		for n := range words {
			cmd := exec.CommandContext(ctx, words[n][0], words[n][1:]...) //nolint:gosec // what is measured
			cmd.Env = env
			began := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%q: %w: %s", words[n], err, out)
			}
			c := &b.report.Commands[n]
			c.All = append(c.All, ms(time.Since(began)))
		}
	}
	for n := range b.report.Commands {
		c := &b.report.Commands[n]
		inOrder := slices.Sorted(slices.Values(c.All))
		c.MS, c.P90 = inOrder[len(inOrder)/2], inOrder[len(inOrder)*9/10]
		b.say("%-28s %-36s %8.1f ms, p90 %8.1f ms", "start to end", c.Name, c.MS, c.P90)
	}
	return nil
}

// signIn keeps a login, whose token outlives the measurement: no Zendesk is asked for
// another, and none runs. It returns the environment of who has it.
func (b *bench) signIn(ctx context.Context) (env []string, err error) {
	zendesk, err := b.zendeskOf(ctx)
	if err != nil {
		return nil, err
	}
	defer zendesk.stop()
	_, port, err := net.SplitHostPort(zendesk.addr)
	if err != nil {
		return nil, err
	}
	home := filepath.Join(b.dir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	env = append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+home, "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent")
	login := exec.CommandContext(ctx, b.deskauth, "auth", "login", "--account", subdomain, "--client-id", identifier, "--with-token", //nolint:gosec // the binary that is measured
		"--insecure-storage", "--zendesk-url", "http://{subdomain}.localhost:"+port)
	login.Env, login.Stdin = env, strings.NewReader("access\n")
	if out, err := login.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("sign in: %w: %s", err, out)
	}
	return env, nil
}

// commandTable tells how much later than one line a command is there.
func commandTable(b *strings.Builder, all []command) {
	b.WriteString("\n| command | ms from start to end, p50 | p90 | above one line, ms |\n|---|---|---|---|\n")
	for _, c := range all {
		above := ""
		if c.Name != oneLine {
			above = fmt.Sprintf("%.1f", c.MS-all[0].MS)
		}
		fmt.Fprintf(b, "| %s | %.1f | %.1f | %s |\n", c.Name, c.MS, c.P90, above)
	}
}
