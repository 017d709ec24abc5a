package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/zendesk"
)

// tokenFilter says which tokens are meant, as the command line does.
type tokenFilter struct {
	Client, User string
	UnusedFor    span
	States       []string
	Mine         bool
}

func (f *tokenFilter) flags(flags *pflag.FlagSet) {
	flags.StringVar(&f.Client, "client", "", "of this `client`: its identifier, name or number")
	flags.StringVar(&f.User, "user", "", "of this `user`: email, name or number; me")
	flags.Var(&f.UnusedFor, "unused-for", "not used for so `long`, such as 90d, 12h or 1y")
	flags.StringSliceVar(&f.States, "state", nil, "in these `states`: active, renewable, expired; may repeat (default active,renewable)")
	untold(flags, "state")
	flags.BoolVar(&f.Mine, "mine", false, "your own alone")
}

// isEmpty tells that nothing is said of which.
func (f tokenFilter) isEmpty() bool {
	return f.Client == "" && f.User == "" && f.UnusedFor == 0 && len(f.States) == 0 && !f.Mine
}

func (f tokenFilter) states() ([]tokenState, error) {
	all := []tokenState{tokenActive, tokenRenewable, tokenExpired}
	var meant []tokenState
	for _, one := range f.States {
		if !slices.Contains(all, tokenState(one)) {
			return nil, usagef("--state must be active, renewable or expired, not %q", one)
		}
		meant = append(meant, tokenState(one))
	}
	if meant == nil {
		meant = all[:2]
	}
	return meant, nil
}

// meant are the tokens that a filter leaves, once client and user are known by their
// numbers; 0: any.
type meantTokens struct {
	user   int64
	states []tokenState
	unused time.Duration
}

func (m meantTokens) includes(t zendesk.OAuthToken, now time.Time) bool {
	used := tokenRecord{UsedAt: atOrNil(t.UsedAt), CreatedAt: atOrNil(t.CreatedAt)}.lastUse()
	return (m.user == 0 || t.UserID == m.user) &&
		slices.Contains(m.states, stateOf(t, now)) &&
		(m.unused == 0 || now.Sub(used) >= m.unused)
}

// tokens are those that are meant, with names.
func (c *caller) tokens(ctx context.Context, f tokenFilter) ([]tokenRecord, error) {
	states, err := f.states()
	if err != nil {
		return nil, err
	}
	// Zendesk leaves out of its list, unless asked, those whose access token is over,
	// though their refresh token may live (facts §3).
	asked := zendesk.TokenFilter{All: !f.Mine, IncludeExpired: true}
	if f.Client != "" {
		one, err := c.clientNamed(ctx, f.Client)
		if err != nil {
			return nil, err
		}
		if asked.ClientID = one.ID; one.Global {
			asked.ClientID, asked.GlobalClientID = 0, one.ID // facts §3: client_id does not find those
		}
	}
	m := meantTokens{states: states, unused: time.Duration(f.UnusedFor)}
	if m.user, err = c.userNamed(ctx, f.User); err != nil {
		return nil, err
	}
	now := c.time.now()
	var all []zendesk.OAuthToken
	for t, err := range c.OAuthTokens(ctx, asked) {
		if err != nil {
			return nil, c.fail(err)
		}
		if m.includes(t, now) {
			all = append(all, t)
		}
	}
	return c.named(ctx, all)
}

// userNamed is the number of the user that is meant; 0: nobody was named.
func (c *caller) userNamed(ctx context.Context, named string) (int64, error) {
	if named == "" {
		return 0, nil
	}
	if id, err := strconv.ParseInt(named, 10, 64); err == nil {
		return id, nil
	}
	if named == "me" {
		me, err := c.Me(ctx)
		if err != nil {
			return 0, c.fail(err)
		}
		return *me.ID, nil
	}
	var found []zendesk.User
	for u, err := range c.SearchUsers(ctx, named) {
		if err != nil {
			return 0, c.fail(err)
		}
		if strings.EqualFold(u.Name, named) || u.Email != nil && strings.EqualFold(*u.Email, named) {
			found = append(found, u)
		}
	}
	switch len(found) {
	case 0:
		return 0, asNotFound(fmt.Errorf("%s has no user whose email or name is %q", c.host, named))
	case 1:
		return *found[0].ID, nil
	}
	var which []string
	for _, u := range found {
		which = append(which, fmt.Sprintf("%d (%s)", *u.ID, strings.TrimSpace(u.Name+" "+orEmpty(u.Email))))
	}
	return 0, usagef("--user: %q could be any of %s: name one by their number", named, strings.Join(which, ", "))
}

// named adds to tokens what people know of them: clients and owners have names. Who may
// not see those gets the tokens all the same.
func (c *caller) named(ctx context.Context, all []zendesk.OAuthToken) ([]tokenRecord, error) {
	now := c.time.now()
	own, err := c.ownToken(ctx)
	if err != nil {
		return nil, c.fail(err)
	}
	clients, err := c.clientNames(ctx)
	if err != nil {
		return nil, err
	}
	users, err := c.userNames(ctx, all)
	if err != nil {
		return nil, err
	}
	var records []tokenRecord
	for _, t := range all {
		u := users[t.UserID]
		records = append(records, tokenRecord{
			ID: t.ID, State: stateOf(t, now), Client: clients[t.ClientID], ClientID: t.ClientID,
			User: u.Name, Email: orEmpty(u.Email), UserID: t.UserID, Scopes: append([]string{}, t.Scopes...),
			CreatedAt: atOrNil(t.CreatedAt), UsedAt: atOrNil(t.UsedAt), ExpiresAt: atOrNil(t.ExpiresAt),
			RefreshExpiresAt: atOrNil(t.RefreshTokenExpiresAt), Own: own.ID != 0 && own.ID == t.ID,
		})
	}
	return records, nil
}

func (c *caller) clientNames(ctx context.Context) (map[int64]string, error) {
	names := map[int64]string{}
	for one, err := range c.Clients(ctx) {
		if hidden(err) {
			return names, nil
		} else if err != nil {
			return nil, c.fail(err)
		}
		names[one.ID] = one.Identifier
	}
	return names, nil
}

// userNames asks for the owners, a hundred at once.
func (c *caller) userNames(ctx context.Context, all []zendesk.OAuthToken) (map[int64]zendesk.User, error) {
	var ids []int64
	for _, t := range all {
		ids = append(ids, t.UserID)
	}
	slices.Sort(ids)
	names := map[int64]zendesk.User{}
	for some := range slices.Chunk(slices.Compact(ids), zendesk.MaxPageSize) {
		users, err := c.ManyUsers(ctx, some)
		if hidden(err) {
			return names, nil
		} else if err != nil {
			return nil, c.fail(err)
		}
		for _, u := range users {
			names[*u.ID] = u
		}
	}
	return names, nil
}

// hidden tells that somebody may not see what was asked for.
func hidden(err error) bool {
	var said *zendesk.APIError
	return errors.As(err, &said) && said.Status == http.StatusForbidden
}
