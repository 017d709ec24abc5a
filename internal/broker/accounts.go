package broker

import (
	"fmt"
	"slices"

	"github.com/deskauth/deskauth/zendesk"
)

// Accounts are those whose people may connect, by subdomain. None named means
// those of every account: whoever signs in proves then that they are somebody at
// some Zendesk, and anybody can have a Zendesk of their own in which any name and
// email address is theirs.
type Accounts []string

// Check says what is no subdomain.
func (a Accounts) Check() error {
	for _, account := range a {
		if err := zendesk.CheckSubdomain(account); err != nil {
			return fmt.Errorf("the account %q: %w", account, err)
		}
	}
	return nil
}

// Serve decides whether people of an account may connect. Where none is named,
// all may but those of Zendesk's own names: there is no account to connect, and
// the client's secret would be sent there.
func (a Accounts) Serve(account string) bool {
	if len(a) == 0 {
		return !zendesk.Reserved(account)
	}
	return slices.Contains(a, account)
}
