package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// clientWish is what a client is to be, as the command line says it.
type clientWish struct {
	name, identifier, kind, company, description string
	redirect, add, remove, scopes                []string
}

func (w *clientWish) flags(f *pflag.FlagSet) {
	f.StringVar(&w.name, "name", "", "what people see, on the consent page too")
	f.StringVar(&w.identifier, "identifier", "", "what OAuth calls client_id")
	f.StringVar(&w.kind, "kind", "", "confidential (it can keep a secret) or public")
	f.StringVar(&w.company, "company", "", "who makes it; people see it")
	f.StringVar(&w.description, "description", "", "what it is for; people see it")
	f.StringArrayVar(&w.redirect, "redirect", nil, "a redirect `URL`, as the app sends it; may repeat")
	f.StringSliceVar(&w.scopes, "allowed-scope", nil, "`scopes` that it may have, such as tickets:read; may repeat (none: any)")
	for _, name := range []string{"redirect", "allowed-scope"} {
		untold(f, name)
	}
}

// change is what is asked of Zendesk for the flags that were given. Have is what the
// client is now.
func (w clientWish) change(f *pflag.FlagSet, have zendesk.Client) (c zendesk.ClientChange, err error) {
	for _, of := range []struct {
		flag  string
		value *string
		to    **string
	}{
		{"name", &w.name, &c.Name},
		{"identifier", &w.identifier, &c.Identifier},
		{"kind", &w.kind, &c.Kind},
		{"company", &w.company, &c.Company},
		{"description", &w.description, &c.Description},
	} {
		if f.Changed(of.flag) {
			*of.to = of.value
		}
	}
	if c.Kind != nil && w.kind != zendesk.Public && w.kind != zendesk.Confidential {
		return c, usagef("--kind must be confidential or public, not %q", w.kind)
	}
	if f.Changed("allowed-scope") {
		c.AllowedScopes = w.allowed()
		if err := doubtScopes(c.AllowedScopes); err != nil {
			return c, err
		}
	}
	c.RedirectURI, err = w.redirects(f, have.RedirectURI)
	return c, err
}

// allowed are the scopes, which people write with spaces too. Not nil: one that is empty
// takes them away.
func (w clientWish) allowed() []string {
	all := []string{}
	for _, one := range w.scopes {
		all = append(all, strings.Fields(one)...)
	}
	return all
}

// redirects is the list of addresses that is to be; nil: as it is.
func (w clientWish) redirects(f *pflag.FlagSet, have []string) ([]string, error) {
	edited := len(w.add)+len(w.remove) > 0
	switch {
	case f.Changed("redirect") && edited:
		return nil, usagef("--redirect says all of them: leave it out, or --add-redirect and --remove-redirect")
	case f.Changed("redirect"):
		return slices.DeleteFunc(append([]string{}, w.redirect...), func(one string) bool { return one == "" }), nil
	case !edited:
		return nil, nil
	}
	all := append([]string{}, have...)
	for _, one := range w.remove {
		at := slices.Index(all, one)
		if at < 0 {
			return nil, usagef("--remove-redirect: %q is not registered, in these very characters; there are: %s", one, strings.Join(have, " "))
		}
		all = slices.Delete(all, at, at+1)
	}
	return union(all, w.add), nil
}

// identifierOf is a name as Zendesk makes an identifier of it: small letters, digits and
// underscores (facts §4.3).
func identifierOf(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), "_")
}

func accountClientCreate(p process) *cobra.Command {
	var w whichLogin
	var out secretOutput
	var wish clientWish
	cmd := &cobra.Command{
		Use:   "create --name NAME",
		Short: "Make an OAuth client, and print its secret, once",
		Long: "Make an OAuth client. The secret of a confidential one is printed once, alone on standard\n" +
			"output, or written to a file with --output-file; Zendesk does not show it again.",
		Example: "  deskauth client create --name 'Order sync' --redirect https://orders.example/callback > secret.txt\n" +
			"  deskauth client create --name Robot --allowed-scope tickets:read --output-file secret.txt --json\n" +
			"  deskauth client create --name 'On the phone' --kind public --redirect http://127.0.0.1/callback",
		Args: noArgs,
	}
	w.flags(cmd.Flags())
	out.flags(cmd.Flags(), true)
	wish.flags(cmd.Flags())
	cmd.Flags().Lookup("kind").DefValue = zendesk.Confidential
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return w.run(cmd, p, func(ctx context.Context, p process) error {
			if wish.name == "" {
				return usagef("--name is missing: what people see of the client")
			}
			change, err := wish.change(cmd.Flags(), zendesk.Client{})
			if err != nil {
				return err
			}
			fill(&change.Kind, zendesk.Confidential)
			fill(&change.Identifier, identifierOf(wish.name))
			if *change.Identifier == "" {
				return usagef("--identifier is missing: none can be made of the name %q", wish.name)
			}
			if err := out.check(*change.Kind == zendesk.Confidential); err != nil {
				return err
			}
			return w.call(ctx, p, func(ctx context.Context, p process, c *caller) error { return c.makeClient(ctx, p, out, change) })
		})
	}
	return cmd
}

// fill gives a field that was not said its usual value.
func fill(field **string, usual string) {
	if *field == nil {
		*field = &usual
	}
}

func (c *caller) makeClient(ctx context.Context, p process, out secretOutput, change zendesk.ClientChange) error {
	file, err := out.open()
	if err != nil {
		return err
	}
	defer file.discard()
	made, err := c.CreateClient(ctx, change)
	if err != nil {
		c.unseen(p, err, fmt.Sprintf("it was made could not be seen: `deskauth client get %s` shows it, and `deskauth client roll-secret` gives it a secret that you have", *change.Identifier))
		return c.fail(err)
	}
	c.tookScopes(p, change, made)
	fmt.Fprintf(p.Err, "Made the client %s, %s, at %s.\n", printable(made.Identifier), made.Kind, c.host)
	if made.Kind == zendesk.Public {
		return sayClient(ctx, out.printing, p, made)
	}
	return out.say(ctx, p, file, secret.Of(made.Secret), "the client's secret", func() error { return sayClient(ctx, out.printing, p, made) },
		func() { tellClient(p, p.Err, recordOf(made)); warnOf(p, made) })
}

func warnOf(p process, c zendesk.Client) {
	for _, warning := range clientWarnings(c) {
		fmt.Fprintln(p.Err, "deskauth: warning: "+printable(warning))
	}
}

// tookScopes warns where Zendesk passed over the allowed scopes: its name for them in the
// API is not known (facts §4.5).
func (c *caller) tookScopes(p process, asked zendesk.ClientChange, got zendesk.Client) {
	if asked.AllowedScopes != nil && !slices.Equal(asked.AllowedScopes, append([]string{}, got.AllowedScopes...)) {
		fmt.Fprintf(p.Err, "deskauth: warning: %s did not take the allowed scopes: set them in its Admin Center, at Apps and integrations > APIs > OAuth clients.\n", c.host)
	}
}

func accountClientUpdate(p process) *cobra.Command {
	var w whichLogin
	var out printing
	var wish clientWish
	cmd := &cobra.Command{
		Use:   "update CLIENT",
		Short: "Change an OAuth client",
		Long: "Change an OAuth client: what no flag names stays as it is. --redirect says all redirect URLs\n" +
			"anew; --add-redirect and --remove-redirect change the list.",
		Example: "  deskauth client update order_sync --add-redirect http://localhost:3000/callback\n" +
			"  deskauth client update order_sync --allowed-scope tickets:read,users:read",
		Args: exactArgs("CLIENT"),
	}
	f := cmd.Flags()
	w.flags(f)
	out.flags(f)
	wish.flags(f)
	f.StringArrayVar(&wish.add, "add-redirect", nil, "one `URL` more; may repeat")
	f.StringArrayVar(&wish.remove, "remove-redirect", nil, "one `URL` less; may repeat")
	for _, name := range []string{"add-redirect", "remove-redirect"} {
		untold(f, name)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return w.calls(cmd, p, func(ctx context.Context, p process, c *caller) error {
			if err := out.check(); err != nil {
				return err
			}
			have, err := c.clientNamed(ctx, args[0])
			if err != nil {
				return err
			}
			change, err := wish.change(cmd.Flags(), have)
			if err != nil {
				return err
			}
			if isNothing(change) {
				return usagef("nothing is to be changed: name it by a flag, such as --add-redirect")
			}
			got, err := c.UpdateClient(ctx, have.ID, change)
			if err != nil {
				c.unseen(p, err, "it was changed could not be seen: run it again")
				return c.fail(err)
			}
			c.tookScopes(p, change, got)
			if got.Kind == zendesk.Public && have.Kind != zendesk.Public {
				fmt.Fprintln(p.Err, "deskauth: warning: it was confidential until now: PKCE is required of it at once, and programs that sign in by its secret alone are refused")
			}
			return sayClient(ctx, out, p, got)
		})
	}
	return cmd
}

func isNothing(c zendesk.ClientChange) bool {
	return c.Name == nil && c.Identifier == nil && c.Kind == nil && c.Company == nil && c.Description == nil &&
		c.RedirectURI == nil && c.AllowedScopes == nil
}

func accountClientRoll(p process) *cobra.Command {
	var w whichLogin
	var out secretOutput
	var yes bool
	cmd := &cobra.Command{
		Use:   "roll-secret CLIENT",
		Short: "Give an OAuth client a new secret, and print it, once",
		Long: "Give an OAuth client a new secret. The old one ends at once: programs that have it cannot\n" +
			"refresh until they have the new one. It is printed once, alone on standard output, or written\n" +
			"to a file with --output-file.",
		Example: "  deskauth client roll-secret order_sync --output-file secret.txt\n" +
			"  deskauth client roll-secret order_sync --yes > secret.txt",
		Args: exactArgs("CLIENT"),
	}
	w.flags(cmd.Flags())
	out.flags(cmd.Flags(), false)
	confirmFlag(cmd.Flags(), &yes)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return w.calls(cmd, p, func(ctx context.Context, p process, c *caller) error {
			one, err := c.clientNamed(ctx, args[0])
			if err != nil {
				return err
			}
			if one.Kind == zendesk.Public {
				fmt.Fprintln(p.Err, "deskauth: warning: it is public: nobody signs in by its secret")
			}
			if err := confirm(ctx, p, yes, one.Identifier, fmt.Sprintf("The secret of %s at %s ends at once.", printable(one.Identifier), c.host)); err != nil {
				return err
			}
			file, err := out.open()
			if err != nil {
				return err
			}
			defer file.discard()
			got, err := c.GenerateSecret(ctx, one.ID)
			if err != nil {
				c.unseen(p, err, "the old secret has ended could not be seen: run it again for one that you have")
				return c.fail(err)
			}
			fmt.Fprintf(p.Err, "The client %s at %s has a new secret; the old one has ended.\n", printable(got.Identifier), c.host)
			return out.say(ctx, p, file, secret.Of(got.Secret), "the client's secret", func() error { return nil }, func() {})
		})
	}
	return cmd
}

func accountClientDelete(p process) *cobra.Command {
	var w whichLogin
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete CLIENT",
		Short: "Delete an OAuth client, and end all its tokens",
		Long: "Delete an OAuth client. All its tokens end with it, and nothing brings them back. It asks for\n" +
			"the client's identifier; a script says --yes.",
		Example: "  deskauth client delete order_sync\n  deskauth client delete 4711 --yes",
		Args:    exactArgs("CLIENT"),
	}
	w.flags(cmd.Flags())
	confirmFlag(cmd.Flags(), &yes)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return w.calls(cmd, p, func(ctx context.Context, p process, c *caller) error {
			one, err := c.clientNamed(ctx, args[0])
			if err != nil {
				return err
			}
			what, err := c.endsWith(ctx, one)
			if err != nil {
				return err
			}
			if err := confirm(ctx, p, yes, one.Identifier, what); err != nil {
				return err
			}
			if err := c.DeleteClient(ctx, one.ID); err != nil {
				c.unseen(p, err, fmt.Sprintf("it was deleted could not be seen: `deskauth client get %s` shows it", one.Identifier))
				return c.fail(err)
			}
			fmt.Fprintf(p.Err, "Deleted the client %s at %s, and all its tokens with it.\n", printable(one.Identifier), c.host)
			return nil
		})
	}
	return cmd
}

// endsWith says what ends with a client.
func (c *caller) endsWith(ctx context.Context, one zendesk.Client) (string, error) {
	const most = zendesk.MaxPageSize // one request's worth
	filter, n := zendesk.TokenFilter{ClientID: one.ID, All: true, IncludeExpired: true}, 0
	for _, err := range c.OAuthTokens(ctx, filter) {
		if err != nil {
			return "", c.fail(err)
		}
		if n++; n > most {
			break
		}
	}
	tokens := numberOf(n, "token")
	if n > most {
		tokens = fmt.Sprintf("more than %d tokens", most)
	}
	what := fmt.Sprintf("The client %s (%s) at %s is deleted, and its %s with it.", printable(one.Identifier), printable(one.Name), c.host, tokens)
	if c.logins != nil {
		if own, err := c.logins.clientOf(ctx, c.account); err == nil && own == one.Identifier {
			what += " This command line's own login is by it, and ends too."
		}
	}
	return what, nil
}

// numberOf is "1 token", "2 tokens", "10,000 tokens".
func numberOf(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return grouped(n) + " " + what
}
