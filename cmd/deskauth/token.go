package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/zendesk"
)

func tokenCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "List, make and revoke the OAuth tokens of an account",
		Long: "List, make and revoke the OAuth tokens of an account, as its admin. A token is named by its\n" +
			"number. `deskauth auth token` prints the one of your own login.",
		Example: "  deskauth token list --unused-for 90d\n" +
			"  deskauth token create --client order_sync --scope tickets:read --ticket 4711 --for 2h > token.txt\n" +
			"  deskauth token revoke --all --client order_sync --unused-for 90d",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	grow(cmd, p, branch{"list", tokenListCommand}, branch{"get", tokenGetCommand}, branch{"create", tokenCreateCommand},
		branch{"revoke", tokenRevokeCommand}, branch{"sweep", tokenSweepCommand})
	return cmd
}

// tokenRecord is a token as --json tells it. Its names stay.
type tokenRecord struct {
	ID               int64      `json:"id"`
	State            tokenState `json:"state"`
	Client           string     `json:"client"` // its identifier; "": nobody may know
	ClientID         int64      `json:"client_id"`
	User             string     `json:"user"` // name; "": nobody may know
	Email            string     `json:"email"`
	UserID           int64      `json:"user_id"`
	Scopes           []string   `json:"scopes"`
	CreatedAt        *time.Time `json:"created_at"`
	UsedAt           *time.Time `json:"used_at"`            // null: never
	ExpiresAt        *time.Time `json:"expires_at"`         // null: it does not expire
	RefreshExpiresAt *time.Time `json:"refresh_expires_at"` // null: there is no refresh token, or it does not expire
	Own              bool       `json:"own"`                // the one that this command goes by
}

// tokenState is what a token still does.
type tokenState string

const (
	tokenActive    tokenState = "active"    // it opens the API
	tokenRenewable tokenState = "renewable" // its access token is over, and its refresh token makes another
	tokenExpired   tokenState = "expired"   // it does nothing any more
)

func stateOf(t zendesk.OAuthToken, now time.Time) tokenState {
	over := func(at *zendesk.Time) bool { return at != nil && !now.Before(at.Time) }
	switch {
	case !over(t.ExpiresAt):
		return tokenActive
	case t.RefreshToken != nil && !over(t.RefreshTokenExpiresAt):
		return tokenRenewable
	}
	return tokenExpired
}

// lastUse is when a token was used last, or made, where it never was.
func (t tokenRecord) lastUse() time.Time {
	switch {
	case t.UsedAt != nil:
		return *t.UsedAt
	case t.CreatedAt != nil:
		return *t.CreatedAt
	}
	return time.Time{}
}

func (t tokenRecord) who() string {
	return cmp.Or(t.User, t.Email, "user "+strconv.FormatInt(t.UserID, 10))
}

func (t tokenRecord) of() string {
	return cmp.Or(t.Client, "client "+strconv.FormatInt(t.ClientID, 10))
}

func tokenListCommand(p process) *cobra.Command {
	var w whichLogin
	var out printing
	var f tokenFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the OAuth tokens of an account, whose they are, and when they were used",
		Long: "List the OAuth tokens of an account: whose, of which client, when they were last used, and\n" +
			"what they still do.\n\n" +
			"  active     it opens the API\n" +
			"  renewable  its access token is over; its refresh token makes another\n" +
			"  expired    it does nothing any more; left out unless --state names it",
		Example: "  deskauth token list\n" +
			"  deskauth token list --client order_sync --unused-for 90d\n" +
			"  deskauth token list --user ada@acme.example --state active,expired --json=id,scopes\n" +
			"  deskauth token list --unused-for 1y --quiet | xargs deskauth token revoke --yes",
		Args: noArgs,
	}
	w.flags(cmd.Flags())
	out.flags(cmd.Flags())
	f.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return w.calls(cmd, p, func(ctx context.Context, p process, c *caller) error {
			if err := out.check(); err != nil {
				return err
			}
			all, err := c.tokens(ctx, f)
			if err != nil {
				return err
			}
			return printList(ctx, out, p, c.tokenListing(p, all))
		})
	}
	return cmd
}

func (c *caller) tokenListing(p process, all []tokenRecord) listing[tokenRecord] {
	now, near := c.time.now(), isTerminal(p.Out)
	at := func(t *time.Time, without string) string {
		switch {
		case t == nil:
			return without
		case near:
			return relative(*t, now)
		}
		return t.UTC().Format(time.RFC3339)
	}
	return listing[tokenRecord]{
		Name: "tokens", Items: all,
		ID: func(t tokenRecord) string { return strconv.FormatInt(t.ID, 10) },
		Columns: []column[tokenRecord]{
			{"id", func(t tokenRecord) string { return strconv.FormatInt(t.ID, 10) }},
			{"state", func(t tokenRecord) string { return string(t.State) }},
			{"client", tokenRecord.of},
			{"owner", tokenRecord.who},
			{"scopes", func(t tokenRecord) string { return strings.Join(t.Scopes, " ") }},
			{"last used", func(t tokenRecord) string { return at(t.UsedAt, "never") }},
			{"expires", func(t tokenRecord) string { return at(t.ExpiresAt, "never") }},
		},
	}
}

func tokenGetCommand(p process) *cobra.Command {
	var w whichLogin
	var out printing
	cmd := &cobra.Command{
		Use:     "get ID",
		Short:   "Show an OAuth token: whose it is, of which client, and what it still does",
		Example: "  deskauth token get 4711\n  deskauth token get 4711 --json=state,used_at",
		Args:    exactArgs("ID"),
	}
	w.flags(cmd.Flags())
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return w.run(cmd, p, func(ctx context.Context, p process) error {
			ids, err := tokenIDs(args)
			if err != nil {
				return err
			}
			if err := out.check(); err != nil {
				return err
			}
			return w.call(ctx, p, func(ctx context.Context, p process, c *caller) error {
				t, err := c.token(ctx, ids[0])
				if err != nil {
					return err
				}
				named, err := c.named(ctx, []zendesk.OAuthToken{t})
				if err != nil {
					return err
				}
				return printRecord(ctx, out, p, named[0], args[0], func(to io.Writer) { c.tellToken(p, to, named[0]) })
			})
		})
	}
	return cmd
}

// token is one by its number.
func (c *caller) token(ctx context.Context, id int64) (zendesk.OAuthToken, error) {
	t, err := c.OAuthToken(ctx, id)
	if notThere(err) {
		return t, asNotFound(fmt.Errorf("%s has no OAuth token %d: it may be revoked already", c.host, id))
	}
	return t, c.fail(err)
}

func tokenIDs(args []string) (ids []int64, err error) {
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || id <= 0 {
			return nil, usagef("a token is named by its number, as `deskauth token list` shows it, not %q", printable(arg))
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (c *caller) tellToken(p process, w io.Writer, t tokenRecord) {
	fmt.Fprintln(w, bold(p, w, fmt.Sprintf("Token %d", t.ID)))
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-12s %s\n", name, printable(value))
		}
	}
	state := string(t.State)
	if t.Own {
		state += ", the one of this login"
	}
	line("state", state)
	line("client", t.of())
	owner := t.who()
	if t.Email != "" && t.User != "" {
		owner += ", " + t.Email
	}
	line("owner", owner)
	line("scopes", strings.Join(t.Scopes, " "))
	line("made", stamp(t.CreatedAt))
	line("last used", cmp.Or(stamp(t.UsedAt), "never"))
	line("expires", cmp.Or(stamp(t.ExpiresAt), "never"))
	line("renewable", stamp(t.RefreshExpiresAt))
}
