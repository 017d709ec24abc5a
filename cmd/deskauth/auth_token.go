package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
)

func authTokenCommand(p process) *cobra.Command {
	var w whichLogin
	var minTTL time.Duration
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print the access token of a login, renewed if it is about to expire",
		Long: "Print the access token of a login, alone, renewed if it is about to expire. As many of these\n" +
			"commands as one likes may run at once: one renews, and all print the new token.\n\n" +
			"Ask again instead of keeping it: a renewal ends it at once.",
		Example: "  curl -H \"Authorization: Bearer $(deskauth auth token)\" https://acme.zendesk.com/api/v2/users/me.json",
		Args:    noArgs,
	}
	w.flags(cmd.Flags())
	cmd.Flags().DurationVar(&minTTL, "min-ttl", 0, "renew a token that would not live for so long, such as 6h")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return w.run(cmd, p, func(ctx context.Context, p process) error {
			if minTTL < 0 {
				return usagef("--min-ttl must not be less than nothing")
			}
			if v, is, err := w.environment(p); err != nil {
				return err
			} else if is {
				fmt.Fprintln(p.Out, v.token.Reveal())
				return nil
			}
			if v, is, err := w.pickVia(ctx, p); err != nil {
				return err
			} else if is {
				token, err := v.token(ctx, p, w, minTTL)
				if err != nil {
					return err
				}
				return tellSecret(p.Out, token)
			}
			return w.with(ctx, p, func(l *logins, c broker.Connection) error {
				g, err := l.Token(ctx, c.ID, minTTL)
				if err != nil {
					return l.explain(c, err)
				}
				return tellSecret(p.Out, g.Access.Reveal())
			})
		})
	}
	return cmd
}

// with opens the login that is meant.
func (w whichLogin) with(ctx context.Context, p process, do func(*logins, broker.Connection) error) error {
	l, closing, err := w.open(ctx, p)
	if err != nil {
		return err
	}
	defer closing()
	c, err := l.pick(ctx, p, w)
	if err != nil {
		return err
	}
	return do(l, c)
}

// explain says what a person is to do about a login that cannot be used.
func (l *logins) explain(c broker.Connection, err error) error {
	var unusable *broker.Unusable
	var unavailable *broker.Unavailable
	host := l.Base.URL(c.Account).Host
	switch {
	case errors.As(err, &unusable) && unusable.Reason == broker.NotRevoked:
		return mustSignIn{fmt.Errorf("the login at %s is signed out, but not at Zendesk, as far as is known: run `%s` again", host, logoutLine(c))}
	case errors.As(err, &unusable):
		return mustSignIn{fmt.Errorf("the login at %s cannot be used any more (%s, %s): run `deskauth auth login --account %s`", host, unusable.State, unusable.Reason, c.Account)}
	case errors.As(err, &unavailable):
		return asUnavailable(fmt.Errorf("the token at %s is over and cannot be renewed now (%s); the login is kept: try again later; `deskauth doctor` says what is in the way", host, unavailable.Reason))
	case errors.Is(err, broker.ErrStillAlive):
		return fmt.Errorf("%s says that the token is revoked, and goes on taking it; the login is kept, disabled", host)
	}
	return err
}

func logoutLine(c broker.Connection) string { return "deskauth auth logout --account " + c.Account }

// notSignedOut says why the tokens of a login may live on at Zendesk.
func (l *logins) notSignedOut(c broker.Connection, err error) error {
	host := l.Base.URL(c.Account).Host
	if told := l.explain(c, err); errors.As(told, new(coded)) || errors.As(told, new(mustSignIn)) || errors.Is(err, broker.ErrStillAlive) {
		return told
	}
	said := remoteError(host, err)
	return coded{fmt.Errorf("%w; the login is kept, disabled: run `%s` again", said, logoutLine(c)), codeOf(said)}
}

func authSwitchCommand(p process) *cobra.Command {
	var w whichLogin
	cmd := &cobra.Command{
		Use:   "switch ACCOUNT",
		Short: "Choose the login that is meant where none is named",
		Args:  exactArgs("ACCOUNT"),
	}
	w.flags(cmd.Flags())
	_ = cmd.Flags().MarkHidden("account") // it is the argument
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return w.run(cmd, p, func(ctx context.Context, p process) error {
			w.Account = args[0]
			if is, err := w.switchVia(p); is || err != nil {
				return err
			}
			return w.with(ctx, p, func(l *logins, c broker.Connection) error {
				defer l.endLeft(ctx)
				if err := l.place.setCurrent(c.ID); err != nil {
					return err
				}
				fmt.Fprintf(p.Err, "The login at %s as %s is the current one.\n", l.Base.URL(c.Account).Host, person(c))
				return nil
			})
		})
	}
	return cmd
}

func authLogoutCommand(p process) *cobra.Command {
	var w whichLogin
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "End a login at Zendesk, make sure it is gone, and forget it",
		Long: "End the tokens of a login at Zendesk, make sure that they are not taken any more, and forget\n" +
			"them. When Zendesk cannot be reached the login is kept, disabled: run it again.",
		Args: noArgs,
	}
	w.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return w.run(cmd, p, func(ctx context.Context, p process) error {
			if v, is, err := w.pickVia(ctx, p); err != nil {
				return err
			} else if is {
				at, err := w.where(p)
				if err != nil {
					return err
				}
				return v.logout(ctx, p, w, at)
			}
			return w.with(ctx, p, func(l *logins, c broker.Connection) error {
				defer l.endLeft(ctx)
				if err := l.Revoke(ctx, broker.AtCommand, c.ID); err != nil {
					return l.notSignedOut(c, err)
				}
				fmt.Fprintf(p.Err, "Signed out at %s: the tokens of %s are revoked.\n", l.Base.URL(c.Account).Host, person(c))
				if now, err := l.place.current(); err != nil || now.Connection != c.ID || now.Zendesk != l.Base.String() {
					return err
				}
				return l.place.clearCurrent()
			})
		})
	}
	return cmd
}
