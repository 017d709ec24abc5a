package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// loginStatus is a login as `auth status --json` tells it. Its names stay.
type loginStatus struct {
	Source           string      `json:"source"`        // "login", "broker", or the variable that wins over them
	Via              string      `json:"via,omitempty"` // URL of the broker
	Current          bool        `json:"current"`
	Account          string      `json:"account"`
	URL              string      `json:"url"`
	UserID           int64       `json:"user_id"`
	Name             string      `json:"name"`
	Email            string      `json:"email"`
	Role             string      `json:"role"`
	Client           string      `json:"client,omitempty"`
	Scope            oauth.Scope `json:"scope"`
	MissingScope     oauth.Scope `json:"missing_scope"`
	State            string      `json:"state"`
	Reason           string      `json:"reason,omitempty"`
	ExpiresAt        *time.Time  `json:"expires_at"`                  // of the access token; null: it does not expire
	RefreshExpiresAt *time.Time  `json:"refresh_expires_at"`          // null: there is none, or it does not expire
	Key              string      `json:"key,omitempty"`               // where the sealing key is
	KeyExpiresAt     *time.Time  `json:"key_expires_at,omitempty"`    // of a login by way of a broker
	MadeTokens       int         `json:"made_tokens,omitempty"`       // that the broker is to revoke
	MadeTokensUntil  *time.Time  `json:"made_tokens_until,omitempty"` // when the first of them is due
	Unreachable      string      `json:"unreachable,omitempty"`
	SignIn           bool        `json:"sign_in_needed"`
}

func authStatusCommand(p process) *cobra.Command {
	var w whichLogin
	var out printing
	var offline bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say who is signed in, and for how long",
		Long: "Say who is signed in where, as what, with which scopes, and for how long. Zendesk is asked\n" +
			"whether it still takes the tokens; one that is over is renewed.\n\n" +
			"Exit code 4: somebody must sign in again.",
		Example: "  deskauth auth status\n" +
			"  deskauth auth status --json=account,role,expires_at\n" +
			"  deskauth auth status --jq '.logins[] | select(.sign_in_needed) | .account'",
		Args: noArgs,
	}
	w.flags(cmd.Flags())
	out.flags(cmd.Flags())
	cmd.Flags().BoolVar(&offline, "offline", false, "do not ask Zendesk")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return w.run(cmd, p, func(ctx context.Context, p process) error {
			if err := out.check(); err != nil {
				return err
			}
			all, err := w.status(ctx, p, offline)
			if err != nil {
				return err
			}
			w.warnOverdue(ctx, p)
			return errors.Join(printList(ctx, out, p, listing[loginStatus]{
				Name: "logins", Items: all,
				ID:   func(s loginStatus) string { return s.Account },
				Told: func(_ io.Writer, all []loginStatus) { sayStatus(p, all) },
			}), needed(all))
		})
	}
	return cmd
}

// needed is an error where somebody must sign in again.
func needed(all []loginStatus) error {
	for _, one := range all {
		switch {
		case one.SignIn && one.Via != "":
			return mustSignIn{fmt.Errorf("sign in again: run `%s`", viaLogin{Broker: one.Via, Account: one.Account}.signInAgain())}
		case one.SignIn:
			return mustSignIn{fmt.Errorf("sign in again at %s: run `deskauth auth login --account %s`", one.Account, one.Account)}
		}
	}
	return nil
}

func (w whichLogin) status(ctx context.Context, p process, offline bool) ([]loginStatus, error) {
	if fromZendesk, is, err := w.environment(p); err != nil || is {
		return []loginStatus{fromZendesk.status(ctx, w.toZendesk(p, fromZendesk.base), offline)}, err
	}
	told, err := w.viaStatus(ctx, p, offline)
	if err != nil || w.Via != "" {
		return told, err
	}
	own, err := w.ownStatus(ctx, p, offline)
	if len(told) > 0 && errors.As(err, new(mustSignIn)) { // nobody is, but by way of a broker
		err = nil
	}
	return append(own, told...), err
}

// viaStatus is that of the logins by way of brokers.
func (w whichLogin) viaStatus(ctx context.Context, p process, offline bool) (told []loginStatus, err error) {
	if w.ZendeskURL != "" && w.Via == "" {
		return nil, nil
	}
	at, err := w.where(p)
	if err != nil {
		return nil, err
	}
	all, err := viaLogins(at.Root)
	if err != nil {
		return nil, err
	}
	now, err := at.current()
	if err != nil {
		return nil, err
	}
	for _, v := range all {
		if one, is, err := w.amongVia(loginPlace{Base: at.Base, Root: at.Root}, []viaLogin{v}, current{Via: v.Broker, Connection: broker.ConnectionID(v.Connection)}); err == nil && is {
			told = append(told, one.status(ctx, p, w, at, now, offline))
		}
	}
	if len(told) == 0 && w.Via != "" {
		_, _, err = w.amongVia(at, nil, now)
	}
	return told, err
}

func (w whichLogin) ownStatus(ctx context.Context, p process, offline bool) ([]loginStatus, error) {
	l, closing, err := w.open(ctx, p)
	if err != nil {
		return nil, err
	}
	defer closing()
	if !offline {
		defer l.endLeft(ctx)
	}
	all, err := l.all(ctx)
	if err != nil {
		return nil, err
	}
	now, err := l.place.current()
	if err != nil {
		return nil, err
	}
	clients, err := l.identifiers(ctx)
	if err != nil {
		return nil, err
	}
	account, err := l.named(w)
	if err != nil {
		return nil, err
	}
	if now.Zendesk == l.Base.String() {
		w.saysWhoWins(p, account, all, now)
	}
	var told []loginStatus
	for _, c := range all {
		if account != "" && c.Account != account {
			continue
		}
		one, err := l.statusOf(ctx, c, offline)
		if err != nil {
			return nil, err
		}
		one.Current = c.ID == now.Connection && now.Zendesk == l.Base.String()
		one.Client = clients[c.Client]
		told = append(told, one)
	}
	if len(told) == 0 {
		return nil, w.nobody(l.place)
	}
	return told, nil
}

func (l *logins) identifiers(ctx context.Context) (map[broker.ClientID]string, error) {
	all, err := l.Clients(ctx, 0, 1000)
	names := map[broker.ClientID]string{}
	for _, c := range all {
		names[c.ID] = c.Identifier
	}
	return names, err
}

// statusOf asks Zendesk, by way of a token, whether the login is one.
func (l *logins) statusOf(ctx context.Context, c broker.Connection, offline bool) (loginStatus, error) {
	unreachable := ""
	if !offline {
		granted, err := l.probe(ctx, c)
		var unusable *broker.Unusable
		switch {
		case err == nil:
			c = granted
		case errors.As(err, &unusable):
			if c, err = l.Connection(ctx, c.ID); err != nil {
				return loginStatus{}, err
			}
		case ctx.Err() != nil:
			return loginStatus{}, err
		default: // a network that fails signs nobody out
			unreachable = localError(err).Error()
		}
	}
	return loginStatus{
		Source: "login", Account: c.Account, URL: l.Base.URL(c.Account).String(), UserID: c.User.ID, Name: c.User.Name, Email: c.User.Email,
		Role: c.User.Role, Scope: append(oauth.Scope{}, c.Granted...), MissingScope: append(oauth.Scope{}, c.Missing()...),
		State: string(c.Shown()), Reason: string(c.Reason), ExpiresAt: timeOrNil(c.AccessExpires), RefreshExpiresAt: timeOrNil(c.RefreshExpires),
		Key: l.keys, Unreachable: unreachable, SignIn: !c.Lendable() && c.State != broker.Disabled,
	}, nil
}

// probe lends the token and shows it to Zendesk. One that Zendesk refuses is renewed
// once, or the login needs a person.
func (l *logins) probe(ctx context.Context, c broker.Connection) (broker.Connection, error) {
	g, err := l.Token(ctx, c.ID, 0)
	if err != nil {
		return c, err
	}
	api := &zendesk.API{Base: l.Base.URL(c.Account), HTTP: l.HTTP, Bearer: g.Access.Reveal()}
	_, err = api.CurrentToken(ctx)
	var refused *zendesk.APIError
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		if g, err = l.TokenAfter(ctx, c.ID, g.Connection.Generation); err != nil {
			return c, err
		}
	} else if errors.As(err, &refused) && refused.Status == http.StatusForbidden {
		err = nil // a scope that does not reach the token itself
	}
	return g.Connection, err
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// sayStatus is for people.
func sayStatus(p process, all []loginStatus) {
	for n, s := range all {
		if n > 0 {
			fmt.Fprintln(p.Out)
		}
		mark := ""
		if s.Current && len(all) > 1 {
			mark = "  (current)"
		}
		host := printable(strings.TrimPrefix(strings.TrimPrefix(s.URL, "https://"), "http://"))
		fmt.Fprintf(p.Out, "%s%s\n", bold(p, p.Out, host), mark)
		line := func(name, value string) {
			if value != "" {
				fmt.Fprintf(p.Out, "  %-10s %s\n", name, printable(value))
			}
		}
		line("user", s.who())
		line("source", strings.TrimSuffix(s.Source+" "+s.Via, " "))
		line("client", s.Client)
		line("scopes", s.Scope.String())
		line("missing", s.MissingScope.String())
		paint := green
		if s.SignIn {
			paint = red
		}
		fmt.Fprintf(p.Out, "  %-10s %s\n", "state", paint(p, p.Out, printable(strings.TrimSuffix(s.State+", "+s.Reason, ", "))))
		if s.Reason == string(broker.NotRevoked) {
			line("next", "its tokens may live on at Zendesk: run `deskauth auth logout --account "+s.Account+"` again")
		}
		if s.Source == "login" && !s.SignIn {
			line("token", until(s.ExpiresAt, "does not expire"))
			line("renewable", until(s.RefreshExpiresAt, "yes"))
		}
		line("key", s.Key)
		if s.KeyExpiresAt != nil {
			line("login", until(s.KeyExpiresAt, ""))
		}
		if s.MadeTokens > 0 {
			line("tokens", fmt.Sprintf("%s made by the broker, which revokes the first at %s", numberOf(s.MadeTokens, "token"), stamp(s.MadeTokensUntil)))
		}
		line("zendesk", s.Unreachable)
	}
}

func (s loginStatus) who() string {
	text := cmp.Or(s.Name, fmt.Sprintf("user %d", s.UserID))
	for _, more := range []string{s.Email, s.Role} {
		if more != "" {
			text += ", " + more
		}
	}
	return text
}

func until(t *time.Time, without string) string {
	if t == nil {
		return without
	}
	return "until " + t.UTC().Format("2006-01-02 15:04 MST")
}

func (v fromVariables) status(ctx context.Context, client *http.Client, offline bool) loginStatus {
	s := loginStatus{Source: zcliToken, Current: true, Account: v.account, State: "unknown", Scope: oauth.Scope{}, MissingScope: oauth.Scope{}}
	if v.account == "" {
		return s
	}
	s.URL = v.base.URL(v.account).String()
	if offline {
		return s
	}
	api := &zendesk.API{Base: v.base.URL(v.account), HTTP: client, Bearer: v.token.Reveal()}
	me, err := api.Me(ctx)
	var refused *zendesk.APIError
	switch {
	case err == nil:
		s.State, s.UserID, s.Name, s.Role = string(broker.Active), *me.ID, me.Name, me.Role
		if me.Email != nil {
			s.Email = *me.Email
		}
		if t, err := api.CurrentToken(ctx); err == nil {
			s.Scope = append(s.Scope, t.Scopes...)
		}
	case errors.Is(err, zendesk.ErrAnonymous), errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		s.State, s.Reason = string(broker.Revoked), "Zendesk does not take the token in "+zcliToken
		s.SignIn = true
	default:
		s.Unreachable = err.Error()
	}
	return s
}
