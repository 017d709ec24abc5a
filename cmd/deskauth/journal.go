package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/control"
)

func journalCommand(c *controlling) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Look at what was asked and decided, follow it, and hold it to what you expect",
		Args:  noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var q journalQuery
	show := c.command("show", "Print entries, the oldest first", func(*cobra.Command, []string) error { return c.showJournal(q) })
	q.flags(show.Flags())
	var f journalQuery
	follow := c.command("follow", "Print entries as they come, as JSON lines, until Ctrl-C", func(cmd *cobra.Command, _ []string) error {
		err := c.print("/journal?follow=true&" + f.query().Encode())
		if cmd.Context().Err() != nil {
			return nil // Ctrl-C is how it ends
		}
		return err
	})
	f.flags(follow.Flags())
	cmd.AddCommand(show, follow, assertCommand(c),
		&cobra.Command{
			Use: "events", Short: "List the names of all events, and what they mean", Args: noArgs,
			Run: func(*cobra.Command, []string) { listEvents(c.Out) },
		},
		c.command("mark [NAME]", "Mark where the journal stands now, for --since, and print the mark", c.markJournal))
	return cmd
}

// journalQuery says which entries are meant.
type journalQuery struct {
	since, event, account, product, client, token, request, route, status string
	user, fault                                                           int64
}

func (q *journalQuery) flags(s *pflag.FlagSet) {
	s.StringVar(&q.since, "since", "", "`mark`: those after it, by its name or number")
	s.StringVar(&q.event, "event", "", "`name` of the event; with a dot at its end, all that begin so")
	s.StringVar(&q.account, "account", "", "`subdomain`")
	s.StringVar(&q.product, "product", "", "support or chat")
	s.StringVar(&q.client, "client", "", "`identifier` of the client")
	s.StringVar(&q.token, "token", "", "`hint` of a token, as lists of tokens show it")
	s.StringVar(&q.request, "request-id", "", "`id` of a request")
	s.StringVar(&q.route, "route", "", "the `pattern` of a route, such as 'POST /oauth/tokens'; with a slash at its end, all below")
	s.StringVar(&q.status, "status", "", "`status` of the answer, such as 404 or 4xx")
	s.Int64Var(&q.user, "user", 0, "`number` of the user")
	s.Int64Var(&q.fault, "fault", 0, "`number` of the fault")
}

func (q journalQuery) query() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{
		"since": q.since, "event": q.event, "account": q.account, "product": q.product, "client": q.client,
		"token": q.token, "request_id": q.request, "route": q.route, "status": q.status,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.user != 0 {
		v.Set("user_id", strconv.FormatInt(q.user, 10))
	}
	if q.fault != 0 {
		v.Set("fault", strconv.FormatInt(q.fault, 10))
	}
	return v
}

// found is what GET /journal answers.
type found struct {
	Entries []control.Entry `json:"entries"`
	Count   int             `json:"count"`
	Last    int64           `json:"last"`
	Lost    bool            `json:"lost"`
}

func (c *controlling) find(q journalQuery) (answer found, err error) {
	err = c.do(http.MethodGet, "/journal?"+q.query().Encode(), nil, &answer)
	return answer, err
}

func (c *controlling) showJournal(q journalQuery) error {
	answer, err := c.find(q)
	if err != nil {
		return err
	}
	if answer.Lost {
		fmt.Fprintln(c.Err, "The oldest entries are gone: the journal keeps the latest alone.")
	}
	out := bufio.NewWriter(c.Out)
	lines := json.NewEncoder(out)
	for _, e := range answer.Entries {
		if !c.json {
			fmt.Fprintln(out, describeEntry(e))
		} else if err := lines.Encode(e); err != nil {
			return err
		}
	}
	return out.Flush()
}

// describeEntry is one line: number, protocol time, event, and what it is about.
func describeEntry(e control.Entry) string {
	parts := []string{fmt.Sprintf("%6d  %s  %-20s", e.Seq, e.Now.Format("2006-01-02 15:04:05.000"), e.Event)}
	add := func(format string, value any, there bool) {
		if there {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	add("%s", e.Method+" "+orDash(e.Route), e.Method != "")
	add("%d", e.Status, e.Status != 0)
	add("%s", e.Account, e.Account != "")
	add("client %s", e.Client, e.Client != "")
	add("user %d", e.User, e.User != 0)
	add("token %s…", e.Token, e.Token != "")
	add("fault %d", e.Fault, e.Fault != 0)
	add("%s", e.Kind, e.Kind != "")
	add("mark %s", e.Mark, e.Mark != "")
	add("(%s)", e.Reason, e.Reason != "")
	return strings.TrimRight(strings.Join(parts, " "), " ")
}

func (c *controlling) markJournal(_ *cobra.Command, args []string) error {
	var answer struct {
		Mark int64  `json:"mark"`
		Name string `json:"name,omitempty"`
	}
	if err := c.do(http.MethodPost, "/journal/marks", map[string]string{"name": strings.Join(args, "")}, &answer); err != nil {
		return err
	}
	return c.show(answer, func() { fmt.Fprintln(c.Out, answer.Mark) })
}

// assertCommand is for scripts: its exit code is the answer.
func assertCommand(c *controlling) *cobra.Command {
	var q journalQuery
	var count, least int
	cmd := c.command("assert", "Fail unless the journal has as many such entries as you say", func(cmd *cobra.Command, _ []string) error {
		exactly, atLeast := cmd.Flags().Changed("count"), cmd.Flags().Changed("at-least")
		if exactly == atLeast {
			return usagef("say how many: --count or --at-least")
		}
		answer, err := c.find(q)
		if err != nil {
			return err
		}
		switch {
		// The evidence may be among what is gone; only having enough of it is proof.
		case answer.Lost && !(atLeast && answer.Count >= least):
			return fmt.Errorf("the journal no longer has all entries since then: set the mark later")
		case exactly && answer.Count != count:
			return fmt.Errorf("%s, expected %d%s", counted(answer.Count), count, few(answer.Entries))
		case atLeast && answer.Count < least:
			return fmt.Errorf("%s, expected at least %d%s", counted(answer.Count), least, few(answer.Entries))
		default:
			return nil
		}
	})
	cmd.Example = "  deskauth control journal assert --event refresh.replayed --client my_app --since before --count 0"
	q.flags(cmd.Flags())
	cmd.Flags().IntVar(&count, "count", 0, "exactly so `many`")
	cmd.Flags().IntVar(&least, "at-least", 0, "so `many` or more")
	return cmd
}

func counted(entries int) string {
	if entries == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", entries)
}

// few lists the first entries that an assertion found.
func few(entries []control.Entry) string {
	const most = 10
	var b strings.Builder
	for n, e := range entries {
		if n == most {
			fmt.Fprintf(&b, "\n  … and %d more", len(entries)-most)
			break
		}
		b.WriteString("\n  " + describeEntry(e))
	}
	return b.String()
}

func listEvents(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range control.Events() {
		fmt.Fprintf(t, "%s\t%s\n", e.Event, e.Meaning)
	}
	_ = t.Flush()
}
