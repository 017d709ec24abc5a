package issuer

import "context"

// What people change is told as verdicts once it is done. What they are refused
// shows in the answer to their request. User is whom a change is about or, where
// it is about none, who made it.

// tellChange gives a change to whoever watches, unless it failed.
func (i *Issuer) tellChange(ctx context.Context, v Verdict, err error) {
	if i.Tell != nil && err == nil {
		i.Tell(ctx, v)
	}
}

// verdict begins one about a client.
func (c Client) verdict(name VerdictName, a Account, by By, what string) Verdict {
	return Verdict{Name: name, Account: a.Subdomain, Product: c.Product, Client: c.Identifier, User: by.User, Reason: what}
}

// tellToken tells of a token that somebody made or ended by hand. The client's
// identifier takes a look that is worth it only where somebody watches.
func (i *Issuer) tellToken(ctx context.Context, name VerdictName, t Token, err error) {
	if i.Tell == nil || err != nil {
		return
	}
	v := Verdict{Name: name, Product: t.Product, User: t.User, Token: t.AccessHint}
	if c, err := i.Store.ClientByID(ctx, t.Account, t.Product, t.Client); err == nil {
		v.Client = c.Identifier
	}
	i.Tell(ctx, v)
}

// rank orders the roles by what they may do.
func (r Role) rank() int { return map[Role]int{EndUser: 1, Agent: 2, Admin: 3}[r] }

// became are the verdicts on a user who is not as before.
func (u User) became(before User) (names []VerdictName) {
	switch {
	case u.Role.rank() > before.Role.rank():
		names = append(names, UserPromoted)
	case u.Role.rank() < before.Role.rank():
		names = append(names, UserDemoted)
	}
	switch {
	case u.Suspended && !before.Suspended:
		names = append(names, UserSuspended)
	case !u.Suspended && before.Suspended:
		names = append(names, UserReinstated)
	}
	if u.PasswordHash != before.PasswordHash {
		names = append(names, UserPasswordChanged)
	}
	if len(names) == 0 {
		names = append(names, UserUpdated)
	}
	return names
}

func (i *Issuer) tellUser(ctx context.Context, a Account, before, u User, what string, err error) {
	for _, name := range u.became(before) {
		i.tellChange(ctx, Verdict{Name: name, Account: a.Subdomain, User: u.ID, Reason: what}, err)
	}
}

// became is the verdict on an API token that is not as before.
func (t APIToken) became(before APIToken) VerdictName {
	switch {
	case t.Active && !before.Active:
		return APITokenActivated
	case !t.Active && before.Active:
		return APITokenDeactivated
	}
	return APITokenUpdated
}

// verdict begins one about an API token, made by whoever acts.
func (t APIToken) verdict(name VerdictName, a Account, by By, what string) Verdict {
	return Verdict{Name: name, Account: a.Subdomain, User: by.User, Token: t.Hint, Reason: what}
}
