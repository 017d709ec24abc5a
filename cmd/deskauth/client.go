package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/slip"
	"github.com/deskauth/deskauth/zendesk"
)

func accountClientCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "client",
		Short: "List, make and change the OAuth clients of an account",
		Long: "List, make and change the OAuth clients of an account, as its admin. A client is named by\n" +
			"its identifier, its name or its number.\n\n" +
			"A secret is shown once, when it is made: alone on standard output, or in a file.",
		Example: "  deskauth client list\n" +
			"  deskauth client create --name 'Order sync' --redirect https://orders.example/callback > secret.txt\n" +
			"  deskauth client update order_sync --add-redirect http://localhost:3000/callback",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	grow(cmd, p, branch{"list", accountClientList}, branch{"get", accountClientGet}, branch{"create", accountClientCreate},
		branch{"update", accountClientUpdate}, branch{"roll-secret", accountClientRoll}, branch{"delete", accountClientDelete})
	return cmd
}

// clientRecord is a client as --json tells it. Its names stay.
type clientRecord struct {
	ID            int64      `json:"id"`
	Identifier    string     `json:"identifier"`
	Name          string     `json:"name"`
	Kind          string     `json:"kind"`
	Company       string     `json:"company"`
	Description   string     `json:"description"`
	RedirectURI   []string   `json:"redirect_uri"`
	AllowedScopes []string   `json:"allowed_scopes"` // none: any scope
	Global        bool       `json:"global"`
	UserID        *int64     `json:"user_id"` // the admin whom client credentials act as
	CreatedAt     *time.Time `json:"created_at"`
	UpdatedAt     *time.Time `json:"updated_at"`
}

func recordOf(c zendesk.Client) clientRecord {
	return clientRecord{
		ID: c.ID, Identifier: c.Identifier, Name: c.Name, Kind: c.Kind, Company: orEmpty(c.Company), Description: orEmpty(c.Description),
		RedirectURI: append([]string{}, c.RedirectURI...), AllowedScopes: append([]string{}, c.AllowedScopes...),
		Global: c.Global, UserID: c.UserID, CreatedAt: atOrNil(c.CreatedAt), UpdatedAt: atOrNil(c.UpdatedAt),
	}
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func atOrNil(t *zendesk.Time) *time.Time {
	if t == nil {
		return nil
	}
	at := t.UTC()
	return &at
}

func accountClientList(p process) *cobra.Command {
	var w whichLogin
	var out printing
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the OAuth clients of an account",
		Example: "  deskauth client list\n" +
			"  deskauth client list --json=identifier,redirect_uri\n" +
			"  deskauth client list --jq '.clients[] | select(.kind == \"public\") | .identifier'",
		Args: noArgs,
	}
	w.flags(cmd.Flags())
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return w.calls(cmd, p, func(ctx context.Context, p process, c *caller) error {
			if err := out.check(); err != nil {
				return err
			}
			all, err := c.clients(ctx)
			if err != nil {
				return err
			}
			var records []clientRecord
			for _, one := range all {
				records = append(records, recordOf(one))
			}
			return printList(ctx, out, p, clientListing(records))
		})
	}
	return cmd
}

func clientListing(records []clientRecord) listing[clientRecord] {
	return listing[clientRecord]{
		Name: "clients", Items: records,
		ID: func(c clientRecord) string { return strconv.FormatInt(c.ID, 10) },
		Columns: []column[clientRecord]{
			{"id", func(c clientRecord) string { return strconv.FormatInt(c.ID, 10) }},
			{"identifier", func(c clientRecord) string { return c.Identifier }},
			{"name", func(c clientRecord) string { return c.Name }},
			{"kind", clientRecord.kind},
			{"allowed scopes", func(c clientRecord) string { return cmp.Or(strings.Join(c.AllowedScopes, " "), "any") }},
			{"redirect urls", func(c clientRecord) string { return strings.Join(c.RedirectURI, " ") }},
		},
	}
}

func (c clientRecord) kind() string {
	if c.Global {
		return c.Kind + ", global"
	}
	return c.Kind
}

// clients are all of the account's.
func (c *caller) clients(ctx context.Context) (all []zendesk.Client, err error) {
	for one, err := range c.Clients(ctx) {
		if err != nil {
			return nil, c.fail(err)
		}
		all = append(all, one)
	}
	return all, nil
}

// clientNamed is the one that is meant.
func (c *caller) clientNamed(ctx context.Context, named string) (zendesk.Client, error) {
	all, err := c.clients(ctx)
	if err != nil {
		return zendesk.Client{}, err
	}
	one, err := pickClient(all, named)
	if err != nil && codeOf(err) == exitNotFoundAt {
		err = asNotFound(fmt.Errorf("%s has %w", c.host, err))
	}
	return one, err
}

// pickClient decides which client is meant by its number, identifier or name. What could
// mean several means none: a command that changes or ends the wrong one cannot be undone.
func pickClient(all []zendesk.Client, named string) (zendesk.Client, error) {
	var meant []zendesk.Client
	for _, c := range all {
		if strconv.FormatInt(c.ID, 10) == named || c.Identifier == named || strings.EqualFold(c.Name, named) {
			meant = append(meant, c)
		}
	}
	switch len(meant) {
	case 1:
		return meant[0], nil
	case 0:
		return zendesk.Client{}, asNotFound(fmt.Errorf("no OAuth client %q%s", named, slip.DidYouMean(resembling(all, named))))
	}
	var which []string
	for _, c := range meant {
		which = append(which, fmt.Sprintf("%d (%s, %q)", c.ID, c.Identifier, c.Name))
	}
	return zendesk.Client{}, usagef("%q could be any of %s: name one by its number", named, strings.Join(which, ", "))
}

// resembling are the identifiers that differ from what was typed by a slip of the hand.
func resembling(all []zendesk.Client, typed string) (near []string) {
	for _, c := range all {
		same := func(name string) bool {
			return slip.Letters(strings.ToLower(typed), strings.ToLower(name)) <= slip.Farthest
		}
		if len(typed) > slip.Farthest && (same(c.Identifier) || same(c.Name)) {
			near = append(near, c.Identifier)
		}
	}
	slices.Sort(near)
	return near
}

func accountClientGet(p process) *cobra.Command {
	var w whichLogin
	var out printing
	cmd := &cobra.Command{
		Use:   "get CLIENT",
		Short: "Show an OAuth client, and what may be wrong with it",
		Long: "Show an OAuth client, named by its identifier, its name or its number. Its redirect URLs are\n" +
			"printed as they are registered: Zendesk compares every character.",
		Example: "  deskauth client get order_sync\n" +
			"  deskauth client get order_sync --jq '.redirect_uri[]'",
		Args: exactArgs("CLIENT"),
	}
	w.flags(cmd.Flags())
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return w.calls(cmd, p, func(ctx context.Context, p process, c *caller) error {
			if err := out.check(); err != nil {
				return err
			}
			one, err := c.clientNamed(ctx, args[0])
			if err != nil {
				return err
			}
			return sayClient(ctx, out, p, one)
		})
	}
	return cmd
}

// sayClient prints a client, and to standard error what may be wrong with it.
func sayClient(ctx context.Context, out printing, p process, c zendesk.Client) error {
	err := printRecord(ctx, out, p, recordOf(c), strconv.FormatInt(c.ID, 10), func(w io.Writer) { tellClient(p, w, recordOf(c)) })
	for _, warning := range clientWarnings(c) {
		fmt.Fprintln(p.Err, "deskauth: warning: "+printable(warning))
	}
	return err
}

func tellClient(p process, w io.Writer, c clientRecord) {
	fmt.Fprintln(w, bold(p, w, printable(c.Name)))
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-15s %s\n", name, printable(value))
		}
	}
	line("identifier", c.Identifier)
	line("number", strconv.FormatInt(c.ID, 10))
	line("kind", c.kind())
	line("company", c.Company)
	line("description", c.Description)
	line("allowed scopes", cmp.Or(strings.Join(c.AllowedScopes, " "), "any"))
	name := "redirect URLs"
	for _, address := range c.RedirectURI {
		fmt.Fprintf(w, "  %-15s %s\n", name, printable(address))
		name = ""
	}
	if len(c.RedirectURI) == 0 {
		line(name, "none")
	}
	line("made", stamp(c.CreatedAt))
	line("changed", stamp(c.UpdatedAt))
}

// stamp is an instant for people.
func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 MST")
}

// notThere tells of an error that what was asked for does not exist.
func notThere(err error) bool {
	var said *zendesk.APIError
	return errors.As(err, &said) && said.Status == http.StatusNotFound
}
